import type { VerifierEnv } from "../env.ts";

/** An instruction as the log shows it: `(bf) r2 = r10` (verbose_insn); `call` names a call's target. */
export function insnText(_env: VerifierEnv, _insnIdx: number): string {
  throw new Error("not there yet");
}
