import type { VerifierEnv } from "../env.ts";

/** Arguments of a function by its BTF and argument tags (btf_prepare_func_args). */
export function prepareSubprogArgs(_env: VerifierEnv, _subprog: number): void {
  throw new Error("not there yet");
}

/** Whether the registers fit a function's arguments; a positive errno, or 0 (btf_check_subprog_call). */
export function checkSubprogCallArgs(_env: VerifierEnv, _subprog: number): number {
  throw new Error("not there yet");
}
