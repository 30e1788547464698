import { sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import { fillSlot, frameOf, slotIsAll, stackObjectSlot } from "../calls/stack-objects.ts";
import type { VerifierEnv } from "../env.ts";
import { findPrevEntry, widenImpreciseScalars } from "../explore/explored.ts";
import { pushPath } from "../explore/paths.ts";
import { acquireReference, releaseReference } from "../explore/refs.ts";
import { markKnownZeroReg } from "../explore/registers.ts";
import { BPF_WRITE, checkMemAccess } from "../memory/access.ts";
import type { Reg } from "../memory.ts";
import type { VerifierState } from "../state.ts";
import { inRcuSection, type KfuncMeta } from "./meta.ts";
import { markSlotRead, markSlotWritten } from "./stack-marks.ts";

/**
 * Open-coded iterators. One lies on the stack, in as many slots as its structure takes; the first (highest) slot's record describes it:
 * REG_A and REG_B its BTF and type, REG_C whether elements may follow, REG_D how many times it went on, REG_REF the reference that its
 * destruction gives back. A type flag says whether RCU protects it: MEM_RCU, or PTR_UNTRUSTED after the section ended.
 *
 * `bpf_iter_*_next` splits the path in two: it found an element, or it did not. The loop's body would be walked for ever if states had
 * to be equal; so scalars that differ from the previous round's and that nothing relied on are made unknown in the path that goes round
 * again, and two states at the call are as good as equal when the older one covers the newer one (pruning does that).
 */

const PREFIX = "bpf_iter_";

function slotOf(env: VerifierEnv, reg: Reg, slots: number): number {
  return stackObjectSlot(env, reg, "iter", slots);
}

/** The argument that is an iterator (process_iter_arg). */
export function checkIterArg(env: VerifierEnv, regno: number, insnIdx: number, meta: KfuncMeta): void {
  const arg = `arg #${regno - 1}`;
  if (env.m.type(env.reg(regno)) !== L.PTR_TO_STACK) {
    const message = `arg#${regno - 1} expected pointer to an iterator on stack`;
    env.reject(ERRNO.EINVAL, "V_ITERATOR", message, { reg: regno });
  }
  const param = meta.prototype.params[regno - 1]!;
  if (!param.isIter) env.reject(ERRNO.EINVAL, "V_ITERATOR", `expected valid iter pointer as ${arg}`, { reg: regno });
  const btf = env.btf(meta.prototype.btf);
  const slots = sizeOf(btf, param.target) >> 3;
  const name = `iter_${btf.nameOf(param.target).slice(PREFIX.length)}`;
  if (meta.isIterNew) {
    if (!mayBeMade(env, env.reg(regno), slots)) {
      env.reject(ERRNO.EINVAL, "V_ITERATOR", `expected uninitialized ${name} as ${arg}`, { reg: regno });
    }
    for (let at = 0; at < slots * 8; at += 8) {
      checkMemAccess(env, insnIdx, regno, at, 8, BPF_WRITE, -1, false, false);
    }
    makeIter(env, env.reg(regno), insnIdx, meta, param.target, slots);
    return;
  }
  const problem = iterProblem(env, env.reg(regno), meta.prototype.btf, param.target, slots);
  if (problem === ERRNO.EINVAL) {
    env.reject(ERRNO.EINVAL, "V_ITERATOR", `expected an initialized ${name} as ${arg}`, { reg: regno });
  }
  if (problem !== 0) {
    env.reject(problem, "V_RCU", `expected an RCU CS when using ${meta.name}`, { reg: regno });
  }
  const reg = env.reg(regno);
  const slot = slotOf(env, reg, slots);
  const frameNumber = env.m.get(reg, L.REG_FRAME);
  for (let i = 0; i < slots; i++) {
    markSlotRead(env, frameNumber, slot - i);
    env.scratchSlot(slot - i);
  }
  meta.iterSlot = slot;
  meta.iterFrame = frameNumber;
  meta.refId = env.m.ref(env.m.slot(frameOf(env, reg), slot));
  if (meta.isIterDestroy) destroyIter(env, reg, slot, slots);
}

/** Whether an iterator can be made where the register points: no other one is there. */
function mayBeMade(env: VerifierEnv, reg: Reg, slots: number): boolean {
  const first = slotOf(env, reg, slots);
  // Further down than the stack has been used: the write that follows makes room.
  if (first === -ERRNO.ERANGE) return true;
  if (first < 0) return false;
  const frame = frameOf(env, reg);
  for (let slot = first; slot > first - slots; slot--) {
    for (let i = 0; i < 8; i++) if (env.m.slotKind(frame, slot, i) === L.STACK_ITER) return false;
  }
  return true;
}

function makeIter(env: VerifierEnv, reg: Reg, insnIdx: number, meta: KfuncMeta, typeId: number, slots: number): void {
  const { m } = env;
  const first = slotOf(env, reg, slots);
  if (first < 0) env.reject(-first, "V_ITERATOR", "");
  const id = acquireReference(env, insnIdx);
  const frame = frameOf(env, reg);
  const frameNumber = m.get(reg, L.REG_FRAME);
  let type = L.PTR_TO_STACK;
  if (meta.isRcuProtected) type |= inRcuSection(env) ? L.MEM_RCU : L.PTR_UNTRUSTED;
  for (let slot = first; slot > first - slots; slot--) {
    const record = m.slot(frame, slot);
    markKnownZeroReg(env, record);
    m.setType(record, type);
    m.set(record, L.REG_REF, slot === first ? id : 0);
    m.set(record, L.REG_A, meta.prototype.btf);
    m.set(record, L.REG_B, typeId);
    m.set(record, L.REG_C, L.ITER_STATE_ACTIVE);
    m.set(record, L.REG_D, 0);
    fillSlot(env, frame, slot, L.STACK_ITER);
    markSlotWritten(env, frameNumber, slot);
    env.scratchSlot(slot);
  }
}

/** 0 where the register points at an iterator of that type; EINVAL, or EPROTO where it needs an RCU section that is over. */
function iterProblem(env: VerifierEnv, reg: Reg, btf: number, typeId: number, slots: number): number {
  const { m } = env;
  const first = slotOf(env, reg, slots);
  if (first < 0) return ERRNO.EINVAL;
  const frame = frameOf(env, reg);
  for (let slot = first; slot > first - slots; slot--) {
    const record = m.slot(frame, slot);
    if (m.type(record) & L.PTR_UNTRUSTED) return ERRNO.EPROTO;
    // Only the first slot holds the reference.
    if ((m.ref(record) !== 0) !== (slot === first)) return ERRNO.EINVAL;
    if (m.get(record, L.REG_A) !== btf || m.get(record, L.REG_B) !== typeId) return ERRNO.EINVAL;
    if (!slotIsAll(env, frame, slot, L.STACK_ITER)) return ERRNO.EINVAL;
  }
  return 0;
}

function destroyIter(env: VerifierEnv, reg: Reg, first: number, slots: number): void {
  const { m } = env;
  const frame = frameOf(env, reg);
  const frameNumber = m.get(reg, L.REG_FRAME);
  const released = releaseReference(env, m.ref(m.slot(frame, first)));
  assert(released, "an iterator's reference is held while it lives");
  for (let slot = first; slot > first - slots; slot--) {
    m.ops.mark_not_init(m.slot(frame, slot));
    fillSlot(env, frame, slot, L.STACK_INVALID);
    markSlotWritten(env, frameNumber, slot);
    env.scratchSlot(slot);
  }
}

/** The record of the iterator that the call was given, in a state. */
export function iterRecord(env: VerifierEnv, state: VerifierState, meta: KfuncMeta): Reg {
  return env.m.slot(state.frames[meta.iterFrame]!, meta.iterSlot);
}

/** The two ways on from an iterator's next element (process_iter_next_call): this path has come to the end, another one has not. */
export function splitIterNext(env: VerifierEnv, insnIdx: number, meta: KfuncMeta): void {
  const { m, state } = env;
  const iter = iterRecord(env, state, meta);
  if (m.get(iter, L.REG_C) === L.ITER_STATE_ACTIVE) {
    assert(state.parent?.insnIdx === insnIdx, "a state is kept at every call for an iterator's next element");
    const before = findPrevEntry(env, state.parent, insnIdx);
    const again = pushPath(env, insnIdx + 1, insnIdx, false, ERRNO.ENOMEM);
    const record = iterRecord(env, again, meta);
    m.set(record, L.REG_C, L.ITER_STATE_ACTIVE);
    m.set(record, L.REG_D, m.get(record, L.REG_D) + 1);
    if (before !== null) widenImpreciseScalars(env, before, again);
    const r0 = m.reg(again.frame, 0);
    m.setType(r0, m.type(r0) & ~L.PTR_MAYBE_NULL);
  }
  m.set(iter, L.REG_C, L.ITER_STATE_DRAINED);
  const r0 = env.reg(0);
  m.ops.mark_known(r0, 0, 0);
  if (!env.bpfCapable) m.set(r0, L.REG_PRECISE, 1);
}
