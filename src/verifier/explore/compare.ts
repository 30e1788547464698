import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { REF_TYPE_LOCK_MASK, type VerifierState } from "../state.ts";
import { frameInsn } from "./frames.ts";

/** How alike states must be: where it mattered; the very same; within ranges everywhere. As `frame_equal` numbers them. */
export const NOT_EXACT = 0;
export const EXACT = 1;
export const RANGE_WITHIN = 2;

/** Whether both hold the same things that must be given back (refsafe). */
function refsEqual(env: VerifierEnv, old: VerifierState, cur: VerifierState): boolean {
  if (old.refs.length !== cur.refs.length || old.activeLocks !== cur.activeLocks) return false;
  if (old.activePreemptLocks !== cur.activePreemptLocks || old.activeRcuLock !== cur.activeRcuLock) return false;
  const { ops } = env.m;
  if ((old.activeIrqId | cur.activeIrqId) !== 0 && ops.check_ids(old.activeIrqId, cur.activeIrqId) === 0) return false;
  if ((old.activeLockId | cur.activeLockId) !== 0 && ops.check_ids(old.activeLockId, cur.activeLockId) === 0) {
    return false;
  }
  if (old.activeLockPtr !== cur.activeLockPtr) return false;
  for (let i = 0; i < old.refs.length; i++) {
    const a = old.refs[i]!;
    const b = cur.refs[i]!;
    if (ops.check_ids(a.id, b.id) === 0 || a.type !== b.type) return false;
    if ((a.type & REF_TYPE_LOCK_MASK) !== 0 && a.ptr !== b.ptr) return false;
  }
  return true;
}

/** Whether an explored state covers the current one (states_equal). */
export function statesEqual(env: VerifierEnv, old: VerifierState, cur: VerifierState, level: number): boolean {
  const { m } = env;
  if (old.frames.length !== cur.frames.length) return false;
  // A speculative path has been let off checks.
  if (old.speculative && !cur.speculative) return false;
  if (old.inSleepable !== cur.inSleepable) return false;
  m.ops.reset_id_map(env.idGen);
  if (!refsEqual(env, old, cur)) return false;
  const flags = (env.allowUninitStack ? 1 : 0) | (env.exploreAluLimits ? 2 : 0);
  for (let f = 0; f < old.frames.length; f++) {
    const a = old.frames[f]!;
    const b = cur.frames[f]!;
    if (m.get(a, L.FRAME_CALLSITE) !== m.get(b, L.FRAME_CALLSITE)) return false;
    const live = env.aux[frameInsn(env, old, f)]!.liveRegsBefore;
    if (m.ops.frame_equal(a, b, live, level, flags) === 0) return false;
  }
  return true;
}

/** Whether two states may be rounds of an endless loop: no register has changed (states_maybe_looping). */
export function maybeLooping(env: VerifierEnv, old: VerifierState, cur: VerifierState): boolean {
  return old.frames.length === cur.frames.length && env.m.ops.regs_same(old.frame, cur.frame) !== 0;
}

/** Whether some open-coded iterator has gone on between the states (iter_active_depths_differ). */
export function iteratorsMoved(env: VerifierEnv, old: VerifierState, cur: VerifierState): boolean {
  const { m } = env;
  for (let f = old.curframe; f >= 0; f--) {
    const frame = old.frames[f]!;
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) {
      if (m.slotKind(frame, s, 0) !== L.STACK_ITER) continue;
      const a = m.slot(frame, s);
      if (m.get(a, L.REG_C) !== L.ITER_STATE_ACTIVE) continue;
      if (m.get(m.slot(cur.frames[f]!, s), L.REG_D) !== m.get(a, L.REG_D)) return true;
    }
  }
  return false;
}
