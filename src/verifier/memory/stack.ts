import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { destroyIfDynptrSlot } from "../calls/dynptr.ts";
import type { VerifierEnv } from "../env.ts";
import { stackAccessFlags } from "../explore/history.ts";
import { assignScalarId } from "../explore/linked.ts";
import { markChainPrecision, pushJumpHistory } from "../explore/precision.ts";
import { markUnknown } from "../explore/registers.ts";
import * as I from "../insns.ts";
import { printSourceLine } from "../log/insn-line.ts";
import type { Frame, Reg, StateMemory } from "../memory.ts";
import { checkFastcallContract } from "../structure/fastcall.ts";
import { BPF_READ, BPF_WRITE } from "./kinds.ts";
import { bitsText, clearScalarId, fitsBytes, isNull, markConst } from "./scalars.ts";
import { checkStackBounds, checkStackRange, frameOf, smallSigned } from "./stack-range.ts";

/** Bytes of a stack slot. */
const SLOT = 8;
/** Scratch register that stands for a stored immediate. */
const STORED = 0;

/** Number of the slot that holds the byte at r10 + `off`. */
function slotOf(off: number): number {
  return (-off - 1) >> 3;
}

/** Types that are kept when they are stored whole (is_spillable_regtype). */
const SPILLABLE: readonly boolean[] = (() => {
  const out = new Array<boolean>(L.TYPE_BASE_MASK + 1).fill(false);
  for (const base of [
    L.PTR_TO_MAP_VALUE,
    L.PTR_TO_STACK,
    L.PTR_TO_CTX,
    L.PTR_TO_PACKET,
    L.PTR_TO_PACKET_META,
    L.PTR_TO_PACKET_END,
    L.PTR_TO_FLOW_KEYS,
    L.CONST_PTR_TO_MAP,
    L.PTR_TO_SOCKET,
    L.PTR_TO_SOCK_COMMON,
    L.PTR_TO_TCP_SOCK,
    L.PTR_TO_XDP_SOCK,
    L.PTR_TO_BTF_ID,
    L.PTR_TO_BUF,
    L.PTR_TO_MEM,
    L.PTR_TO_FUNC,
    L.PTR_TO_MAP_KEY,
    L.PTR_TO_ARENA,
  ]) {
    out[base] = true;
  }
  return out;
})();

/** A load or store of `size` bytes of stack at register `regno` + `off`, the register's fixed offset in it (check_stack_read, check_stack_write). */
export function checkStackAccess(
  env: VerifierEnv,
  insnIdx: number,
  regno: number,
  off: number,
  size: number,
  access: number,
  valueRegno: number,
): void {
  checkStackBounds(env, regno, off, size, access);
  const { m } = env;
  const reg = env.reg(regno);
  const frameNumber = m.get(reg, L.REG_FRAME);
  if (m.isConst(reg)) {
    const at = off + m.get(reg, L.REG_VALUE);
    if (access === BPF_READ) readFixed(env, frameNumber, at, size, valueRegno);
    else writeFixed(env, frameNumber, at, size, valueRegno, insnIdx);
  } else if (access === BPF_WRITE) writeVariable(env, reg, off, size, valueRegno, insnIdx);
  else {
    if (valueRegno < 0) {
      const bits = bitsText(m, reg);
      const message = `variable offset stack pointer cannot be passed into helper function; var_off=${bits} off=${off} size=${size}`;
      env.reject(ERRNO.EACCES, "V_STACK_VARIABLE", message, { reg: regno, off, size });
    }
    readVariable(env, regno, off, size, valueRegno);
  }
}

function readVariable(env: VerifierEnv, regno: number, off: number, size: number, valueRegno: number): void {
  checkStackRange(env, regno, off, size, false, BPF_READ, null);
  const { m } = env;
  const reg = env.reg(regno);
  const least = smallSigned(m, reg, L.REG_SMIN) + off;
  const most = smallSigned(m, reg, L.REG_SMAX) + off;
  const frame = frameOf(env, reg);
  markRead(env, frame, least, most + size, valueRegno);
  checkFastcallContract(env, m.get(frame, L.FRAME_SUBPROG), env.insnIdx, least);
}

/** What a load of bytes that are no whole spill gives: 0 where all are, else anything (mark_reg_stack_read). */
function markRead(env: VerifierEnv, frame: Frame, from: number, to: number, valueRegno: number): void {
  const { m } = env;
  let at = from;
  for (; at < to; at++) {
    const slot = slotOf(at);
    env.scratchSlot(slot);
    if (m.slotKind(frame, slot, (-at - 1) & 7) !== L.STACK_ZERO) break;
  }
  if (at === to) markConst(env, env.reg(valueRegno), 0, 0);
  else markUnknown(env, valueRegno);
}

/** How many bytes, from the slot's lowest address on, a spill covers. */
function spillSize(m: StateMemory, frame: Frame, slot: number): number {
  let size = 1;
  while (size < SLOT && m.slotKind(frame, slot, SLOT - 1 - size) === L.STACK_SPILL) size++;
  return size;
}

function refuseRead(env: VerifierEnv, off: number, i: number, size: number): never {
  const message = `invalid read from stack off ${off}+${i} size ${size}`;
  return env.reject(ERRNO.EACCES, "V_STACK_UNINIT", message, { off, size });
}

/** A load at a known offset (check_stack_read_fixed_off). */
function readFixed(env: VerifierEnv, frameNumber: number, off: number, size: number, valueRegno: number): void {
  const { m, state, insnIdx } = env;
  const frame = state.frames[frameNumber]!;
  const slot = slotOf(off);
  env.scratchSlot(slot);
  checkFastcallContract(env, m.get(state.frame, L.FRAME_SUBPROG), insnIdx, off);
  env.liveness.markReadSlot(frameNumber, insnIdx, slot);
  if (m.slotKind(frame, slot, SLOT - 1) !== L.STACK_SPILL) {
    for (let i = 0; i < size; i++) {
      const kind = m.slotKind(frame, slot, (-off - 1 - i) & 7);
      if (kind === L.STACK_MISC || kind === L.STACK_ZERO || (kind === L.STACK_INVALID && env.allowUninitStack)) {
        continue;
      }
      refuseRead(env, off, i, size);
    }
    if (valueRegno >= 0) markRead(env, frame, off, off + size, valueRegno);
    return;
  }
  const spilled = m.slot(frame, slot);
  const held = spillSize(m, frame, slot);
  if (size === SLOT && held === SLOT) {
    if (valueRegno >= 0) m.copyReg(env.reg(valueRegno), spilled);
    else if (!env.allowPtrLeaks && m.type(spilled) !== L.SCALAR_VALUE) {
      env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `leaking pointer from stack off ${off}`, { off });
    }
  } else if (!readPart(env, frame, slot, off, size, held, valueRegno)) return;
  pushJumpHistory(env, state, stackAccessFlags(frameNumber, slot), null);
}

/** A load of a part of a spill, or of a spill smaller than a slot; whether the value stems from the spilled register. */
function readPart(
  env: VerifierEnv,
  frame: Frame,
  slot: number,
  off: number,
  size: number,
  held: number,
  valueRegno: number,
): boolean {
  const { m } = env;
  const spilled = m.slot(frame, slot);
  if (m.type(spilled) !== L.SCALAR_VALUE) {
    printSourceLine(env, env.insnIdx, "; ");
    env.reject(ERRNO.EACCES, "V_STACK_PARTIAL_SPILL", "invalid size of register fill", { off, size });
  }
  if (valueRegno < 0) return false;
  const to = env.reg(valueRegno);
  if (size <= held && (off & 7) === 0) {
    m.copyReg(to, spilled);
    if (!fitsBytes(m, spilled, size)) clearScalarId(m, to);
    return true;
  }
  let spills = 0;
  let zeros = 0;
  for (let i = 0; i < size; i++) {
    const kind = m.slotKind(frame, slot, (-off - 1 - i) & 7);
    if (kind === L.STACK_SPILL) spills++;
    else if (kind === L.STACK_ZERO) zeros++;
    else if (kind !== L.STACK_MISC && !(kind === L.STACK_INVALID && env.allowUninitStack)) {
      refuseRead(env, off, i, size);
    }
  }
  if (spills === size && m.isZero(spilled)) {
    markConst(env, to, 0, 0);
    return true;
  }
  if (zeros === size) markConst(env, to, 0, 0);
  else markUnknown(env, valueRegno);
  return false;
}

/** A register is kept in a slot; bytes beyond it that were written hold something or other (save_register_state). */
function spill(m: StateMemory, frame: Frame, slot: number, reg: Reg, size: number): void {
  m.copyReg(m.slot(frame, slot), reg);
  const kinds = m.slot(frame, slot) + L.SLOT_KINDS;
  let i = SLOT - 1;
  for (; i >= SLOT - size; i--) m.u8[kinds + i] = L.STACK_SPILL;
  for (; i >= 0; i--) {
    const kind = m.u8[kinds + i];
    if (kind !== L.STACK_ZERO && kind !== L.STACK_INVALID) m.u8[kinds + i] = L.STACK_MISC;
  }
}

/** A store at a known offset (check_stack_write_fixed_off). */
function writeFixed(
  env: VerifierEnv,
  frameNumber: number,
  off: number,
  size: number,
  valueRegno: number,
  insnIdx: number,
): void {
  const { m, state, insns } = env;
  const frame = state.frames[frameNumber]!;
  const slot = slotOf(off);
  const wasSpill = m.slotKind(frame, slot, SLOT - 1) === L.STACK_SPILL;
  if (!env.allowPtrLeaks && wasSpill && m.type(m.slot(frame, slot)) !== L.SCALAR_VALUE && size !== SLOT) {
    env.reject(ERRNO.EACCES, "V_STACK_PARTIAL_SPILL", "attempt to corrupt spilled pointer on stack", { off, size });
  }
  const reg = valueRegno >= 0 ? env.reg(valueRegno) : -1;
  const type = reg < 0 ? L.NOT_INIT : m.type(reg);
  const isImmediate = (insns.code[insnIdx]! & 0xe7) === (I.BPF_ST | I.BPF_MEM);
  if (!env.bypassSpecV4)
    noteStaleBytes(env, frame, slot, off, size, insnIdx, reg >= 0 && SPILLABLE[type & L.TYPE_BASE_MASK]!);
  destroyIfDynptrSlot(env, state, frame, slot);
  const startsSlot = (off & 7) === 0;
  if (startsSlot && size === SLOT) env.liveness.markWriteSlot(frameNumber, slot);
  checkFastcallContract(env, m.get(frame, L.FRAME_SUBPROG), insnIdx, off);
  env.scratchSlot(slot);
  if (reg >= 0 && startsSlot && type === L.SCALAR_VALUE && env.bpfCapable) {
    const fits = fitsBytes(m, reg, size);
    if (fits) assignScalarId(env, reg);
    spill(m, frame, slot, reg, size);
    if (!fits) clearScalarId(m, m.slot(frame, slot));
  } else if (reg < 0 && startsSlot && isImmediate && env.bpfCapable) {
    const imm = insns.imm[insnIdx]!;
    const stored = m.scratch(STORED);
    m.ops.mark_known(stored, imm, imm >> 31);
    spill(m, frame, slot, stored, size);
  } else if (reg >= 0 && SPILLABLE[type & L.TYPE_BASE_MASK]!) {
    spillPointer(env, frame, slot, reg, size, insnIdx);
  } else {
    const zero = reg >= 0 ? isNull(m, reg) : isImmediate && insns.imm[insnIdx] === 0;
    writeBytes(env, frame, slot, off, size, zero, valueRegno);
    return;
  }
  pushJumpHistory(env, state, stackAccessFlags(frameNumber, slot), null);
}

/** Bytes that a processor guessing that the store is not done yet would read as what they were before. */
function noteStaleBytes(
  env: VerifierEnv,
  frame: Frame,
  slot: number,
  off: number,
  size: number,
  insnIdx: number,
  isPointer: boolean,
): void {
  let stale = isPointer;
  for (let i = 0; i < size && !stale; i++) {
    const kind = env.m.slotKind(frame, slot, (-off - 1 - i) & 7);
    stale = kind !== L.STACK_MISC && kind !== L.STACK_ZERO;
  }
  if (stale) env.aux[insnIdx]!.nospecResult = true;
}

function spillPointer(env: VerifierEnv, frame: Frame, slot: number, reg: Reg, size: number, insnIdx: number): void {
  if (size !== SLOT) {
    printSourceLine(env, insnIdx, "; ");
    env.reject(ERRNO.EACCES, "V_STACK_PARTIAL_SPILL", "invalid size of register spill", { size });
  }
  if (frame !== env.state.frame && env.m.type(reg) === L.PTR_TO_STACK) {
    const message = "cannot spill pointers to stack into stack frame of the caller";
    env.reject(ERRNO.EINVAL, "V_POINTER_LEAK", message);
  }
  spill(env.m, frame, slot, reg, size);
}

/** Bytes of no register that is kept: zeros, or something or other; what was spilled there is lost. */
function writeBytes(
  env: VerifierEnv,
  frame: Frame,
  slot: number,
  off: number,
  size: number,
  zero: boolean,
  valueRegno: number,
): void {
  const { m } = env;
  m.setType(m.slot(frame, slot), L.NOT_INIT);
  scrubSlot(m, frame, slot);
  if (zero && valueRegno >= 0) markChainPrecision(env, valueRegno);
  const kind = zero ? L.STACK_ZERO : L.STACK_MISC;
  for (let i = 0; i < size; i++) m.setSlotKind(frame, slot, (-off - 1 - i) & 7, kind);
}

/** A slot that held a register or an object holds plain bytes from now on. */
function scrubSlot(m: StateMemory, frame: Frame, slot: number): void {
  const last = m.slotKind(frame, slot, SLOT - 1);
  if (last === L.STACK_INVALID || last === L.STACK_MISC || last === L.STACK_ZERO) return;
  for (let i = 0; i < SLOT; i++) {
    if (m.slotKind(frame, slot, i) !== L.STACK_INVALID) m.setSlotKind(frame, slot, i, L.STACK_MISC);
  }
}

/** A store somewhere in a range (check_stack_write_var_off): any byte may be overwritten, none must be. */
function writeVariable(
  env: VerifierEnv,
  reg: Reg,
  off: number,
  size: number,
  valueRegno: number,
  insnIdx: number,
): void {
  const { m, state, insns } = env;
  const frame = frameOf(env, reg);
  const from = smallSigned(m, reg, L.REG_SMIN) + off;
  const to = smallSigned(m, reg, L.REG_SMAX) + off + size;
  const isImmediate = (insns.code[insnIdx]! & 0xe7) === (I.BPF_ST | I.BPF_MEM);
  const zero = valueRegno >= 0 ? isNull(m, env.reg(valueRegno)) : isImmediate && insns.imm[insnIdx] === 0;
  for (let at = from; at < to; at++) destroyIfDynptrSlot(env, state, frame, slotOf(at));
  checkFastcallContract(env, m.get(frame, L.FRAME_SUBPROG), insnIdx, from);
  let zeroUsed = false;
  for (let at = from; at < to; at++) {
    const slot = slotOf(at);
    const byte = (-at - 1) & 7;
    const kind = m.slotKind(frame, slot, byte);
    env.scratchSlot(slot);
    if (!env.allowPtrLeaks && kind !== L.STACK_MISC && kind !== L.STACK_ZERO) {
      refuseUnended(env, `spilled ptr in range of var-offset stack write; insn ${insnIdx}, ptr off: ${at}`);
    }
    const spilled = m.slot(frame, slot);
    if (zero && kind === L.STACK_SPILL && m.slotKind(frame, slot, SLOT - 1) === L.STACK_SPILL && isNull(m, spilled)) {
      zeroUsed = true;
      continue;
    }
    if (m.slotKind(frame, slot, SLOT - 1) === L.STACK_SPILL) scrubSlot(m, frame, slot);
    m.setType(spilled, L.NOT_INIT);
    const staysZero = zero && m.slotKind(frame, slot, byte) === L.STACK_ZERO;
    if (staysZero) zeroUsed = true;
    if (kind === L.STACK_INVALID && !env.allowUninitStack) {
      refuseUnended(env, `uninit stack in range of var-offset write prohibited for !root; insn ${insnIdx}, off: ${at}`);
    }
    m.setSlotKind(frame, slot, byte, staysZero ? L.STACK_ZERO : L.STACK_MISC);
  }
  if (zeroUsed && valueRegno >= 0) markChainPrecision(env, valueRegno);
}

/** The kernel ends these messages without a newline. */
function refuseUnended(env: VerifierEnv, message: string): never {
  env.verbose(message);
  env.log.lastMessage = message;
  return env.reject(ERRNO.EINVAL, "V_STACK_VARIABLE", "");
}
