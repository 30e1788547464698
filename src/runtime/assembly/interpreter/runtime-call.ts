/*
 * Calls of helpers that are functions of this module, by way of the shared table, without JavaScript.
 * The record: destination byte = number of arguments (all i32), source byte = bit per argument of the `flags` kind,
 * offset = index in the table, immediate = RETURN_* and PASS_FRAME.
 */
import { REGISTERS } from "../../layout";
import { PASS_FRAME, RETURN_INT, RETURN_MASK, RETURN_PTR, RETURN_U64 } from "../../operations";

/** Argument `index`; one of the `flags` kind that has more than 32 bits arrives as 0xffffffff, which no flag check accepts. */
function argument(pc: u32, index: u32, frame: u32): u32 {
  const passFrame = (load<u32>(pc, 8) & PASS_FRAME) != 0;
  if (passFrame && index + 1 == load<u8>(pc, 1)) return frame;
  const value = load<u64>(REGISTERS + 8 + index * 8);
  return ((load<u8>(pc, 2) >> <u8>index) & 1) != 0 && value >> 32 != 0 ? u32.MAX_VALUE : <u32>value;
}

// @ts-ignore: decorator
@inline function call<T>(pc: u32, frame: u32): T {
  const target = load<u32>(pc, 4);
  const count = load<u8>(pc, 1);
  if (count == 0) return call_indirect<T>(target);
  const a = argument(pc, 0, frame);
  if (count == 1) return call_indirect<T>(target, a);
  const b = argument(pc, 1, frame);
  if (count == 2) return call_indirect<T>(target, a, b);
  const c = argument(pc, 2, frame);
  if (count == 3) return call_indirect<T>(target, a, b, c);
  const d = argument(pc, 3, frame);
  if (count == 4) return call_indirect<T>(target, a, b, c, d);
  const e = argument(pc, 4, frame);
  if (count == 5) return call_indirect<T>(target, a, b, c, d, e);
  return call_indirect<T>(target, a, b, c, d, e, argument(pc, 5, frame));
}

function callI32(pc: u32, frame: u32): u32 { return call<u32>(pc, frame); }
function callI64(pc: u32, frame: u32): u64 { return call<u64>(pc, frame); }
function callVoid(pc: u32, frame: u32): void { call<void>(pc, frame); }

/** Calls the helper of the record at `pc` with r1 to r5; its result becomes r0. */
export function callRuntime(pc: u32, frame: u32): void {
  const returns = load<u32>(pc, 8) & RETURN_MASK;
  let result: u64 = 0;
  if (returns == RETURN_PTR) result = callI32(pc, frame);
  else if (returns == RETURN_INT) result = <u64><i64><i32>callI32(pc, frame);
  else if (returns == RETURN_U64) result = callI64(pc, frame);
  else callVoid(pc, frame);
  store<u64>(REGISTERS, result);
}
