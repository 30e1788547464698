import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../verifier-layout";
import { sync_bounds } from "./bounds";
import {
  BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, NOT_JSET,
} from "./operations";
import { setSigned, setSignedHalf, setTnum, setUnsigned, setUnsignedHalf, forget_ranges } from "./record";
import * as tnum from "./tnum";
import {
  cut, LOW_BITS, low, smax, smax32, smin, smin32, umax, umax32, umin, umin32, unsigned, word,
} from "./width";

/** a == b: both get what is known of either. */
function refineEqual(a: u32, b: u32, is32: u32): void {
  const av = load<i64>(a, REG_VALUE);
  const am = load<i64>(a, REG_MASK);
  const bv = load<i64>(b, REG_VALUE);
  const bm = load<i64>(b, REG_MASK);
  if (is32) {
    const u0 = umax32(load<i32>(a, REG_U32_MIN), load<i32>(b, REG_U32_MIN));
    const u1 = umin32(load<i32>(a, REG_U32_MAX), load<i32>(b, REG_U32_MAX));
    const s0 = smax32(load<i32>(a, REG_S32_MIN), load<i32>(b, REG_S32_MIN));
    const s1 = smin32(load<i32>(a, REG_S32_MAX), load<i32>(b, REG_S32_MAX));
    setUnsignedHalf(a, u0, u1);
    setSignedHalf(a, s0, s1);
    setUnsignedHalf(b, u0, u1);
    setSignedHalf(b, s0, s1);
    tnum.intersect(av & LOW_BITS, am & LOW_BITS, bv & LOW_BITS, bm & LOW_BITS);
    setTnum(a, (av & ~LOW_BITS) | tnum.value, (am & ~LOW_BITS) | tnum.mask);
    setTnum(b, (bv & ~LOW_BITS) | tnum.value, (bm & ~LOW_BITS) | tnum.mask);
    return;
  }
  const u0 = umax(load<i64>(a, REG_UMIN), load<i64>(b, REG_UMIN));
  const u1 = umin(load<i64>(a, REG_UMAX), load<i64>(b, REG_UMAX));
  const s0 = smax(load<i64>(a, REG_SMIN), load<i64>(b, REG_SMIN));
  const s1 = smin(load<i64>(a, REG_SMAX), load<i64>(b, REG_SMAX));
  setUnsigned(a, u0, u1);
  setSigned(a, s0, s1);
  setUnsigned(b, u0, u1);
  setSigned(b, s0, s1);
  tnum.intersect(av, am, bv, bm);
  setTnum(a, tnum.value, tnum.mask);
  setTnum(b, tnum.value, tnum.mask);
}

/** The operand that is constant in the compared width, preferably b; 0 if neither is. */
// @ts-ignore: decorator
@inline
function constantOperand(a: u32, b: u32, bits: i64): u32 {
  if ((load<i64>(b, REG_MASK) & bits) == 0) return b;
  return (load<i64>(a, REG_MASK) & bits) == 0 ? a : 0;
}

/** a != constant: a range that has it at an end loses it. */
function refineUnequal(reg: u32, x: i64, is32: u32): void {
  if (is32) {
    const half = low(x);
    let u0 = load<i32>(reg, REG_U32_MIN);
    let u1 = load<i32>(reg, REG_U32_MAX);
    let s0 = load<i32>(reg, REG_S32_MIN);
    let s1 = load<i32>(reg, REG_S32_MAX);
    if (u0 == half) u0 = cut(u0 + 1);
    if (u1 == half) u1 = cut(u1 - 1);
    if (s0 == half) s0 = cut(s0 + 1);
    if (s1 == half) s1 = cut(s1 - 1);
    setUnsignedHalf(reg, u0, u1);
    setSignedHalf(reg, s0, s1);
    return;
  }
  let u0 = load<i64>(reg, REG_UMIN);
  let u1 = load<i64>(reg, REG_UMAX);
  let s0 = load<i64>(reg, REG_SMIN);
  let s1 = load<i64>(reg, REG_SMAX);
  if (u0 == x) u0 = word(u0 + 1);
  if (u1 == x) u1 = word(u1 - 1);
  if (s0 == x) s0 = word(s0 + 1);
  if (s1 == x) s1 = word(s1 - 1);
  setUnsigned(reg, u0, u1);
  setSigned(reg, s0, s1);
}

/** a <= b, or a < b where `gap` is 1, unsigned: b's greatest bounds a, a's least bounds b. */
function refineBelow(a: u32, b: u32, is32: u32, gap: i32): void {
  if (is32) {
    store<i32>(a, umin32(load<i32>(a, REG_U32_MAX), cut(load<i32>(b, REG_U32_MAX) - gap)), REG_U32_MAX);
    store<i32>(b, umax32(cut(load<i32>(a, REG_U32_MIN) + gap), load<i32>(b, REG_U32_MIN)), REG_U32_MIN);
    return;
  }
  store<i64>(a, umin(load<i64>(a, REG_UMAX), word(load<i64>(b, REG_UMAX) - i64(gap))), REG_UMAX);
  store<i64>(b, umax(word(load<i64>(a, REG_UMIN) + i64(gap)), load<i64>(b, REG_UMIN)), REG_UMIN);
}

/** The same, signed. */
function refineLess(a: u32, b: u32, is32: u32, gap: i32): void {
  if (is32) {
    store<i32>(a, smin32(load<i32>(a, REG_S32_MAX), cut(load<i32>(b, REG_S32_MAX) - gap)), REG_S32_MAX);
    store<i32>(b, smax32(cut(load<i32>(a, REG_S32_MIN) + gap), load<i32>(b, REG_S32_MIN)), REG_S32_MIN);
    return;
  }
  store<i64>(a, smin(load<i64>(a, REG_SMAX), word(load<i64>(b, REG_SMAX) - i64(gap))), REG_SMAX);
  store<i64>(b, smax(word(load<i64>(a, REG_SMIN) + i64(gap)), load<i64>(b, REG_SMIN)), REG_SMIN);
}

export function refine(a: u32, b: u32, op: u32, is32: u32): void {
  const bits = is32 ? LOW_BITS : i64(-1);
  switch (op) {
    case BPF_JEQ:
      refineEqual(a, b, is32);
      break;
    case BPF_JNE: {
      const known = constantOperand(a, b, bits);
      if (known != 0) refineUnequal(known == b ? a : b, load<i64>(known, REG_VALUE) & bits, is32);
      break;
    }
    case BPF_JSET:
    case NOT_JSET: {
      const known = constantOperand(a, b, bits);
      if (known == 0) break;
      const x = load<i64>(known, REG_VALUE) & bits;
      const reg = known == b ? a : b;
      const v = load<i64>(reg, REG_VALUE);
      const m = load<i64>(reg, REG_MASK) & ~x;
      if (op == NOT_JSET) {
        // Bits without these may contradict the ranges on a side that is never reached, so the ranges are made anew.
        forget_ranges(reg);
        setTnum(reg, v & ~x, m);
      } else if (popcnt(unsigned(x)) == 1) {
        // Of several bits one is set, but which? A single one is.
        setTnum(reg, v | x, m);
      }
      break;
    }
    case BPF_JLE:
      refineBelow(a, b, is32, 0);
      break;
    case BPF_JLT:
      refineBelow(a, b, is32, 1);
      break;
    case BPF_JGE:
      refineBelow(b, a, is32, 0);
      break;
    case BPF_JGT:
      refineBelow(b, a, is32, 1);
      break;
    case BPF_JSLE:
      refineLess(a, b, is32, 0);
      break;
    case BPF_JSLT:
      refineLess(a, b, is32, 1);
      break;
    case BPF_JSGE:
      refineLess(b, a, is32, 0);
      break;
    case BPF_JSGT:
      refineLess(b, a, is32, 1);
      break;
  }
  sync_bounds(a);
  sync_bounds(b);
}
