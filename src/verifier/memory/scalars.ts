import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { hexText, tnumText } from "../log/number-text.ts";
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

/** Whether register `n` holds what the program must not get hold of as a number (is_pointer_value). */
export function isPointerValue(env: VerifierEnv, n: number): boolean {
  return !env.allowPtrLeaks && env.m.type(env.reg(n)) !== L.SCALAR_VALUE;
}

/** An unknown scalar (__mark_reg_unknown): precise from the start where the program has no CAP_BPF. */
export function markRegUnknown(env: VerifierEnv, reg: Reg): void {
  env.m.ops.mark_unknown(reg);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

/** The scalar 0 (__mark_reg_const_zero). */
export function markConstZero(env: VerifierEnv, reg: Reg): void {
  env.m.ops.mark_known(reg, 0, 0);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

/** Address 0 of something: identity, offset and ranges go, the type stays for the caller to set (mark_reg_known_zero). */
export function markKnownZeroReg(m: StateMemory, reg: Reg): void {
  const type = m.type(reg);
  const frame = m.get(reg, L.REG_FRAME);
  const precise = m.get(reg, L.REG_PRECISE);
  m.ops.mark_known(reg, 0, 0);
  m.setType(reg, type);
  m.set(reg, L.REG_FRAME, frame);
  m.set(reg, L.REG_PRECISE, precise);
}

/** Bits known and unknown of a register, in the log's words. */
export function bitsText(m: StateMemory, reg: Reg): string {
  return tnumText(m.u64[(reg + L.REG_VALUE) >> 3]!, m.u64[(reg + L.REG_MASK) >> 3]!);
}

const VIOLATIONS = [
  "",
  "range bounds violation",
  "const tnum out of sync with range bounds",
  "const subreg tnum out of sync with range bounds",
] as const;

/** Ranges that contradict each other come of paths that cannot be taken; the register then has none (reg_bounds_sanity_check). */
export function checkBoundsSane(env: VerifierEnv, reg: Reg, context: string): void {
  const { m } = env;
  if (m.ops.bounds_sane(reg)) return;
  const u64 = (field: number): string => hexText(m.u64[(reg + field) >> 3]!);
  const u32 = (field: number): string => `0x${m.u32[(reg + field) >> 2]!.toString(16)}`;
  env.verbose(
    `verifier bug: REG INVARIANTS VIOLATION (${context}): ${VIOLATIONS[violation(m, reg)]} ` +
      `u64=[${u64(L.REG_UMIN)}, ${u64(L.REG_UMAX)}] s64=[${u64(L.REG_SMIN)}, ${u64(L.REG_SMAX)}] ` +
      `u32=[${u32(L.REG_U32_MIN)}, ${u32(L.REG_U32_MAX)}] s32=[${u32(L.REG_S32_MIN)}, ${u32(L.REG_S32_MAX)}] ` +
      `var_off=(${u64(L.REG_VALUE)}, ${u64(L.REG_MASK)})\n`,
  );
  if (env.testRegInvariants) env.reject(ERRNO.EFAULT, "V_UNSUPPORTED", "");
  m.ops.set_unbounded(reg);
}

/** Which of VIOLATIONS it is. */
function violation(m: StateMemory, reg: Reg): number {
  const { u64, i64, u32, i32 } = m;
  const at = reg >> 3;
  const half = reg >> 2;
  if (
    u64[at + (L.REG_UMIN >> 3)]! > u64[at + (L.REG_UMAX >> 3)]! ||
    i64[at + (L.REG_SMIN >> 3)]! > i64[at + (L.REG_SMAX >> 3)]! ||
    u32[half + (L.REG_U32_MIN >> 2)]! > u32[half + (L.REG_U32_MAX >> 2)]! ||
    i32[half + (L.REG_S32_MIN >> 2)]! > i32[half + (L.REG_S32_MAX >> 2)]!
  ) {
    return 1;
  }
  if (!m.isConst(reg)) return 3;
  const value = u64[at + (L.REG_VALUE >> 3)]!;
  const fields = [L.REG_UMIN, L.REG_UMAX, L.REG_SMIN, L.REG_SMAX];
  return fields.every((field) => u64[at + (field >> 3)] === value) ? 3 : 2;
}
