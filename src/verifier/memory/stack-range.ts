import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markUnknownReg } from "../explore/registers.ts";
import type { Frame, Reg, StateMemory } from "../memory.ts";
import { growStack } from "../state.ts";
import { BPF_READ, BPF_WRITE } from "./kinds.ts";
import { MAX_STACK, MAX_VAR_OFF } from "./limits.ts";
import type { MemoryMeta } from "./meta.ts";
import { bitsText } from "./scalars.ts";

/** The frame that a stack pointer points into. */
export function frameOf(env: VerifierEnv, reg: Reg): Frame {
  return env.state.frames[env.m.get(reg, L.REG_FRAME)]!;
}

/** A bound of a stack pointer's variable part, which checkStackBounds has found to be small. */
export function smallSigned(m: StateMemory, reg: Reg, field: number): number {
  return m.get(reg, field);
}

/** Whether all bytes that may be meant lie in the frame; the frame's record grows to have them (check_stack_access_within_bounds). */
export function checkStackBounds(env: VerifierEnv, regno: number, off: number, size: number, access: number): void {
  const { m } = env;
  const reg = env.reg(regno);
  const known = m.isConst(reg);
  let least: number;
  let most: number;
  if (known) {
    least = m.signed(reg, L.REG_VALUE) + off;
    most = least + size;
  } else {
    if (m.signed(reg, L.REG_SMAX) >= MAX_VAR_OFF || m.signed(reg, L.REG_SMIN) <= -MAX_VAR_OFF) {
      const message = `invalid unbounded variable-offset${direction(access)} stack R${regno}`;
      env.reject(ERRNO.EACCES, "V_STACK_VARIABLE", message, { reg: regno, off, size });
    }
    least = m.signed(reg, L.REG_SMIN) + off;
    most = m.signed(reg, L.REG_SMAX) + off + size;
  }
  const number = m.get(reg, L.REG_FRAME);
  const frame = env.state.frames[number]!;
  const lowest = access === BPF_WRITE || env.allowUninitStack ? -MAX_STACK : -m.get(frame, L.FRAME_STACK_BYTES);
  let errno = 0;
  if (least < lowest || least > -1) errno = ERRNO.EACCES;
  else if (most > 0) errno = ERRNO.EINVAL;
  else if (size < 0) errno = ERRNO.EFAULT;
  if (errno !== 0) {
    const message = known
      ? `invalid${direction(access)} stack R${regno} off=${least} size=${size}`
      : `invalid variable-offset${direction(access)} stack R${regno} var_off=${bitsText(m, reg)} off=${off} size=${size}`;
    const neverWritten = errno === ERRNO.EACCES && least >= -MAX_STACK && most <= 0;
    env.reject(errno, neverWritten ? "V_STACK_UNINIT" : "V_STACK_BOUNDS", message, { reg: regno, off: least, size });
  }
  grow(env, number, -least);
}

function direction(access: number): string {
  return access === BPF_READ ? " read from" : " write to";
}

function grow(env: VerifierEnv, number: number, bytes: number): void {
  const { m, state } = env;
  const needed = (bytes + 7) & ~7;
  if (m.get(state.frames[number]!, L.FRAME_STACK_BYTES) >= needed) return;
  growStack(m, state, number, needed);
  const subprog = env.subprogs[m.get(state.frames[number]!, L.FRAME_SUBPROG)]!;
  if (subprog.stackDepth < needed) subprog.stackDepth = needed;
}

/** Memory on the stack is handed on: all of it must hold something, or it is to be filled (check_stack_range_initialized). */
export function checkStackRange(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  zeroSizeAllowed: boolean,
  access: number,
  meta: MemoryMeta | null,
): void {
  if (size === 0 && !zeroSizeAllowed) {
    env.reject(ERRNO.EACCES, "V_ARG_SIZE", "invalid zero-sized read", { reg: regno });
  }
  checkStackBounds(env, regno, off, size, access);
  const { m } = env;
  const reg = env.reg(regno);
  const known = m.isConst(reg);
  let from: number;
  let to: number;
  if (known) {
    from = m.get(reg, L.REG_VALUE) + off;
    to = from + size;
  } else {
    if (!env.bypassSpecV1) {
      const message = `R${regno} variable offset stack access prohibited for !root, var_off=${bitsText(m, reg)}`;
      env.reject(ERRNO.EACCES, "V_STACK_VARIABLE", message, { reg: regno, off, size });
    }
    from = smallSigned(m, reg, L.REG_SMIN) + off;
    to = smallSigned(m, reg, L.REG_SMAX) + off + size;
  }
  const frame = frameOf(env, reg);
  if (known && meta?.rawMode) {
    checkNoDynptr(env, frame, from, to);
    meta.accessSize = size;
    meta.regno = regno;
    return;
  }
  for (let at = from; at < to; at++) checkByte(env, reg, frame, at, regno, known, from, size, access === BPF_WRITE);
}

/** Memory that a helper is to fill must not be a dynptr's. */
function checkNoDynptr(env: VerifierEnv, frame: Frame, from: number, to: number): void {
  const { m } = env;
  for (let at = from; at < to; at++) {
    const byte = -at - 1;
    if (m.get(frame, L.FRAME_STACK_BYTES) <= byte) continue;
    if (m.slotKind(frame, byte >> 3, byte & 7) !== L.STACK_DYNPTR) continue;
    const message = `potential write to dynptr at off=${at} disallowed`;
    env.reject(ERRNO.EACCES, "V_DYNPTR", message, { off: at });
  }
}

/** One byte is read, or may be overwritten, by a helper. */
function checkByte(
  env: VerifierEnv,
  reg: Reg,
  frame: Frame,
  at: number,
  regno: number,
  known: boolean,
  from: number,
  size: number,
  clobber: boolean,
): void {
  const { m } = env;
  const byte = -at - 1;
  const slot = byte >> 3;
  const kind = m.slotKind(frame, slot, byte & 7);
  if (kind === L.STACK_ZERO || (kind === L.STACK_INVALID && env.allowUninitStack)) {
    if (clobber) m.setSlotKind(frame, slot, byte & 7, L.STACK_MISC);
  } else if (kind !== L.STACK_MISC) {
    const spilled = m.slot(frame, slot);
    const readable =
      m.slotKind(frame, slot, 7) === L.STACK_SPILL && (m.type(spilled) === L.SCALAR_VALUE || env.allowPtrLeaks);
    if (!readable) {
      const message = known
        ? `invalid read from stack R${regno} off ${from}+${at - from} size ${size}`
        : `invalid read from stack R${regno} var_off ${bitsText(m, reg)}+${at - from} size ${size}`;
      env.reject(ERRNO.EACCES, "V_STACK_UNINIT", message, { reg: regno, off: at, size });
    }
    if (clobber) {
      markUnknownReg(env, spilled);
      for (let i = 0; i < 8; i++) {
        if (m.slotKind(frame, slot, i) !== L.STACK_INVALID) m.setSlotKind(frame, slot, i, L.STACK_MISC);
      }
    }
  }
  env.liveness.markReadSlot(m.get(reg, L.REG_FRAME), env.insnIdx, slot);
}
