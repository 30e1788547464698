import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { BPF_ADD } from "../insns.ts";
import type { Reg } from "../memory.ts";
import type { VerifierState } from "../state.ts";
import { frameInsn } from "./frames.ts";
import { markUnknownReg } from "./registers.ts";

/**
 * Scalars of one id stem from one value: what a comparison teaches of one holds for all, give or take the constant that was added to
 * each since (ID_ADD_CONST). At most MAX_LINKED are followed; others lose their id.
 */
const MAX_LINKED = 6;

/** Frame, register or slot number, and which of the two, in one number. */
export function linkedReg(frame: number, index: number, isReg: boolean): number {
  return (frame << 8) | (index << 1) | (isReg ? 1 : 0);
}
export const linkedFrame = (linked: number): number => linked >> 8;
export const linkedIndex = (linked: number): number => (linked >> 1) & 127;
export const linkedIsReg = (linked: number): boolean => (linked & 1) !== 0;

/** Either mark of a constant added since. */
const ADD_CONST = L.ID_ADD_CONST | L.ID_ADD_CONST32;
const ID_BITS = ~ADD_CONST;
/** Scratch register for the constant between two halves. */
const DELTA = 14;

/** Gives a scalar an id before it is copied (assign_scalar_id_before_mov). */
export function assignScalarId(env: VerifierEnv, reg: Reg): void {
  const { m } = env;
  if (m.type(reg) !== L.SCALAR_VALUE) return;
  // Only one constant can be kept: a second copy starts anew.
  if ((m.id(reg) & ADD_CONST) !== 0) {
    m.set(reg, L.REG_ID, 0);
    m.set(reg, L.REG_OFF, 0);
  }
  if (m.id(reg) === 0 && !m.isConst(reg)) m.set(reg, L.REG_ID, env.newId());
}

function collect(env: VerifierEnv, reg: Reg, id: number, linked: number, into: number[]): void {
  const { m } = env;
  if (m.type(reg) !== L.SCALAR_VALUE || (m.id(reg) & ID_BITS) !== id) return;
  if (into.length < MAX_LINKED) into.push(linked);
  else m.set(reg, L.REG_ID, 0);
}

/** Adds every scalar of an id to `into`, registers where they are still needed (collect_linked_regs). */
export function collectLinkedRegs(env: VerifierEnv, state: VerifierState, id: number, into: number[]): void {
  const { m } = env;
  const plain = id & ID_BITS;
  for (let f = state.curframe; f >= 0; f--) {
    const frame = state.frames[f]!;
    const live = env.aux[frameInsn(env, state, f)]!.liveRegsBefore;
    for (let n = 0; n < 10; n++) {
      if ((live & (1 << n)) !== 0) collect(env, m.reg(frame, n), plain, linkedReg(f, n, true), into);
    }
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) {
      if (m.slotKind(frame, s, 7) === L.STACK_SPILL) {
        collect(env, m.slot(frame, s), plain, linkedReg(f, s, false), into);
      }
    }
  }
}

/** Brings linked scalars to what is now known of one of them (sync_linked_regs). */
export function syncLinkedRegs(env: VerifierEnv, state: VerifierState, known: Reg, linked: readonly number[]): void {
  const { m } = env;
  for (const one of linked) {
    const frame = state.frames[linkedFrame(one)]!;
    const reg = linkedIsReg(one) ? m.reg(frame, linkedIndex(one)) : m.slot(frame, linkedIndex(one));
    if (m.type(reg) !== L.SCALAR_VALUE || reg === known) continue;
    const id = m.id(reg);
    const knownId = m.id(known);
    if ((id & ID_BITS) !== (knownId & ID_BITS)) continue;
    // Sums of different widths say nothing of each other.
    if (((id ^ knownId) & ADD_CONST) === ADD_CONST) continue;
    const off = m.off(reg);
    if (((id | knownId) & ADD_CONST) === 0 || off === m.off(known)) {
      m.copyReg(reg, known);
      continue;
    }
    const delta = off - m.off(known);
    m.copyReg(reg, known);
    m.set(reg, L.REG_OFF, off);
    m.set(reg, L.REG_ID, id);
    if (((id | knownId) & L.ID_ADD_CONST32) === 0) m.ops.add_const(reg, delta | 0, delta < 0 ? -1 : 0);
    else {
      m.ops.mark_known(m.scratch(DELTA), delta | 0, delta < 0 ? -1 : 0);
      m.ops.alu(reg, m.scratch(DELTA), BPF_ADD, 1, 0);
    }
  }
}

/** Forgets the range of a scalar that a loop changes, unless somebody relied on it (maybe_widen_reg). */
export function widenReg(env: VerifierEnv, old: Reg, cur: Reg): void {
  const { m } = env;
  if (m.type(old) !== L.SCALAR_VALUE || m.type(cur) !== L.SCALAR_VALUE) return;
  if (m.get(old, L.REG_PRECISE) !== 0 || m.get(cur, L.REG_PRECISE) !== 0) return;
  if (m.ops.regs_exact(old, cur) !== 0) return;
  markUnknownReg(env, cur);
}
