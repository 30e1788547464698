import type { VerifierEnv } from "../env.ts";

/** An atomic instruction at `env.insnIdx` (check_atomic). */
export function checkAtomic(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
