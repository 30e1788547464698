import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";
import type { CallMeta } from "./meta.ts";

export function checkKptrMatches(_env: VerifierEnv, _reg: Reg, _regno: number, _meta: CallMeta): void {
  throw new Error("not there yet");
}
export function checkKptrDestination(_env: VerifierEnv, _regno: number, _meta: CallMeta): void {
  throw new Error("not there yet");
}
export function setExchangedKptr(_env: VerifierEnv, _reg: Reg, _meta: CallMeta): void {
  throw new Error("not there yet");
}
export function releaseExchangedKptr(_env: VerifierEnv, _ref: number): boolean {
  throw new Error("not there yet");
}
