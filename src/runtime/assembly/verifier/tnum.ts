import { BITS, HALF, LOW_BITS, low, unsigned, widen, word } from "./width";

/*
 * Tristate numbers: each bit is 0, 1 or unknown. `value` has the known ones, `mask` the unknown bits; a bit is never in both. All values that
 * agree with `value` outside `mask` are members. The idea, and why addition and subtraction are as exact as can be: Vishwanathan et al.,
 * "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers", CGO 2022.
 *
 * AssemblyScript returns one number; the operations leave their result in these two.
 */
export let value: i64 = 0;
export let mask: i64 = 0;

// @ts-ignore: decorator
@inline
function result(v: i64, m: i64): void {
  value = v & ~m;
  mask = m;
}

/** Carries are fixed where adding all unknown bits and adding none give the same. */
// @ts-ignore: decorator
@inline
export function add(av: i64, am: i64, bv: i64, bm: i64): void {
  const least = word(av + bv);
  const most = word(least + word(am + bm));
  result(least, (most ^ least) | am | bm);
}

/** Borrows likewise: the greatest difference against the least. */
// @ts-ignore: decorator
@inline
export function sub(av: i64, am: i64, bv: i64, bm: i64): void {
  const known = word(av - bv);
  result(known, (word(known + am) ^ word(known - bm)) | am | bm);
}

// @ts-ignore: decorator
@inline
export function and(av: i64, am: i64, bv: i64, bm: i64): void {
  const ones = av & bv;
  result(ones, (av | am) & (bv | bm) & ~ones);
}

// @ts-ignore: decorator
@inline
export function or(av: i64, am: i64, bv: i64, bm: i64): void {
  const ones = av | bv;
  result(ones, (am | bm) & ~ones);
}

// @ts-ignore: decorator
@inline
export function xor(av: i64, am: i64, bv: i64, bm: i64): void {
  result(av ^ bv, am | bm);
}

/** What is known from either; they are taken not to contradict. */
// @ts-ignore: decorator
@inline
export function intersect(av: i64, am: i64, bv: i64, bm: i64): void {
  result(av | bv, am & bm);
}

/** The least tnum with all numbers from `least` to `most`: the bits above the first in which the ends differ are known. */
// @ts-ignore: decorator
@inline
export function range(least: i64, most: i64): void {
  const differ = least ^ most;
  // Two shifts, for an amount of 64 would be one of 0.
  result(least, differ < 0 ? -1 : i64((u64(-1) >> 1) >> u64(clz(differ) - 1)));
}

/**
 * Multiplication as in school: for each bit of `a` that is one, `b` is added; where the bit is unknown, it is added or not, and the sum is
 * the union of both.
 */
export function mul(av: i64, am: i64, bv: i64, bm: i64): void {
  if (am == 0 && bm == 0) {
    result(word(av * bv), 0);
    return;
  }
  let sumValue: i64 = 0;
  let sumMask: i64 = 0;
  let ones = unsigned(av);
  let unknown = unsigned(am);
  while ((ones | unknown) != 0) {
    // Bits that are zero in both only shift b.
    const skip = ctz(ones | unknown);
    ones >>= skip;
    unknown >>= skip;
    bv = word(bv << i64(skip));
    bm = word(bm << i64(skip));
    // As in `add`, without the way through the result.
    const least = word(sumValue + bv);
    let m = (word(least + word(sumMask + bm)) ^ least) | sumMask | bm;
    let v = least & ~m;
    if ((unknown & 1) != 0) {
      m |= sumValue ^ v;
      v &= sumValue & ~m;
    }
    sumValue = v;
    sumMask = m;
    // Nothing that is added makes a bit known again.
    if (m == -1) break;
    ones &= ~1;
    unknown &= ~1;
  }
  result(sumValue, sumMask);
}

// @ts-ignore: decorator
@inline
export function shiftLeft(v: i64, m: i64, by: i64): void {
  result(word(v << by), word(m << by));
}

// @ts-ignore: decorator
@inline
export function shiftRight(v: i64, m: i64, by: i64): void {
  result(word(i64(unsigned(v) >> by)), word(i64(unsigned(m) >> by)));
}

/** An unknown sign bit makes the bits that it fills unknown. */
// @ts-ignore: decorator
@inline
export function shiftRightSigned(v: i64, m: i64, by: i64): void {
  result(v >> by, m >> by);
}

/** The same on the lower half, whose sign bit is its own; the upper half becomes zero. */
// @ts-ignore: decorator
@inline
export function shiftRightSignedHalf(v: i64, m: i64, by: i64): void {
  result(widen(low(v) >> i32(by)), widen(low(m) >> i32(by)));
}

/** The least member greater than x; the greatest member if there is none. */
export function next(v: i64, m: i64, x: i64): i64 {
  const most = v | m;
  if (u64(x) >= u64(most)) return most;
  const differ = unsigned((x ^ v) & ~m);
  // Adding one to the unknown bits alone: with ones in all others, the carry goes from one unknown bit to the next.
  if (differ == 0) return ((word((x | ~m) + 1)) & m) | v;
  // The highest known bit that x has otherwise decides, and what is unknown below it becomes zero. With a zero there x is less than the
  // member that agrees with it above; with a one the unknown bits above count up.
  const through = i64(u64(-1) >> clz(differ));
  if ((v & through) > through >> 1) return v | (x & m & ~through);
  return (word((x | ~m | through) + 1) & m) | v;
}

/** Whether some value is a member of both. */
// @ts-ignore: decorator
@inline
export function overlap(av: i64, am: i64, bv: i64, bm: i64): bool {
  return ((av ^ bv) & ~(am | bm)) == 0;
}

/** Whether every member of `b` is one of `a`. */
// @ts-ignore: decorator
@inline
export function includes(av: i64, am: i64, bv: i64, bm: i64): bool {
  return (bm & ~am) == 0 && (bv & ~am) == av;
}
