import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../verifier-layout";
import { setConstant, setSigned, setSignedHalf, setTnum, setUnsigned, setUnsignedHalf } from "./record";
import * as tnum from "./tnum";
import {
  HALF, HALF_SMAX, HALF_SMIN, LOW_BITS, low, sameUpper, smax, smax32, smin, smin32, umax, umax32, umin, umin32, unsigned, widen,
  WORD_SMAX, WORD_SMIN, word,
} from "./width";

/*
 * A scalar is known five ways at once: by bits (tnum), and by signed and unsigned ranges of the whole word and of its lower half. Whatever
 * one of them learns, the others can use. Bringing them into agreement has no unique end: rules are applied in a fixed order a fixed number
 * of times, and the verdict on a program depends on that order, so it is the kernel's: bits narrow ranges; three rounds of ranges narrowing
 * each other; ranges narrow bits; bits narrow ranges.
 */
const ROUNDS = 3;

/** Ranges of the whole word narrowed by the tnum. */
export function wordFromBits(reg: u32): void {
  const v = load<i64>(reg, REG_VALUE);
  const m = load<i64>(reg, REG_MASK);
  setSigned(
    reg,
    smax(load<i64>(reg, REG_SMIN), v | (m & WORD_SMIN)),
    smin(load<i64>(reg, REG_SMAX), v | (m & WORD_SMAX)),
  );
  const least = umax(load<i64>(reg, REG_UMIN), v);
  const most = umin(load<i64>(reg, REG_UMAX), v | m);
  setUnsigned(reg, least, most);
  single(reg, v, m, least, most);
}

/** A single member of the tnum within the range is the value. */
// @ts-ignore: decorator
@inline
function single(reg: u32, v: i64, m: i64, least: i64, most: i64): void {
  // Without known bits among unknown ones the tnum is a range too.
  if ((m & (m + 1)) == 0 && u64(least) < u64(most)) return;
  pinSingle(reg, v, m, least, most);
}

function pinSingle(reg: u32, v: i64, m: i64, least: i64, most: i64): void {
  const member = (least & ~m) == v;
  const next = tnum.next(v, m, least);
  if (member) {
    if (u64(next) > u64(most)) setConstant(reg, least);
  } else if (next == (v | m) || (u64(next) <= u64(most) && u64(tnum.next(v, m, next)) > u64(most))) setConstant(reg, next);
}

/** Ranges of the lower half narrowed by the tnum. */
// @ts-ignore: decorator
@inline
export function halfFromBits(reg: u32): void {
  const v = low(load<i64>(reg, REG_VALUE));
  const m = low(load<i64>(reg, REG_MASK));
  setSignedHalf(
    reg,
    smax32(load<i32>(reg, REG_S32_MIN), v | (m & HALF_SMIN)),
    smin32(load<i32>(reg, REG_S32_MAX), v | (m & HALF_SMAX)),
  );
  setUnsignedHalf(reg, umax32(load<i32>(reg, REG_U32_MIN), v), umin32(load<i32>(reg, REG_U32_MAX), v | m));
}

/** Whether the tnum is a constant and all ranges say the same: nothing to learn. */
// @ts-ignore: decorator
@inline
function settled(reg: u32): bool {
  if (load<i64>(reg, REG_MASK) != 0) return false;
  const v = load<i64>(reg, REG_VALUE);
  const half = low(v);
  return (
    ((load<i64>(reg, REG_SMIN) ^ v) | (load<i64>(reg, REG_SMAX) ^ v) | (load<i64>(reg, REG_UMIN) ^ v) | (load<i64>(reg, REG_UMAX) ^ v)) == 0 &&
    ((load<i32>(reg, REG_S32_MIN) ^ half) | (load<i32>(reg, REG_S32_MAX) ^ half) |
      (load<i32>(reg, REG_U32_MIN) ^ half) | (load<i32>(reg, REG_U32_MAX) ^ half)) == 0
  );
}

/**
 * The same for what most scalars are: lengths, offsets, counters. The value is no more than the greatest positive half, the unknown bits are
 * the lowest ones: nothing crosses a seam, and the rounds end with the intersection of the ranges. False where that is not so.
 */
// @ts-ignore: decorator
@inline
function syncSmall(reg: u32): bool {
  const v = load<i64>(reg, REG_VALUE);
  const m = load<i64>(reg, REG_MASK);
  if ((m & (m + 1)) != 0) return false;
  let least = umax(load<i64>(reg, REG_UMIN), v);
  let most = umin(load<i64>(reg, REG_UMAX), v | m);
  // One value alone is the value whatever the other ranges say.
  if (u64(least) >= u64(most) || u64(most) > u64(HALF_SMAX)) return false;
  // A signed range of more than one upper half gives nothing to the half, whose range then replaces it.
  const s0 = load<i64>(reg, REG_SMIN);
  const s1 = load<i64>(reg, REG_SMAX);
  if (sameUpper(s0, s1)) {
    least = smax(least, s0);
    most = smin(most, s1);
  }
  least = smax(least, i64(load<i32>(reg, REG_S32_MIN)));
  most = smin(most, i64(load<i32>(reg, REG_S32_MAX)));
  least = smax(least, widen(load<i32>(reg, REG_U32_MIN)));
  most = smin(most, widen(load<i32>(reg, REG_U32_MAX)));
  if (least > most) return false;
  setSigned(reg, least, most);
  setUnsigned(reg, least, most);
  setSignedHalf(reg, i32(least), i32(most));
  setUnsignedHalf(reg, i32(least), i32(most));
  tnum.range(least, most);
  setTnum(reg, v | tnum.value, m & tnum.mask);
  return true;
}

/** Whether nothing at all is known. */
// @ts-ignore: decorator
@inline
function boundless(reg: u32): bool {
  return (
    load<i64>(reg, REG_MASK) == -1 &&
    ((load<i64>(reg, REG_SMIN) ^ WORD_SMIN) | (load<i64>(reg, REG_SMAX) ^ WORD_SMAX) |
      load<i64>(reg, REG_UMIN) | ~load<i64>(reg, REG_UMAX)) == 0 &&
    ((load<i32>(reg, REG_S32_MIN) ^ HALF_SMIN) | (load<i32>(reg, REG_S32_MAX) ^ HALF_SMAX) |
      load<i32>(reg, REG_U32_MIN) | ~load<i32>(reg, REG_U32_MAX)) == 0
  );
}

export function sync_bounds(reg: u32): void {
  if (syncSmall(reg) || settled(reg) || boundless(reg)) return;
  syncAll(reg);
}

function syncAll(reg: u32): void {
  halfFromBits(reg);
  wordFromBits(reg);
  let v = load<i64>(reg, REG_VALUE);
  let m = load<i64>(reg, REG_MASK);
  let s0 = load<i64>(reg, REG_SMIN);
  let s1 = load<i64>(reg, REG_SMAX);
  let u0 = load<i64>(reg, REG_UMIN);
  let u1 = load<i64>(reg, REG_UMAX);
  let hs0 = load<i32>(reg, REG_S32_MIN);
  let hs1 = load<i32>(reg, REG_S32_MAX);
  let hu0 = load<i32>(reg, REG_U32_MIN);
  let hu1 = load<i32>(reg, REG_U32_MAX);

  for (let round = 0; round < ROUNDS; round++) {
    const s0Before = s0, s1Before = s1, u0Before = u0, u1Before = u1;
    const hu0Before = hu0, hu1Before = hu1;

    // Half from word. Where the upper half is the same throughout, the lower halves of the ends are a range, unsigned and, if they do
    // not straddle the sign, signed.
    if (sameUpper(u0, u1)) {
      hu0 = umax32(hu0, low(u0));
      hu1 = umin32(hu1, low(u1));
      if (low(u0) <= low(u1)) {
        hs0 = smax32(hs0, low(u0));
        hs1 = smin32(hs1, low(u1));
      }
    }
    if (sameUpper(s0, s1)) {
      if (u32(low(s0)) <= u32(low(s1))) {
        hu0 = umax32(hu0, low(s0));
        hu1 = umin32(hu1, low(s1));
      }
      if (low(s0) <= low(s1)) {
        hs0 = smax32(hs0, low(s0));
        hs1 = smin32(hs1, low(s1));
      }
    }
    // Where the upper half takes two neighbouring values while the lower goes from negative to positive, the range is that of the lower.
    if (low(i64(unsigned(u0) >> HALF) + 1) == low(i64(unsigned(u1) >> HALF)) && low(u0) < 0 && low(u1) >= 0) {
      hs0 = smax32(hs0, low(u0));
      hs1 = smin32(hs1, low(u1));
    }
    if (low(i64(unsigned(s0) >> HALF) + 1) == low(i64(unsigned(s1) >> HALF)) && low(s0) < 0 && low(s1) >= 0) {
      hs0 = smax32(hs0, low(s0));
      hs1 = smin32(hs1, low(s1));
    }
    // Signed and unsigned are alike where a range does not cross the other's seam.
    if (hu0 <= hu1) {
      hs0 = smax32(hs0, hu0);
      hs1 = smin32(hs1, hu1);
    }
    if (u32(hs0) <= u32(hs1)) {
      hu0 = umax32(hu0, hs0);
      hu1 = umin32(hu1, hs1);
    } else if (u32(hu1) < u32(hs0)) {
      // The signed range goes through zero, and the unsigned one meets only its part above zero ...
      hs0 = hu0;
      hu1 = umin32(hu1, hs1);
    } else if (u32(hs1) < u32(hu0)) {
      // ... or only its part below.
      hs1 = hu1;
      hu0 = umax32(hu0, hs0);
    }

    // The same on words.
    if (u0 <= u1) {
      s0 = smax(s0, u0);
      s1 = smin(s1, u1);
    }
    if (u64(s0) <= u64(s1)) {
      u0 = umax(u0, s0);
      u1 = umin(u1, s1);
    } else if (u64(u1) < u64(s0)) {
      s0 = u0;
      u1 = umin(u1, s1);
    } else if (u64(s1) < u64(u0)) {
      s1 = u1;
      u0 = umax(u0, s0);
    }

    // Word from half: with the end's own upper half, the lower half is no less than its least, no more than its greatest.
    u0 = umax(u0, (u0 & ~LOW_BITS) | widen(hu0));
    u1 = umin(u1, (u1 & ~LOW_BITS) | widen(hu1));
    s0 = smax(s0, (s0 & ~LOW_BITS) | widen(hu0));
    s1 = smin(s1, (s1 & ~LOW_BITS) | widen(hu1));
    // A word that is a sign-extended half, and a half that is not negative: the word is the half.
    if (hs0 >= 0 && s0 >= i64(HALF_SMIN) && s1 <= i64(HALF_SMAX)) {
      s0 = i64(hs0);
      s1 = i64(hs1);
      u0 = s0;
      u1 = s1;
      tnum.range(s0, s1);
      tnum.intersect(v, m, tnum.value, tnum.mask);
      v = tnum.value;
      m = tnum.mask;
    }

    // A round that changed nothing would change nothing again. The signed half is made from the others: it need not be asked.
    if (
      ((s0 ^ s0Before) | (s1 ^ s1Before) | (u0 ^ u0Before) | (u1 ^ u1Before) | i64(hu0 ^ hu0Before) | i64(hu1 ^ hu1Before)) == 0
    ) break;
  }

  // Bits from the unsigned ranges of the word and of its lower half.
  tnum.range(u0, u1);
  tnum.intersect(v, m, tnum.value, tnum.mask);
  v = tnum.value;
  m = tnum.mask;
  tnum.range(widen(hu0), widen(hu1));
  tnum.intersect(v, m, tnum.value, tnum.mask | ~LOW_BITS);
  v = tnum.value;
  m = tnum.mask;
  setTnum(reg, v, m);

  const hv = low(v);
  const hm = low(m);
  setSignedHalf(reg, smax32(hs0, hv | (hm & HALF_SMIN)), smin32(hs1, hv | (hm & HALF_SMAX)));
  setUnsignedHalf(reg, umax32(hu0, hv), umin32(hu1, hv | hm));
  setSigned(reg, smax(s0, v | (m & WORD_SMIN)), smin(s1, v | (m & WORD_SMAX)));
  const least = umax(u0, v);
  const most = umin(u1, v | m);
  setUnsigned(reg, least, most);
  single(reg, v, m, least, most);
}

/** What does not fit together in a register: nothing, a range without members, bits of a constant against the ranges, or those of its half. */
const SANE = 0;
const EMPTY_RANGE = 1;
const CONSTANT_OUT_OF_RANGE = 2;
const HALF_OUT_OF_RANGE = 3;

export function bounds_violation(reg: u32): i32 {
  const s0 = load<i64>(reg, REG_SMIN);
  const s1 = load<i64>(reg, REG_SMAX);
  const u0 = load<i64>(reg, REG_UMIN);
  const u1 = load<i64>(reg, REG_UMAX);
  const hs0 = load<i32>(reg, REG_S32_MIN);
  const hs1 = load<i32>(reg, REG_S32_MAX);
  const hu0 = load<i32>(reg, REG_U32_MIN);
  const hu1 = load<i32>(reg, REG_U32_MAX);
  if (u64(u0) > u64(u1) || s0 > s1 || u32(hu0) > u32(hu1) || hs0 > hs1) return EMPTY_RANGE;
  const v = load<i64>(reg, REG_VALUE);
  const m = load<i64>(reg, REG_MASK);
  if (m == 0 && (u0 != v || u1 != v || s0 != v || s1 != v)) return CONSTANT_OUT_OF_RANGE;
  const half = low(v);
  if (low(m) == 0 && (hu0 != half || hu1 != half || hs0 != half || hs1 != half)) return HALF_OUT_OF_RANGE;
  return SANE;
}

export function bounds_sane(reg: u32): i32 {
  return i32(bounds_violation(reg) == SANE);
}

/** Whether all that is known of `a` holds for every value of `b`. */
export function scalar_within(a: u32, b: u32): i32 {
  return i32(
    u64(load<i64>(a, REG_UMIN)) <= u64(load<i64>(b, REG_UMIN)) &&
      u64(load<i64>(a, REG_UMAX)) >= u64(load<i64>(b, REG_UMAX)) &&
      load<i64>(a, REG_SMIN) <= load<i64>(b, REG_SMIN) &&
      load<i64>(a, REG_SMAX) >= load<i64>(b, REG_SMAX) &&
      load<u32>(a, REG_U32_MIN) <= load<u32>(b, REG_U32_MIN) &&
      load<u32>(a, REG_U32_MAX) >= load<u32>(b, REG_U32_MAX) &&
      load<i32>(a, REG_S32_MIN) <= load<i32>(b, REG_S32_MIN) &&
      load<i32>(a, REG_S32_MAX) >= load<i32>(b, REG_S32_MAX) &&
      tnum.includes(load<i64>(a, REG_VALUE), load<i64>(a, REG_MASK), load<i64>(b, REG_VALUE), load<i64>(b, REG_MASK)),
  );
}
