import type { VerifierEnv } from "../env.ts";

/** Checks func_info before functions are known (check_btf_info_early). */
export function checkBtfInfoEarly(_env: VerifierEnv): void {
  throw new Error("not there yet");
}

/** Checks func_info and line_info against the program (check_btf_info). */
export function checkBtfInfo(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
