import koffi from "koffi";
import type { Bytes } from "../../src/maps/index.ts";

/** bpf(2) on the running kernel, for differential tests: answers are bytes, 0 or -errno, as GuestMap's are. */

const SYS_BPF = 321;
const SIZE = 1 << 20;

const libc = koffi.load(null);
const syscall = libc.func("long syscall(long number, int command, void *attr, unsigned int size)");
const closeFd = libc.func("int close(int fd)");
const block = koffi.alloc("uint8_t", SIZE);
const base = BigInt(koffi.address(block));
const memory = new Uint8Array(koffi.view(block, SIZE));

const KEY = 0x1000;
const VALUE = 0x40000;

const pointer = (offset: number): bigint => base + BigInt(offset);

export function bpf(command: number, fill: (attr: DataView) => void): number {
  const attr = new Uint8Array(144);
  fill(new DataView(attr.buffer));
  const result = Number(syscall(SYS_BPF, command, attr, attr.length));
  return result < 0 ? -koffi.errno() : result;
}

export interface KernelMapAttr {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly innerFd?: number;
}

export function createKernelMap(attr: KernelMapAttr): number {
  return bpf(0, (a) => {
    for (const [i, v] of [attr.type, attr.keySize, attr.valueSize, attr.maxEntries, attr.flags].entries()) {
      a.setUint32(i * 4, v, true);
    }
    a.setUint32(20, attr.innerFd ?? 0, true);
  });
}

export function close(fd: number): void {
  closeFd(fd);
}

/** Whether maps can be made here. */
export function kernelAnswers(): boolean {
  const fd = createKernelMap({ type: 2, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 });
  if (fd >= 0) close(fd);
  return fd >= 0;
}

export class KernelMap {
  readonly fd: number;
  readonly keySize: number;
  readonly valueSize: number;
  constructor(fd: number, keySize: number, valueSize: number) {
    this.fd = fd;
    this.keySize = keySize;
    this.valueSize = valueSize;
  }
  #element(command: number, key: Uint8Array | null, value: Uint8Array | null, flags: number): number {
    memory.fill(0, VALUE, VALUE + this.valueSize + this.keySize);
    if (key !== null) memory.set(key, KEY);
    if (value !== null) memory.set(value, VALUE);
    return bpf(command, (a) => {
      a.setUint32(0, this.fd, true);
      a.setBigUint64(8, key === null || key.length === 0 ? 0n : pointer(KEY), true);
      a.setBigUint64(16, command === 3 ? 0n : pointer(VALUE), true);
      a.setBigUint64(24, BigInt(flags >>> 0), true);
    });
  }
  #out(result: number, size: number): Bytes {
    return result < 0 ? result : memory.slice(VALUE, VALUE + size);
  }
  lookup(key: Uint8Array, flags = 0): Bytes {
    return this.#out(this.#element(1, key, null, flags), this.valueSize);
  }
  update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    return this.#element(2, key, value, flags);
  }
  delete(key: Uint8Array): number {
    return this.#element(3, key, null, 0);
  }
  nextKey(key: Uint8Array | null): Bytes {
    return this.#out(this.#element(4, key, null, 0), this.keySize);
  }
  lookupAndDelete(key: Uint8Array, flags = 0): Bytes {
    return this.#out(this.#element(21, key, null, flags), this.valueSize);
  }
  freeze(): number {
    return bpf(22, (a) => a.setUint32(0, this.fd, true));
  }
  close(): void {
    close(this.fd);
  }
}

/** Loads a program of type BPF_PROG_TYPE_XDP. */
export function loadProgram(insns: Uint8Array): number {
  memory.set(insns, KEY);
  memory.set(new TextEncoder().encode("GPL\0"), 0x20);
  return bpf(5, (a) => {
    a.setUint32(0, 6, true);
    a.setUint32(4, insns.length / 8, true);
    a.setBigUint64(8, pointer(KEY), true);
    a.setBigUint64(16, pointer(0x20), true);
  });
}

/** BPF_PROG_TEST_RUN over a packet: r0, signed. */
export function runProgram(fd: number, packet: Uint8Array): number {
  memory.set(packet, KEY);
  let attr: DataView | undefined;
  const error = bpf(10, (a) => {
    attr = a;
    a.setUint32(0, fd, true);
    a.setUint32(8, packet.length, true);
    a.setBigUint64(16, pointer(KEY), true);
  });
  if (error < 0) throw new Error(`BPF_PROG_TEST_RUN: ${error}`);
  return attr!.getInt32(4, true);
}
