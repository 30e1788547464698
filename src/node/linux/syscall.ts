import { BpfError } from "../../util/index.ts";
import { Arena, type Block } from "./arena.ts";
import {
  ATTR_SIZE,
  BATCH,
  BATCH_COMMANDS,
  COMMANDS,
  type CommandName,
  ELEMENT_COMMANDS,
  ELEMENT_SIZE,
  type FieldName,
  type FieldValues,
} from "./attributes.ts";
import { linuxError } from "./errors.ts";

/** System call numbers: asm/unistd_64.h, asm-generic/unistd.h. */
const NUMBERS = {
  x64: { bpf: 321, perf_event_open: 298 },
  arm64: { bpf: 280, perf_event_open: 241 },
} as const;

/** Callbacks of uv_poll: a descriptor wakes the event loop, no thread waits. */
export interface PollHandle {
  stop(): void;
  close(): void;
  ref(): void;
  unref(): void;
}

/** The functions of libc that are used. Results are those of C: -1 and `errno()`. */
export interface Libc {
  readonly pageSize: number;
  errno(): number;
  close(fd: number): number;
  ioctl(fd: number, request: number, argument: bigint): number;
  /** A mapping of `length` bytes, or null. */
  map(fd: number, length: number, offset: number, writable: boolean): Mapping | null;
  socket(domain: number, type: number, protocol: number): number;
  setOption(fd: number, level: number, option: number, value: number): number;
  send(fd: number, message: Uint8Array): number;
  receive(fd: number, into: Uint8Array): number;
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number;
  poll(fd: number, callback: () => void): PollHandle;
  /** Keeps the calling thread on the CPUs of this mask, bit 0 of byte 0 being CPU 0. */
  setAffinity(mask: Uint8Array): number;
  /** Holds back (or lets through again) the signals that a sampling profiler sends to this thread. */
  holdProfiler(hold: boolean): void;
}

/** Memory shared with the kernel. It must not be touched after `unmap`. */
export interface Mapping {
  readonly buffer: ArrayBuffer;
  unmap(): void;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const SC_PAGESIZE = 30;
const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
const SIGPROF = 27;

/** bpf(2) with attributes by field name. Commands return what the system call does, or -errno. */
export class BpfSyscall {
  readonly arena: Arena;
  readonly libc: Libc;
  readonly #call: (command: number, attr: bigint, size: number) => number;
  readonly #attr: Block;
  readonly #view: DataView;

  constructor(libc: Libc, arena: Arena, call: (command: number, attr: bigint, size: number) => number) {
    this.libc = libc;
    this.arena = arena;
    this.#call = call;
    this.#attr = arena.keep(ATTR_SIZE);
    this.#view = new DataView(this.#attr.bytes.buffer);
  }

  run<C extends CommandName>(name: C, values: FieldValues<C>): number {
    const { number, size } = COMMANDS[name];
    const fields = COMMANDS[name].fields as Readonly<Record<string, readonly [number, number]>>;
    this.#attr.bytes.fill(0);
    for (const [field, value] of Object.entries(values) as [string, number | bigint | string][]) {
      const [offset, width] = fields[field]!;
      if (typeof value === "string")
        new TextEncoder().encodeInto(value, this.#attr.bytes.subarray(offset, offset + 15));
      else if (width === 8) this.#view.setBigUint64(offset, BigInt(value), true);
      else this.#view.setUint32(offset, Number(value), true);
    }
    return this.#raw(number, size);
  }

  /** A field of 4 bytes as the last command left it. */
  result<C extends CommandName>(name: C, field: FieldName<C>): number {
    const [offset] = (COMMANDS[name].fields as Readonly<Record<string, readonly [number, number]>>)[field]!;
    return this.#view.getUint32(offset, true);
  }

  element(command: keyof typeof ELEMENT_COMMANDS, fd: number, key: bigint, value: bigint, flags: number): number {
    const view = this.#view;
    view.setUint32(0, fd, true);
    view.setUint32(4, 0, true);
    view.setBigUint64(8, key, true);
    view.setBigUint64(16, value, true);
    view.setUint32(24, flags, true);
    view.setUint32(28, 0, true);
    return this.#raw(ELEMENT_COMMANDS[command], ELEMENT_SIZE);
  }

  /** @param count elements; `batchCount` says how many there were */
  batch(
    command: keyof typeof BATCH_COMMANDS,
    fd: number,
    at: { readonly from?: bigint; readonly to?: bigint; readonly keys: bigint; readonly values: bigint },
    count: number,
    flags: number,
  ): number {
    this.#attr.bytes.fill(0);
    const view = this.#view;
    view.setBigUint64(BATCH.inBatch, at.from ?? 0n, true);
    view.setBigUint64(BATCH.outBatch, at.to ?? 0n, true);
    view.setBigUint64(BATCH.keys, at.keys, true);
    view.setBigUint64(BATCH.values, at.values, true);
    view.setUint32(BATCH.count, count, true);
    view.setUint32(BATCH.mapFd, fd, true);
    view.setBigUint64(BATCH.flags, BigInt(flags), true);
    return this.#raw(BATCH_COMMANDS[command], BATCH.size);
  }

  batchCount(): number {
    return this.#view.getUint32(BATCH.count, true);
  }

  #raw(number: number, size: number): number {
    const result = this.#call(number, this.#attr.address, size);
    return result < 0 ? -this.libc.errno() : result;
  }
}

type Koffi = typeof import("koffi").default;

async function importKoffi(): Promise<Koffi> {
  try {
    return (await import("koffi")).default;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ERR_MODULE_NOT_FOUND" ? "it is not installed" : message.split("\n")[0]!;
    throw linuxError("E_LINUX_KOFFI", { reason }, { cause });
  }
}

/**
 * The system calls of this process.
 * @throws BpfError `E_LINUX_SYSTEM`, `E_LINUX_KOFFI`
 */
export async function openSyscalls(): Promise<BpfSyscall> {
  const numbers = NUMBERS[process.arch as keyof typeof NUMBERS];
  if (process.platform !== "linux" || numbers === undefined) {
    throw linuxError("E_LINUX_SYSTEM", { system: `${process.platform} on ${process.arch}` });
  }
  const koffi = await importKoffi();
  try {
    return bind(koffi, numbers);
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    throw linuxError("E_LINUX_KOFFI", { reason: (cause as Error).message }, { cause });
  }
}

function bind(koffi: Koffi, numbers: { readonly bpf: number; readonly perf_event_open: number }): BpfSyscall {
  const library = koffi.load(null);
  const bpf = library.func("long syscall(long number, int command, void *attr, uint32_t size)");
  const perf = library.func("long syscall(long number, void *attr, int pid, int cpu, int group, ulong flags)");
  const close = library.func("int close(int fd)");
  const ioctl = library.func("int ioctl(int fd, ulong request, void *argument)");
  const mmap = library.func("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)");
  const munmap = library.func("int munmap(void *address, size_t length)");
  const socket = library.func("int socket(int domain, int type, int protocol)");
  const setsockopt = library.func("int setsockopt(int fd, int level, int option, void *value, uint32_t length)");
  const send = library.func("long send(int fd, void *bytes, size_t length, int flags)");
  const receive = library.func("long recv(int fd, void *bytes, size_t length, int flags)");
  const sysconf = library.func("long sysconf(int name)");
  const setAffinity = library.func("int sched_setaffinity(int pid, size_t length, void *mask)");
  const sigmask = library.func("int pthread_sigmask(int how, void *set, void *old)");
  const profiler = new Uint8Array(128);
  profiler[(SIGPROF - 1) >> 3] = 1 << ((SIGPROF - 1) & 7);
  const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
  const libc: Libc = {
    pageSize: Number(sysconf(SC_PAGESIZE)),
    errno: () => koffi.errno(),
    close: (fd) => close(fd),
    ioctl: (fd, request, argument) => ioctl(fd, request, argument),
    map(fd, length, offset, writable) {
      const address = mmap(null, length, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, offset) as unknown;
      if (BigInt.asUintN(64, koffi.address(address)) === MAP_FAILED) return null;
      return { buffer: koffi.view(address, length), unmap: () => void munmap(address, length) };
    },
    socket: (domain, type, protocol) => socket(domain, type, protocol),
    setOption: (fd, level, option, value) => setsockopt(fd, level, option, Int32Array.of(value), 4),
    send: (fd, message) => Number(send(fd, message, message.length, 0)),
    receive: (fd, into) => Number(receive(fd, into, into.length, 0)),
    perfEventOpen: (attr, pid, cpu, group, flags) =>
      Number(perf(numbers.perf_event_open, attr, pid, cpu, group, flags)),
    poll: (fd, callback) => koffi.node.poll(fd, { readable: true }, callback),
    setAffinity: (mask) => setAffinity(0, mask.length, mask),
    holdProfiler: (hold) => void sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, profiler, null),
  };
  const arena = new Arena((buffer) => BigInt(koffi.address(buffer)));
  return new BpfSyscall(libc, arena, (command, attr, size) => Number(bpf(numbers.bpf, command, attr, size)));
}
