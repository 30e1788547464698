import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { printState } from "../log/state-text.ts";
import type { Reg } from "../memory.ts";
import type { JumpHistoryEntry, VerifierState } from "../state.ts";
import { backtrackInsn } from "./backtrack.ts";
import { Wanted } from "./wanted.ts";

export { pushJumpHistory } from "./history.ts";

/**
 * Precision. A scalar's exact value matters once a decision rests on it: a branch decided, a pointer's offset, a size. Kept states
 * compare scalars only where they are marked so. The mark is set late, so it has to be carried back along the path to every state kept
 * on the way: instruction by instruction from the decision to the state's start, then on in its parent, until what is wanted comes from
 * a constant, from memory that keeps no exact values, or is marked already.
 */

const want = new Wanted();
/** Whether the last walk marked anything anew. */
let changed = false;

/** The value of register `regno` matters: marks it and all it stems from, back along the path (mark_chain_precision). */
export function markChainPrecision(env: VerifierEnv, regno: number): void {
  if (!env.bpfCapable) return;
  want.reset();
  want.frame = env.state.curframe;
  if (env.m.type(env.reg(regno)) !== L.SCALAR_VALUE) {
    env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", "verifier bug: backtracking misuse");
  }
  want.addReg(regno);
  walkBack(env, env.state);
}

/** What `old` found to matter matters in `cur` too, which it was found to cover (propagate_precision); whether any mark is new. */
export function propagatePrecision(env: VerifierEnv, old: VerifierState, cur: VerifierState): boolean {
  const { m } = env;
  want.reset();
  want.frame = old.curframe;
  for (let f = old.curframe; f >= 0; f--) {
    const frame = old.frames[f]!;
    const names: string[] = [];
    for (let n = 0; n < 10; n++) {
      if (!isPreciseScalar(env, m.reg(frame, n))) continue;
      want.addFrameReg(f, n);
      if (env.log.all) names.push(`r${n}`);
    }
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) {
      if (m.slotKind(frame, s, 7) !== L.STACK_SPILL || !isPreciseScalar(env, m.slot(frame, s))) continue;
      want.addSlot(f, s);
      if (env.log.all) names.push(`fp${-8 * (s + 1)}`);
    }
    if (names.length > 0) env.verbose(`frame ${f}: propagating ${names.join(",")}\n`);
  }
  changed = false;
  if (env.bpfCapable) walkBack(env, cur);
  return changed;
}

function isPreciseScalar(env: VerifierEnv, reg: Reg): boolean {
  return env.m.type(reg) === L.SCALAR_VALUE && env.m.get(reg, L.REG_PRECISE) !== 0;
}

/** Walks back from where `start` stands until nothing is wanted (__mark_chain_precision). */
function walkBack(env: VerifierEnv, start: VerifierState): void {
  let state = start;
  let firstIdx = state.firstInsnIdx;
  let lastIdx = start.insnIdx;
  let next = -1;
  // The instruction that made the decision has not changed anything yet.
  let skip = true;
  want.frame = start.curframe;
  if (want.empty) return;
  for (;;) {
    if (env.log.all) {
      env.verbose(`mark_precise: frame${want.frame}: last_idx ${lastIdx} first_idx ${firstIdx} subseq_idx ${next} \n`);
    }
    if (lastIdx < 0) {
      markEntryArguments(env, state);
      return;
    }
    let entry = state.jmpHistory;
    for (let i = lastIdx; ; ) {
      if (skip) skip = false;
      else if (!backtrackInsn(env, want, i, next, entry !== null && entry.idx === i ? entry : null)) {
        markAllPrecise(env, start);
        want.reset();
        return;
      }
      if (want.empty) return;
      next = i;
      // The first instruction of the state, unless the path came there again.
      if (i === state.firstInsnIdx && (entry === null || (entry.count === 1 && entry.idx === i))) break;
      if (entry !== null && entry.idx === i) {
        i = entry.prevIdx;
        entry = entry.before as JumpHistoryEntry | null;
      } else i--;
      if (i < 0 || i >= env.insns.count) {
        env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", `verifier bug: backtracking idx ${i}`);
      }
    }
    const parent = state.parent;
    if (parent === null) break;
    state = parent;
    markWanted(env, state);
    if (want.empty) return;
    next = firstIdx;
    lastIdx = state.lastInsnIdx;
    firstIdx = state.firstInsnIdx;
  }
  markAllPrecise(env, start);
  want.reset();
}

/** At the entry of a global function only its arguments can be wanted; they are what they are. */
function markEntryArguments(env: VerifierEnv, state: VerifierState): void {
  const { m } = env;
  const frame = state.frames[0]!;
  const regs = want.regs[want.frame]!;
  const atEntry =
    state.curframe === 0 &&
    m.get(frame, L.FRAME_SUBPROG) > 0 &&
    m.get(frame, L.FRAME_CALLSITE) === L.CALLSITE_MAIN &&
    !want.anySlot &&
    (regs & ~0x3e) === 0;
  if (!atEntry) {
    const subprog = m.get(frame, L.FRAME_SUBPROG);
    const message = `verifier bug: backtracking func entry subprog ${subprog} reg_mask ${regs.toString(16)} stack_mask 0`;
    env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", message);
  }
  for (let n = 1; n <= 5; n++) {
    if (!want.hasReg(n)) continue;
    want.dropReg(n);
    const reg = m.reg(frame, n);
    if (m.type(reg) !== L.SCALAR_VALUE) continue;
    m.set(reg, L.REG_PRECISE, 1);
    changed = true;
  }
}

/** Marks what is wanted in a kept state; what is no scalar, or marked already, is wanted no further. */
function markWanted(env: VerifierEnv, state: VerifierState): void {
  const { m } = env;
  for (let f = want.frame; f >= 0; f--) {
    const frame = state.frames[f]!;
    const regs = want.regs[f]!;
    if (regs !== 0) {
      for (let n = 0; n < 11; n++) {
        if ((regs & (1 << n)) !== 0 && !markScalar(env, m.reg(frame, n))) want.dropFrameReg(f, n);
      }
    }
    if ((want.slotsLow[f]! | want.slotsHigh[f]!) !== 0) {
      const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
      const low = want.slotsLow[f]!;
      const high = want.slotsHigh[f]!;
      for (let s = low === 0 ? 32 : 0; s < 64; s++) {
        if (((s < 32 ? low : high) & (1 << (s & 31))) === 0) continue;
        if (s >= slots) {
          const message = `verifier bug: stack slot ${s}, total slots ${slots}`;
          env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", message);
        }
        if (m.slotKind(frame, s, 7) !== L.STACK_SPILL || !markScalar(env, m.slot(frame, s))) want.dropSlot(f, s);
      }
    }
    if (env.log.all) {
      env.verbose(`mark_precise: frame${f}: parent state regs=${want.regsText(f)} stack=${want.slotsText(f)}: `);
      printState(env, state, f, true);
    }
  }
}

/** Marks a scalar; false where there was nothing to mark. */
function markScalar(env: VerifierEnv, reg: Reg): boolean {
  if (env.m.type(reg) !== L.SCALAR_VALUE || env.m.get(reg, L.REG_PRECISE) !== 0) return false;
  env.m.set(reg, L.REG_PRECISE, 1);
  changed = true;
  return true;
}

/** Where precision cannot be followed, every scalar of every state kept on the path is exact (mark_all_scalars_precise). */
export function markAllPrecise(env: VerifierEnv, from: VerifierState): void {
  const { m } = env;
  if (env.log.all) {
    env.verbose(`mark_precise: frame${from.curframe}: falling back to forcing all scalars precise\n`);
  }
  for (let state = from.parent; state !== null; state = state.parent) {
    for (let f = 0; f <= state.curframe; f++) {
      const frame = state.frames[f]!;
      for (let n = 0; n < 10; n++) {
        if (markScalar(env, m.reg(frame, n)) && env.log.all) {
          env.verbose(`force_precise: frame${f}: forcing r${n} to be precise\n`);
        }
      }
      const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
      for (let s = 0; s < slots; s++) {
        if (m.slotKind(frame, s, 7) === L.STACK_SPILL && markScalar(env, m.slot(frame, s)) && env.log.all) {
          env.verbose(`force_precise: frame${f}: forcing fp${-8 * (s + 1)} to be precise\n`);
        }
      }
    }
  }
}

/** Forgets marks that the current state brought along: from the state now kept, only what is wanted from here on counts (mark_all_scalars_imprecise). */
export function markAllImprecise(env: VerifierEnv, state: VerifierState): void {
  const { m } = env;
  for (const frame of state.frames) {
    for (let n = 0; n < 10; n++) {
      const reg = m.reg(frame, n);
      if (m.type(reg) === L.SCALAR_VALUE) m.set(reg, L.REG_PRECISE, 0);
    }
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) {
      if (m.slotKind(frame, s, 7) !== L.STACK_SPILL) continue;
      const reg = m.slot(frame, s);
      if (m.type(reg) === L.SCALAR_VALUE) m.set(reg, L.REG_PRECISE, 0);
    }
  }
}

/** The same for the scalar that was spilled to slot `slot` of frame `frame` (bt_set_frame_slot, mark_chain_precision_batch). */
export function markSlotPrecise(env: VerifierEnv, frame: number, slot: number): void {
  if (!env.bpfCapable) return;
  want.reset();
  want.frame = env.state.curframe;
  want.addSlot(frame, slot);
  walkBack(env, env.state);
}
