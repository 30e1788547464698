import type { VerifierEnv } from "../env.ts";
import { JumpHistoryEntry, type VerifierState } from "../state.ts";

// What an instruction of the path did to the stack (INSN_F_*): frame in bits 0-2, slot in bits 3-8.
export const INSN_F_STACK_ACCESS = 1 << 9;
/** The destination, or source, of a comparison is a pointer to the stack. */
export const INSN_F_DST_REG_STACK = 1 << 10;
export const INSN_F_SRC_REG_STACK = 1 << 11;

/** Flags of a load or store of stack slot `slot` in frame `frame` (insn_stack_access_flags). */
export function stackAccessFlags(frame: number, slot: number): number {
  return INSN_F_STACK_ACCESS | (slot << 3) | frame;
}
export const flagsFrame = (flags: number): number => flags & 7;
export const flagsSlot = (flags: number): number => (flags >> 3) & 63;

/** Adds the current instruction to the path, or flags to its entry (push_jmp_history). */
export function pushJumpHistory(
  env: VerifierEnv,
  state: VerifierState,
  flags: number,
  linked: readonly number[] | null,
): void {
  const last = state.jmpHistory;
  if (env.historyAdded && last !== null) {
    if ((last.flags | flags) === last.flags && linked === null) return;
    state.jmpHistory = new JumpHistoryEntry(
      last.idx,
      last.prevIdx,
      last.flags | flags,
      linked ?? last.linkedRegs,
      last.before,
    );
    return;
  }
  state.jmpHistory = new JumpHistoryEntry(env.insnIdx, env.prevInsnIdx, flags, linked, last);
  env.historyAdded = true;
}
