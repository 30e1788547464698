import type { VerifierEnv } from "../env.ts";

/** Loads of maps, of addresses inside their values, of kernel variables and functions (resolve_pseudo_ldimm64). */
export function resolveLoads(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
