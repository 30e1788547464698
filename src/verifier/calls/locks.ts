import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { recordOf } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireLock, findLock, releaseLock } from "../explore/refs.ts";
import { inRbtreeCallback, invalidateNonOwningRefs } from "../kfuncs/graph.ts";
import type { Reg } from "../memory.ts";
import { REF_TYPE_LOCK, REF_TYPE_RES_LOCK, REF_TYPE_RES_LOCK_IRQ } from "../state.ts";
import type { VerifierMap } from "../types.ts";
import { recordOfRegister } from "./fields.ts";
import { helperId } from "./helper-ids.ts";
import type { CallMeta } from "./meta.ts";

/**
 * Spin locks, plain ones through helpers and resilient ones through kernel functions. A held lock is known by the id of the pointer it was
 * taken through, and by the map or BTF of what it lies in.
 */

const SPIN_LOCK = helperId("spin_lock");

/** Whether the map's values have a lock in them. */
export function hasLock(map: VerifierMap): boolean {
  const kinds = recordOf(map)?.kinds;
  return kinds !== undefined && (kinds.has("spin_lock") || kinds.has("res_spin_lock"));
}

/** What a lock lies in: a map's number is even, a BTF's odd; never 0. */
export function lockOwner(env: VerifierEnv, reg: Reg): number {
  const number = env.m.get(reg, L.REG_A) + 1;
  return env.m.type(reg) === L.PTR_TO_MAP_VALUE ? number * 2 : number * 2 + 1;
}

/** How a lock is used. */
export interface LockUse {
  readonly take: boolean;
  /** A bpf_res_spin_lock. */
  readonly resilient: boolean;
  /** Interrupts are switched off with it. */
  readonly irq: boolean;
}

/** The register must point at the lock of a map's value or allocated object; the lock is taken or given back (process_spin_lock). */
export function useSpinLock(env: VerifierEnv, regno: number, use: LockUse): void {
  const reg = env.reg(regno);
  const text = use.resilient ? "bpf_res_spin" : "bpf_spin";
  checkLockPointer(env, reg, regno, use, text);
  if (use.take) takeLock(env, reg, use);
  else giveLockBack(env, reg, use, text);
}

function refuse(env: VerifierEnv, message: string): never {
  return env.reject(ERRNO.EINVAL, "V_LOCK", message);
}

function checkLockPointer(env: VerifierEnv, reg: Reg, regno: number, use: LockUse, text: string): void {
  const { m } = env;
  if (!m.isConst(reg)) {
    refuse(env, `R${regno} doesn't have constant offset. ${text}_lock has to be at the constant offset`);
  }
  const map = m.type(reg) === L.PTR_TO_MAP_VALUE ? env.maps[m.get(reg, L.REG_A)]! : null;
  if (map !== null && map.btf === undefined) {
    refuse(env, `map '${map.name}' has to have BTF in order to use ${text}_lock`);
  }
  const record = recordOfRegister(env, reg);
  if (record === null || !record.kinds.has(use.resilient ? "res_spin_lock" : "spin_lock")) {
    refuse(env, `${map === null ? "local 'kptr'" : `map '${map.name}'`} has no valid ${text}_lock`);
  }
  const wanted = use.resilient ? record.resSpinLockOff : record.spinLockOff;
  const at = m.signed(reg, L.REG_VALUE) + m.off(reg);
  if (at !== wanted) refuse(env, `off ${at} doesn't point to 'struct ${text}_lock' that is at ${wanted}`);
}

function lockType(use: LockUse): number {
  if (!use.resilient) return REF_TYPE_LOCK;
  return use.irq ? REF_TYPE_RES_LOCK_IRQ : REF_TYPE_RES_LOCK;
}

function takeLock(env: VerifierEnv, reg: Reg, use: LockUse): void {
  const { state } = env;
  const id = env.m.id(reg);
  const owner = lockOwner(env, reg);
  if (state.activeLocks > 0) {
    if (!use.resilient && state.refs.some(({ type }) => type === REF_TYPE_LOCK)) {
      refuse(env, "Locking two bpf_spin_locks are not allowed");
    }
    if (use.resilient && findLock(state, REF_TYPE_RES_LOCK | REF_TYPE_RES_LOCK_IRQ, id, owner) !== null) {
      refuse(env, "Acquiring the same lock again, AA deadlock detected");
    }
  }
  acquireLock(env, env.insnIdx, lockType(use), id, owner);
}

function giveLockBack(env: VerifierEnv, reg: Reg, use: LockUse, text: string): void {
  const { state } = env;
  const id = env.m.id(reg);
  const owner = lockOwner(env, reg);
  const type = lockType(use);
  if (state.activeLocks === 0) refuse(env, `${text}_unlock without taking a lock`);
  if (findLock(state, type, id, owner) === null) refuse(env, `${text}_unlock of different lock`);
  if (id !== state.activeLockId || owner !== state.activeLockPtr) {
    refuse(env, `${text}_unlock cannot be out of order`);
  }
  releaseLock(state, type, id, owner);
  invalidateNonOwningRefs(env);
}

/** The argument of bpf_spin_lock and bpf_spin_unlock. */
export function checkSpinLockArg(env: VerifierEnv, regno: number, meta: CallMeta): void {
  if (inRbtreeCallback(env)) {
    env.reject(ERRNO.EACCES, "V_LOCK", "can't spin_{lock,unlock} in rbtree cb", { reg: regno });
  }
  useSpinLock(env, regno, { take: meta.prototype.id === SPIN_LOCK, resilient: false, irq: false });
}
