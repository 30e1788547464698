import type { VerifierEnv } from "../env.ts";
import type { VerifierMap } from "../types.ts";
import type { CallMeta } from "./meta.ts";

/** Whether the map's values have a lock in them. */
export function hasLock(_env: VerifierEnv, _map: VerifierMap): boolean {
  return false;
}
export function checkSpinLockArg(_env: VerifierEnv, _regno: number, _meta: CallMeta): void {
  throw new Error("not there yet");
}
