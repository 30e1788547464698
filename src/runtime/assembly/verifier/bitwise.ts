import { REG_MASK, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE } from "../../verifier-layout";
import { BPF_AND, BPF_OR } from "./operations";
import { forgetIdentity, setConstant, setSigned, setSignedHalf, setUnsigned, setUnsignedHalf } from "./record";
import { HALF_SMAX, HALF_SMIN, low, umax, umax32, umin, umin32, WORD_SMAX, WORD_SMIN } from "./width";

/*
 * Ranges after `and`, `or`, `xor`; the record has its new bits already. The bits give one range, and an `and` is no more than either operand,
 * an `or` no less. A signed range follows where the unsigned one does not cross the sign.
 */

export function bitwiseWord(dst: u32, src: u32, op: u32): void {
  const v = load<i64>(dst, REG_VALUE);
  const m = load<i64>(dst, REG_MASK);
  if (m == 0 && load<i64>(src, REG_MASK) == 0) {
    forgetIdentity(dst);
    setConstant(dst, v);
    return;
  }
  let least = v;
  let most = v | m;
  if (op == BPF_AND) most = umin(load<i64>(dst, REG_UMAX), load<i64>(src, REG_UMAX));
  else if (op == BPF_OR) least = umax(load<i64>(dst, REG_UMIN), load<i64>(src, REG_UMIN));
  setUnsigned(dst, least, most);
  if (least <= most) setSigned(dst, least, most);
  else setSigned(dst, WORD_SMIN, WORD_SMAX);
}

export function bitwiseHalf(dst: u32, src: u32, op: u32): void {
  const v = low(load<i64>(dst, REG_VALUE));
  const m = low(load<i64>(dst, REG_MASK));
  let least = v;
  let most = v | m;
  if (op == BPF_AND) most = umin32(load<i32>(dst, REG_U32_MAX), load<i32>(src, REG_U32_MAX));
  else if (op == BPF_OR) least = umax32(load<i32>(dst, REG_U32_MIN), load<i32>(src, REG_U32_MIN));
  setUnsignedHalf(dst, least, most);
  if (least <= most) setSignedHalf(dst, least, most);
  else setSignedHalf(dst, HALF_SMIN, HALF_SMAX);
}
