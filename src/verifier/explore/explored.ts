import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { copyState, freeState, VerifierState } from "../state.ts";
import { widenReg } from "./linked.ts";
import { LoopVisits } from "./loops.ts";

/** States kept to compare with, by instruction and call; who kept them may still be walking from them. */
export class Explored {
  readonly #env: VerifierEnv;
  /** Lists by hash, the newest first. */
  #buckets: (VerifierState | null)[];
  readonly loops: LoopVisits;
  /** How many are in lists. */
  kept = 0;
  /** How many were taken out while paths still start from them. */
  waiting = 0;

  constructor(env: VerifierEnv) {
    this.#env = env;
    this.loops = new LoopVisits(env);
    this.#buckets = new Array<VerifierState | null>(env.insns.count).fill(null);
  }

  clear(): void {
    for (let head of this.#buckets) {
      for (; head !== null; head = head.next) freeState(this.#env.m, head);
    }
    this.#buckets = new Array<VerifierState | null>(this.#env.insns.count).fill(null);
    this.loops.clear();
  }

  /** Number of the list for an instruction, as called in the current path (explored_state). */
  bucket(insnIdx: number): number {
    const callsite = this.#env.m.get(this.#env.state.frame, L.FRAME_CALLSITE);
    return ((insnIdx ^ callsite) >>> 0) % this.#buckets.length;
  }
  head(bucket: number): VerifierState | null {
    return this.#buckets[bucket]!;
  }

  /** Keeps a copy of the current state, as the parent of what follows. */
  keep(bucket: number, insnIdx: number): VerifierState {
    const env = this.#env;
    const copy = new VerifierState();
    copyState(env.m, copy, env.state);
    copy.insnIdx = insnIdx;
    copy.next = this.#buckets[bucket]!;
    this.#buckets[bucket] = copy;
    return copy;
  }

  /** A new state is counted (update_peak_states). */
  count(): void {
    const now = this.kept + this.waiting + this.loops.backEdges;
    if (now > this.#env.peakStates) this.#env.peakStates = now;
  }

  /** Takes a state out of its list; `before` is the one ahead of it there. */
  evict(bucket: number, state: VerifierState, before: VerifierState | null): void {
    if (before === null) this.#buckets[bucket] = state.next;
    else before.next = state.next;
    state.evicted = true;
    this.kept--;
    this.waiting++;
    this.release(state);
  }

  /** Frees an evicted state that no path starts from any more (maybe_free_verifier_state). */
  release(state: VerifierState): void {
    if (!state.evicted || state.branches !== 0) return;
    this.waiting--;
    if (state.pins === 0) freeState(this.#env.m, state);
  }
}

/** Whether both states got to their frames by the same calls (same_callsites). */
export function sameCallsites(env: VerifierEnv, a: VerifierState, b: VerifierState): boolean {
  if (a.frames.length !== b.frames.length) return false;
  for (let f = a.frames.length - 1; f >= 0; f--) {
    if (env.m.get(a.frames[f]!, L.FRAME_CALLSITE) !== env.m.get(b.frames[f]!, L.FRAME_CALLSITE)) return false;
  }
  return true;
}

/** The state kept last at `insnIdx` on the current path itself: the loop's previous round (find_prev_entry). */
export function findPrevEntry(env: VerifierEnv, state: VerifierState, insnIdx: number): VerifierState | null {
  const { explored } = env;
  for (let old = explored.head(explored.bucket(insnIdx)); old !== null; old = old.next) {
    if (old.insnIdx !== insnIdx || old.branches === 0 || old.dfsDepth >= state.dfsDepth) continue;
    if (sameCallsites(env, old, state)) return old;
  }
  return null;
}

/** Scalars that changed since the loop's previous round, and that nothing relied on, become unknown (widen_imprecise_scalars). */
export function widenImpreciseScalars(env: VerifierEnv, old: VerifierState, cur: VerifierState): void {
  const { m } = env;
  m.ops.reset_id_map(env.idGen);
  for (let f = old.curframe; f >= 0; f--) {
    const a = old.frames[f]!;
    const b = cur.frames[f]!;
    for (let n = 0; n < L.REGS_PER_FRAME; n++) widenReg(env, m.reg(a, n), m.reg(b, n));
    const slots = Math.min(m.get(a, L.FRAME_STACK_BYTES), m.get(b, L.FRAME_STACK_BYTES)) >> 3;
    for (let s = 0; s < slots; s++) {
      if (m.slotKind(a, s, 7) !== L.STACK_SPILL || m.slotKind(b, s, 7) !== L.STACK_SPILL) continue;
      widenReg(env, m.slot(a, s), m.slot(b, s));
    }
  }
}
