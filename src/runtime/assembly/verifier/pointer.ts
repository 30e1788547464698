import { REG_MASK, REG_SMAX, REG_SMIN, REG_UMAX, REG_UMIN, REG_VALUE } from "../../verifier-layout";
import { setSigned, setTnum, setUnsigned } from "./record";
import * as tnum from "./tnum";

/**
 * Ranges and bits of a pointer's variable part after a scalar of several values was added to it, or taken from it. All ranges are of 64 bits;
 * one that could wrap is given up. `dst` may be either operand.
 */
export function move_pointer(dst: u32, ptr: u32, off: u32, subtracts: u32): void {
  const ps0 = load<i64>(ptr, REG_SMIN);
  const ps1 = load<i64>(ptr, REG_SMAX);
  const pu0 = load<u64>(ptr, REG_UMIN);
  const pu1 = load<u64>(ptr, REG_UMAX);
  const os0 = load<i64>(off, REG_SMIN);
  const os1 = load<i64>(off, REG_SMAX);
  const ou0 = load<u64>(off, REG_UMIN);
  const ou1 = load<u64>(off, REG_UMAX);
  const pv = load<i64>(ptr, REG_VALUE);
  const pm = load<i64>(ptr, REG_MASK);
  const ov = load<i64>(off, REG_VALUE);
  const om = load<i64>(off, REG_MASK);
  let least: i64;
  let most: i64;
  let wraps: bool;
  if (subtracts) {
    least = ps0 - os1;
    most = ps1 - os0;
    wraps = ((ps0 ^ os1) & (ps0 ^ least)) < 0 || ((ps1 ^ os0) & (ps1 ^ most)) < 0;
    if (pu0 < ou1) setUnsigned(dst, 0, -1);
    else setUnsigned(dst, i64(pu0 - ou1), i64(pu1 - ou0));
    tnum.sub(pv, pm, ov, om);
  } else {
    least = ps0 + os0;
    most = ps1 + os1;
    wraps = ((ps0 ^ least) & (os0 ^ least)) < 0 || ((ps1 ^ most) & (os1 ^ most)) < 0;
    if (pu0 + ou0 < pu0 || pu1 + ou1 < pu1) setUnsigned(dst, 0, -1);
    else setUnsigned(dst, i64(pu0 + ou0), i64(pu1 + ou1));
    tnum.add(pv, pm, ov, om);
  }
  if (wraps) setSigned(dst, i64.MIN_VALUE, i64.MAX_VALUE);
  else setSigned(dst, least, most);
  setTnum(dst, tnum.value, tnum.mask);
}
