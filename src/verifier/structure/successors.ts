import { BPF_CALL, BPF_EXIT, BPF_JA, BPF_JMP, BPF_JMP32, type Insns } from "../insns.ts";

/**
 * Where control goes from an instruction, inside its function: a call goes on behind itself. At most two places; -1 = none.
 * The next instruction comes before the jump's target: the order in which the analyses here number what they find.
 */

/** Whether the class is that of jumps (BPF_JMP, BPF_JMP32). */
export function isJumpClass(insns: Insns, i: number): boolean {
  const cls = insns.class(i);
  return cls === BPF_JMP || cls === BPF_JMP32;
}

/** Distance that a jump covers: the 32-bit form of `goto` keeps it in imm (RFC 9669 section 4.3). */
export function jumpOffset(insns: Insns, i: number): number {
  return insns.code[i] === (BPF_JMP32 | BPF_JA) ? insns.imm[i]! : insns.off[i]!;
}

/** The instruction that follows in the text, or -1 where control never falls through. */
export function fallThrough(insns: Insns, i: number): number {
  if (!isJumpClass(insns, i)) return insns.isLdImm64(i) ? i + 2 : i + 1;
  const op = insns.op(i);
  return op === BPF_EXIT || op === BPF_JA ? -1 : i + 1;
}

/** The instruction that a jump leads to, or -1. */
export function jumpTarget(insns: Insns, i: number): number {
  if (!isJumpClass(insns, i)) return -1;
  const op = insns.op(i);
  return op === BPF_EXIT || op === BPF_CALL ? -1 : i + jumpOffset(insns, i) + 1;
}

/** Both of them for every instruction of a program, computed once: `next[i]` and `target[i]`. */
export interface Successors {
  readonly next: Int32Array;
  readonly target: Int32Array;
}

export function successorsOf(insns: Insns): Successors {
  const next = new Int32Array(insns.count);
  const target = new Int32Array(insns.count);
  for (let i = 0; i < insns.count; i++) {
    next[i] = fallThrough(insns, i);
    target[i] = jumpTarget(insns, i);
  }
  return { next, target };
}
