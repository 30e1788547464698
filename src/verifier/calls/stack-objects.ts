import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markUnknownReg } from "../explore/registers.ts";
import type { Frame, Reg } from "../memory.ts";

/** The frame that a stack pointer points into. */
export function frameOf(env: VerifierEnv, reg: Reg): Frame {
  return env.state.frames[env.m.get(reg, L.REG_FRAME)]!;
}

/**
 * The first slot (the one at the higher address) of a dynptr, iterator or flag that a stack pointer points at (stack_slot_obj_get_spi);
 * -ERANGE where the stack has not been used as far down; -EINVAL, with a line in the log, where nothing of the kind can be there.
 */
export function stackObjectSlot(env: VerifierEnv, reg: Reg, what: string, slots: number): number {
  const { m } = env;
  if (!m.isConst(reg)) {
    note(env, `${what} has to be at a constant offset`);
    return -ERRNO.EINVAL;
  }
  const off = m.off(reg) + m.signed(reg, L.REG_VALUE);
  const slot = Math.trunc((-off - 1) / 8);
  if (off % 8 !== 0 || slot + 1 < slots) {
    note(env, `cannot pass in ${what} at an offset=${off}`);
    return -ERRNO.EINVAL;
  }
  const allocated = m.get(frameOf(env, reg), L.FRAME_STACK_BYTES) >> 3;
  return slot - slots + 1 >= 0 && slot < allocated ? slot : -ERRNO.ERANGE;
}

function note(env: VerifierEnv, message: string): void {
  env.verbose(`${message}\n`);
  env.log.lastMessage = message;
}

/** All eight bytes of a slot become one kind. */
export function fillSlot(env: VerifierEnv, frame: Frame, slot: number, kind: number): void {
  const at = env.m.slot(frame, slot) + L.SLOT_KINDS;
  env.m.u8.fill(kind, at, at + 8);
}

/** Whether all eight bytes of a slot are of one kind. */
export function slotIsAll(env: VerifierEnv, frame: Frame, slot: number, kind: number): boolean {
  for (let i = 0; i < 8; i++) if (env.m.slotKind(frame, slot, i) !== kind) return false;
  return true;
}

/** A copy of a pointer that is good no more (mark_reg_invalid): unreadable, or for those who may see addresses a number. */
export function markInvalid(env: VerifierEnv, reg: Reg): void {
  if (env.allowPtrLeaks) markUnknownReg(env, reg);
  else env.m.ops.mark_not_init(reg);
}
