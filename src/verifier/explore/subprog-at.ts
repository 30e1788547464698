import type { VerifierEnv } from "../env.ts";

/** Number of the function that starts at an instruction (find_subprog), -1 = none does. */
export function findSubprogAt(env: VerifierEnv, insn: number): number {
  const { subprogs } = env;
  let low = 0;
  let high = subprogs.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { start } = subprogs[middle]!;
    if (start === insn) return middle;
    if (start < insn) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
