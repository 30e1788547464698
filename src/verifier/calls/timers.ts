import type { VerifierEnv } from "../env.ts";
import type { CallMeta } from "./meta.ts";

export function checkTimerArg(_env: VerifierEnv, _regno: number, _meta: CallMeta): void {
  throw new Error("not there yet");
}
