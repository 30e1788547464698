/*
 * Widths of the scalar domain. A register has BITS bits, its lower part (the kernel's 32-bit subregister) HALF of them. Programs know 64
 * and 32 only; the checks build the same sources with 8 and 4 and go through all values.
 *
 * A word is kept in an i64, a half in an i32, both sign-extended from their own width. Sign extension keeps the order of numbers, signed
 * and unsigned alike, so comparisons need no care; what may leave the width (sums, products, shifts to the left) goes through `word` or
 * `low`, and shifts to the right of unsigned numbers and their products through `unsigned`. At 64 and 32 bits all of these fold away.
 */
export const BITS: i32 = 64;
export const HALF: i32 = BITS >> 1;

export const WORD_SMIN: i64 = i64(-1) << (BITS - 1);
export const WORD_SMAX: i64 = ~WORD_SMIN;
export const WORD_UMAX: i64 = -1;
export const HALF_SMIN: i32 = -1 << (HALF - 1);
export const HALF_SMAX: i32 = ~HALF_SMIN;
export const HALF_UMAX: i32 = -1;
/** The bits of the lower half, in a word. */
export const LOW_BITS: i64 = i64(u64(-1) >> (64 - HALF));

/** Cuts a result to the width of a word. */
// @ts-ignore: decorator
@inline
export function word(x: i64): i64 {
  return (x << (64 - BITS)) >> (64 - BITS);
}

/** A word as the unsigned number that it is. */
// @ts-ignore: decorator
@inline
export function unsigned(x: i64): u64 {
  return u64(x << (64 - BITS)) >> (64 - BITS);
}

/** Cuts a result to the width of a half. */
// @ts-ignore: decorator
@inline
export function cut(x: i32): i32 {
  return (x << (32 - HALF)) >> (32 - HALF);
}

/** The lower half of a word. */
// @ts-ignore: decorator
@inline
export function low(x: i64): i32 {
  return cut(i32(x));
}

/** A half as a word, zero-extended. */
// @ts-ignore: decorator
@inline
export function widen(x: i32): i64 {
  return i64(x) & LOW_BITS;
}

/** Whether two words agree in their upper halves. */
// @ts-ignore: decorator
@inline
export function sameUpper(a: i64, b: i64): bool {
  return ((a ^ b) & ~LOW_BITS) == 0;
}

// @ts-ignore: decorator
@inline
export function smin(a: i64, b: i64): i64 {
  return a < b ? a : b;
}
// @ts-ignore: decorator
@inline
export function smax(a: i64, b: i64): i64 {
  return a > b ? a : b;
}
// @ts-ignore: decorator
@inline
export function umin(a: i64, b: i64): i64 {
  return u64(a) < u64(b) ? a : b;
}
// @ts-ignore: decorator
@inline
export function umax(a: i64, b: i64): i64 {
  return u64(a) > u64(b) ? a : b;
}
// @ts-ignore: decorator
@inline
export function smin32(a: i32, b: i32): i32 {
  return a < b ? a : b;
}
// @ts-ignore: decorator
@inline
export function smax32(a: i32, b: i32): i32 {
  return a > b ? a : b;
}
// @ts-ignore: decorator
@inline
export function umin32(a: i32, b: i32): i32 {
  return u32(a) < u32(b) ? a : b;
}
// @ts-ignore: decorator
@inline
export function umax32(a: i32, b: i32): i32 {
  return u32(a) > u32(b) ? a : b;
}
