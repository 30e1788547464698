import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireLock, findLock, releaseLock } from "../explore/refs.ts";
import { REF_TYPE_RES_LOCK, REF_TYPE_RES_LOCK_IRQ } from "../state.ts";
import { invalidateNonOwningRefs, lockOwner } from "./graph.ts";
import type { KfuncMeta } from "./meta.ts";
import { recordOfReg } from "./records.ts";

/** bpf_res_spin_lock and its kin: a lock in a map's value or allocated object (process_spin_lock). */
export function checkResSpinLock(env: VerifierEnv, regno: number, meta: KfuncMeta): void {
  const { m, state } = env;
  const reg = env.reg(regno);
  const data = { reg: regno };
  if (!m.isConst(reg)) {
    const message = `R${regno} doesn't have constant offset. bpf_res_spin_lock has to be at the constant offset`;
    env.reject(ERRNO.EINVAL, "V_LOCK", message, data);
  }
  const map = m.type(reg) === L.PTR_TO_MAP_VALUE ? env.maps[m.get(reg, L.REG_A)]! : null;
  if (map !== null && map.btf === undefined) {
    const message = `map '${map.name}' has to have BTF in order to use bpf_res_spin_lock`;
    env.reject(ERRNO.EINVAL, "V_MAP_BTF", message, { map: map.name });
  }
  const at = recordOfReg(env, reg)?.resSpinLockOff ?? -1;
  if (at < 0) {
    const where = map === null ? "local 'kptr'" : `map '${map.name}'`;
    env.reject(ERRNO.EINVAL, "V_LOCK", `${where} has no valid bpf_res_spin_lock`, data);
  }
  const off = m.signed(reg, L.REG_VALUE) + m.off(reg);
  if (off !== at) {
    const message = `off ${off} doesn't point to 'struct bpf_res_spin_lock' that is at ${at}`;
    env.reject(ERRNO.EINVAL, "V_LOCK", message, { reg: regno, off });
  }
  const id = m.id(reg);
  const owner = lockOwner(env, reg);
  const type = meta.name.includes("_irq") ? REF_TYPE_RES_LOCK_IRQ : REF_TYPE_RES_LOCK;
  if (meta.name.startsWith("bpf_res_spin_lock")) {
    if (findLock(state, REF_TYPE_RES_LOCK | REF_TYPE_RES_LOCK_IRQ, id, owner) !== null) {
      env.reject(ERRNO.EINVAL, "V_LOCK", "Acquiring the same lock again, AA deadlock detected", data);
    }
    acquireLock(env, env.insnIdx, type, id, owner);
    return;
  }
  if (state.activeLocks === 0) {
    env.reject(ERRNO.EINVAL, "V_LOCK", "bpf_res_spin_unlock without taking a lock", data);
  }
  if (findLock(state, type, id, owner) === null) {
    env.reject(ERRNO.EINVAL, "V_LOCK", "bpf_res_spin_unlock of different lock", data);
  }
  if (id !== state.activeLockId || owner !== state.activeLockPtr) {
    env.reject(ERRNO.EINVAL, "V_LOCK", "bpf_res_spin_unlock cannot be out of order", data);
  }
  releaseLock(state, type, id, owner);
  invalidateNonOwningRefs(env);
}
