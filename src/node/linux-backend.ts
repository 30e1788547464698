import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Backend,
  type Fd,
  kernelError,
  type LinkCreateAttr,
  type LinkInfo,
  type Links,
  type MapBatch,
  type MapBatches,
  type MapCreateAttr,
  type MapInfo,
  type ProgInfo,
  type ProgLoadAttr,
  type TestRunAttr,
  type TestRunResult,
} from "../kernel/index.ts";
import { ERRNO, errnoText, mapTypeLabel } from "../uapi/index.ts";
import { readBatch, writeBatch } from "./linux/batches.ts";
import { Capabilities } from "./linux/capabilities.ts";
import { onlineCpus, possibleCpus } from "./linux/cpus.ts";
import { linuxError } from "./linux/errors.ts";
import { type BtfInfo, btfInfo, linkInfo, mapInfo, progInfo } from "./linux/info.ts";
import { createLink, linkText } from "./linux/links.ts";
import { lastReason } from "./linux/log.ts";
import { elementSize, MapCommands, type MapShape } from "./linux/maps.ts";
import { loadProgram, runProgram, textIn } from "./linux/programs.ts";
import { type BpfSyscall, openSyscalls } from "./linux/syscall.ts";

const NAME = /^[A-Za-z0-9_.]{0,15}$/;

interface ProgShape {
  readonly type: number;
  /** Instructions as they were loaded; null for a program that was loaded by somebody else. */
  readonly insnCount: number | null;
}

type IdKind = "PROG" | "MAP" | "BTF" | "LINK";

/**
 * The running Linux kernel through bpf(2). Nothing is attached but by `linkCreate`. Descriptors are closed by `close` or
 * all together by `Symbol.dispose`, and by the kernel when the process ends; what was pinned stays.
 */
export class LinuxBackend implements Backend, MapBatches, Links {
  readonly kind = "linux";
  readonly possibleCpus: number;
  /** The system calls, for readers of buffers. */
  readonly bpf: BpfSyscall;
  readonly #maps: MapCommands;
  readonly #capabilities: Capabilities;
  // Only descriptors that were opened here are closed here: any other number is somebody's file.
  readonly #open = new Set<Fd>();
  readonly #mapShapes = new Map<Fd, MapShape>();
  readonly #progShapes = new Map<Fd, ProgShape>();

  constructor(bpf: BpfSyscall, capabilities: Capabilities) {
    this.bpf = bpf;
    this.#maps = new MapCommands(bpf);
    this.#capabilities = capabilities;
    this.possibleCpus = possibleCpus().length;
  }

  mapCreate(attr: MapCreateAttr): Fd {
    this.#capabilities.needForMap(attr.type);
    checkName("BPF_MAP_CREATE", attr.name);
    const fd = this.#maps.create(attr);
    if (fd < 0) {
      const wanted = `map "${attr.name ?? ""}", type ${mapTypeLabel(attr.type)}, key ${attr.keySize}, value ${attr.valueSize}, max_entries ${attr.maxEntries}, flags ${attr.flags ?? 0}`;
      throw kernelError("BPF_MAP_CREATE", -fd, wanted);
    }
    this.#mapShapes.set(fd, this.#shapeOf(fd, attr));
    return this.#keep(fd);
  }

  mapLookup(fd: Fd, key: Uint8Array): Uint8Array | null {
    return found("BPF_MAP_LOOKUP_ELEM", fd, this.#maps.lookup(this.#map("BPF_MAP_LOOKUP_ELEM", fd), key));
  }

  mapUpdate(fd: Fd, key: Uint8Array, value: Uint8Array, flags = 0): void {
    const map = this.#map("BPF_MAP_UPDATE_ELEM", fd);
    const result = this.#maps.update(map, key, value, flags);
    if (result < 0) throw kernelError("BPF_MAP_UPDATE_ELEM", -result, sizesText(map, key, value));
  }

  mapDelete(fd: Fd, key: Uint8Array): boolean {
    const result = this.#maps.delete(this.#map("BPF_MAP_DELETE_ELEM", fd), key);
    if (result === -ERRNO.ENOENT) return false;
    checked("BPF_MAP_DELETE_ELEM", result, `map ${fd}`);
    return true;
  }

  mapNextKey(fd: Fd, key: Uint8Array | null): Uint8Array | null {
    return found("BPF_MAP_GET_NEXT_KEY", fd, this.#maps.nextKey(this.#map("BPF_MAP_GET_NEXT_KEY", fd), key));
  }

  mapLookupAndDelete(fd: Fd, key: Uint8Array): Uint8Array | null {
    return found(
      "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
      fd,
      this.#maps.lookupAndDelete(this.#map("BPF_MAP_LOOKUP_AND_DELETE_ELEM", fd), key),
    );
  }

  mapLookupBatch(fd: Fd, from: Uint8Array | null, count: number): MapBatch {
    return readBatch(this.bpf, "BPF_MAP_LOOKUP_BATCH", this.#map("BPF_MAP_LOOKUP_BATCH", fd), from, count);
  }

  mapLookupAndDeleteBatch(fd: Fd, from: Uint8Array | null, count: number): MapBatch {
    return readBatch(
      this.bpf,
      "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
      this.#map("BPF_MAP_LOOKUP_AND_DELETE_BATCH", fd),
      from,
      count,
    );
  }

  mapUpdateBatch(fd: Fd, keys: readonly Uint8Array[], values: readonly Uint8Array[], flags = 0): void {
    writeBatch(this.bpf, "BPF_MAP_UPDATE_BATCH", this.#map("BPF_MAP_UPDATE_BATCH", fd), keys, values, flags);
  }

  mapDeleteBatch(fd: Fd, keys: readonly Uint8Array[]): void {
    writeBatch(this.bpf, "BPF_MAP_DELETE_BATCH", this.#map("BPF_MAP_DELETE_BATCH", fd), keys, [], 0);
  }

  mapFreeze(fd: Fd): void {
    checked("BPF_MAP_FREEZE", this.#maps.freeze(fd), `map ${fd}`);
  }

  mapInfo(fd: Fd): MapInfo {
    return mapInfo(this.bpf, fd);
  }

  mapNextId(id: number): number | null {
    return this.#nextId("MAP", id);
  }

  mapFdById(id: number): Fd {
    return this.#fdById("MAP", id);
  }

  btfLoad(bytes: Uint8Array): Fd {
    this.#capabilities.need("BPF_BTF_LOAD", "BTF", ["CAP_BPF"]);
    let { result, log } = this.#btfLoad(bytes, 0);
    if (result < 0) ({ result, log } = this.#btfLoad(bytes, 1 << 20));
    if (result < 0) throw kernelError("BPF_BTF_LOAD", -result, lastReason(log) ?? errnoText(-result), log);
    return this.#keep(result);
  }

  #btfLoad(bytes: Uint8Array, logSize: number): { readonly result: number; readonly log: string } {
    const { arena } = this.bpf;
    arena.begin();
    const log = logSize === 0 ? null : arena.room(logSize);
    if (log !== null) log.bytes[0] = 0;
    const result = this.bpf.run("BPF_BTF_LOAD", {
      btf: arena.copy(bytes),
      btf_size: bytes.length,
      btf_log_buf: log?.address ?? 0n,
      btf_log_size: logSize,
      btf_log_level: logSize === 0 ? 0 : 1,
    });
    return { result, log: log === null ? "" : textIn(log.bytes) };
  }

  btfInfo(fd: Fd): BtfInfo {
    return btfInfo(this.bpf, fd);
  }

  btfNextId(id: number): number | null {
    return this.#nextId("BTF", id);
  }

  btfFdById(id: number): Fd {
    return this.#fdById("BTF", id);
  }

  progLoad(attr: ProgLoadAttr): Fd {
    this.#capabilities.needForProgram(attr.type);
    checkName("BPF_PROG_LOAD", attr.name);
    const fd = this.#keep(loadProgram(this.bpf, attr));
    this.#progShapes.set(fd, { type: attr.type, insnCount: attr.insns.length / 8 });
    return fd;
  }

  progInfo(fd: Fd): ProgInfo {
    const info = progInfo(this.bpf, fd);
    return { ...info, insnCount: this.#progShapes.get(fd)?.insnCount ?? info.insnCount };
  }

  progNextId(id: number): number | null {
    return this.#nextId("PROG", id);
  }

  progFdById(id: number): Fd {
    return this.#fdById("PROG", id);
  }

  progTestRun(fd: Fd, attr: TestRunAttr): TestRunResult {
    let shape = this.#progShapes.get(fd);
    if (shape === undefined) {
      if (!this.#open.has(fd)) throw kernelError("BPF_PROG_TEST_RUN", ERRNO.EBADF, `file descriptor ${fd}`);
      shape = { type: progInfo(this.bpf, fd).type, insnCount: null };
      this.#progShapes.set(fd, shape);
    }
    return runProgram(this.bpf, fd, shape.type, attr);
  }

  objPin(fd: Fd, path: string): void {
    this.bpf.arena.begin();
    const result = this.bpf.run("BPF_OBJ_PIN", { pathname: this.bpf.arena.text(path), bpf_fd: fd });
    checked("BPF_OBJ_PIN", result, `${path}${inBpffs(path) ? "" : ", which is not in a mounted bpffs"}`);
  }

  objGet(path: string): Fd {
    this.bpf.arena.begin();
    const fd = this.bpf.run("BPF_OBJ_GET", { pathname: this.bpf.arena.text(path) });
    return this.#keep(checked("BPF_OBJ_GET", fd, path));
  }

  linkCreate(attr: LinkCreateAttr): Fd {
    return this.#keep(checked("BPF_LINK_CREATE", createLink(this.bpf, attr), linkText(attr)));
  }

  /** BPF_RAW_TRACEPOINT_OPEN; without a name the program is attached where it was loaded for (fentry, fexit, lsm). */
  rawTracepointOpen(progFd: Fd, name: string | null, cookie = 0n): Fd {
    this.bpf.arena.begin();
    const at = name === null ? 0n : this.bpf.arena.text(name);
    const fd = this.bpf.run("BPF_RAW_TRACEPOINT_OPEN", { name: at, prog_fd: progFd, cookie });
    return this.#keep(checked("BPF_RAW_TRACEPOINT_OPEN", fd, name ?? `program ${progFd}`));
  }

  linkUpdate(fd: Fd, progFd: Fd, oldProgFd?: Fd): void {
    const F_REPLACE = 4;
    const result = this.bpf.run("BPF_LINK_UPDATE", {
      link_fd: fd,
      new_prog_fd: progFd,
      ...(oldProgFd === undefined ? {} : { flags: F_REPLACE, old_prog_fd: oldProgFd }),
    });
    checked("BPF_LINK_UPDATE", result, `link ${fd}, program ${progFd}`);
  }

  linkDetach(fd: Fd): void {
    checked("BPF_LINK_DETACH", this.bpf.run("BPF_LINK_DETACH", { link_fd: fd }), `link ${fd}`);
  }

  linkInfo(fd: Fd): LinkInfo {
    return linkInfo(this.bpf, fd);
  }

  linkNextId(id: number): number | null {
    return this.#nextId("LINK", id);
  }

  linkFdById(id: number): Fd {
    return this.#fdById("LINK", id);
  }

  /** A descriptor to read what an iterator program writes. */
  iterCreate(linkFd: Fd): Fd {
    return this.#keep(
      checked("BPF_ITER_CREATE", this.bpf.run("BPF_ITER_CREATE", { link_fd: linkFd }), `link ${linkFd}`),
    );
  }

  close(fd: Fd): void {
    if (!this.#open.delete(fd)) throw kernelError("close", ERRNO.EBADF, `file descriptor ${fd}`);
    this.#mapShapes.delete(fd);
    this.#progShapes.delete(fd);
    this.bpf.libc.close(fd);
  }

  /** Keeps this thread on the first CPU that it may run on, and its test runs with it. @returns the CPU, null if none was granted */
  stayOnOneCpu(): number | null {
    for (const cpu of onlineCpus()) {
      const mask = new Uint8Array(128);
      mask[cpu >> 3] = 1 << (cpu & 7);
      if (this.bpf.libc.setAffinity(mask) === 0) return cpu;
    }
    return null;
  }

  /** Closes every descriptor that is still open. */
  [Symbol.dispose](): void {
    for (const fd of [...this.#open]) this.close(fd);
  }

  #keep(fd: Fd): Fd {
    this.#open.add(fd);
    return fd;
  }

  #map(command: string, fd: Fd): MapShape {
    const known = this.#mapShapes.get(fd);
    if (known !== undefined) return known;
    if (!this.#open.has(fd)) throw kernelError(command, ERRNO.EBADF, `file descriptor ${fd}`);
    const shape = this.#shapeOf(fd, mapInfo(this.bpf, fd));
    this.#mapShapes.set(fd, shape);
    return shape;
  }

  #shapeOf(fd: Fd, { type, keySize, valueSize }: MapCreateAttr | MapInfo): MapShape {
    return { fd, keySize, elementSize: elementSize(type, valueSize, this.possibleCpus) };
  }

  #nextId(kind: IdKind, id: number): number | null {
    const command = `BPF_${kind}_GET_NEXT_ID` as const;
    this.#capabilities.needForIds(command);
    const result = this.bpf.run(command, { start_id: id });
    if (result === -ERRNO.ENOENT) return null;
    checked(command, result, `id ${id}`);
    return this.bpf.result(command, "next_id");
  }

  #fdById(kind: IdKind, id: number): Fd {
    const command = `BPF_${kind}_GET_FD_BY_ID` as const;
    this.#capabilities.needForIds(command);
    return this.#keep(checked(command, this.bpf.run(command, { id }), `${kind.toLowerCase()} id ${id}`));
  }
}

const BPF_FS_MAGIC = 0xcafe4a11;

function inBpffs(path: string): boolean {
  try {
    return statfsSync(dirname(path)).type === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

function checkName(command: string, name: string | undefined): void {
  if (name !== undefined && !NAME.test(name)) throw linuxError("E_LINUX_NAME", { command, name });
}

/** Passes a result through, or throws what its errno says. */
function checked(command: string, result: number, what: string): number {
  if (result < 0) throw kernelError(command, -result, `${what}: ${errnoText(-result)}`);
  return result;
}

/** Null where nothing was found. */
function found(command: string, fd: Fd, result: Uint8Array | number): Uint8Array | null {
  if (typeof result !== "number") return result;
  if (result === -ERRNO.ENOENT) return null;
  throw kernelError(command, -result, `map ${fd}: ${errnoText(-result)}`);
}

function sizesText(map: MapShape, key: Uint8Array, value: Uint8Array): string {
  const wrong = key.length !== map.keySize || value.length !== map.elementSize;
  return wrong
    ? `map ${map.fd} has keys of ${map.keySize} and values of ${map.elementSize} bytes, given were ${key.length} and ${value.length}`
    : `map ${map.fd}`;
}

/**
 * The running kernel: `using kernel = await openLinux()`. The foreign-function library is loaded here and not before.
 * @throws BpfError `E_LINUX_SYSTEM`, `E_LINUX_KOFFI`
 */
export async function openLinux(): Promise<LinuxBackend> {
  const bpf = await openSyscalls();
  return new LinuxBackend(bpf, Capabilities.ofProcess());
}
