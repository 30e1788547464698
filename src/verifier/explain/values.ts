import { helperById, PROG_TYPE } from "../../uapi/index.ts";
import * as I from "../insns.ts";

/**
 * What happened to values on the path that led to a refusal. The path is walked again, forwards, and only for where values come
 * from: a value keeps its origin through copies, constants that are added, and the stack; what else is done to it is kept as a
 * change. Comparisons are remembered with the value as it was. It is all about what the instructions did, not about what the
 * verifier knew: that stands in the register states.
 */

/** What was done to a value, besides copying it and adding constants. */
export interface Change {
  readonly step: number;
  /** `narrow`: cut to 32 bits or fewer; `variable`: something unknown was added; `bits`: masked; `memory`: not loaded as it was stored. */
  readonly what: "narrow" | "variable" | "bits" | "arithmetic" | "memory";
}

/** How a value came to be. */
export type Origin = "entry" | "constant" | "address" | "context" | "load" | "helper" | "function" | "frame";

export interface Value {
  /** Equal for copies of one value. */
  readonly root: string;
  readonly origin: Origin;
  /** Step of the path that made it what it is; -1 = there from the start. */
  readonly step: number;
  /** Sum of the constants added since the origin. */
  readonly offset: number;
  readonly changes: readonly Change[];
  /** The number that was added last, of a pointer. */
  readonly added: Value | null;
  /** Of a load: where from, equal for loads from the same place. */
  readonly place: string | null;
  /** Whether it began as an address, as far as instructions tell. */
  readonly address: boolean;
  /** Of a helper's result: the helper and its first argument's root. */
  readonly call: string | null;
}

/** A conditional jump over a value. */
export interface Comparison {
  readonly step: number;
  readonly insn: number;
  readonly taken: boolean;
  readonly op: number;
  /** All 64 bits were compared. */
  readonly wide: boolean;
  readonly left: Value;
  readonly right: Value;
}

interface Stored {
  readonly value: Value;
  readonly size: number;
}

class FrameTrace {
  readonly number: number;
  regs: (Value | null)[] = Array.from({ length: 11 }, () => null);
  /** Registers that a call has emptied: step by number. */
  readonly emptied: (number | undefined)[] = [];
  readonly stored = new Map<number, Stored>();
  /** Bytes written, by offset from the frame pointer. */
  readonly written = new Map<number, number>();

  constructor(number: number) {
    this.number = number;
    this.regs[10] = fresh(`frame${number}`, "frame", -1, { address: true });
  }
}

function fresh(
  root: string,
  origin: Origin,
  step: number,
  more: { readonly address?: boolean; readonly place?: string | null; readonly call?: string | null } = {},
): Value {
  const { address = false, place = null, call = null } = more;
  return { root, origin, step, offset: 0, changes: [], added: null, place, address, call };
}

const SIZES: Readonly<Record<number, number>> = { [I.BPF_W]: 4, [I.BPF_H]: 2, [I.BPF_B]: 1, [I.BPF_DW]: 8 };
const sizeOf = (code: number) => SIZES[code & 0x18]!;

/** Context members that are packet pointers, by program type: `struct xdp_md`, `struct __sk_buff`, `struct sk_msg_md`, … */
const SKB_POINTERS = [76, 80, 140];
const PACKET_MEMBERS: Readonly<Record<number, readonly number[]>> = {
  [PROG_TYPE.BPF_PROG_TYPE_XDP]: [0, 4, 8],
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG]: [0, 8],
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT]: [0, 8],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_SK_SKB]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_LWT_IN]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT]: SKB_POINTERS,
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR]: SKB_POINTERS,
};

const LSH_32 = "shift32";

/** A path walked again. */
export class PathValues {
  readonly comparisons: Comparison[] = [];
  /** Calls that moved the packet: steps. */
  readonly moves: number[] = [];
  /** Roots of values that were given back, and by which step. */
  readonly released = new Map<string, number>();
  readonly #insns: I.Insns;
  readonly #path: readonly number[];
  readonly #type: number;
  readonly #callName: (insn: number) => string;
  readonly #frames: FrameTrace[] = [new FrameTrace(0)];
  /** Where each frame but the first goes on after its exit. */
  readonly #returns: number[] = [];

  /** @param callName an instruction as the log shows it, for names of kernel functions */
  constructor(insns: I.Insns, path: readonly number[], type: number, callName: (insn: number) => string) {
    this.#insns = insns;
    this.#path = path;
    this.#type = type;
    this.#callName = callName;
    this.#frame.regs[1] = fresh("context", "entry", -1, { address: true });
    for (let step = 0; step + 1 < path.length; step++) this.#step(step, path[step]!, path[step + 1]!);
  }

  get #frame(): FrameTrace {
    return this.#frames.at(-1)!;
  }

  /** What a register holds at the path's end; null where nothing is known to have written it. */
  register(n: number): Value | null {
    return this.#frame.regs[n] ?? null;
  }
  /** The step of the call that emptied a register, if that was its end. */
  emptiedBy(n: number): number | null {
    return this.#frame.regs[n] == null ? (this.#frame.emptied[n] ?? null) : null;
  }
  /** The last step that wrote any of these bytes of the current frame by a store; null = none did. */
  lastStore(off: number, size: number): number | null {
    let last: number | null = null;
    for (let at = off; at < off + size; at++) last = Math.max(last ?? -1, this.#frame.written.get(at) ?? -1);
    return last === null || last < 0 ? null : last;
  }
  /** The frame offset that a register points at, if it is a stack pointer of the current frame. */
  stackOffset(n: number): number | null {
    const value = this.register(n);
    return value?.root === `frame${this.#frame.number}` && value.changes.length === 0 ? value.offset : null;
  }
  /** Comparisons of a value, of its copies, and of what became of them. */
  comparisonsOf(value: Value): Comparison[] {
    return this.comparisons.filter(({ left, right }) => left.root === value.root || right.root === value.root);
  }

  #step(step: number, i: number, next: number): void {
    switch (this.#insns.class(i)) {
      case I.BPF_ALU:
      case I.BPF_ALU64:
        this.#alu(step, i);
        return;
      case I.BPF_LDX:
        this.#load(step, i);
        return;
      case I.BPF_LD:
        this.#immediate(step, i);
        return;
      case I.BPF_ST:
      case I.BPF_STX:
        this.#store(step, i);
        return;
      default:
        this.#jump(step, i, next);
    }
  }

  #value(n: number, step: number): Value {
    return this.#frame.regs[n] ?? fresh(`unknown${step}.${n}`, "load", step);
  }

  #changed(value: Value, step: number, what: Change["what"]): Value {
    return { ...value, step, changes: [...value.changes, { step, what }] };
  }

  #alu(step: number, i: number): void {
    const { code, dst, src, off, imm } = this.#insns;
    const n = dst[i]!;
    const wide = this.#insns.class(i) === I.BPF_ALU64;
    const byReg = (code[i]! & I.BPF_X) !== 0;
    const op = this.#insns.op(i);
    const regs = this.#frame.regs;
    if (op === I.BPF_MOV) {
      if (!byReg) regs[n] = fresh(`constant${step}`, "constant", step);
      else {
        const copy = { ...this.#value(src[i]!, step), step };
        const cast = off[i] === 1;
        regs[n] = (wide && off[i] === 0) || cast ? copy : this.#changed(copy, step, "narrow");
      }
      return;
    }
    const before = this.#value(n, step);
    if ((op === I.BPF_ADD || op === I.BPF_SUB) && wide) {
      if (!byReg) {
        const offset = before.offset + (op === I.BPF_ADD ? imm[i]! : -imm[i]!);
        regs[n] = { ...before, offset, step };
        return;
      }
      const other = this.#value(src[i]!, step);
      const [base, added] = other.address && !before.address ? [other, before] : [before, other];
      regs[n] = { ...this.#changed(base, step, "variable"), added };
      return;
    }
    if (op === I.BPF_LSH && wide && !byReg && imm[i] === 32) {
      regs[n] = { ...this.#changed(before, step, "arithmetic"), place: LSH_32 };
      return;
    }
    if ((op === I.BPF_RSH || op === I.BPF_ARSH) && imm[i] === 32 && before.place === LSH_32) {
      // Two shifts by 32: how instruction set v2 cuts to 32 bits.
      const changes = before.changes.slice(0, -1);
      regs[n] = this.#changed({ ...before, changes, place: null }, step, "narrow");
      return;
    }
    if (!wide) {
      regs[n] = this.#changed(before, step, op === I.BPF_AND ? "bits" : "arithmetic");
      return;
    }
    regs[n] = this.#changed(before, step, op === I.BPF_AND ? "bits" : "arithmetic");
  }

  #immediate(step: number, i: number): void {
    const { regs } = this.#frame;
    const n = this.#insns.dst[i]!;
    if (!this.#insns.isLdImm64(i)) {
      this.#call(step, fresh(`load${step}`, "load", step));
      return;
    }
    const kind = this.#insns.src[i]!;
    regs[n] =
      kind === 0
        ? fresh(`constant${step}`, "constant", step)
        : fresh(`address${kind}:${this.#insns.imm[i]}`, "address", step, { address: true });
  }

  #load(step: number, i: number): void {
    const { code, dst, src, off } = this.#insns;
    const base = this.#value(src[i]!, step);
    const size = sizeOf(code[i]!);
    const at = base.offset + off[i]!;
    const frame = this.#frameOf(base);
    const { regs } = this.#frame;
    if (frame !== null) {
      regs[dst[i]!] = this.#fill(frame, at, size, step);
      return;
    }
    const { root, changes } = base;
    const place = `${root}.${changes.length === 0 ? 0 : changes.at(-1)!.step}+${at}:${size}`;
    if (root === "context" && changes.length === 0) {
      const address = PACKET_MEMBERS[this.#type]?.includes(at) ?? false;
      regs[dst[i]!] = fresh(`context+${at}${address ? `@${this.moves.length}` : ""}`, "context", step, {
        address,
        place,
      });
      return;
    }
    regs[dst[i]!] = fresh(`load${step}`, "load", step, { place });
  }

  #frameOf(base: Value): FrameTrace | null {
    if (!base.root.startsWith("frame") || base.changes.length > 0) return null;
    return this.#frames.find(({ number }) => base.root === `frame${number}`) ?? null;
  }

  #fill(frame: FrameTrace, at: number, size: number, step: number): Value {
    const exact = frame.stored.get(at);
    if (exact !== undefined && exact.size === size) return { ...exact.value, step };
    for (const [from, { value, size: stored }] of frame.stored) {
      if (from < at + size && at < from + stored) return this.#changed(value, step, "memory");
    }
    return fresh(`load${step}`, "load", step, { place: `frame${frame.number}+${at}:${size}` });
  }

  #store(step: number, i: number): void {
    const { code, dst, src, off, imm } = this.#insns;
    const register = this.#insns.class(i) === I.BPF_STX;
    const atomic = register && (code[i]! & 0xe0) === I.BPF_ATOMIC;
    const base = this.#value(dst[i]!, step);
    const frame = this.#frameOf(base);
    const at = base.offset + off[i]!;
    const size = sizeOf(code[i]!);
    if (atomic) {
      const fetched = imm[i]! === I.BPF_LOAD_ACQ ? dst[i]! : imm[i]! === I.BPF_CMPXCHG ? 0 : src[i]!;
      const fetches = imm[i]! === I.BPF_LOAD_ACQ || (imm[i]! & I.BPF_FETCH) !== 0;
      if (fetches) this.#frame.regs[fetched] = fresh(`load${step}`, "load", step);
      return;
    }
    if (frame === null) return;
    for (const [from, stored] of frame.stored) {
      if (from < at + size && at < from + stored.size && from !== at) {
        frame.stored.set(from, { ...stored, value: this.#changed(stored.value, step, "memory") });
      }
    }
    const value = register ? this.#value(src[i]!, step) : fresh(`constant${step}`, "constant", step);
    frame.stored.set(at, { value: size < 8 && value.address ? this.#changed(value, step, "narrow") : value, size });
    for (let byte = at; byte < at + size; byte++) frame.written.set(byte, step);
  }

  #jump(step: number, i: number, next: number): void {
    const op = this.#insns.op(i);
    if (op === I.BPF_EXIT) {
      this.#return(step);
    } else if (op === I.BPF_CALL) {
      if (next === i + 1) this.#helper(step, i);
      else this.#enter(i);
    } else if (op !== I.BPF_JA && op !== I.BPF_JCOND) {
      const { code, dst, src } = this.#insns;
      const left = this.#value(dst[i]!, step);
      const byReg = (code[i]! & I.BPF_X) !== 0;
      const right = byReg ? this.#value(src[i]!, step) : fresh(`constant${step}`, "constant", step);
      const wide = this.#insns.class(i) === I.BPF_JMP;
      this.comparisons.push({ step, insn: i, taken: next !== i + 1, op, wide, left, right });
    }
  }

  /** r0 is the result, r1 to r5 are empty. */
  #call(step: number, result: Value): void {
    const { regs, emptied } = this.#frame;
    regs[0] = result;
    for (let n = 1; n <= 5; n++) {
      if (regs[n] != null) emptied[n] = step;
      regs[n] = null;
    }
  }

  #helper(step: number, i: number): void {
    const { regs } = this.#frame;
    if (!this.#insns.isHelperCall(i)) {
      const name = this.#callName(i);
      if (/_(release|drop|put|destroy)\b|_(release|drop|put)#/.test(name) && regs[1] != null)
        this.released.set(regs[1].root, step);
      this.#call(step, fresh(`function${step}`, "function", step));
      return;
    }
    const id = this.#insns.imm[i]!;
    const helper = helperById(id);
    helper?.args.forEach((arg, n) => {
      const value = regs[n + 1];
      if (arg.includes("OBJ_RELEASE") && value != null) this.released.set(value.root, step);
    });
    if (helper?.changesPacket === true) this.moves.push(step);
    const address = helper?.ret.includes("_PTR_TO_") ?? false;
    this.#call(step, fresh(`helper${step}`, "helper", step, { address, call: `${id}(${regs[1]?.root ?? ""})` }));
  }

  #enter(i: number): void {
    const caller = this.#frame;
    const callee = new FrameTrace(this.#frames.length);
    // A helper's callback gets what the helper hands it; a function its caller's r1 to r5.
    if (this.#insns.isLocalCall(i)) for (let n = 1; n <= 5; n++) callee.regs[n] = caller.regs[n] ?? null;
    this.#returns.push(i);
    this.#frames.push(callee);
  }

  #return(step: number): void {
    const i = this.#returns.pop();
    if (i === undefined) return;
    const result = this.#frame.regs[0];
    this.#frames.pop();
    this.#call(step, this.#insns.isLocalCall(i) && result != null ? result : fresh(`helper${step}`, "helper", step));
  }

  /** The instruction of a step. */
  insn(step: number): number {
    return this.#path[step]!;
  }
}
