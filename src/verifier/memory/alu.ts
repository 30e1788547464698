import type { VerifierEnv } from "../env.ts";

/** An arithmetic instruction at `env.insnIdx` (check_alu_op). */
export function checkAlu(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
