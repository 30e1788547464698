import { ERRNO } from "../../uapi/index.ts";
import { helperId } from "../calls/helper-ids.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import { insnText } from "../log/insn-text.ts";
import type { JumpHistoryEntry } from "../state.ts";
import { callsCallbackSync } from "./callback-kind.ts";
import { flagsFrame, flagsSlot, INSN_F_DST_REG_STACK, INSN_F_SRC_REG_STACK, INSN_F_STACK_ACCESS } from "./history.ts";
import { linkedFrame, linkedIndex, linkedIsReg } from "./linked.ts";
import { findSubprogAt } from "./subprog-at.ts";
import type { Wanted } from "./wanted.ts";

const TAIL_CALL = helperId("tail_call");

/** r1 to r5. */
const ARGS = 0x3e;

/** Where one of the linked scalars is wanted, all are. */
function wantLinked(want: Wanted, linked: readonly number[]): void {
  const wanted = (one: number) =>
    linkedIsReg(one)
      ? want.hasFrameReg(linkedFrame(one), linkedIndex(one))
      : want.hasSlot(linkedFrame(one), linkedIndex(one));
  if (!linked.some(wanted)) return;
  for (const one of linked) {
    if (linkedIsReg(one)) want.addFrameReg(linkedFrame(one), linkedIndex(one));
    else want.addSlot(linkedFrame(one), linkedIndex(one));
  }
}

function broken(env: VerifierEnv, what: string): never {
  env.reject(ERRNO.EFAULT, "V_KERNEL_UNSOUND", `verifier bug: ${what}`);
}

/** A value loaded: its slot is wanted where it came from the stack; anywhere else precision ends. */
function backThroughLoad(want: Wanted, entry: JumpHistoryEntry | null, reg: number): void {
  if (!want.hasReg(reg)) return;
  want.dropReg(reg);
  if (entry !== null && (entry.flags & INSN_F_STACK_ACCESS) !== 0) {
    want.addSlot(flagsFrame(entry.flags), flagsSlot(entry.flags));
  }
}

/** The register that an atomic instruction brings the old value into, -1 = none. */
function fetchedInto(env: VerifierEnv, idx: number): number {
  const { insns } = env;
  const code = insns.code[idx]!;
  if ((code & 7) !== I.BPF_STX || (code & 0xe0) !== I.BPF_ATOMIC) return -1;
  const imm = insns.imm[idx]!;
  if ((imm & I.BPF_FETCH) === 0 || imm === I.BPF_LOAD_ACQ || imm === I.BPF_STORE_REL) return -1;
  return imm === I.BPF_CMPXCHG ? 0 : insns.src[idx]!;
}

/** A value stored; false where precision cannot be followed. */
function backThroughStore(env: VerifierEnv, want: Wanted, idx: number, entry: JumpHistoryEntry | null): boolean {
  const { insns } = env;
  // A wanted scalar is no pointer that a store goes through: this was a subtraction of pointers.
  if (want.hasReg(insns.dst[idx]!)) return false;
  if (entry === null || (entry.flags & INSN_F_STACK_ACCESS) === 0) return true;
  const frame = flagsFrame(entry.flags);
  const slot = flagsSlot(entry.flags);
  const into = fetchedInto(env, idx);
  const fetched = into >= 0 && want.hasReg(into);
  if (want.hasSlot(frame, slot)) {
    want.dropSlot(frame, slot);
    if (insns.class(idx) === I.BPF_STX) want.addReg(insns.src[idx]!);
  }
  // The slot's old value went into the register. Linux 6.18 misses that (CVE-2026-43009); there it takes wrong programs for right.
  if (fetched) want.addSlot(frame, slot);
  return true;
}

function backThroughCall(env: VerifierEnv, want: Wanted, idx: number, next: number): boolean {
  const { insns } = env;
  const regs = want.regs[want.frame]!;
  if (insns.isLocalCall(idx)) {
    const subprog = findSubprogAt(env, idx + insns.imm[idx]! + 1);
    if (subprog < 0) broken(env, `backtracking call to no subprogram at ${idx}`);
    if (env.subprogs[subprog]!.global) {
      if ((regs & ARGS) !== 0) broken(env, `global subprog unexpected regs ${regs.toString(16)}`);
      want.dropReg(0);
      return true;
    }
    // Out of the function, into its caller: only arguments can still be wanted.
    if ((regs & ~ARGS) !== 0) broken(env, `static subprog unexpected regs ${regs.toString(16)}`);
    if (want.anySlot) broken(env, "static subprog leftover stack slots");
    if (want.frame === 0) broken(env, "subprog exit from frame 0");
    want.regs[want.frame] = 0;
    want.frame--;
    want.regs[want.frame]! |= regs & ARGS;
    return true;
  }
  if (callsCallbackSync(env, idx) && idx !== next - 1) {
    // Out of a callback: the helper that called it made its arguments.
    if ((regs & ~ARGS) !== 0) broken(env, `callback unexpected regs ${regs.toString(16)}`);
    if (want.anySlot) broken(env, "callback leftover stack slots");
    if (want.frame === 0) broken(env, "subprog exit from frame 0");
    want.regs[want.frame] = 0;
    want.frame--;
    return true;
  }
  if (insns.src[idx] === I.BPF_PSEUDO_KFUNC_CALL && insns.imm[idx] === 0) return false;
  want.dropReg(0);
  if ((want.regs[want.frame]! & ARGS) !== 0) broken(env, `backtracking call unexpected regs ${regs.toString(16)}`);
  // The function ended with a tail call that worked: its caller went on.
  if (insns.isHelperCall(idx) && insns.imm[idx] === TAIL_CALL && next - idx !== 1) enterFunction(env, want);
  return true;
}

function enterFunction(env: VerifierEnv, want: Wanted): void {
  if (want.frame >= 7) broken(env, "subprog enter from frame 7");
  want.frame++;
}

/** Into a function that returned: r0 goes with it, unless a helper called it. */
function backThroughExit(env: VerifierEnv, want: Wanted, next: number): void {
  if (next >= 0 && env.aux[next]!.callsCallback) want.regs[want.frame]! &= ~ARGS;
  const regs = want.regs[want.frame]!;
  if ((regs & ARGS) !== 0) broken(env, `backtracking exit unexpected regs ${regs.toString(16)}`);
  const wantR0 = next >= 1 && env.insns.isLocalCall(next - 1) && want.hasReg(0);
  want.dropReg(0);
  enterFunction(env, want);
  if (wantR0) want.addReg(0);
}

function backThroughAlu(env: VerifierEnv, want: Wanted, idx: number): void {
  const { insns } = env;
  const dst = insns.dst[idx]!;
  const op = insns.op(idx);
  if (!want.hasReg(dst) || op === I.BPF_END || op === I.BPF_NEG) return;
  const fromReg = (insns.code[idx]! & I.BPF_X) !== 0;
  if (op === I.BPF_MOV) want.dropReg(dst);
  if (fromReg && insns.src[idx] !== 10) want.addReg(insns.src[idx]!);
}

/**
 * What must be exact before instruction `idx` so that what is wanted is exact after it (backtrack_insn). `next` is the instruction that
 * ran after it, `entry` what the path noted of it. False where it cannot be told.
 */
export function backtrackInsn(
  env: VerifierEnv,
  want: Wanted,
  idx: number,
  next: number,
  entry: JumpHistoryEntry | null,
): boolean {
  const { insns } = env;
  if (insns.code[idx] === 0) return true;
  if (env.log.all) {
    const { frame } = want;
    env.verbose(
      `mark_precise: frame${frame}: regs=${want.regsText(frame)} stack=${want.slotsText(frame)} before ${idx}: ` +
        `${insnText(env, idx)}\n`,
    );
  }
  const linked = entry === null ? null : entry.linkedRegs;
  if (linked !== null) wantLinked(want, linked);
  switch (insns.class(idx)) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
      if (!want.hasReg(insns.dst[idx]!)) return true;
      backThroughAlu(env, want, idx);
      break;
    case I.BPF_LDX:
      if (!want.hasReg(insns.dst[idx]!)) return true;
      backThroughLoad(want, entry, insns.dst[idx]!);
      break;
    case I.BPF_STX:
      if ((insns.code[idx]! & 0xe0) === I.BPF_ATOMIC && insns.imm[idx] === I.BPF_LOAD_ACQ) {
        if (!want.hasReg(insns.dst[idx]!)) return true;
        backThroughLoad(want, entry, insns.dst[idx]!);
        break;
      }
      if (!backThroughStore(env, want, idx, entry)) return false;
      break;
    case I.BPF_ST:
      if (!backThroughStore(env, want, idx, entry)) return false;
      break;
    case I.BPF_JMP:
    case I.BPF_JMP32: {
      const op = insns.op(idx);
      if (op === I.BPF_CALL) {
        if (!backThroughCall(env, want, idx, next)) return false;
        if (insns.isLocalCall(idx)) return true;
      } else if (op === I.BPF_EXIT) {
        backThroughExit(env, want, next);
        return true;
      } else if ((insns.code[idx]! & I.BPF_X) !== 0) {
        const dst = insns.dst[idx]!;
        const src = insns.src[idx]!;
        if (!want.hasReg(dst) && !want.hasReg(src)) return true;
        const flags = entry === null ? 0 : entry.flags;
        if ((flags & INSN_F_SRC_REG_STACK) === 0) want.addReg(src);
        if ((flags & INSN_F_DST_REG_STACK) === 0) want.addReg(dst);
      }
      break;
    }
    default: {
      if (!want.hasReg(insns.dst[idx]!)) return true;
      want.dropReg(insns.dst[idx]!);
      const mode = insns.code[idx]! & 0xe0;
      if (mode === I.BPF_IND || mode === I.BPF_ABS) return false;
    }
  }
  if (linked !== null) wantLinked(want, linked);
  return true;
}
