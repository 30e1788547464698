import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireReference, releaseReference } from "../explore/refs.ts";
import { dynptrTypeText } from "../log/type-text.ts";
import { BPF_WRITE, checkMemAccess } from "../memory/access.ts";
import type { Frame, Reg } from "../memory.ts";
import { forEachReg, type VerifierState } from "../state.ts";
import { ARG_PTR_TO_DYNPTR } from "./arg-types.ts";
import { fillSlot, frameOf, markInvalid, slotIsAll, stackObjectSlot } from "./stack-objects.ts";

/**
 * Dynptrs on the stack. One takes two slots: the first, at the higher address, and the one before it in memory. Both slot records
 * describe it: type CONST_PTR_TO_DYNPTR, REG_A its kind, REG_B 1 in the first slot, REG_ID the identity that slices refer to
 * (REG_B of their PTR_TO_MEM), REG_REF the reference of a ring buffer's record.
 */

/** Slots of a dynptr. */
const SLOTS = 2;
const SIZE = 16;

const KIND_FLAGS: readonly (readonly [flag: number, kind: number])[] = [
  [L.DYNPTR_TYPE_LOCAL, L.DYNPTR_LOCAL],
  [L.DYNPTR_TYPE_RINGBUF, L.DYNPTR_RINGBUF],
  [L.DYNPTR_TYPE_SKB, L.DYNPTR_SKB],
  [L.DYNPTR_TYPE_XDP, L.DYNPTR_XDP],
  [L.DYNPTR_TYPE_SKB_META, L.DYNPTR_SKB_META],
];

/** The kind that an argument's flags name (arg_to_dynptr_type); DYNPTR_INVALID where they name none. */
export function dynptrKindOfFlags(flags: number): number {
  return KIND_FLAGS.find(([flag]) => (flags & flag) !== 0)?.[1] ?? L.DYNPTR_INVALID;
}

/** The flag of a kind of dynptr (get_dynptr_type_flag); 0 for none. */
export function dynptrFlagOfKind(kind: number): number {
  return KIND_FLAGS.find(([, of]) => of === kind)?.[0] ?? 0;
}

function isRefcounted(kind: number): boolean {
  return kind === L.DYNPTR_RINGBUF;
}

function slotOf(env: VerifierEnv, reg: Reg): number {
  return stackObjectSlot(env, reg, "dynptr", SLOTS);
}

/** The record that describes the dynptr an argument points at: the register itself, or the first slot's; -1 where there is none. */
function recordOf(env: VerifierEnv, reg: Reg): Reg {
  if (env.m.type(reg) === L.CONST_PTR_TO_DYNPTR) return reg;
  const slot = slotOf(env, reg);
  return slot < 0 ? -1 : env.m.slot(frameOf(env, reg), slot);
}

/** Identity of the dynptr behind a register (dynptr_id). */
export function dynptrId(env: VerifierEnv, reg: Reg): number {
  const record = recordOf(env, reg);
  return record < 0 ? 0 : env.m.id(record);
}

/** Reference of the dynptr behind a register (dynptr_ref_obj_id); 0 for none. */
export function dynptrRef(env: VerifierEnv, reg: Reg): number {
  const record = recordOf(env, reg);
  return record < 0 ? 0 : env.m.ref(record);
}

/** Kind of the dynptr behind a register (dynptr_get_type). */
export function dynptrKind(env: VerifierEnv, reg: Reg): number {
  const record = recordOf(env, reg);
  return record < 0 ? L.DYNPTR_INVALID : env.m.get(record, L.REG_A);
}

function describeDynptr(env: VerifierEnv, record: Reg, kind: number, first: boolean, id: number): void {
  const { m } = env;
  m.ops.mark_known(record, 0, 0);
  m.setType(record, L.CONST_PTR_TO_DYNPTR);
  m.set(record, L.REG_OFF, 0);
  m.set(record, L.REG_A, kind);
  m.set(record, L.REG_B, first ? 1 : 0);
  m.set(record, L.REG_C, 0);
  // The log takes the mark of the first slot for the id of a slice's dynptr, since the kernel keeps both in one place.
  m.set(record, L.REG_D, first ? 1 : 0);
  m.set(record, L.REG_ID, id);
  m.set(record, L.REG_REF, 0);
}

/** A register that points at a dynptr which the program must not change: a callback's argument (mark_dynptr_cb_reg). */
export function markDynptrRegister(env: VerifierEnv, reg: Reg, kind: number): void {
  describeDynptr(env, reg, kind, true, env.newId());
}

/** The stack slots behind a register become a dynptr (mark_stack_slots_dynptr). */
function markDynptrSlots(env: VerifierEnv, reg: Reg, argType: number, insnIdx: number, cloneRef: number): void {
  const slot = slotOf(env, reg);
  assert(slot >= 0, "the stack has been written at the dynptr");
  const { m } = env;
  const frame = frameOf(env, reg);
  destroyIfDynptrSlot(env, env.state, frame, slot);
  destroyIfDynptrSlot(env, env.state, frame, slot - 1);
  fillSlot(env, frame, slot, L.STACK_DYNPTR);
  fillSlot(env, frame, slot - 1, L.STACK_DYNPTR);
  const kind = dynptrKindOfFlags(argType);
  if (kind === L.DYNPTR_INVALID) env.reject(ERRNO.EINVAL, "V_DYNPTR", "");
  const id = env.newId();
  describeDynptr(env, m.slot(frame, slot), kind, true, id);
  describeDynptr(env, m.slot(frame, slot - 1), kind, false, id);
  const frameNumber = m.get(frame, L.FRAME_NUMBER);
  env.liveness.markWriteSlot(frameNumber, slot);
  env.liveness.markWriteSlot(frameNumber, slot - 1);
  if (!isRefcounted(kind)) return;
  const ref = cloneRef !== 0 ? cloneRef : acquireReference(env, insnIdx);
  m.set(m.slot(frame, slot), L.REG_REF, ref);
  m.set(m.slot(frame, slot - 1), L.REG_REF, ref);
}

/** The two slots hold nothing any more. */
function clearSlots(env: VerifierEnv, frame: Frame, slot: number): void {
  for (const at of [slot, slot - 1]) {
    env.liveness.markWriteSlot(env.m.get(frame, L.FRAME_NUMBER), at);
    fillSlot(env, frame, at, L.STACK_INVALID);
    env.m.ops.mark_not_init(env.m.slot(frame, at));
  }
}

/** The call gave the dynptr back: it, its clones and their slices are no more (unmark_stack_slots_dynptr). False: nothing to give back. */
export function unmarkDynptrSlots(env: VerifierEnv, reg: Reg): boolean {
  const slot = slotOf(env, reg);
  if (slot < 0) return false;
  const { m } = env;
  const frame = frameOf(env, reg);
  const record = m.slot(frame, slot);
  if (!isRefcounted(m.get(record, L.REG_A))) {
    clearSlots(env, frame, slot);
    return true;
  }
  const ref = m.ref(record);
  releaseReference(env, ref);
  const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
  for (let i = 1; i < slots; i++) {
    const other = m.slot(frame, i);
    if (m.ref(other) !== ref) continue;
    assert(m.slotKind(frame, i, 0) === L.STACK_DYNPTR, "only dynptrs share a ring buffer record's reference");
    if (m.get(other, L.REG_B) === 1) clearSlots(env, frame, i);
  }
  return true;
}

/** The stack slot (of 8 bytes) is overwritten: a dynptr that lies there is no more (destroy_if_dynptr_stack_slot). */
export function destroyIfDynptrSlot(env: VerifierEnv, state: VerifierState, frame: Frame, slot: number): void {
  const { m } = env;
  if (m.slotKind(frame, slot, 0) !== L.STACK_DYNPTR) return;
  const first = m.get(m.slot(frame, slot), L.REG_B) === 1 ? slot : slot + 1;
  const record = m.slot(frame, first);
  if (isRefcounted(m.get(record, L.REG_A))) {
    env.reject(ERRNO.EINVAL, "V_DYNPTR", "cannot overwrite referenced dynptr");
  }
  env.scratchSlot(first);
  env.scratchSlot(first - 1);
  const id = m.id(record);
  fillSlot(env, frame, first, L.STACK_INVALID);
  fillSlot(env, frame, first - 1, L.STACK_INVALID);
  forEachReg(m, state, (reg) => {
    const type = m.type(reg);
    const isSlice = type === L.PTR_TO_MEM || type === (L.PTR_TO_MEM | L.PTR_MAYBE_NULL);
    if (isSlice && m.get(reg, L.REG_B) === id) markInvalid(env, reg);
  });
  clearSlots(env, frame, first);
}

/** Whether a dynptr can be made where the register points. */
function canBeMade(env: VerifierEnv, reg: Reg): boolean {
  if (env.m.type(reg) === L.CONST_PTR_TO_DYNPTR) return false;
  const slot = slotOf(env, reg);
  return slot >= 0 || slot === -ERRNO.ERANGE;
}

/** Whether the register points at a dynptr that was made. */
function isMade(env: VerifierEnv, reg: Reg): boolean {
  if (env.m.type(reg) === L.CONST_PTR_TO_DYNPTR) return true;
  const slot = slotOf(env, reg);
  if (slot < 0) return false;
  const frame = frameOf(env, reg);
  if (env.m.get(env.m.slot(frame, slot), L.REG_B) !== 1) return false;
  return slotIsAll(env, frame, slot, L.STACK_DYNPTR) && slotIsAll(env, frame, slot - 1, L.STACK_DYNPTR);
}

/**
 * An argument that is a dynptr, by the flags of its type: MEM_UNINIT it is made by the call, MEM_RDONLY it is only read, else changed
 * (process_dynptr_func). Helpers and kernel functions share it.
 * @param cloneRef reference that a clone shares, 0 = none
 */
export function checkDynptrArg(env: VerifierEnv, regno: number, insnIdx: number, argType: number, cloneRef = 0): void {
  const { m } = env;
  const type = m.type(env.reg(regno));
  const data = { reg: regno };
  if (type !== L.PTR_TO_STACK && type !== L.CONST_PTR_TO_DYNPTR) {
    const message = `arg#${regno - 1} expected pointer to stack or const struct bpf_dynptr`;
    env.reject(ERRNO.EINVAL, "V_DYNPTR", message, data);
  }
  if (argType & L.MEM_UNINIT) {
    if (!canBeMade(env, env.reg(regno))) {
      env.reject(ERRNO.EINVAL, "V_DYNPTR", "Dynptr has to be an uninitialized dynptr", data);
    }
    for (let at = 0; at < SIZE; at += 8) checkMemAccess(env, insnIdx, regno, at, 8, BPF_WRITE, -1, false, false);
    markDynptrSlots(env, env.reg(regno), argType, insnIdx, cloneRef);
    return;
  }
  if (type === L.CONST_PTR_TO_DYNPTR && (argType & L.MEM_RDONLY) === 0) {
    env.reject(ERRNO.EINVAL, "V_DYNPTR", "cannot pass pointer to const bpf_dynptr, the helper mutates it", data);
  }
  if (!isMade(env, env.reg(regno))) {
    env.reject(ERRNO.EINVAL, "V_DYNPTR", `Expected an initialized dynptr as arg #${regno - 1}`, data);
  }
  const wanted = dynptrKindOfFlags(argType);
  if ((argType & ~L.MEM_RDONLY) !== ARG_PTR_TO_DYNPTR && dynptrKind(env, env.reg(regno)) !== wanted) {
    const message = `Expected a dynptr of type ${dynptrTypeText(wanted)} as arg #${regno - 1}`;
    env.reject(ERRNO.EINVAL, "V_DYNPTR", message, data);
  }
  if (type === L.PTR_TO_STACK) markRead(env, env.reg(regno));
}

/** The slots are read: their contents matter to later comparisons of states (mark_dynptr_read). */
function markRead(env: VerifierEnv, reg: Reg): void {
  const slot = slotOf(env, reg);
  const frameNumber = env.m.get(reg, L.REG_FRAME);
  for (const at of [slot, slot - 1]) {
    env.liveness.markReadSlot(frameNumber, env.insnIdx, at);
    env.scratchSlot(at);
  }
}

/** A dynptr that a call gives back must be on the stack and hold something. */
export function checkDynptrRelease(env: VerifierEnv, reg: Reg, regno: number): void {
  if (env.m.type(reg) !== L.PTR_TO_STACK) {
    env.reject(ERRNO.EINVAL, "V_DYNPTR", "cannot release unowned const bpf_dynptr", { reg: regno });
  }
  const slot = slotOf(env, reg);
  if (slot < 0 || env.m.ref(env.m.slot(frameOf(env, reg), slot)) === 0) {
    env.reject(ERRNO.EINVAL, "V_DYNPTR", `arg ${regno} is an unacquired reference`, { reg: regno });
  }
}
