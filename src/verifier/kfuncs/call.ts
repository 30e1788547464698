import type { VerifierEnv } from "../env.ts";

/** A call of a kernel function at `insnIdx` (check_kfunc_call). */
export function checkKfuncCall(_env: VerifierEnv, _insnIdx: number): void {
  throw new Error("not there yet");
}
