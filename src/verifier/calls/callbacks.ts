import * as L from "../../runtime/verifier-layout.ts";
import { MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { SetCalleeState } from "../explore/calls.ts";
import type { Frame, Reg } from "../memory.ts";
import { markDynptrRegister } from "./dynptr.ts";
import { helperIds } from "./helper-ids.ts";
import { kernelStruct } from "./kernel-struct.ts";

const SYNC_HELPERS = helperIds("for_each_map_elem find_vma loop user_ringbuf_drain");
const ASYNC_HELPERS = helperIds("timer_set_callback");

/** Whether the helper calls a function of the program before it returns (is_sync_callback_calling_function). */
export function isSyncCallbackHelper(id: number): boolean {
  return SYNC_HELPERS.has(id);
}

/** Whether the helper has a function of the program called later (is_async_callback_calling_function). */
export function isAsyncCallbackHelper(id: number): boolean {
  return ASYNC_HELPERS.has(id);
}

/** Whether the helper calls a function of the program (is_callback_calling_function, may be async). */
export function isCallbackCallingHelper(id: number): boolean {
  return SYNC_HELPERS.has(id) || ASYNC_HELPERS.has(id);
}

/** linux/errno.h: an error that has no name outside the kernel. */
const ENOTSUPP = 524;

/** Maps whose elements can be walked. */
const WALKABLE: ReadonlySet<number> = new Set([
  MAP_TYPE.BPF_MAP_TYPE_HASH,
  MAP_TYPE.BPF_MAP_TYPE_ARRAY,
  MAP_TYPE.BPF_MAP_TYPE_PERCPU_HASH,
  MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE.BPF_MAP_TYPE_LRU_HASH,
  MAP_TYPE.BPF_MAP_TYPE_LRU_PERCPU_HASH,
]);

/** A pointer of a type, to the start of something. */
function setPointer(env: VerifierEnv, reg: Reg, type: number, a: number, b: number): void {
  const { m } = env;
  m.ops.mark_known(reg, 0, 0);
  m.setType(reg, type);
  m.set(reg, L.REG_OFF, 0);
  m.set(reg, L.REG_A, a);
  m.set(reg, L.REG_B, b);
}

function clearFrom(env: VerifierEnv, callee: Frame, first: number): void {
  for (let n = first; n <= 5; n++) env.m.ops.mark_not_init(env.m.reg(callee, n));
}

/** The function is called back before the helper returns, and answers within a range. */
function enterCallback(env: VerifierEnv, callee: Frame, max: number): void {
  env.m.set(callee, L.FRAME_IN_CALLBACK, 1);
  env.m.set(callee, L.FRAME_CALLBACK_RET_MIN, 0);
  env.m.set(callee, L.FRAME_CALLBACK_RET_MAX, max);
}

/** bpf_for_each_map_elem: callback(map, key, value, context). */
export const setMapElementCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  const map = m.get(m.reg(caller, 1), L.REG_A);
  if (!WALKABLE.has(env.maps[map]!.type)) {
    env.reject(ENOTSUPP, "V_BAD_CALLBACK", "callback function not allowed for map", { map: env.maps[map]!.name });
  }
  m.copyReg(m.reg(callee, 1), m.reg(caller, 1));
  setPointer(env, m.reg(callee, 2), L.PTR_TO_MAP_KEY, map, 0);
  setPointer(env, m.reg(callee, 3), L.PTR_TO_MAP_VALUE, map, 0);
  m.copyReg(m.reg(callee, 4), m.reg(caller, 3));
  clearFrom(env, callee, 5);
  enterCallback(env, callee, 1);
};

/** bpf_loop: callback(index, context). */
export const setLoopCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  m.setType(m.reg(callee, 1), L.SCALAR_VALUE);
  m.copyReg(m.reg(callee, 2), m.reg(caller, 3));
  clearFrom(env, callee, 3);
  enterCallback(env, callee, 1);
};

/** bpf_timer_set_callback and bpf_wq_set_callback: callback(map, key, value), later and from elsewhere. */
export const setTimerCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  const map = m.get(m.reg(caller, 1), L.REG_A);
  setPointer(env, m.reg(callee, 1), L.CONST_PTR_TO_MAP, map, 0);
  setPointer(env, m.reg(callee, 2), L.PTR_TO_MAP_KEY, map, 0);
  setPointer(env, m.reg(callee, 3), L.PTR_TO_MAP_VALUE, map, 0);
  clearFrom(env, callee, 4);
  m.set(callee, L.FRAME_IN_ASYNC_CALLBACK, 1);
  m.set(callee, L.FRAME_CALLBACK_RET_MIN, 0);
  m.set(callee, L.FRAME_CALLBACK_RET_MAX, 0);
};

/** bpf_find_vma: callback(task, vma, context). */
export const setFindVmaCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  m.copyReg(m.reg(callee, 1), m.reg(caller, 1));
  setPointer(env, m.reg(callee, 2), L.PTR_TO_BTF_ID, 0, kernelStruct(env, "vm_area_struct"));
  m.copyReg(m.reg(callee, 3), m.reg(caller, 4));
  clearFrom(env, callee, 4);
  enterCallback(env, callee, 1);
};

/** bpf_user_ringbuf_drain: callback(dynptr, context). */
export const setUserRingbufCallback: SetCalleeState = (env, caller, callee) => {
  const { m } = env;
  m.ops.mark_not_init(m.reg(callee, 0));
  markDynptrRegister(env, m.reg(callee, 1), L.DYNPTR_LOCAL);
  m.copyReg(m.reg(callee, 2), m.reg(caller, 3));
  clearFrom(env, callee, 3);
  enterCallback(env, callee, 1);
};
