import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { SetCalleeState } from "../explore/calls.ts";
import { markKnownZeroReg } from "../explore/registers.ts";
import type { Reg } from "../memory.ts";
import type { KfuncMeta } from "./meta.ts";
import { recordOfReg } from "./records.ts";

/** Fields of map values that run a function of the program later. */
const FIELDS = {
  bpf_wq: { kind: "workqueue", offset: "wqOff" },
  bpf_task_work: { kind: "task_work", offset: "taskWorkOff" },
} as const;

/** A workqueue or task work in a map's value (process_wq_func, process_task_work_func). */
export function checkAsyncArg(env: VerifierEnv, regno: number, struct: keyof typeof FIELDS, meta: KfuncMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  const data = { reg: regno };
  if (m.type(reg) !== L.PTR_TO_MAP_VALUE) {
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `arg#${regno - 1} doesn't point to a map value`, data);
  }
  const number = m.get(reg, L.REG_A);
  const map = env.maps[number]!;
  const { kind, offset } = FIELDS[struct];
  // The kernel looks at a workqueue's offset only.
  if (struct === "bpf_task_work" && !m.isConst(reg)) {
    const message = `R${regno} doesn't have constant offset. ${struct} has to be at the constant offset`;
    env.reject(ERRNO.EINVAL, "V_SPECIAL_FIELD", message, data);
  }
  if (map.btf === undefined) {
    const message = `map '${map.name}' has to have BTF in order to use ${struct}`;
    env.reject(ERRNO.EINVAL, "V_MAP_BTF", message, { map: map.name });
  }
  const record = recordOfReg(env, reg);
  if (record === null || (struct === "bpf_task_work" && !record.kinds.has(kind))) {
    env.reject(ERRNO.EINVAL, "V_SPECIAL_FIELD", `map '${map.name}' has no valid ${struct}`, { map: map.name });
  }
  const off = m.signed(reg, L.REG_VALUE) + m.off(reg);
  if (record[offset] !== off) {
    const message = `off ${off} doesn't point to 'struct ${struct}' that is at ${record[offset]}`;
    env.reject(ERRNO.EINVAL, "V_SPECIAL_FIELD", message, { reg: regno, off });
  }
  meta.map = number;
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
