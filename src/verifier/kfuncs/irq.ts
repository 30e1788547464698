import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { fillSlot, frameOf, slotIsAll, stackObjectSlot } from "../calls/stack-objects.ts";
import type { VerifierEnv } from "../env.ts";
import { acquireIrq, releaseIrq } from "../explore/refs.ts";
import { markKnownZeroReg } from "../explore/registers.ts";
import { BPF_WRITE, checkMemAccess } from "../memory/access.ts";
import type { Reg } from "../memory.ts";
import type { KfuncMeta } from "./meta.ts";
import { markSlotRead, markSlotWritten } from "./stack-marks.ts";

/**
 * Flags that interrupts are restored from: eight bytes of stack, REG_REF the section's id, REG_A which family of functions made them.
 * Sections end in the reverse order of their starts.
 */

// Families of functions; one's flags are not for the other.
const NATIVE = 0;
const LOCK = 1;
const FAMILY_WORDS = ["native", "lock"] as const;

interface IrqCall {
  readonly saves: boolean;
  readonly family: number;
}

/** What each function does with the flags it is given. */
const CALLS: Readonly<Record<string, IrqCall>> = {
  bpf_local_irq_save: { saves: true, family: NATIVE },
  bpf_local_irq_restore: { saves: false, family: NATIVE },
  bpf_res_spin_lock_irqsave: { saves: true, family: LOCK },
  bpf_res_spin_unlock_irqrestore: { saves: false, family: LOCK },
};

function slotOf(env: VerifierEnv, reg: Reg): number {
  return stackObjectSlot(env, reg, "irq_flag", 1);
}

/** The argument that holds interrupt flags on the stack (process_irq_flag). */
export function checkIrqFlag(env: VerifierEnv, regno: number, meta: KfuncMeta): void {
  const { saves, family } = CALLS[meta.name]!;
  if (saves) {
    if (!mayBeSaved(env, env.reg(regno))) {
      env.reject(ERRNO.EINVAL, "V_IRQ", `expected uninitialized irq flag as arg#${regno - 1}`, { reg: regno });
    }
    checkMemAccess(env, env.insnIdx, regno, 0, 8, BPF_WRITE, -1, false, false);
    save(env, env.reg(regno), family);
    return;
  }
  if (!isSaved(env, env.reg(regno))) {
    env.reject(ERRNO.EINVAL, "V_IRQ", `expected an initialized irq flag as arg#${regno - 1}`, { reg: regno });
  }
  restore(env, env.reg(regno), family);
}

function mayBeSaved(env: VerifierEnv, reg: Reg): boolean {
  const slot = slotOf(env, reg);
  if (slot === -ERRNO.ERANGE) return true;
  if (slot < 0) return false;
  const frame = frameOf(env, reg);
  for (let i = 0; i < 8; i++) if (env.m.slotKind(frame, slot, i) === L.STACK_IRQ_FLAG) return false;
  return true;
}

function save(env: VerifierEnv, reg: Reg, family: number): void {
  const slot = slotOf(env, reg);
  if (slot < 0) env.reject(-slot, "V_IRQ", "");
  const { m } = env;
  const id = acquireIrq(env, env.insnIdx);
  const frame = frameOf(env, reg);
  const record = m.slot(frame, slot);
  markSlotWritten(env, m.get(reg, L.REG_FRAME), slot);
  markKnownZeroReg(env, record);
  m.setType(record, L.PTR_TO_STACK);
  m.set(record, L.REG_REF, id);
  m.set(record, L.REG_A, family);
  fillSlot(env, frame, slot, L.STACK_IRQ_FLAG);
  env.scratchSlot(slot);
}

function isSaved(env: VerifierEnv, reg: Reg): boolean {
  const slot = slotOf(env, reg);
  if (slot < 0) return false;
  const frame = frameOf(env, reg);
  return env.m.ref(env.m.slot(frame, slot)) !== 0 && slotIsAll(env, frame, slot, L.STACK_IRQ_FLAG);
}

function restore(env: VerifierEnv, reg: Reg, family: number): void {
  const { m } = env;
  const slot = slotOf(env, reg);
  const frame = frameOf(env, reg);
  const frameNumber = m.get(reg, L.REG_FRAME);
  const record = m.slot(frame, slot);
  markSlotRead(env, frameNumber, slot);
  env.scratchSlot(slot);
  const savedBy = m.get(record, L.REG_A);
  if (savedBy !== family) {
    const message = `irq flag acquired by ${FAMILY_WORDS[savedBy]} kfuncs cannot be restored with ${FAMILY_WORDS[family]} kfuncs`;
    env.reject(ERRNO.EINVAL, "V_IRQ", message);
  }
  if (!releaseIrq(env.state, m.ref(record))) {
    const { activeIrqId, refs } = env.state;
    const insn = refs.find((reference) => reference.id === activeIrqId)?.insnIdx ?? 0;
    const message = `cannot restore irq state out of order, expected id=${activeIrqId} acquired at insn_idx=${insn}`;
    env.reject(ERRNO.EACCES, "V_IRQ", message, { insn });
  }
  m.ops.mark_not_init(record);
  markSlotWritten(env, frameNumber, slot);
  fillSlot(env, frame, slot, L.STACK_INVALID);
}
