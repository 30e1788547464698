import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { checkMapField } from "../calls/fields.ts";
import type { VerifierEnv } from "../env.ts";
import type { SetCalleeState } from "../explore/calls.ts";
import { markKnownZeroReg } from "../explore/registers.ts";
import type { Reg } from "../memory.ts";
import type { KfuncMeta } from "./meta.ts";

/** A workqueue or task work in a map's value (process_wq_func, process_task_work_func). */
export function checkAsyncArg(env: VerifierEnv, regno: number, kind: "workqueue" | "task_work", meta: KfuncMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  if (m.type(reg) !== L.PTR_TO_MAP_VALUE) {
    const message = `arg#${regno - 1} doesn't point to a map value`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  checkMapField(env, regno, kind);
  meta.map = m.get(reg, L.REG_A);
  meta.mapUid = m.get(reg, L.REG_B);
}

function setMapPointer(env: VerifierEnv, reg: Reg, type: number, map: number): void {
  const { m } = env;
  markKnownZeroReg(env, reg);
  m.setType(reg, type);
  m.set(reg, L.REG_A, map);
}

/** bpf_task_work_schedule_*: callback(map, key, value), in the task's own time (set_task_work_schedule_callback_state). */
export const setTaskWorkCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  const map = m.get(m.reg(caller, 3), L.REG_A);
  setMapPointer(env, m.reg(callee, 1), L.CONST_PTR_TO_MAP, map);
  setMapPointer(env, m.reg(callee, 2), L.PTR_TO_MAP_KEY, map);
  setMapPointer(env, m.reg(callee, 3), L.PTR_TO_MAP_VALUE, map);
  m.ops.mark_not_init(m.reg(callee, 4));
  m.ops.mark_not_init(m.reg(callee, 5));
  m.set(callee, L.FRAME_IN_ASYNC_CALLBACK, 1);
  m.set(callee, L.FRAME_CALLBACK_RET_MIN, -0x80000000);
  m.set(callee, L.FRAME_CALLBACK_RET_MAX, 0x7fffffff);
};
