import type { VerifierEnv } from "../env.ts";

/** A call of a helper at `insnIdx` (check_helper_call). */
export function checkHelperCall(_env: VerifierEnv, _insnIdx: number): void {
  throw new Error("not there yet");
}
