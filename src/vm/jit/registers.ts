import { FRAME_SIZE } from "../../runtime/layout.ts";
import {
  ANY,
  anyValue,
  CONST,
  constValue,
  FP,
  FULL,
  fpValue,
  isNarrow,
  u32Value,
  undefinedValue,
  type Value,
} from "./values.ts";
import { W, type WasmBytes } from "./wasm.ts";

/** Numbers of a function's wasm locals; each BPF register has an i64 and an i32 one, of which one is in use at a time. */
export interface Locals {
  /** i64 locals of r0 to r9. */
  readonly wide: readonly number[];
  /** i32 locals of r0 to r9. */
  readonly narrow: readonly number[];
  /** i32: frame pointer, a parameter. */
  readonly fp: number;
  /** i32: lowest address of the frame. */
  readonly bottom: number;
  readonly temp32: number;
  readonly second32: number;
  readonly temp64: number;
  readonly second64: number;
  /** i32: what `may_goto` counts down. */
  readonly mayGoto: number;
  /** i32: number of the next block, where blocks are dispatched. */
  readonly state: number;
  /** i64: instructions left, with a budget. */
  readonly fuel: number;
}

/**
 * Emits reads and writes of BPF registers.
 *
 * A register that is known to be zero-extended lives in an i32 local, any other in an i64 local, so that the 32-bit code
 * that compilers emit runs on i32 without conversions. Which of the two it is follows from the abstract value alone;
 * where paths meet, the edge that disagrees converts.
 */
export class Registers {
  readonly out: WasmBytes;
  readonly locals: Locals;
  /** What is known of r0 to r9. */
  values: Value[];
  /** Constants that the current block has stored to the frame: offset from the frame pointer → 32-bit value. */
  readonly frame = new Map<number, number>();

  constructor(out: WasmBytes, locals: Locals) {
    this.out = out;
    this.locals = locals;
    this.values = [];
  }

  value(reg: number): Value {
    return reg === 10 ? fpValue(0) : this.values[reg]!;
  }

  /** Pushes the low 32 bits. */
  get32(reg: number): void {
    const { out, locals } = this;
    if (reg === 10) {
      out.op(W.local_get, locals.fp);
      return;
    }
    const v = this.values[reg]!;
    if (v.kind === CONST) out.i32(v.lo);
    else if (isNarrow(v)) out.op(W.local_get, locals.narrow[reg]!);
    else {
      out.op(W.local_get, locals.wide[reg]!);
      out.u8(W.i32_wrap_i64);
    }
  }

  /** Pushes all 64 bits. */
  get64(reg: number): void {
    const { out } = this;
    const v = this.value(reg);
    if (v.kind === CONST) out.i64(v.lo, v.hi);
    else if (isNarrow(v)) {
      this.get32(reg);
      out.u8(W.i64_extend_i32_u);
    } else out.op(W.local_get, this.locals.wide[reg]!);
  }

  /** Pops an i32, zero-extended and at most `max`. */
  set32(reg: number, max = FULL): void {
    this.out.op(W.local_set, this.locals.narrow[reg]!);
    this.values[reg] = u32Value(max);
  }

  /** Pops an i64. */
  set64(reg: number): void {
    this.out.op(W.local_set, this.locals.wide[reg]!);
    this.values[reg] = anyValue;
  }

  /** Gives a register a known value; the local is written too, so that joins need no code. */
  setConst(reg: number, v: Value): void {
    const { out, locals } = this;
    if (v.hi === 0) {
      out.i32(v.lo);
      out.op(W.local_set, locals.narrow[reg]!);
    } else {
      out.i64(v.lo, v.hi);
      out.op(W.local_set, locals.wide[reg]!);
    }
    this.values[reg] = v;
  }

  setNumber(reg: number, lo: number, hi: number): void {
    this.setConst(reg, constValue(lo, hi));
  }

  /** Sets a register to the frame pointer plus `offset`. */
  setFp(reg: number, offset: number): void {
    const { out, locals } = this;
    out.op(W.local_get, locals.fp);
    if (offset !== 0) {
      out.i32(offset);
      out.u8(W.i32_add);
    }
    out.op(W.local_set, locals.narrow[reg]!);
    this.values[reg] = fpValue(offset);
  }

  copy(dst: number, src: number): void {
    const { out, locals } = this;
    const v = this.value(src);
    if (v.kind === CONST) this.setConst(dst, v);
    else if (v.kind === FP) this.setFp(dst, v.lo);
    else if (isNarrow(v)) {
      out.op(W.local_get, locals.narrow[src]!);
      out.op(W.local_set, locals.narrow[dst]!);
      this.values[dst] = v;
    } else {
      out.op(W.local_get, locals.wide[src]!);
      out.op(W.local_set, locals.wide[dst]!);
      this.values[dst] = v.kind === ANY ? v : anyValue;
    }
  }

  /** The 32-bit constant that the low half of a register is known to hold, or undefined. */
  const32(reg: number): number | undefined {
    const v = this.value(reg);
    return v.kind === CONST ? v.lo : undefined;
  }

  /**
   * Pushes the base of a memory access as an i32 and returns the offset for the instruction's memarg.
   * A positive displacement goes there: a verified program's pointers do not wrap.
   */
  address(reg: number, displacement: number): number {
    const { out, locals } = this;
    const v = this.value(reg);
    if (v.kind === FP) {
      const offset = FRAME_SIZE + v.lo + displacement;
      if (offset >= 0) {
        out.op(W.local_get, locals.bottom);
        return offset;
      }
    }
    if (v.kind === CONST) {
      out.i32((v.lo + displacement) | 0);
      return 0;
    }
    this.get32(reg);
    if (displacement >= 0) return displacement;
    out.i32(displacement);
    out.u8(W.i32_add);
    return 0;
  }

  /** What a call does to the registers: r0 is the result, r1 to r5 are gone. */
  clobber(): void {
    for (let reg = 1; reg <= 5; reg++) this.values[reg] = undefinedValue;
    this.frame.clear();
  }

  /** Emits what makes the locals hold what `target` expects where the states of an edge differ in shape. */
  convert(target: readonly Value[]): void {
    const { out, locals } = this;
    for (let reg = 0; reg < 10; reg++) {
      if (!needsConversion(this.values[reg]!, target[reg]!)) continue;
      this.get64(reg);
      out.op(W.local_set, locals.wide[reg]!);
    }
  }

  needsConversion(target: readonly Value[]): boolean {
    for (let reg = 0; reg < 10; reg++) if (needsConversion(this.values[reg]!, target[reg]!)) return true;
    return false;
  }
}

function needsConversion(from: Value, to: Value): boolean {
  return to.kind === ANY && isNarrow(from);
}
