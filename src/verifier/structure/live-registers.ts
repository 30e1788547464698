import type { VerifierEnv } from "../env.ts";

/** Which registers each instruction may still need (compute_live_registers). */
export function computeLiveRegisters(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
