/**
 * The waist of the hourglass: bpf(2) in typed form. The simulated kernel and the real one implement it; loader, CLI and tests
 * sit on it and cannot tell which one they have. Names and meanings are those of bpf(2) and linux/bpf.h.
 *
 * A command that the kernel refuses throws BpfError with code `E_KERNEL`, data `{ command, errno, name }` (`name` is
 * the errno's: "EEXIST"), except lookups and iteration, which return null at the end (ENOENT).
 */

/** A file descriptor of this backend; closed by `close`. */
export type Fd = number;

export interface MapCreateAttr {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  /** At most 15 characters of [A-Za-z0-9_.]. */
  readonly name?: string;
  readonly innerMapFd?: Fd;
  readonly numaNode?: number;
  readonly mapExtra?: bigint;
  readonly btfFd?: Fd;
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
}

export interface MapInfo {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra: bigint;
  readonly btfId: number;
  readonly btfKeyTypeId: number;
  readonly btfValueTypeId: number;
}

export interface ProgLoadAttr {
  readonly type: number;
  readonly expectedAttachType?: number;
  /** Instructions in the host's byte order; map references hold file descriptors. */
  readonly insns: Uint8Array;
  readonly license: string;
  readonly name?: string;
  readonly flags?: number;
  readonly kernVersion?: number;
  readonly ifindex?: number;
  readonly btfFd?: Fd;
  /** func_info and line_info records as bpf(2) takes them: 8 and 16 bytes each. */
  readonly funcInfo?: Uint8Array;
  readonly lineInfo?: Uint8Array;
  readonly attachBtfId?: number;
  readonly attachProgFd?: Fd;
  readonly logLevel?: number;
}

export interface ProgInfo {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly insnCount: number;
  readonly mapIds: readonly number[];
  readonly btfId: number;
  readonly gplCompatible: boolean;
}

/** BPF_PROG_TEST_RUN. */
export interface TestRunAttr {
  readonly dataIn?: Uint8Array;
  /** Bytes of the context structure (`xdp_md`, `__sk_buff`), as the program type takes it. */
  readonly ctxIn?: Uint8Array;
  readonly repeat?: number;
  readonly flags?: number;
  readonly cpu?: number;
}

export interface TestRunResult {
  /** r0, low 32 bits, unsigned. */
  readonly retval: number;
  /** The packet as the program left it. */
  readonly dataOut: Uint8Array;
  readonly ctxOut: Uint8Array;
  /** Mean nanoseconds per repetition. */
  readonly duration: number;
}

export interface Backend {
  readonly kind: "simulated" | "linux";
  /** Number of possible CPUs: per-CPU values have this many copies, each padded to 8 bytes. */
  readonly possibleCpus: number;

  mapCreate(attr: MapCreateAttr): Fd;
  /** Null where the key is absent. Per-CPU maps return all copies. */
  mapLookup(fd: Fd, key: Uint8Array): Uint8Array | null;
  mapUpdate(fd: Fd, key: Uint8Array, value: Uint8Array, flags?: number): void;
  /** False where the key is absent. */
  mapDelete(fd: Fd, key: Uint8Array): boolean;
  /** The key after `key`, the first one for null; null at the end. */
  mapNextKey(fd: Fd, key: Uint8Array | null): Uint8Array | null;
  mapLookupAndDelete(fd: Fd, key: Uint8Array): Uint8Array | null;
  mapFreeze(fd: Fd): void;
  mapInfo(fd: Fd): MapInfo;
  mapNextId(id: number): number | null;
  mapFdById(id: number): Fd;

  btfLoad(bytes: Uint8Array): Fd;

  progLoad(attr: ProgLoadAttr): Fd;
  progInfo(fd: Fd): ProgInfo;
  progNextId(id: number): number | null;
  progFdById(id: number): Fd;
  progTestRun(fd: Fd, attr: TestRunAttr): TestRunResult;

  objPin(fd: Fd, path: string): void;
  objGet(path: string): Fd;
  close(fd: Fd): void;
}
