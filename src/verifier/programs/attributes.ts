import type { VerifierEnv } from "../env.ts";

/** What BPF_PROG_LOAD refuses before the program is looked at, and the flags of the environment that follow from type, flags and mode. */
export function checkAttributes(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
