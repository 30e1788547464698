import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../verifier-layout";
import { sync_bounds } from "./bounds";
import { forget_ranges, setConstant, setSigned, setSignedHalf, setTnum, setUnsigned, setUnsignedHalf, unboundHalf } from "./record";
import * as tnum from "./tnum";
import { BITS, HALF, HALF_SMAX, HALF_UMAX, LOW_BITS, low, smax, smin, smax32, smin32, widen, WORD_UMAX } from "./width";

/** Bits of a byte where a word has eight of them, an eighth of the word otherwise. */
const BYTE: u32 = BITS / 8;

/** The word becomes its lower half, zero-extended. */
export function zeroUpper(reg: u32): void {
  setTnum(reg, load<i64>(reg, REG_VALUE) & LOW_BITS, load<i64>(reg, REG_MASK) & LOW_BITS);
  setUnsigned(reg, widen(load<i32>(reg, REG_U32_MIN)), widen(load<i32>(reg, REG_U32_MAX)));
  const s0 = load<i32>(reg, REG_S32_MIN);
  const s1 = load<i32>(reg, REG_S32_MAX);
  // A half with a sign bit becomes a positive word.
  if ((s0 | s1) >= 0) setSigned(reg, i64(s0), i64(s1));
  else setSigned(reg, 0, LOW_BITS);
}

export function zext32(reg: u32): void {
  zeroUpper(reg);
  sync_bounds(reg);
}

export function truncate(reg: u32, bytes: u32): void {
  const bits = i64(u64(-1) >> u64(64 - bytes * BYTE));
  setTnum(reg, load<i64>(reg, REG_VALUE) & bits, load<i64>(reg, REG_MASK) & bits);
  let least = load<i64>(reg, REG_UMIN);
  let most = load<i64>(reg, REG_UMAX);
  if (((least ^ most) & ~bits) == 0) {
    least &= bits;
    most &= bits;
  } else {
    least = 0;
    most = bits;
  }
  setUnsigned(reg, least, most);
  setSigned(reg, least, most);
  if (bytes * BYTE < u32(HALF)) unboundHalf(reg);
  sync_bounds(reg);
}

/** The low `bits` bits, sign-extended. */
// @ts-ignore: decorator
@inline
function extended(x: i64, bits: i64): i64 {
  return (x << (64 - bits)) >> (64 - bits);
}

/**
 * The word becomes its low bytes, sign-extended: with the same bits above them throughout, and no sign crossed, the range is that of the
 * ends; otherwise all that is known is the size.
 */
function extendWord(reg: u32, bits: i64): void {
  const v = load<i64>(reg, REG_VALUE);
  if (load<i64>(reg, REG_MASK) == 0) {
    setConstant(reg, extended(v, bits));
    return;
  }
  const first = load<i64>(reg, REG_SMIN);
  const last = load<i64>(reg, REG_SMAX);
  if (first >> bits == last >> bits) {
    const a = extended(first, bits);
    const b = extended(last, bits);
    if ((a ^ b) >= 0) {
      const least = smin(a, b);
      const most = smax(a, b);
      setSigned(reg, least, most);
      setUnsigned(reg, least, most);
      setSignedHalf(reg, low(least), low(most));
      setUnsignedHalf(reg, low(least), low(most));
      tnum.range(least, most);
      setTnum(reg, tnum.value, tnum.mask);
      return;
    }
  }
  const least = i64(-1) << (bits - 1);
  setSigned(reg, least, ~least);
  setUnsigned(reg, 0, WORD_UMAX);
  setSignedHalf(reg, low(least), low(~least));
  setUnsignedHalf(reg, 0, HALF_UMAX);
  setTnum(reg, 0, -1);
}

/** The same within the lower half; what the word's ranges say afterwards is for `zeroUpper` to set. */
function extendHalf(reg: u32, bits: i64): void {
  const v = load<i64>(reg, REG_VALUE);
  if (low(load<i64>(reg, REG_MASK)) == 0) {
    setConstant(reg, widen(low(extended(v, bits))));
    return;
  }
  const first = load<i32>(reg, REG_S32_MIN);
  const last = load<i32>(reg, REG_S32_MAX);
  if (first >> i32(bits) == last >> i32(bits)) {
    const a = low(extended(i64(first), bits));
    const b = low(extended(i64(last), bits));
    if ((a ^ b) >= 0) {
      const least = smin32(a, b);
      const most = smax32(a, b);
      setSignedHalf(reg, least, most);
      setUnsignedHalf(reg, least, most);
      tnum.range(widen(least), widen(most));
      setTnum(reg, tnum.value, tnum.mask);
      return;
    }
  }
  const least = i32(-1) << i32(bits - 1);
  setSignedHalf(reg, least, ~least);
  setUnsignedHalf(reg, 0, HALF_UMAX);
  setTnum(reg, 0, LOW_BITS);
}

export function sign_extend(reg: u32, bytes: u32, to32: u32): void {
  const bits = i64(bytes * BYTE);
  if (to32) {
    extendHalf(reg, bits);
    zext32(reg);
  } else extendWord(reg, bits);
}

/** Bytes of the low `bits` bits in reverse order, zero-extended. */
function reversed(x: i64, bits: u32): i64 {
  return i64(bswap(u64(x)) >> u64(64 - bits));
}

export function byte_swap(reg: u32, bits: u32, toLittle: u32): void {
  if (toLittle) {
    if (bits < 64) truncate(reg, bits / 8);
    return;
  }
  setTnum(reg, reversed(load<i64>(reg, REG_VALUE), bits), reversed(load<i64>(reg, REG_MASK), bits));
  forget_ranges(reg);
  sync_bounds(reg);
}
