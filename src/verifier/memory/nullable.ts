import type { VerifierEnv } from "../env.ts";
import type { VerifierState } from "../state.ts";

/** Register `regno` has been compared with null: all pointers of its id become a pointer, or 0 (mark_ptr_or_null_regs). */
export function markPointerOrNull(_env: VerifierEnv, _state: VerifierState, _regno: number, _isNull: boolean): void {
  throw new Error("not there yet");
}
