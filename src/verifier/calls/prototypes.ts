import { HELPERS, mayCall } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { compilePrototype, type Prototype } from "./arg-types.ts";
import { resolvedType } from "./program-type.ts";

const PROTOTYPES: readonly (Prototype | undefined)[] = (() => {
  const out: (Prototype | undefined)[] = [];
  for (const helper of HELPERS) out[helper.id] = compilePrototype(helper);
  return out;
})();

/** The helper as this program sees it; null where programs of its kind may not call it, "unknown" where there is no such helper (get_helper_proto). */
export function prototypeFor(env: VerifierEnv, id: number): Prototype | null | "unknown" {
  if (id < 0 || id > HELPERS.length) return "unknown";
  const helper = HELPERS[id - 1];
  if (helper === undefined || mayCall(resolvedType(env), helper) === false) return null;
  return PROTOTYPES[id] ?? null;
}
