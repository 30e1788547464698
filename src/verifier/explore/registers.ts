import type { VerifierEnv } from "../env.ts";

/** A register is read (check_reg_arg SRC_OP). */
export function checkRead(_env: VerifierEnv, _n: number): void {
  throw new Error("not there yet");
}

/** A register is written (check_reg_arg DST_OP; `mark` false: DST_OP_NO_MARK). */
export function checkWrite(_env: VerifierEnv, _n: number, _mark = true): void {
  throw new Error("not there yet");
}

/** Nothing is known of register `n` any more (mark_reg_unknown). */
export function markUnknown(_env: VerifierEnv, _n: number): void {
  throw new Error("not there yet");
}

/** Register `n` is known to be 0, its type stays (mark_reg_known_zero). */
export function markKnownZero(_env: VerifierEnv, _n: number): void {
  throw new Error("not there yet");
}

/** Register `n` holds nothing (mark_reg_not_init). */
export function markNotInit(_env: VerifierEnv, _n: number): void {
  throw new Error("not there yet");
}
