import type { VerifierEnv } from "../env.ts";

/** The function, hook or structure that the program attaches to (check_attach_btf_id, check_struct_ops_btf_id). */
export function checkAttachTarget(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
