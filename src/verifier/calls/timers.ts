import * as L from "../../runtime/verifier-layout.ts";
import { assert } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkMapField } from "./fields.ts";
import type { CallMeta } from "./meta.ts";

/** A pointer to the timer of a map's value; the map that may follow must be the one (process_timer_func). */
export function checkTimerArg(env: VerifierEnv, regno: number, meta: CallMeta): void {
  checkMapField(env, regno, "timer");
  assert(meta.map < 0, "a timer is the first argument");
  const reg = env.reg(regno);
  meta.map = env.m.get(reg, L.REG_A);
  meta.mapUid = env.m.get(reg, L.REG_B);
}
