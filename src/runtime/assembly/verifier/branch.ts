import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../verifier-layout";
import {
  BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT,
} from "./operations";
import * as tnum from "./tnum";
import { LOW_BITS } from "./width";

const ALWAYS: i32 = 1;
const NEVER: i32 = 0;
const UNKNOWN: i32 = -1;

/** Whether a and b are equal: bits first, then ranges, of the half too where words are compared. */
function equal(a: u32, b: u32, is32: u32): i32 {
  const bits = is32 ? LOW_BITS : i64(-1);
  const av = load<i64>(a, REG_VALUE) & bits;
  const am = load<i64>(a, REG_MASK) & bits;
  const bv = load<i64>(b, REG_VALUE) & bits;
  const bm = load<i64>(b, REG_MASK) & bits;
  if ((am | bm) == 0) return i32(av == bv);
  if (!tnum.overlap(av, am, bv, bm)) return NEVER;
  if (
    !is32 &&
    (u64(load<i64>(a, REG_UMIN)) > u64(load<i64>(b, REG_UMAX)) ||
      u64(load<i64>(a, REG_UMAX)) < u64(load<i64>(b, REG_UMIN)) ||
      load<i64>(a, REG_SMIN) > load<i64>(b, REG_SMAX) ||
      load<i64>(a, REG_SMAX) < load<i64>(b, REG_SMIN))
  ) return NEVER;
  if (
    load<u32>(a, REG_U32_MIN) > load<u32>(b, REG_U32_MAX) ||
    load<u32>(a, REG_U32_MAX) < load<u32>(b, REG_U32_MIN) ||
    load<i32>(a, REG_S32_MIN) > load<i32>(b, REG_S32_MAX) ||
    load<i32>(a, REG_S32_MAX) < load<i32>(b, REG_S32_MIN)
  ) return NEVER;
  return UNKNOWN;
}

/** Whether a and b have a bit in common; one of them must be constant. */
function intersecting(a: u32, b: u32, is32: u32): i32 {
  const bits = is32 ? LOW_BITS : i64(-1);
  if ((load<i64>(b, REG_MASK) & bits) != 0) {
    if ((load<i64>(a, REG_MASK) & bits) != 0) return UNKNOWN;
    const other = a;
    a = b;
    b = other;
  }
  const wanted = load<i64>(b, REG_VALUE) & bits;
  if ((load<i64>(a, REG_VALUE) & wanted) != 0) return ALWAYS;
  return (load<i64>(a, REG_MASK) & wanted) == 0 ? NEVER : UNKNOWN;
}

/** a > b, unsigned. */
// @ts-ignore: decorator
@inline
function above(a: u32, b: u32, is32: u32): i32 {
  if (is32) {
    if (load<u32>(a, REG_U32_MIN) > load<u32>(b, REG_U32_MAX)) return ALWAYS;
    return load<u32>(a, REG_U32_MAX) <= load<u32>(b, REG_U32_MIN) ? NEVER : UNKNOWN;
  }
  if (load<u64>(a, REG_UMIN) > load<u64>(b, REG_UMAX)) return ALWAYS;
  return load<u64>(a, REG_UMAX) <= load<u64>(b, REG_UMIN) ? NEVER : UNKNOWN;
}

/** a > b, signed. */
// @ts-ignore: decorator
@inline
function greater(a: u32, b: u32, is32: u32): i32 {
  if (is32) {
    if (load<i32>(a, REG_S32_MIN) > load<i32>(b, REG_S32_MAX)) return ALWAYS;
    return load<i32>(a, REG_S32_MAX) <= load<i32>(b, REG_S32_MIN) ? NEVER : UNKNOWN;
  }
  if (load<i64>(a, REG_SMIN) > load<i64>(b, REG_SMAX)) return ALWAYS;
  return load<i64>(a, REG_SMAX) <= load<i64>(b, REG_SMIN) ? NEVER : UNKNOWN;
}

// @ts-ignore: decorator
@inline
function not(answer: i32): i32 {
  return answer < 0 ? UNKNOWN : answer ^ 1;
}

export function branch_taken(a: u32, b: u32, op: u32, is32: u32): i32 {
  switch (op) {
    case BPF_JEQ: return equal(a, b, is32);
    case BPF_JNE: return not(equal(a, b, is32));
    case BPF_JSET: return intersecting(a, b, is32);
    case BPF_JGT: return above(a, b, is32);
    case BPF_JLE: return not(above(a, b, is32));
    case BPF_JLT: return above(b, a, is32);
    case BPF_JGE: return not(above(b, a, is32));
    case BPF_JSGT: return greater(a, b, is32);
    case BPF_JSLE: return not(greater(a, b, is32));
    case BPF_JSLT: return greater(b, a, is32);
    case BPF_JSGE: return not(greater(b, a, is32));
    default: return UNKNOWN;
  }
}
