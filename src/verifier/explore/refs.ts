import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import {
  forEachReg,
  REF_TYPE_IRQ,
  REF_TYPE_LOCK_MASK,
  REF_TYPE_PTR,
  type Reference,
  type VerifierState,
} from "../state.ts";
import { markUnknownReg } from "./registers.ts";

function add(state: VerifierState, reference: Reference): void {
  state.refs = [...state.refs, reference];
}

function removeAt(state: VerifierState, index: number): void {
  state.refs = state.refs.filter((_, i) => i !== index);
}

/** A new reference to a pointer; its id (acquire_reference). */
export function acquireReference(env: VerifierEnv, insnIdx: number): number {
  const id = env.newId();
  add(env.state, { type: REF_TYPE_PTR, id, insnIdx, ptr: 0 });
  return id;
}

/** Gives a reference back and voids all copies of its pointer (release_reference); false where there is none of that id. */
export function releaseReference(env: VerifierEnv, id: number): boolean {
  const { m } = env;
  if (!releaseReferenceNoMark(env.state, id)) return false;
  forEachReg(m, env.state, (reg) => {
    if (m.ref(reg) !== id) return;
    if (env.allowPtrLeaks) markUnknownReg(env, reg);
    else m.ops.mark_not_init(reg);
  });
  return true;
}

/** Gives a reference back and leaves its copies alone (release_reference_nomark). */
export function releaseReferenceNoMark(state: VerifierState, id: number): boolean {
  const index = state.refs.findIndex((ref) => ref.type === REF_TYPE_PTR && ref.id === id);
  if (index < 0) return false;
  removeAt(state, index);
  return true;
}

/** Takes a lock (acquire_lock_state). */
export function acquireLock(env: VerifierEnv, insnIdx: number, type: number, id: number, ptr: number): void {
  const { state } = env;
  add(state, { type, id, insnIdx, ptr });
  state.activeLocks++;
  state.activeLockId = id;
  state.activeLockPtr = ptr;
}

/** Gives a lock back; false where it is not held (release_lock_state). */
export function releaseLock(state: VerifierState, type: number, id: number, ptr: number): boolean {
  const index = state.refs.findIndex((ref) => ref.type === type && ref.id === id && ref.ptr === ptr);
  if (index < 0) return false;
  // The lock taken before it is the active one again.
  let before: Reference | null = null;
  for (let i = 0; i < index; i++) if ((state.refs[i]!.type & REF_TYPE_LOCK_MASK) !== 0) before = state.refs[i]!;
  removeAt(state, index);
  state.activeLocks--;
  state.activeLockId = before?.id ?? 0;
  state.activeLockPtr = before?.ptr ?? 0;
  return true;
}

/** The lock of that kind and identity, if held (find_lock_state). */
export function findLock(state: VerifierState, type: number, id: number, ptr: number): Reference | null {
  return state.refs.find((ref) => (ref.type & type) !== 0 && ref.id === id && ref.ptr === ptr) ?? null;
}

/** Interrupts go off: id of the flag (acquire_irq_state). */
export function acquireIrq(env: VerifierEnv, insnIdx: number): number {
  const id = env.newId();
  add(env.state, { type: REF_TYPE_IRQ, id, insnIdx, ptr: 0 });
  env.state.activeIrqId = id;
  return id;
}

/** Interrupts come back; false where it is not the last flag (release_irq_state). */
export function releaseIrq(state: VerifierState, id: number): boolean {
  if (id !== state.activeIrqId) return false;
  const index = state.refs.findIndex((ref) => ref.type === REF_TYPE_IRQ && ref.id === id);
  if (index < 0) return false;
  let before = 0;
  for (let i = 0; i < index; i++) if (state.refs[i]!.type === REF_TYPE_IRQ) before = state.refs[i]!.id;
  removeAt(state, index);
  state.activeIrqId = before;
  return true;
}

/** Writes a line for each reference that the function still holds; the first, or null (check_reference_leak). */
function firstLeak(env: VerifierEnv, exceptionExit: boolean): Reference | null {
  const { state, m } = env;
  if (!exceptionExit && m.get(state.frame, L.FRAME_NUMBER) !== 0) return null;
  // A struct_ops function may give a reference back to the kernel as its result.
  const mayReturn = env.opsType === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS && !exceptionExit;
  let first: Reference | null = null;
  for (const ref of state.refs) {
    if (ref.type !== REF_TYPE_PTR || (mayReturn && m.ref(env.reg(0)) === ref.id)) continue;
    const message = `Unreleased reference id=${ref.id} alloc_insn=${ref.insnIdx}`;
    env.verbose(`${message}\n`);
    env.log.lastMessage = message;
    first ??= ref;
  }
  return first;
}

/** Refuses exits with references held (check_reference_leak). */
export function checkReferenceLeak(env: VerifierEnv, exceptionExit: boolean): void {
  const leak = firstLeak(env, exceptionExit);
  if (leak !== null) env.reject(ERRNO.EINVAL, "V_REFERENCE_LEAK", "", { id: leak.id, allocInsn: leak.insnIdx });
}

/** Refuses `what` inside locks, sections and with references (check_resource_leak). */
export function checkResourceLeak(env: VerifierEnv, exceptionExit: boolean, checkLock: boolean, what: string): void {
  const { state } = env;
  if (checkLock && state.activeLocks > 0) {
    env.reject(ERRNO.EINVAL, "V_LOCK", `${what} cannot be used inside bpf_spin_lock-ed region`);
  }
  const leak = state.refs.length === 0 ? null : firstLeak(env, exceptionExit);
  if (leak !== null) {
    const data = { id: leak.id, allocInsn: leak.insnIdx };
    env.reject(ERRNO.EINVAL, "V_REFERENCE_LEAK", `${what} would lead to reference leak`, data);
  }
  if (!checkLock) return;
  if (state.activeIrqId !== 0) {
    env.reject(ERRNO.EINVAL, "V_IRQ", `${what} cannot be used inside bpf_local_irq_save-ed region`);
  }
  if (state.activeRcuLock) {
    env.reject(ERRNO.EINVAL, "V_RCU", `${what} cannot be used inside bpf_rcu_read_lock-ed region`);
  }
  if (state.activePreemptLocks > 0) {
    env.reject(ERRNO.EINVAL, "V_PREEMPT", `${what} cannot be used inside bpf_preempt_disable-ed region`);
  }
}
