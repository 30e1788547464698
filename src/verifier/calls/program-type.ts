import { PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

/** The program's type; of an extension, the type of the program it extends (resolve_prog_type). */
export function resolvedType(env: VerifierEnv): number {
  if (env.type !== PROG_TYPE.BPF_PROG_TYPE_EXT) return env.type;
  return env.input.attachProgram?.type ?? env.type;
}
