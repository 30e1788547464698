import type { VerifierEnv } from "../env.ts";
import type { Frame } from "../memory.ts";

/** Spills around calls that keep registers (mark_fastcall_patterns). */
export function markFastcallPatterns(_env: VerifierEnv): void {
  throw new Error("not there yet");
}

/** An access to the stack that is none of a fastcall pattern's must lie above the patterns' spills (check_fastcall_stack_contract). */
export function checkFastcallContract(_env: VerifierEnv, _frame: Frame, _insnIdx: number, _off: number): void {
  throw new Error("not there yet");
}
