import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** Gives a scalar an id before it is copied (assign_scalar_id_before_mov). */
export function assignScalarId(_env: VerifierEnv, _reg: Reg): void {
  throw new Error("not there yet");
}
