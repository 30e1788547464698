import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { printSourceLine } from "../log/insn-line.ts";
import { printState } from "../log/state-text.ts";
import type { VerifierState } from "../state.ts";
import { EXACT, iteratorsMoved, maybeLooping, NOT_EXACT, RANGE_WITHIN, statesEqual } from "./compare.ts";
import { sameCallsites } from "./explored.ts";
import { frameInsn } from "./frames.ts";
import { pushJumpHistory } from "./history.ts";
import { markAllImprecise, propagatePrecision } from "./precision.ts";

/**
 * Pruning. At chosen instructions the current state is compared with those kept there before; where one of them covers it, all that
 * could follow has been seen. Which states are kept, and which are dropped again, does not change any verdict below the limits, but it
 * does change how many instructions are processed, so the numbers here are Linux 6.18's.
 */

/** States that a program without CAP_BPF may keep at one instruction (BPF_COMPLEXITY_LIMIT_STATES). */
const MAX_STATES = 64;
/** A path this long since its last state gets a new one. */
const MAX_HISTORY = 40;

const MISS = 0;
const HIT = 1;
const HIT_IN_LOOP = 2;

/** Clears what no instruction reads any more, so that more states are found equal (clean_verifier_state). */
function cleanState(env: VerifierEnv, state: VerifierState): void {
  const { m, liveness } = env;
  liveness.query(state);
  state.cleaned = true;
  for (let f = 0; f < state.frames.length; f++) {
    const frame = state.frames[f]!;
    const live = env.aux[frameInsn(env, state, f)]!.liveRegsBefore;
    for (let n = 0; n < 10; n++) if ((live & (1 << n)) === 0) m.ops.mark_not_init(m.reg(frame, n));
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) {
      if (liveness.isAlive(f, s)) continue;
      const slot = m.slot(frame, s);
      m.ops.mark_not_init(slot);
      m.u8.fill(L.STACK_INVALID, slot + L.SLOT_KINDS, slot + L.SLOT_KINDS + 8);
    }
  }
}

/** Cleans the finished states kept at an instruction (clean_live_states). */
function cleanFinished(env: VerifierEnv, insnIdx: number, bucket: number): void {
  const { explored, state: cur } = env;
  for (let old = explored.head(bucket); old !== null; old = old.next) {
    if (old.branches > 0 || old.cleaned || old.insnIdx !== insnIdx || !sameCallsites(env, old, cur)) continue;
    if (explored.loops.isIncomplete(old)) continue;
    cleanState(env, old);
  }
}

/** Whether the iterator whose next element is asked for at the current instruction is still going. */
function iteratorIsActive(env: VerifierEnv): boolean {
  const { m } = env;
  const r1 = env.reg(1);
  const off = m.off(r1) + m.get(r1, L.REG_VALUE);
  const frame = env.state.frames[m.get(r1, L.REG_FRAME)]!;
  return m.get(m.slot(frame, (-off - 1) >> 3), L.REG_C) === L.ITER_STATE_ACTIVE;
}

/** The path is back at a state that it came from: convergence, an endless loop, or neither. */
function compareUnfinished(env: VerifierEnv, old: VerifierState, insnIdx: number): number {
  const { state: cur, m } = env;
  const aux = env.aux[insnIdx]!;
  // Another entry into an asynchronous callback is no round of a loop.
  const inAsync = m.get(old.frame, L.FRAME_IN_ASYNC_CALLBACK) !== 0;
  if (inAsync && m.get(old.frame, L.FRAME_ASYNC_ENTRIES) !== m.get(cur.frame, L.FRAME_ASYNC_ENTRIES)) return MISS;
  if (aux.isIterNext) {
    return statesEqual(env, old, cur, RANGE_WITHIN) && iteratorIsActive(env) ? HIT_IN_LOOP : MISS;
  }
  if (env.insns.isMayGoto(insnIdx) && old.mayGotoDepth !== cur.mayGotoDepth) {
    if (statesEqual(env, old, cur, RANGE_WITHIN)) return HIT_IN_LOOP;
  }
  if (aux.callsCallback) return statesEqual(env, old, cur, RANGE_WITHIN) ? HIT : MISS;
  if (
    maybeLooping(env, old, cur) &&
    statesEqual(env, old, cur, EXACT) &&
    !iteratorsMoved(env, old, cur) &&
    old.mayGotoDepth === cur.mayGotoDepth &&
    old.callbackUnrollDepth === cur.callbackUnrollDepth
  ) {
    printSourceLine(env, insnIdx, "; ");
    env.verbose(`infinite loop detected at insn ${insnIdx}\n`);
    env.log.lastMessage = `infinite loop detected at insn ${insnIdx}`;
    env.verbose("cur state:");
    printState(env, cur, cur.curframe, true);
    env.verbose("old state:");
    printState(env, old, cur.curframe, true);
    env.reject(ERRNO.EINVAL, "V_INFINITE_LOOP", "", { insn: insnIdx });
  }
  return MISS;
}

/** Whether what follows at `env.insnIdx` has been seen from a state that covers the current one; else it may be kept (is_state_visited). */
export function isStateVisited(env: VerifierEnv): boolean {
  const { explored, insnIdx, state: cur } = env;
  const aux = env.aux[insnIdx]!;
  if (!aux.forceCheckpoint && env.passesPruning()) return false;
  const force =
    env.testStateFreq || aux.forceCheckpoint || (cur.jmpHistory !== null && cur.jmpHistory.count > MAX_HISTORY);
  const jumps = env.jmpsProcessed - env.prevJmpsProcessed;
  const insns = env.insnProcessed - env.prevInsnProcessed;
  let keep = force || (jumps >= 2 && insns >= 8);
  const bucket = explored.bucket(insnIdx);
  cleanFinished(env, insnIdx, bucket);
  let count = 0;
  let before: VerifierState | null = null;
  for (let old = explored.head(bucket); old !== null; old = old.next) {
    count++;
    if (old.insnIdx !== insnIdx) {
      before = old;
      continue;
    }
    let found = MISS;
    if (old.branches > 0) {
      found = compareUnfinished(env, old, insnIdx);
      // Rounds of a loop differ: not too many of them are kept.
      if (found === MISS && !force && jumps < 20 && insns < 100) keep = false;
    } else {
      const incomplete = explored.loops.isIncomplete(old);
      if (statesEqual(env, old, cur, incomplete ? RANGE_WITHIN : NOT_EXACT)) found = incomplete ? HIT_IN_LOOP : HIT;
    }
    if (found !== MISS) {
      old.hitCount++;
      if (aux.jmpPoint) pushJumpHistory(env, cur, 0, null);
      propagatePrecision(env, old, cur);
      if (found === HIT_IN_LOOP) {
        explored.loops.addBackEdge(old, insnIdx);
        explored.count();
      }
      return true;
    }
    if (keep) old.missCount++;
    const patience = aux.forceCheckpoint && old.branches > 0 ? 64 : 3;
    if (old.missCount > old.hitCount * patience + patience) explored.evict(bucket, old, before);
    else before = old;
  }
  if (env.maxStatesPerInsn < count) env.maxStatesPerInsn = count;
  if (!env.bpfCapable && count > MAX_STATES) return false;
  if (keep) keepState(env, bucket, insnIdx);
  return false;
}

/** Keeps the current state: from here on it is the parent of what follows. */
function keepState(env: VerifierEnv, bucket: number, insnIdx: number): void {
  const { explored, state: cur } = env;
  env.totalStates++;
  explored.kept++;
  explored.count();
  env.prevJmpsProcessed = env.jmpsProcessed;
  env.prevInsnProcessed = env.insnProcessed;
  if (env.bpfCapable) markAllImprecise(env, cur);
  const kept = explored.keep(bucket, insnIdx);
  explored.loops.enter(kept);
  cur.parent = kept;
  cur.firstInsnIdx = insnIdx;
  cur.dfsDepth = kept.dfsDepth + 1;
  cur.jmpHistory = null;
  env.historyAdded = false;
}
