import type { VerifierEnv } from "../env.ts";

/** Stack used along each chain of calls (check_max_stack_depth). */
export function checkMaxStackDepth(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
