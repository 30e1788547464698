import type { Btf } from "../btf/index.ts";
import { FRAME_SUBPROG } from "../runtime/verifier-layout.ts";
import { assert } from "../util/index.ts";
import { Explored } from "./explore/explored.ts";
import { Insns } from "./insns.ts";
import type { RejectionKind } from "./kinds.ts";
import { VerifierLog } from "./log.ts";
import { type Frame, type Reg, StateMemory } from "./memory.ts";
import { Rejection, type RejectionData } from "./reject.ts";
import { VerifierState } from "./state.ts";
import { StackLiveness } from "./structure/stack-liveness.ts";
import type { LineInfo, ProgramInput, VerifierMap, VerifyOptions } from "./types.ts";

/** What verification learns about one slot (struct bpf_insn_aux_data). */
export class InsnAux {
  /** Type of the pointer that a load or store goes through; NOT_INIT (0) before any. */
  ptrType = 0;
  /** Map and offset of a 64-bit load of a map or of a map's value. */
  mapIndex = -1;
  mapOff = 0;
  /** Of a 64-bit load of a kernel variable: register type, then BTF number and type id, or size. */
  btfVar: { readonly type: number; readonly btf: number; readonly btfId: number; readonly size: number } | null = null;
  /** The map that a helper call always gets: number, -1 = none yet, -2 = several. */
  callMap = -1;
  /** The constant key of a map helper: its value, -1n = none yet, -2n = unknown or several. */
  callKey = -1n;
  /** How many bytes wide the context field is that a narrow load reads. */
  ctxFieldSize = 0;
  /** Pass in which a path reached it; 0 = none. */
  seen = 0;
  prunePoint = false;
  jmpPoint = false;
  forceCheckpoint = false;
  callsCallback = false;
  isIterNext = false;
  fastcallPattern = false;
  fastcallSpills = 0;
  /** Strongly connected component of the control-flow graph; 0 = in no loop. */
  scc = 0;
  /** Registers read later, bit n for r<n>. */
  liveRegsBefore = 0xffff;
  nospec = false;
  nospecResult = false;
  /** Pointer arithmetic seen here by paths without CAP_PERFMON. */
  aluState = 0;
  aluLimit = 0;
  zextDst = false;
  /** A call of bpf_loop: its callback so far, -1 = none yet, and whether all calls here are alike enough to be inlined. */
  loopSubprog = -1;
  loopInlined = false;
}

/** What is known of a global function's argument (struct bpf_subprog_arg_info). */
export interface SubprogArg {
  /** ARG_* and flags, as the `uapi` words: `ARG_PTR_TO_MEM | PTR_MAYBE_NULL`. */
  readonly type: string;
  readonly memSize: number;
  readonly btf: number;
  readonly btfId: number;
}

/** A BPF function of the program (struct bpf_subprog_info). */
export class Subprog {
  start: number;
  stackDepth = 0;
  stackExtra = 0;
  fastcallStackOff = 0;
  keepFastcallStack = false;
  hasTailCall = false;
  tailCallReachable = false;
  hasLdAbs = false;
  isCallback = false;
  isAsyncCallback = false;
  isExceptionCallback = false;
  changesPacketData = false;
  mightSleep = false;
  /** Where its instructions start in the environment's postorder. */
  postorderStart = 0;
  /** From func_info: type id of the BTF_KIND_FUNC; 0 = none. */
  typeId = 0;
  name = "";
  /** Linkage of its BTF_KIND_FUNC. */
  global = false;
  /** Only verified when some verified function calls it. */
  called = false;
  /** BTF does not describe it well enough to take its arguments from there. */
  unreliable = false;
  args: readonly SubprogArg[] | null = null;
  lineInfoIdx = 0;

  constructor(start: number) {
    this.start = start;
  }
}

/** The function, hook or member that a program attaches to. */
export interface AttachInfo {
  /** Number of its BTF among `btfs`. */
  readonly btf: number;
  /** Type id that the loader gave. */
  readonly btfId: number;
  /** The kernel function's name, or the member's. */
  readonly name: string;
  /** Type id of its BTF_KIND_FUNC_PROTO; 0 = none. */
  readonly proto: number;
  /** Its functions' arguments start here: 1 where the first is not for the program (`void *__data` of a raw tracepoint). */
  readonly skipArgs: number;
  /** Of a struct_ops program: name and id of the structure, and index of the member. */
  readonly structName?: string;
  readonly structId?: number;
  readonly member?: number;
  /** References that arguments bring with them, by the argument's offset in the context. */
  readonly argRefs?: Map<number, number>;
}

/** A record of func_info: a function's first slot and the type id of its BTF_KIND_FUNC. */
export interface FuncInfo {
  readonly insn: number;
  readonly typeId: number;
}

/** A path put aside: verified later. */
export interface PendingPath {
  readonly state: VerifierState;
  readonly insnIdx: number;
  readonly prevInsnIdx: number;
  readonly logPosition: number;
}

/** Everything that the phases share while one program is verified (struct bpf_verifier_env). */
export class VerifierEnv {
  readonly input: ProgramInput;
  readonly options: VerifyOptions;
  readonly m: StateMemory;
  readonly insns: Insns;
  readonly aux: InsnAux[];
  readonly log: VerifierLog;

  // What the program may do: from its type, flags and the loader's privileges.
  readonly type: number;
  /** The type whose context, helpers and return values the program has: an extension's is its target's. */
  opsType: number;
  expectedAttachType: number;
  /** What the program attaches to, once `checkAttachTarget` has found it; null where BTF has no part in that. */
  attach: AttachInfo | null = null;
  sleepable = false;
  gplCompatible = false;
  /** CAP_BPF. */
  bpfCapable = true;
  /** CAP_PERFMON, four ways. */
  allowPtrLeaks = true;
  allowUninitStack = true;
  bypassSpecV1 = true;
  bypassSpecV4 = true;
  strictAlignment = false;
  testStateFreq = false;
  testRegInvariants = false;

  /** Maps that instructions name, in order of first use; then what inner maps are like. Registers hold indices into it. */
  readonly maps: VerifierMap[] = [];
  #pruningSeed = 1;
  readonly #inners = new Map<VerifierMap, VerifierMap>();
  /** How many of `maps` the program itself names. */
  usedMaps = 0;
  /** BTF by the number that registers hold: 0 the kernel's, 1 the program's, modules after. `null` where there is none. */
  readonly btfs: (Btf | null)[];
  subprogs: Subprog[] = [];
  lines: readonly LineInfo[] = [];
  /** func_info as it was given; empty where there is none. */
  funcInfo: readonly FuncInfo[] = [];
  /** Which stack slots are read later, call chain by call chain. */
  readonly liveness: StackLiveness;
  /** States kept to compare with. */
  readonly explored: Explored;
  exceptionCallback = 0;
  /** Instructions of each function in postorder, one function after the other. */
  postorder: Int32Array = new Int32Array(0);
  sccCount = 0;
  /** Instructions that the kernel takes out after the walk: 1 by slot. */
  readonly removed: Uint8Array;

  // Where verification is.
  state = new VerifierState();
  insnIdx = 0;
  prevInsnIdx = -1;
  readonly pending: PendingPath[] = [];
  idGen = 0;
  /** 1 for the program itself, one more for every global function. */
  passCount = 0;
  seenException = false;
  seenDirectWrite = false;
  /** The current instruction has its entry in the path. */
  historyAdded = false;
  /** Some pointer arithmetic depends on the limits of an unknown scalar: states with unequal scalars are never equal. */
  exploreAluLimits = false;

  // Counters.
  insnProcessed = 0;
  jmpsProcessed = 0;
  prevInsnProcessed = 0;
  prevJmpsProcessed = 0;
  maxStatesPerInsn = 0;
  totalStates = 0;
  peakStates = 0;
  exploredStates = 0;
  readonly visits: Uint32Array;

  // What the log has to print anew: registers by bit, slots by bit (two halves of 32).
  scratchedRegs = 0;
  scratchedSlotsLow = 0;
  scratchedSlotsHigh = 0;

  constructor(input: ProgramInput, options: VerifyOptions) {
    this.input = input;
    this.options = options;
    this.btfs = [options.kernel?.vmlinux ?? null, input.btf ?? null];
    this.m = StateMemory.take();
    this.insns = new Insns(input.insns);
    this.aux = Array.from({ length: this.insns.count }, () => new InsnAux());
    this.log = new VerifierLog(options.logLevel ?? 0);
    this.type = input.type;
    this.opsType = input.type;
    this.expectedAttachType = input.expectedAttachType ?? 0;
    this.visits = new Uint32Array(this.insns.count);
    this.removed = new Uint8Array(this.insns.count);
    this.liveness = new StackLiveness(this);
    this.explored = new Explored(this);
  }

  /** Register `n` of the function that runs. */
  reg(n: number): Reg {
    return this.m.reg(this.state.frame, n);
  }
  /** The frame of the function that runs. */
  get frame(): Frame {
    return this.state.frame;
  }
  newId(): number {
    return ++this.idGen;
  }
  /** Number of the subprogram that runs. */
  get subprog(): Subprog {
    return this.subprogs[this.m.get(this.state.frame, FRAME_SUBPROG)]!;
  }

  /** Writes a line of the kernel's log; free at log level 0. */
  verbose(text: string): void {
    this.log.write(text);
  }

  /**
   * Ends the path: the program is refused (or a speculative path is given up).
   * @param errno positive
   * @param message the kernel's words, without the newline; lines before the last are written as they are; "" = already said
   */
  reject(errno: number, kind: RejectionKind, message: string, data: RejectionData = {}): never {
    if (message !== "") {
      this.log.write(`${message}\n`);
      this.log.lastMessage = message;
    }
    throw new Rejection(errno, kind, data);
  }

  /** Number of a BTF among `btfs`, added where it is new. */
  btfNumber(btf: Btf): number {
    const at = this.btfs.indexOf(btf);
    return at >= 0 ? at : this.btfs.push(btf) - 1;
  }

  btf(number: number): Btf {
    const btf = this.btfs[number];
    assert(btf !== null && btf !== undefined, `BTF ${number} of the environment`);
    return btf;
  }

  /** Number of a map among `maps`, added where it is new. */
  mapNumber(map: VerifierMap): number {
    const at = this.maps.indexOf(map);
    return at >= 0 ? at : this.maps.push(map) - 1;
  }

  /** The BTF that the kfunc call at `insn` takes its prototype from; null where there is none. */
  kfuncBtf(insn: number): Btf | null {
    const off = this.insns.off[insn]!;
    if (off === 0) return this.btfs[0]!;
    const fd = this.input.fdArray?.[off];
    return fd === undefined ? null : (this.input.btfByFd?.(fd) ?? null);
  }

  /** For tests: whether no covering state is looked for, and none kept, this time. */
  passesPruning(): boolean {
    const { pruning } = this.options;
    if (pruning === undefined || pruning === "on") return false;
    if (pruning === "off") return true;
    this.#pruningSeed = (Math.imul(this.#pruningSeed ^ pruning, 0x5851f42d) + 0x14057b7f) | 0;
    return this.#pruningSeed < 0;
  }

  /** Number of what the inner maps of a map of maps are like: nobody in particular, so without a name. */
  innerMapNumber(outer: VerifierMap): number {
    let inner = this.#inners.get(outer);
    if (inner === undefined) {
      inner = Object.create(outer.inner ?? null, { name: { value: "" } }) as VerifierMap;
      this.#inners.set(outer, inner);
    }
    return this.mapNumber(inner);
  }

  scratchReg(n: number): void {
    this.scratchedRegs |= 1 << n;
  }
  scratchSlot(n: number): void {
    if (n < 32) this.scratchedSlotsLow |= 1 << n;
    else this.scratchedSlotsHigh |= 1 << (n - 32);
  }
}
