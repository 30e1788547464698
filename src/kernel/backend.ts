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
  /** Type id in the kernel's own BTF of a struct_ops map's value. */
  readonly btfVmlinuxValueTypeId?: number;
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
  /** BTF of the kernel module that `attachBtfId` belongs to. */
  readonly attachBtfObjFd?: Fd;
  /** Maps and BTF that instructions refer to by index. */
  readonly fdArray?: readonly Fd[];
  readonly logLevel?: number;
  /** Gets the verifier's log, where `logLevel` asks for one and there is a verifier. */
  readonly log?: (text: string) => void;
}

export interface ProgInfo {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly insnCount: number;
  readonly mapIds: readonly number[];
  readonly btfId: number;
  readonly gplCompatible: boolean;
  /** What only a kernel with a verifier and a JIT of its own knows. */
  readonly kernel?: KernelProgInfo;
}

/** The rest of struct bpf_prog_info; sizes in bytes. */
export interface KernelProgInfo {
  /** The digest of the instructions, 16 hexadecimal digits. */
  readonly tag: string;
  readonly xlatedSize: number;
  readonly jitedSize: number;
  /** Nanoseconds of CLOCK_BOOTTIME at the load. */
  readonly loadTime: bigint;
  readonly uid: number;
  readonly ifindex: number;
  readonly runTime: bigint;
  readonly runCount: bigint;
  readonly recursionMisses: bigint;
  readonly verifiedInsns: number;
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
}

/** BPF_PROG_TEST_RUN. */
export interface TestRunAttr {
  readonly dataIn?: Uint8Array;
  /** Bytes of the context structure (`xdp_md`, `__sk_buff`), as the program type takes it. */
  readonly ctxIn?: Uint8Array;
  readonly repeat?: number;
  readonly flags?: number;
  readonly cpu?: number;
  /** Frames per batch of BPF_F_TEST_XDP_LIVE_FRAMES. */
  readonly batchSize?: number;
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

/** One step of a walk over a map: up to `count` elements, and where the next step starts; null at the end. */
export interface MapBatch {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  readonly next: Uint8Array | null;
}

/** BPF_MAP_*_BATCH: many elements in one command. */
export interface MapBatches {
  /** @param from `next` of the step before, null for the first */
  mapLookupBatch(fd: Fd, from: Uint8Array | null, count: number): MapBatch;
  mapLookupAndDeleteBatch(fd: Fd, from: Uint8Array | null, count: number): MapBatch;
  /** Elements up to the first that is refused are updated; its error is thrown. */
  mapUpdateBatch(fd: Fd, keys: readonly Uint8Array[], values: readonly Uint8Array[], flags?: number): void;
  mapDeleteBatch(fd: Fd, keys: readonly Uint8Array[]): void;
}

/** BPF_LINK_CREATE. */
export interface LinkCreateAttr {
  readonly progFd: Fd;
  /** What it is attached to: an interface's index, or the descriptor of a cgroup, network namespace or perf event. */
  readonly target: number;
  /** BPF_XDP, BPF_TCX_INGRESS, … */
  readonly attachType: number;
  /** XDP_FLAGS_*_MODE, BPF_F_BEFORE, BPF_F_AFTER, … */
  readonly flags?: number;
  /** Another link or program of the hook (tcx, netkit, cgroup), to be placed beside. */
  readonly relative?: number;
  readonly expectedRevision?: bigint;
  /** Given to programs by bpf_get_attach_cookie. */
  readonly cookie?: bigint;
  readonly targetBtfId?: number;
  /** union bpf_iter_link_info. */
  readonly iterInfo?: Uint8Array;
}

export interface LinkInfo {
  readonly id: number;
  /** enum bpf_link_type. */
  readonly type: number;
  readonly progId: number;
  /** The interface of an xdp, tcx or netkit link. */
  readonly ifindex?: number;
  readonly attachType?: number;
  readonly cgroupId?: bigint;
}

/** Attaching: what a program is attached by stays attached while its descriptor is open or pinned. */
export interface Links {
  linkCreate(attr: LinkCreateAttr): Fd;
  /** @param oldProgFd refuse where another program is attached */
  linkUpdate(fd: Fd, progFd: Fd, oldProgFd?: Fd): void;
  linkDetach(fd: Fd): void;
  linkInfo(fd: Fd): LinkInfo;
  linkNextId(id: number): number | null;
  linkFdById(id: number): Fd;
}
