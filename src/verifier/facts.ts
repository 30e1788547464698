import { TYPE_BASE_MASK } from "../runtime/verifier-layout.ts";
import type { VerifierEnv } from "./env.ts";
import type { ProgramFacts, VerifierMap } from "./types.ts";

/** What the walk found out about each slot of an accepted program. */
export function programFacts(env: VerifierEnv): ProgramFacts {
  const { count } = env.insns;
  const seen = new Uint8Array(count);
  const pointerKinds = new Uint8Array(count);
  const callMaps = new Map<number, VerifierMap>();
  env.aux.forEach((aux, slot) => {
    seen[slot] = aux.seen === 0 ? 0 : 1;
    pointerKinds[slot] = aux.ptrType & TYPE_BASE_MASK;
    if (aux.callMap >= 0) callMaps.set(slot, env.maps[aux.callMap]!);
  });
  return { seen, removed: env.removed, pointerKinds, callMaps };
}
