import type { VerifierEnv } from "../env.ts";
import { BPF_CALL, BPF_EXIT, BPF_JA, BPF_JCOND, BPF_JMP } from "../insns.ts";
import { subprogEnd } from "./subprogs.ts";
import { isJumpClass, jumpOffset } from "./successors.ts";

/**
 * What the kernel takes out of a program that was accepted: code that no path reached, branches whose one side that was, and jumps to the
 * next instruction (opt_hard_wire_dead_code_branches, opt_remove_dead_code, opt_remove_nops). Marked in `env.removed`; without CAP_BPF
 * nothing is taken out, dead code is overwritten instead.
 */
export function removeDeadCode(env: VerifierEnv): void {
  if (!env.bpfCapable) return;
  const { insns, aux, removed } = env;
  for (let i = 0; i < insns.count; i++) if (aux[i]!.seen === 0 && !isSecondHalf(env, i)) removed[i] = 1;
  // A 64-bit load goes with its second half.
  for (let i = 0; i < insns.count; i++) if (insns.isLdImm64(i)) removed[i + 1] = removed[i]!;
  // One pass from the start, as the kernel's: a jump over another that goes later stays.
  for (let i = 0; i < insns.count; i++) if (removed[i] === 0 && jumpsNowhere(env, i)) removed[i] = 1;
}

function isSecondHalf(env: VerifierEnv, i: number): boolean {
  return i > 0 && env.insns.isLdImm64(i - 1);
}

/** A jump that always leads to what follows it, once dead code is gone. */
function jumpsNowhere(env: VerifierEnv, i: number): boolean {
  const { insns, aux, removed } = env;
  if (!isJumpClass(insns, i)) return false;
  const op = insns.op(i);
  if (op === BPF_CALL || op === BPF_EXIT) return false;
  const target = i + jumpOffset(insns, i) + 1;
  if (op !== BPF_JA && insns.code[i] !== (BPF_JMP | BPF_JCOND)) {
    // The way on is dead: it always jumps. The target is dead: it never does.
    if (aux[i + 1]!.seen !== 0) return aux[target]!.seen === 0;
  }
  if (target <= i) return false;
  for (let j = i + 1; j < target; j++) if (removed[j] === 0) return false;
  return true;
}

/** Bytes of stack by function, as the kernel's statistics have them: of an accepted program without functions that no path reached, and with one more where it throws without a callback of its own. */
export function stackDepths(env: VerifierEnv, accepted: boolean): number[] {
  if (!accepted) return env.subprogs.map((subprog) => subprog.stackDepth);
  const depths: number[] = [];
  for (const [n, { start, stackDepth, stackExtra }] of env.subprogs.entries()) {
    if (!env.bpfCapable || env.removed.subarray(start, subprogEnd(env, n)).includes(0))
      depths.push(stackDepth + stackExtra);
  }
  if (env.seenException && env.exceptionCallback === 0) depths.push(0);
  return depths;
}
