import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { Frame, Reg } from "../memory.ts";

/** r0 to r5 are lost in calls. */
export const CALLER_SAVED = 6;
export const FRAME_POINTER = 10;

/** A register is read (check_reg_arg SRC_OP). */
export function checkRead(env: VerifierEnv, n: number): void {
  if (n > FRAME_POINTER) env.reject(ERRNO.EINVAL, "V_BAD_REGISTER", `R${n} is invalid`, { reg: n });
  env.scratchReg(n);
  if (env.m.type(env.reg(n)) === L.NOT_INIT) {
    env.reject(ERRNO.EACCES, "V_UNINIT_REGISTER", `R${n} !read_ok`, { reg: n });
  }
}

/** A register is written (check_reg_arg DST_OP; `mark` false: DST_OP_NO_MARK). */
export function checkWrite(env: VerifierEnv, n: number, mark = true): void {
  if (n > FRAME_POINTER) env.reject(ERRNO.EINVAL, "V_BAD_REGISTER", `R${n} is invalid`, { reg: n });
  env.scratchReg(n);
  if (n === FRAME_POINTER) env.reject(ERRNO.EACCES, "V_FRAME_POINTER_WRITE", "frame pointer is read only");
  if (mark) markUnknownReg(env, env.reg(n));
}

/** The record becomes an unknown scalar; exact from the start where precision is not tracked (__mark_reg_unknown). */
export function markUnknownReg(env: VerifierEnv, reg: Reg): void {
  env.m.ops.mark_unknown(reg);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

/** Nothing is known of register `n` any more (mark_reg_unknown). */
export function markUnknown(env: VerifierEnv, n: number): void {
  markUnknownReg(env, env.reg(n));
}

/** Register `n` is known to be 0, its type stays (mark_reg_known_zero). */
export function markKnownZero(env: VerifierEnv, n: number): void {
  markKnownZeroReg(env, env.reg(n));
}

/** Value, offset and identity of the record become 0, its type stays (__mark_reg_known_zero). */
export function markKnownZeroReg(env: VerifierEnv, reg: Reg): void {
  const { m } = env;
  m.set(reg, L.REG_OFF, 0);
  m.set(reg, L.REG_A, 0);
  m.set(reg, L.REG_B, 0);
  m.set(reg, L.REG_C, 0);
  m.set(reg, L.REG_D, 0);
  m.set(reg, L.REG_ID, 0);
  m.set(reg, L.REG_REF, 0);
  m.ops.set_known(reg, 0, 0);
}

/** Register `n` holds nothing (mark_reg_not_init). */
export function markNotInit(env: VerifierEnv, n: number): void {
  env.m.ops.mark_not_init(env.reg(n));
}

/** r0 to r5 hold nothing after a call (clear_caller_saved_regs). */
export function clearCallerSaved(env: VerifierEnv, frame: Frame): void {
  for (let n = 0; n < CALLER_SAVED; n++) {
    env.m.ops.mark_not_init(env.m.reg(frame, n));
    env.scratchReg(n);
  }
}

/** Whether register `n` may not be given away (is_pointer_value). */
export function isPointerValue(env: VerifierEnv, n: number): boolean {
  return !env.allowPtrLeaks && env.m.type(env.reg(n)) !== L.SCALAR_VALUE;
}

/** What contradicts itself in a record; "" where nothing does. */
function contradiction(env: VerifierEnv, reg: Reg): string {
  const { m } = env;
  const at = (field: number) => (reg + field) >> 3;
  const word = (field: number) => (reg + field) >> 2;
  if (
    m.u64[at(L.REG_UMIN)]! > m.u64[at(L.REG_UMAX)]! ||
    m.i64[at(L.REG_SMIN)]! > m.i64[at(L.REG_SMAX)]! ||
    m.u32[word(L.REG_U32_MIN)]! > m.u32[word(L.REG_U32_MAX)]! ||
    m.i32[word(L.REG_S32_MIN)]! > m.i32[word(L.REG_S32_MAX)]!
  ) {
    return "range bounds violation";
  }
  if (m.isConst(reg)) {
    const value = m.u64[at(L.REG_VALUE)]!;
    const ends = [L.REG_UMIN, L.REG_UMAX, L.REG_SMIN, L.REG_SMAX];
    if (ends.some((field) => m.u64[at(field)] !== value)) return "const tnum out of sync with range bounds";
  }
  if (m.u32[word(L.REG_MASK)] === 0) {
    const value = m.u32[word(L.REG_VALUE)]!;
    const ends = [L.REG_U32_MIN, L.REG_U32_MAX, L.REG_S32_MIN, L.REG_S32_MAX];
    if (ends.some((field) => m.u32[word(field)] !== value)) return "const subreg tnum out of sync with range bounds";
  }
  return "";
}

/** Forgets what is known of a record whose parts contradict each other (reg_bounds_sanity_check); `where` names it in the log. */
export function checkBounds(env: VerifierEnv, reg: Reg, where: string): void {
  const { m } = env;
  if (m.ops.bounds_sane(reg) !== 0) return;
  const hex = (field: number) => `0x${m.u64[(reg + field) >> 3]!.toString(16)}`;
  const half = (field: number) => `0x${m.u32[(reg + field) >> 2]!.toString(16)}`;
  const what = contradiction(env, reg);
  env.verbose(
    `verifier bug: REG INVARIANTS VIOLATION (${where}): ${what} u64=[${hex(L.REG_UMIN)}, ${hex(L.REG_UMAX)}] ` +
      `s64=[${hex(L.REG_SMIN)}, ${hex(L.REG_SMAX)}] u32=[${half(L.REG_U32_MIN)}, ${half(L.REG_U32_MAX)}] ` +
      `s32=[${half(L.REG_S32_MIN)}, ${half(L.REG_S32_MAX)}] var_off=(${hex(L.REG_VALUE)}, ${hex(L.REG_MASK)})\n`,
  );
  if (env.testRegInvariants) env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", "");
  m.ops.forget_ranges(reg);
}
