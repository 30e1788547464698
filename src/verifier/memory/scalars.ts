import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { tnumText, unsignedText } from "../log/number-text.ts";
import type { Reg, StateMemory } from "../memory.ts";

/** Whether the register is a scalar known to be 0 (register_is_null). */
export function isNull(m: StateMemory, reg: Reg): boolean {
  return m.type(reg) === L.SCALAR_VALUE && m.isZero(reg);
}

/** Whether the register's value, as an unsigned number, fits `bytes` bytes (get_reg_width). */
export function fitsBytes(m: StateMemory, reg: Reg, bytes: number): boolean {
  if (bytes === 8) return true;
  if (m.u32[(reg + L.REG_UMAX + 4) >> 2] !== 0) return false;
  return bytes === 4 || m.u32[(reg + L.REG_UMAX) >> 2]! < 1 << (bytes * 8);
}

/** The scalar is no other's equal any more, nor a constant away from one. */
export function clearScalarId(m: StateMemory, reg: Reg): void {
  m.set(reg, L.REG_ID, 0);
  m.set(reg, L.REG_OFF, 0);
}

/** A known scalar without identity; exact from the start where precision is not tracked. */
export function markConst(env: VerifierEnv, reg: Reg, low: number, high: number): void {
  env.m.ops.mark_known(reg, low, high);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

/** Bits known and unknown of a register, in the log's words; a number where all are known. */
export function bitsText(m: StateMemory, reg: Reg): string {
  const value = m.u64[(reg + L.REG_VALUE) >> 3]!;
  return m.isConst(reg) ? unsignedText(value) : tnumText(value, m.u64[(reg + L.REG_MASK) >> 3]!);
}
