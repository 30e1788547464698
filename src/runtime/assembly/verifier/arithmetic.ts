import {
  REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN,
} from "../../verifier-layout";
import { setSigned, setSignedHalf, setUnsigned, setUnsignedHalf } from "./record";
import {
  cut, HALF_SMAX, HALF_SMIN, HALF_UMAX, LOW_BITS, smax, smax32, smin, smin32, unsigned, widen, WORD_SMAX, WORD_SMIN, WORD_UMAX, word,
} from "./width";

/*
 * Ranges of sums, differences and products: the ends' results, unless one leaves the width. For sums and differences of unsigned ranges it is
 * fine if both ends wrap around, for then everything between them does.
 */

// @ts-ignore: decorator
@inline
export function addWord(dst: u32, src: u32): void {
  const a0 = load<i64>(dst, REG_SMIN);
  const a1 = load<i64>(dst, REG_SMAX);
  const b0 = load<i64>(src, REG_SMIN);
  const b1 = load<i64>(src, REG_SMAX);
  const s0 = word(a0 + b0);
  const s1 = word(a1 + b1);
  // A sum that is within the width is less than one addend if the other is negative, and only then.
  if ((b0 < 0) != (s0 < a0) || (b1 < 0) != (s1 < a1)) setSigned(dst, WORD_SMIN, WORD_SMAX);
  else setSigned(dst, s0, s1);

  const c0 = load<i64>(dst, REG_UMIN);
  const c1 = load<i64>(dst, REG_UMAX);
  const u0 = word(c0 + load<i64>(src, REG_UMIN));
  const u1 = word(c1 + load<i64>(src, REG_UMAX));
  if (u64(u0) >= u64(c0) && u64(u1) < u64(c1)) setUnsigned(dst, 0, WORD_UMAX);
  else setUnsigned(dst, u0, u1);
}

// @ts-ignore: decorator
@inline
export function addHalf(dst: u32, src: u32): void {
  const a0 = load<i32>(dst, REG_S32_MIN);
  const a1 = load<i32>(dst, REG_S32_MAX);
  const b0 = load<i32>(src, REG_S32_MIN);
  const b1 = load<i32>(src, REG_S32_MAX);
  const s0 = cut(a0 + b0);
  const s1 = cut(a1 + b1);
  if ((b0 < 0) != (s0 < a0) || (b1 < 0) != (s1 < a1)) setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
  else setSignedHalf(dst, s0, s1);

  const c0 = load<i32>(dst, REG_U32_MIN);
  const c1 = load<i32>(dst, REG_U32_MAX);
  const u0 = cut(c0 + load<i32>(src, REG_U32_MIN));
  const u1 = cut(c1 + load<i32>(src, REG_U32_MAX));
  if (u32(u0) >= u32(c0) && u32(u1) < u32(c1)) setUnsignedHalf(dst, 0, HALF_UMAX);
  else setUnsignedHalf(dst, u0, u1);
}

// @ts-ignore: decorator
@inline
export function subWord(dst: u32, src: u32): void {
  const a0 = load<i64>(dst, REG_SMIN);
  const a1 = load<i64>(dst, REG_SMAX);
  const b0 = load<i64>(src, REG_SMIN);
  const b1 = load<i64>(src, REG_SMAX);
  const s0 = word(a0 - b1);
  const s1 = word(a1 - b0);
  // A difference is less than the minuend if what is taken is positive.
  if ((b1 > 0) != (s0 < a0) || (b0 > 0) != (s1 < a1)) setSigned(dst, WORD_SMIN, WORD_SMAX);
  else setSigned(dst, s0, s1);

  const c0 = load<i64>(dst, REG_UMIN);
  const c1 = load<i64>(dst, REG_UMAX);
  const d0 = load<i64>(src, REG_UMIN);
  const d1 = load<i64>(src, REG_UMAX);
  if (u64(c0) < u64(d1) && u64(c1) >= u64(d0)) setUnsigned(dst, 0, WORD_UMAX);
  else setUnsigned(dst, word(c0 - d1), word(c1 - d0));
}

// @ts-ignore: decorator
@inline
export function subHalf(dst: u32, src: u32): void {
  const a0 = load<i32>(dst, REG_S32_MIN);
  const a1 = load<i32>(dst, REG_S32_MAX);
  const b0 = load<i32>(src, REG_S32_MIN);
  const b1 = load<i32>(src, REG_S32_MAX);
  const s0 = cut(a0 - b1);
  const s1 = cut(a1 - b0);
  if ((b1 > 0) != (s0 < a0) || (b0 > 0) != (s1 < a1)) setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
  else setSignedHalf(dst, s0, s1);

  const c0 = load<i32>(dst, REG_U32_MIN);
  const c1 = load<i32>(dst, REG_U32_MAX);
  const d0 = load<i32>(src, REG_U32_MIN);
  const d1 = load<i32>(src, REG_U32_MAX);
  if (u32(c0) < u32(d1) && u32(c1) >= u32(d0)) setUnsignedHalf(dst, 0, HALF_UMAX);
  else setUnsignedHalf(dst, cut(c0 - d1), cut(c1 - d0));
}

/** Whether a product of unsigned words leaves the width. */
// @ts-ignore: decorator
@inline
function unsignedOverflow(a: i64, b: i64): bool {
  const x = unsigned(a);
  const y = unsigned(b);
  if (x <= u64(LOW_BITS) && y <= u64(LOW_BITS)) return false;
  return y != 0 && x > unsigned(WORD_UMAX) / y;
}

/** Whether `product` is not what a * b would be, were there more bits. */
// @ts-ignore: decorator
@inline
function signedOverflow(a: i64, b: i64, product: i64): bool {
  if (b == 0) return false;
  // Also keeps the machine's division from trapping.
  if (b == -1) return a == WORD_SMIN;
  return product / b != a;
}

// @ts-ignore: decorator
@inline
export function mulWord(dst: u32, src: u32): void {
  const c0 = load<i64>(dst, REG_UMIN);
  const c1 = load<i64>(dst, REG_UMAX);
  const d0 = load<i64>(src, REG_UMIN);
  const d1 = load<i64>(src, REG_UMAX);
  // If the product of the greatest fits, that of the least does.
  if (unsignedOverflow(c1, d1)) setUnsigned(dst, 0, WORD_UMAX);
  else setUnsigned(dst, word(c0 * d0), word(c1 * d1));

  const a0 = load<i64>(dst, REG_SMIN);
  const a1 = load<i64>(dst, REG_SMAX);
  const b0 = load<i64>(src, REG_SMIN);
  const b1 = load<i64>(src, REG_SMAX);
  const p = word(a0 * b0);
  const q = word(a0 * b1);
  const r = word(a1 * b0);
  const s = word(a1 * b1);
  if (signedOverflow(a0, b0, p) || signedOverflow(a0, b1, q) || signedOverflow(a1, b0, r) || signedOverflow(a1, b1, s)) {
    setSigned(dst, WORD_SMIN, WORD_SMAX);
  } else setSigned(dst, smin(smin(p, q), smin(r, s)), smax(smax(p, q), smax(r, s)));
}

// @ts-ignore: decorator
@inline
export function mulHalf(dst: u32, src: u32): void {
  const u0 = u64(widen(load<i32>(dst, REG_U32_MIN))) * u64(widen(load<i32>(src, REG_U32_MIN)));
  const u1 = u64(widen(load<i32>(dst, REG_U32_MAX))) * u64(widen(load<i32>(src, REG_U32_MAX)));
  if (u1 > u64(LOW_BITS)) setUnsignedHalf(dst, 0, HALF_UMAX);
  else setUnsignedHalf(dst, cut(i32(u0)), cut(i32(u1)));

  const a0 = i64(load<i32>(dst, REG_S32_MIN));
  const a1 = i64(load<i32>(dst, REG_S32_MAX));
  const b0 = i64(load<i32>(src, REG_S32_MIN));
  const b1 = i64(load<i32>(src, REG_S32_MAX));
  const p = a0 * b0;
  const q = a0 * b1;
  const r = a1 * b0;
  const s = a1 * b1;
  const least = smin(smin(p, q), smin(r, s));
  const most = smax(smax(p, q), smax(r, s));
  if (least < i64(HALF_SMIN) || most > i64(HALF_SMAX)) setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
  else setSignedHalf(dst, i32(least), i32(most));
}
