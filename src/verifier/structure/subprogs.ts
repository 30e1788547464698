import type { VerifierEnv } from "../env.ts";

/** Finds the functions of the program and checks that jumps stay inside them (add_subprog_and_kfunc, check_subprogs). */
export function findSubprogs(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
