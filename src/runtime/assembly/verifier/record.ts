import {
  NOT_INIT, REG_MASK, REG_OFF, REG_PRECISE, REG_S32_MAX, REG_S32_MIN, REG_SIZE, REG_SMAX, REG_SMIN, REG_ID, REG_FRAME, REG_REF,
  REG_TYPE, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE, SCALAR_VALUE, REG_A, REG_C,
} from "../../verifier-layout";
import { HALF_SMAX, HALF_SMIN, HALF_UMAX, LOW_BITS, low, widen, WORD_SMAX, WORD_SMIN, WORD_UMAX } from "./width";

/** A copy of a register record, identity included. Loads and stores take half the time of memory.copy, which is a call. */
export function copy_reg(to: u32, from: u32): void {
  for (let at: u32 = 0; at < u32(REG_SIZE); at += 8) store<u64>(to + at, load<u64>(from + at));
}

// @ts-ignore: decorator
@inline
export function constant(low: u32, high: u32): i64 {
  return i64(low) | (i64(high) << 32);
}

// @ts-ignore: decorator
@inline
export function setTnum(reg: u32, value: i64, mask: i64): void {
  store<i64>(reg, value, REG_VALUE);
  store<i64>(reg, mask, REG_MASK);
}
// @ts-ignore: decorator
@inline
export function setSigned(reg: u32, least: i64, most: i64): void {
  store<i64>(reg, least, REG_SMIN);
  store<i64>(reg, most, REG_SMAX);
}
// @ts-ignore: decorator
@inline
export function setUnsigned(reg: u32, least: i64, most: i64): void {
  store<i64>(reg, least, REG_UMIN);
  store<i64>(reg, most, REG_UMAX);
}
// @ts-ignore: decorator
@inline
export function setSignedHalf(reg: u32, least: i32, most: i32): void {
  store<i32>(reg, least, REG_S32_MIN);
  store<i32>(reg, most, REG_S32_MAX);
}
// @ts-ignore: decorator
@inline
export function setUnsignedHalf(reg: u32, least: i32, most: i32): void {
  store<i32>(reg, least, REG_U32_MIN);
  store<i32>(reg, most, REG_U32_MAX);
}

// @ts-ignore: decorator
@inline
export function unboundWord(reg: u32): void {
  setSigned(reg, WORD_SMIN, WORD_SMAX);
  setUnsigned(reg, 0, WORD_UMAX);
}
// @ts-ignore: decorator
@inline
export function unboundHalf(reg: u32): void {
  setSignedHalf(reg, HALF_SMIN, HALF_SMAX);
  setUnsignedHalf(reg, 0, HALF_UMAX);
}

/** All ranges as wide as they go; the tnum stays. */
export function forget_ranges(reg: u32): void {
  unboundWord(reg);
  unboundHalf(reg);
}

/** Bits and ranges from a constant. */
export function setConstant(reg: u32, x: i64): void {
  const half = low(x);
  setTnum(reg, x, 0);
  setSigned(reg, x, x);
  setUnsigned(reg, x, x);
  setSignedHalf(reg, half, half);
  setUnsignedHalf(reg, half, half);
}

/** Forgets what ties the register to others: offset, extra fields, identity, reference. Type, frame and precision stay. */
// @ts-ignore: decorator
@inline
export function forgetIdentity(reg: u32): void {
  store<u32>(reg, 0, REG_OFF);
  store<u64>(reg, 0, REG_A);
  store<u64>(reg, 0, REG_C);
  store<u32>(reg, 0, REG_ID);
  store<u32>(reg, 0, REG_REF);
}

export function set_known(reg: u32, low: u32, high: u32): void {
  setConstant(reg, constant(low, high));
}

export function set_known32(reg: u32, half: i32): void {
  setTnum(reg, (load<i64>(reg, REG_VALUE) & ~LOW_BITS) | widen(half), load<i64>(reg, REG_MASK) & ~LOW_BITS);
  setSignedHalf(reg, half, half);
  setUnsignedHalf(reg, half, half);
}

export function set_unbounded(reg: u32): void {
  setTnum(reg, 0, -1);
  forget_ranges(reg);
}

export function mark_unknown(reg: u32): void {
  store<u32>(reg, SCALAR_VALUE, REG_TYPE);
  forgetIdentity(reg);
  store<u32>(reg, 0, REG_FRAME);
  store<u32>(reg, 0, REG_PRECISE);
  set_unbounded(reg);
}

export function mark_known(reg: u32, low: u32, high: u32): void {
  store<u32>(reg, SCALAR_VALUE, REG_TYPE);
  forgetIdentity(reg);
  store<u32>(reg, 0, REG_FRAME);
  store<u32>(reg, 0, REG_PRECISE);
  setConstant(reg, constant(low, high));
}

export function mark_not_init(reg: u32): void {
  mark_unknown(reg);
  store<u32>(reg, NOT_INIT, REG_TYPE);
}
