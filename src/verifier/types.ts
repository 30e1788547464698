import type { Btf } from "../btf/index.ts";
import type { RejectionKind } from "./kinds.ts";
import type { RejectionData } from "./reject.ts";

/** A map as the verifier sees it: what BPF_MAP_CREATE was given, and what became of it. */
export interface VerifierMap {
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* of BPF_MAP_CREATE. */
  readonly flags: number;
  readonly mapExtra?: bigint;
  /** BPF_MAP_FREEZE was done: programs may take values of a BPF_F_RDONLY_PROG map for constants. */
  readonly frozen?: boolean;
  /** What the inner maps of a map of maps are like. */
  readonly inner?: VerifierMap;
  readonly btf?: Btf;
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
  /** The value of a frozen one-element array, for loads from read-only data. */
  readonly readValue?: (offset: number, size: number) => bigint | undefined;
  /** The address that logs show for a 64-bit load of this map; one is made up where there is none. */
  readonly address?: bigint;
  /** The address of its first value, for loads of addresses inside it. */
  readonly valueAddress?: bigint;
  /** An arena that a process has mapped: its addresses are settled. */
  readonly mapped?: boolean;
}

/** BPF_PROG_LOAD as the verifier takes it. */
export interface ProgramInput {
  readonly name?: string;
  /** BPF_PROG_TYPE_*. */
  readonly type: number;
  readonly expectedAttachType?: number;
  /** BPF_F_STRICT_ALIGNMENT, BPF_F_SLEEPABLE, BPF_F_TEST_STATE_FREQ, … */
  readonly flags?: number;
  /** Whole slots, little-endian. */
  readonly insns: Uint8Array;
  readonly license: string;
  readonly kernVersion?: number;
  /** The map behind a descriptor that an instruction names, or undefined. */
  readonly mapByFd: (fd: number) => VerifierMap | undefined;
  /** Whether a descriptor that is no map's is one at all; without it, it is. */
  readonly isDescriptor?: (fd: number) => boolean;
  /** Descriptors for instructions that name maps and BTF by index. */
  readonly fdArray?: readonly number[];
  /** A module's BTF behind a descriptor of `fdArray`. */
  readonly btfByFd?: (fd: number) => Btf | undefined;
  readonly btf?: Btf;
  readonly funcInfo?: Uint8Array;
  readonly funcInfoRecordSize?: number;
  readonly lineInfo?: Uint8Array;
  readonly lineInfoRecordSize?: number;
  readonly attachBtfId?: number;
  /** The program that an extension, fentry or fexit is attached to. */
  readonly attachProgram?: AttachTarget;
}

/** A loaded program that another one attaches to. */
export interface AttachTarget {
  readonly type: number;
  readonly expectedAttachType: number;
  readonly btf: Btf;
  readonly functions: readonly { readonly typeId: number; readonly global: boolean }[];
  readonly sleepable: boolean;
}

/** A record of line_info: from this slot on. */
export interface LineInfo {
  readonly insn: number;
  readonly file: string;
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/** Who loads: all capabilities; CAP_BPF without CAP_PERFMON (and CAP_NET_ADMIN where the type needs it); nobody. */
export type Mode = "root" | "bpf" | "unpriv";

/** What the verifier knows of the kernel it stands for. */
export interface KernelFacts {
  /** The kernel's own BTF, for tracing, kfuncs and BTF-typed pointers. */
  readonly vmlinux?: Btf;
  /** CPU numbers go up to this, for maps with a slot per CPU. */
  readonly possibleCpus?: number;
  /** Addresses of kernel variables and functions, as /proc/kallsyms has them: loads of others are refused. Without it, all have one. */
  readonly symbolAddress?: (name: string) => bigint | undefined;
}

export interface VerifyOptions {
  /** BPF_LOG_LEVEL1 (1), BPF_LOG_LEVEL2 (2), BPF_LOG_STATS (4), joined. */
  readonly logLevel?: number;
  readonly mode?: Mode;
  readonly kernel?: KernelFacts;
  /** `"off"`: no state is ever found equal to another outside loops that need it; a number: seed of random places where none is looked for. For tests of pruning. */
  readonly pruning?: "on" | "off" | number;
  /** Nanoseconds since some start; without it `time_us` is 0. */
  readonly now?: () => number;
}

/** Why a program was refused. */
export interface Failure {
  readonly kind: RejectionKind;
  /** The kernel's message: the last line of its log that says what is wrong. */
  readonly message: string;
  /** Slot of the instruction at fault, -1 where it is none's. */
  readonly insn: number;
  readonly data: RejectionData;
  /** Slots of the path that led there, oldest first. */
  readonly path: readonly number[];
  /** What was known of r0 to r10 there, in the log's words (`ctx()`, `scalar()`); null = never written. */
  readonly registers: readonly (string | null)[];
}

/** Counters of the log's last lines. */
export interface VerifierStats {
  readonly insnProcessed: number;
  readonly maxStatesPerInsn: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** Bytes of stack by subprogram. */
  readonly stackDepths: readonly number[];
  readonly microseconds: number;
  /** How often each slot was processed, where that was asked for. */
  readonly visits: Uint32Array;
}

/** What engines may take from verification. */
export interface ProgramFacts {
  /** By slot: whether any path reaches it. */
  readonly seen: Uint8Array;
  /** By slot: 1 where the kernel takes the instruction out after the walk (code that no path reaches, jumps to the next instruction). */
  readonly removed: Uint8Array;
  /** By slot: type of the pointer that a load or store goes through (its base type), 0 = none or several. */
  readonly pointerKinds: Uint8Array;
  /** Slot of a helper call → the one map that it always gets. */
  readonly callMaps: ReadonlyMap<number, VerifierMap>;
}

export interface Verdict {
  readonly accepted: boolean;
  /** 0, or the positive errno that bpf(2) gives. */
  readonly errno: number;
  readonly log: string;
  readonly failure: Failure | null;
  readonly stats: VerifierStats;
  /** The source line of a slot, null where line_info tells none. */
  readonly lineAt: (insn: number) => LineInfo | null;
  /** An instruction as the log shows it: `(bf) r2 = r10`. */
  readonly insnText: (insn: number) => string;
  readonly facts: ProgramFacts | null;
}
