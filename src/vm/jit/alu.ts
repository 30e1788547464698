import type { Insn } from "../../isa/index.ts";
import type { Registers } from "./registers.ts";
import { CONST, constValue, FP, FULL, isNarrow, type Value } from "./values.ts";
import { I32, I64, W } from "./wasm.ts";

const OP32: Readonly<Record<string, number>> = {
  add: W.i32_add,
  sub: W.i32_sub,
  mul: W.i32_mul,
  or: W.i32_or,
  and: W.i32_and,
  xor: W.i32_xor,
  lsh: W.i32_shl,
  rsh: W.i32_shr_u,
  arsh: W.i32_shr_s,
};

const OP64: Readonly<Record<string, number>> = {
  add: W.i64_add,
  sub: W.i64_sub,
  mul: W.i64_mul,
  or: W.i64_or,
  and: W.i64_and,
  xor: W.i64_xor,
  lsh: W.i64_shl,
  rsh: W.i64_shr_u,
  arsh: W.i64_shr_s,
};

/** Second operand of an ALU instruction: its abstract value, and its register or -1 for an immediate. */
interface Operand {
  readonly value: Value;
  readonly reg: number;
}

function operand(r: Registers, i: Insn): Operand {
  if (i.form.source === "reg") return { value: r.value(i.src), reg: i.src };
  return { value: constValue(i.imm, i.form.width === 64 ? i.imm >> 31 : 0), reg: -1 };
}

function push32(r: Registers, o: Operand): void {
  if (o.value.kind === CONST) r.out.i32(o.value.lo);
  else r.get32(o.reg);
}

function push64(r: Registers, o: Operand): void {
  if (o.value.kind === CONST) r.out.i64(o.value.lo, o.value.hi);
  else r.get64(o.reg);
}

/** The largest number with as many bits as `max`. */
function bitCeil(max: number): number {
  return max === 0 ? 0 : 2 ** (32 - Math.clz32(max)) - 1;
}

/** Upper bound of a 32-bit operation on operands of at most `a` and `b` (a shift count is `b` where it is known). */
function bound(op: string, a: number, b: number, constant: boolean): number {
  switch (op) {
    case "add":
      return a + b;
    case "mul":
      return a * b;
    case "and":
      return Math.min(a, b);
    case "or":
    case "xor":
      return bitCeil(Math.max(a, b));
    case "lsh":
      return constant ? a * 2 ** b : Number.POSITIVE_INFINITY;
    case "rsh":
      return constant ? Math.floor(a / 2 ** b) : a;
    case "div":
      return constant && b > 0 ? Math.floor(a / b) : a;
    case "mod":
      return constant && b > 0 ? Math.min(a, b - 1) : a;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

function fold32(op: string, x: number, y: number): number | undefined {
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return Math.imul(x, y);
    case "or":
      return x | y;
    case "and":
      return x & y;
    case "xor":
      return x ^ y;
    case "lsh":
      return x << y;
    case "rsh":
      return x >>> y;
    case "arsh":
      return x >> y;
    default:
      return undefined;
  }
}

/** What an operation other than a division gives for two known operands (RFC 9669 section 4.1). */
function fold(op: string, width: number, a: Value, b: Value): Value | undefined {
  if ((op === "add" || op === "sub") && a.hi === a.lo >> 31 && b.hi === b.lo >> 31 && width === 64) {
    // The common case without BigInt: the sum of two small numbers is exact.
    const sum = op === "add" ? a.lo + b.lo : a.lo - b.lo;
    return constValue(sum | 0, Math.floor(sum / 2 ** 32));
  }
  if (width === 32) {
    const result = fold32(op, a.lo, b.lo);
    return result === undefined ? undefined : constValue(result, 0);
  }
  const join64 = (v: Value): bigint => (BigInt(v.hi >>> 0) << 32n) | BigInt(v.lo >>> 0);
  const x = BigInt.asIntN(64, join64(a));
  const y = BigInt.asIntN(64, join64(b));
  const shift = BigInt(b.lo & 63);
  let result: bigint;
  switch (op) {
    case "add":
      result = x + y;
      break;
    case "sub":
      result = x - y;
      break;
    case "mul":
      result = x * y;
      break;
    case "or":
      result = x | y;
      break;
    case "and":
      result = x & y;
      break;
    case "xor":
      result = x ^ y;
      break;
    case "lsh":
      result = x << shift;
      break;
    case "rsh":
      result = BigInt.asUintN(64, x) >> shift;
      break;
    case "arsh":
      result = x >> shift;
      break;
    default:
      return undefined;
  }
  return constValue(Number(BigInt.asIntN(32, result)), Number(BigInt.asIntN(32, result >> 32n)));
}

/** Division and remainder: by zero they give 0 and the dividend; INT_MIN / -1 is INT_MIN (RFC 9669 section 4.1). */
function divide(r: Registers, i: Insn, narrow: boolean, b: Operand): void {
  const { out, locals } = r;
  const { op } = i.form;
  const signed = op === "sdiv" || op === "smod";
  const mod = op === "mod" || op === "smod";
  const code = narrow
    ? { div: W.i32_div_u, mod: W.i32_rem_u, sdiv: W.i32_div_s, smod: W.i32_rem_s }[op]!
    : { div: W.i64_div_u, mod: W.i64_rem_u, sdiv: W.i64_div_s, smod: W.i64_rem_s }[op]!;
  const pushDst = (): void => (narrow ? r.get32(i.dst) : r.get64(i.dst));
  const zero = (): void => (narrow ? out.i32(0) : out.i64(0, 0));
  if (b.value.kind === CONST) {
    const { lo, hi } = b.value;
    const isZero = lo === 0 && (narrow || hi === 0);
    const isMinusOne = signed && lo === -1 && (narrow || hi === -1);
    if (isZero) mod ? pushDst() : zero();
    else if (isMinusOne) {
      zero();
      if (!mod) {
        pushDst();
        out.u8(narrow ? W.i32_sub : W.i64_sub);
      }
    } else {
      pushDst();
      narrow ? push32(r, b) : push64(r, b);
      out.u8(code);
    }
    return;
  }
  const temp = narrow ? locals.temp32 : locals.temp64;
  narrow ? push32(r, b) : push64(r, b);
  out.op(W.local_tee, temp);
  if (!narrow) out.u8(W.i64_eqz);
  else out.u8(W.i32_eqz);
  out.u8(W.if);
  out.u8(narrow ? I32 : I64);
  mod ? pushDst() : zero();
  out.u8(W.else);
  if (op === "sdiv") {
    // x / -1 is 0 - x, which wraps where the wasm instruction would trap.
    out.op(W.local_get, temp);
    narrow ? out.i32(-1) : out.i64(-1, -1);
    out.u8(narrow ? W.i32_eq : W.i64_eq);
    out.u8(W.if);
    out.u8(narrow ? I32 : I64);
    zero();
    pushDst();
    out.u8(narrow ? W.i32_sub : W.i64_sub);
    out.u8(W.else);
  }
  pushDst();
  out.op(W.local_get, temp);
  out.u8(code);
  if (op === "sdiv") out.u8(W.end);
  out.u8(W.end);
}

function isDivision(op: string): boolean {
  return op === "div" || op === "mod" || op === "sdiv" || op === "smod";
}

/** `dst = dst op src`, 32 bits wide: the result is zero-extended. */
function alu32(r: Registers, i: Insn): void {
  const { op } = i.form;
  const { out } = r;
  const b = operand(r, i);
  const a = r.value(i.dst);
  if (a.kind === CONST && b.value.kind === CONST) {
    const known = fold(op, 32, a, b.value);
    if (known !== undefined) {
      r.setConst(i.dst, known);
      return;
    }
  }
  const shift = op === "lsh" || op === "rsh" || op === "arsh";
  const constant = b.value.kind === CONST;
  const bMax = constant ? (shift ? b.value.lo & 31 : b.value.lo >>> 0) : isNarrow(b.value) ? b.value.max : FULL;
  const aMax = isNarrow(a) ? a.max : FULL;
  let max = bound(op, aMax, bMax, constant);
  if (isDivision(op)) divide(r, i, true, b);
  else {
    r.get32(i.dst);
    push32(r, b);
    out.u8(OP32[op]!);
  }
  if (!(max <= FULL)) max = FULL;
  r.set32(i.dst, max);
}

/** Farther from the frame pointer than this, sums are ordinary numbers. */
const FP_RANGE = 0x10000;

/** `dst = dst op src`, 64 bits wide, on i32 where the result provably has no upper bits. */
function alu64(r: Registers, i: Insn): void {
  const { op } = i.form;
  const { out } = r;
  const b = operand(r, i);
  const a = r.value(i.dst);
  if (b.value.kind === CONST) {
    if (a.kind === CONST) {
      const known = fold(op, 64, a, b.value);
      if (known !== undefined) {
        r.setConst(i.dst, known);
        return;
      }
    }
    if (a.kind === FP && (op === "add" || op === "sub") && b.value.hi === b.value.lo >> 31) {
      const offset = op === "add" ? a.lo + b.value.lo : a.lo - b.value.lo;
      // Near the frame the sum cannot leave 32 bits.
      if (Math.abs(offset) <= FP_RANGE) {
        r.setFp(i.dst, offset);
        return;
      }
    }
  }
  const narrowA = isNarrow(a);
  const narrowB = isNarrow(b.value);
  const constant = b.value.kind === CONST;
  const shift = op === "lsh" || op === "rsh" || op === "arsh";
  if (shift && constant) {
    const count = b.value.lo & 63;
    if (narrowA && op !== "lsh") {
      // Zero-extended numbers are not negative: arsh is rsh.
      if (count >= 32) r.setNumber(i.dst, 0, 0);
      else {
        r.get32(i.dst);
        out.i32(count);
        out.u8(W.i32_shr_u);
        r.set32(i.dst, Math.floor(a.max / 2 ** count));
      }
      return;
    }
    if (narrowA && a.max * 2 ** count <= FULL) {
      r.get32(i.dst);
      out.i32(count);
      out.u8(W.i32_shl);
      r.set32(i.dst, a.max * 2 ** count);
      return;
    }
    r.get64(i.dst);
    out.i64(count, 0);
    out.u8(OP64[op]!);
    if (op === "rsh" && count >= 32) {
      out.u8(W.i32_wrap_i64);
      r.set32(i.dst, 2 ** (64 - count) - 1);
    } else r.set64(i.dst);
    return;
  }
  if (op === "and" && (narrowA || narrowB)) {
    r.get32(i.dst);
    push32(r, b);
    out.u8(W.i32_and);
    r.set32(i.dst, Math.min(narrowA ? a.max : FULL, narrowB ? b.value.max : FULL));
    return;
  }
  if (narrowA && narrowB && op !== "sub" && op !== "arsh" && op !== "rsh" && !op.startsWith("s")) {
    const max = bound(op, a.max, b.value.max, constant);
    if (max <= FULL) {
      if (isDivision(op)) divide(r, i, true, b);
      else {
        r.get32(i.dst);
        push32(r, b);
        out.u8(OP32[op]!);
      }
      r.set32(i.dst, max);
      return;
    }
  }
  if (isDivision(op)) divide(r, i, false, b);
  else {
    r.get64(i.dst);
    push64(r, b);
    out.u8(OP64[op]!);
  }
  r.set64(i.dst);
}

/** 16-bit swap of the i32 on the stack, by way of a temporary. */
export function swap16(r: Registers): void {
  const { out, locals } = r;
  out.op(W.local_tee, locals.temp32);
  out.i32(8);
  out.u8(W.i32_shl);
  out.i32(0xff00);
  out.u8(W.i32_and);
  out.op(W.local_get, locals.temp32);
  out.i32(8);
  out.u8(W.i32_shr_u);
  out.i32(0xff);
  out.u8(W.i32_and);
  out.u8(W.i32_or);
}

/** 32-bit swap: two rotations, each keeping two of the bytes. */
export function swap32(r: Registers): void {
  const { out, locals } = r;
  out.op(W.local_tee, locals.temp32);
  out.i32(8);
  out.u8(W.i32_rotl);
  out.i32(0x00ff00ff);
  out.u8(W.i32_and);
  out.op(W.local_get, locals.temp32);
  out.i32(24);
  out.u8(W.i32_rotl);
  out.i32(0xff00ff00 | 0);
  out.u8(W.i32_and);
  out.u8(W.i32_or);
}

/** 64-bit swap of the i64 on the stack: bytes within halfwords, halfwords within words, words. */
function swap64(r: Registers): void {
  const { out, locals } = r;
  for (const [bits, mask] of [
    [8, 0x00ff00ff],
    [16, 0x0000ffff],
  ] as const) {
    out.op(W.local_tee, locals.temp64);
    out.i64(mask, mask);
    out.u8(W.i64_and);
    out.i64(bits, 0);
    out.u8(W.i64_shl);
    out.op(W.local_get, locals.temp64);
    out.i64(bits, 0);
    out.u8(W.i64_shr_u);
    out.i64(mask, mask);
    out.u8(W.i64_and);
    out.u8(W.i64_or);
  }
  out.i64(32, 0);
  out.u8(W.i64_rotl);
}

/** Byte swaps (RFC 9669 section 4.2); guests are little-endian, so `le` truncates and `be` swaps. */
function emitEnd(r: Registers, i: Insn): void {
  const { op, width } = i.form;
  const swap = op !== "le";
  if (width === 64) {
    if (!swap) return;
    r.get64(i.dst);
    swap64(r);
    r.set64(i.dst);
    return;
  }
  r.get32(i.dst);
  if (width === 16) {
    if (swap) swap16(r);
    else {
      r.out.i32(0xffff);
      r.out.u8(W.i32_and);
    }
    r.set32(i.dst, 0xffff);
  } else {
    if (swap) swap32(r);
    r.set32(i.dst);
  }
}

function emitMovsx(r: Registers, i: Insn): void {
  const { width, result } = i.form;
  if (result === 32) {
    r.get32(i.src);
    r.out.u8(width === 8 ? W.i32_extend8_s : W.i32_extend16_s);
    r.set32(i.dst);
    return;
  }
  if (width === 32) {
    r.get32(i.src);
    r.out.u8(W.i64_extend_i32_s);
  } else {
    r.get64(i.src);
    r.out.u8(width === 8 ? W.i64_extend8_s : W.i64_extend16_s);
  }
  r.set64(i.dst);
}

/** `r <<= 32` before `r >>= 32` or `r s>>= 32`: compilers without 32-bit instructions extend so. */
export function emitExtendPair(r: Registers, first: Insn, second: Insn): boolean {
  if (first.form.name !== "lsh64_imm" || first.imm !== 32 || second.dst !== first.dst || second.imm !== 32)
    return false;
  if (second.form.name === "rsh64_imm" && isNarrow(r.value(first.dst))) return true;
  if (second.form.name === "rsh64_imm") {
    r.get32(first.dst);
    r.set32(first.dst);
    return true;
  }
  if (second.form.name === "arsh64_imm") {
    r.get32(first.dst);
    r.out.u8(W.i64_extend_i32_s);
    r.set64(first.dst);
    return true;
  }
  return false;
}

/** Emits an instruction of the kinds `alu`, `mov`, `movsx`, `neg`, `end` or `addr_cast`. */
export function emitAlu(r: Registers, i: Insn): void {
  const { kind, width, source } = i.form;
  switch (kind) {
    case "alu":
      width === 64 ? alu64(r, i) : alu32(r, i);
      return;
    case "mov":
      if (source === "imm") r.setNumber(i.dst, i.imm, width === 64 ? i.imm >> 31 : 0);
      else if (width === 64 || isNarrow(r.value(i.src))) r.copy(i.dst, i.src);
      else {
        r.get32(i.src);
        r.set32(i.dst);
      }
      return;
    case "movsx":
      emitMovsx(r, i);
      return;
    case "neg":
      if (width === 32) {
        r.out.i32(0);
        r.get32(i.dst);
        r.out.u8(W.i32_sub);
        r.set32(i.dst);
      } else {
        r.out.i64(0, 0);
        r.get64(i.dst);
        r.out.u8(W.i64_sub);
        r.set64(i.dst);
      }
      return;
    case "end":
      emitEnd(r, i);
      return;
    default:
      // addr_space_cast: one flat address space, so both directions give the 32-bit guest address.
      r.get32(i.src);
      r.set32(i.dst);
  }
}
