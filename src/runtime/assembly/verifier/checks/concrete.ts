import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../../verifier-layout";
import {
  BPF_ADD, BPF_AND, BPF_ARSH, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT,
  BPF_LSH, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_SUB,
} from "../operations";
import { BITS, cut, HALF, low, widen, word } from "../width";

/** The bits of a word; the domain's own way to cut is under test. */
const WORD_BITS: u64 = u64(-1) >> (64 - BITS);

/** Whether x is among the values of a record. */
export function contains(reg: u32, x: i64): bool {
  const half = low(x);
  return (
    ((x ^ load<i64>(reg, REG_VALUE)) & ~load<i64>(reg, REG_MASK)) == 0 &&
    u64(x) >= load<u64>(reg, REG_UMIN) && u64(x) <= load<u64>(reg, REG_UMAX) &&
    x >= load<i64>(reg, REG_SMIN) && x <= load<i64>(reg, REG_SMAX) &&
    u32(half) >= load<u32>(reg, REG_U32_MIN) && u32(half) <= load<u32>(reg, REG_U32_MAX) &&
    half >= load<i32>(reg, REG_S32_MIN) && half <= load<i32>(reg, REG_S32_MAX)
  );
}

/** a op b on numbers; shifts by less than the width only. */
export function run(op: u32, is32: bool, a: i64, b: i64): i64 {
  if (is32) {
    const x = low(a);
    const y = low(b);
    const by = y >= 0 && y < HALF ? y : 0;
    switch (op) {
      case BPF_ADD: return widen(cut(x + y));
      case BPF_SUB: return widen(cut(x - y));
      case BPF_MUL: return widen(cut(x * y));
      case BPF_AND: return widen(x & y);
      case BPF_OR: return widen(x | y);
      case BPF_NEG: return widen(cut(-x));
      case BPF_LSH: return widen(cut(x << by));
      case BPF_RSH: return widen(cut(i32(widen(x) >> i64(by))));
      case BPF_ARSH: return widen(x >> by);
      default: return widen(x ^ y);
    }
  }
  const by = b >= 0 && b < BITS ? b : 0;
  switch (op) {
    case BPF_ADD: return word(a + b);
    case BPF_SUB: return word(a - b);
    case BPF_MUL: return word(a * b);
    case BPF_AND: return a & b;
    case BPF_OR: return a | b;
    case BPF_NEG: return word(-a);
    case BPF_LSH: return word(a << by);
    case BPF_RSH: return word(i64((u64(a) & WORD_BITS) >> u64(by)));
    case BPF_ARSH: return a >> by;
    default: return a ^ b;
  }
}

/** Whether a comparison of numbers holds. */
export function holds(op: u32, is32: bool, x: i64, y: i64): bool {
  const a = is32 ? i64(low(x)) : x;
  const b = is32 ? i64(low(y)) : y;
  switch (op) {
    case BPF_JEQ: return a == b;
    case BPF_JNE: return a != b;
    case BPF_JSET: return (a & b) != 0;
    case BPF_JGT: return u64(a) > u64(b);
    case BPF_JGE: return u64(a) >= u64(b);
    case BPF_JLT: return u64(a) < u64(b);
    case BPF_JLE: return u64(a) <= u64(b);
    case BPF_JSGT: return a > b;
    case BPF_JSGE: return a >= b;
    case BPF_JSLT: return a < b;
    case BPF_JSLE: return a <= b;
    // The other side of BPF_JSET.
    default: return (a & b) == 0;
  }
}
