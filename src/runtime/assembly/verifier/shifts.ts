import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE,
} from "../../verifier-layout";
import { halfFromBits, wordFromBits } from "./bounds";
import { setSigned, setSignedHalf, setTnum, setUnsigned, setUnsignedHalf, unboundHalf, unboundWord } from "./record";
import * as tnum from "./tnum";
import {
  BITS, cut, HALF, HALF_SMAX, HALF_SMIN, HALF_UMAX, LOW_BITS, unsigned, widen, WORD_SMAX, WORD_SMIN, WORD_UMAX, word,
} from "./width";

/*
 * Shifts by a known amount within the width. What a shift of the word does to its lower half, and of the half to the word, is left to the bits:
 * the other width's ranges are forgotten and set anew from them.
 */

/** Ranges of the half after a shift to the left: kept if the greatest value loses no bit. */
// @ts-ignore: decorator
@inline
function leftHalf(dst: u32, by: i64): void {
  const least = load<i32>(dst, REG_U32_MIN);
  const most = load<i32>(dst, REG_U32_MAX);
  setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
  if (by >= HALF || widen(most) > i64(1) << (HALF - 1 - by)) setUnsignedHalf(dst, 0, HALF_UMAX);
  else setUnsignedHalf(dst, cut(least << i32(by)), cut(most << i32(by)));
}

export function shiftLeftWord(dst: u32, by: i64): void {
  // Shifting the lower half up makes its signed range that of the word.
  if (by == HALF) {
    setSigned(dst, word(i64(load<i32>(dst, REG_S32_MIN)) << HALF), word(i64(load<i32>(dst, REG_S32_MAX)) << HALF));
  } else setSigned(dst, WORD_SMIN, WORD_SMAX);
  const most = load<i64>(dst, REG_UMAX);
  if (unsigned(most) > u64(1) << (BITS - 1 - by)) setUnsigned(dst, 0, WORD_UMAX);
  else setUnsigned(dst, word(load<i64>(dst, REG_UMIN) << by), word(most << by));
  leftHalf(dst, by);
  tnum.shiftLeft(load<i64>(dst, REG_VALUE), load<i64>(dst, REG_MASK), by);
  setTnum(dst, tnum.value, tnum.mask);
  halfFromBits(dst);
  wordFromBits(dst);
}

export function shiftLeftHalf(dst: u32, by: i64): void {
  leftHalf(dst, by);
  tnum.shiftLeft(load<i64>(dst, REG_VALUE), load<i64>(dst, REG_MASK), by);
  setTnum(dst, tnum.value, tnum.mask);
  unboundWord(dst);
  halfFromBits(dst);
}

export function shiftRightWord(dst: u32, by: i64): void {
  setSigned(dst, WORD_SMIN, WORD_SMAX);
  setUnsigned(
    dst,
    word(i64(unsigned(load<i64>(dst, REG_UMIN)) >> u64(by))),
    word(i64(unsigned(load<i64>(dst, REG_UMAX)) >> u64(by))),
  );
  tnum.shiftRight(load<i64>(dst, REG_VALUE), load<i64>(dst, REG_MASK), by);
  setTnum(dst, tnum.value, tnum.mask);
  unboundHalf(dst);
  halfFromBits(dst);
  wordFromBits(dst);
}

export function shiftRightHalf(dst: u32, by: i64): void {
  setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
  setUnsignedHalf(
    dst,
    cut(i32(widen(load<i32>(dst, REG_U32_MIN)) >> by)),
    cut(i32(widen(load<i32>(dst, REG_U32_MAX)) >> by)),
  );
  tnum.shiftRight(
    load<i64>(dst, REG_VALUE) & LOW_BITS,
    load<i64>(dst, REG_MASK) & LOW_BITS,
    by,
  );
  setTnum(dst, tnum.value, tnum.mask);
  unboundWord(dst);
  halfFromBits(dst);
}

export function shiftRightSignedWord(dst: u32, by: i64): void {
  setSigned(dst, load<i64>(dst, REG_SMIN) >> by, load<i64>(dst, REG_SMAX) >> by);
  setUnsigned(dst, 0, WORD_UMAX);
  tnum.shiftRightSigned(load<i64>(dst, REG_VALUE), load<i64>(dst, REG_MASK), by);
  setTnum(dst, tnum.value, tnum.mask);
  unboundHalf(dst);
  halfFromBits(dst);
  wordFromBits(dst);
}

export function shiftRightSignedHalf(dst: u32, by: i64): void {
  setSignedHalf(dst, load<i32>(dst, REG_S32_MIN) >> i32(by), load<i32>(dst, REG_S32_MAX) >> i32(by));
  setUnsignedHalf(dst, 0, HALF_UMAX);
  tnum.shiftRightSignedHalf(load<i64>(dst, REG_VALUE), load<i64>(dst, REG_MASK), by);
  setTnum(dst, tnum.value, tnum.mask);
  unboundWord(dst);
  halfFromBits(dst);
}
