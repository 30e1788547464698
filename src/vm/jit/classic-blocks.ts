import { BPF_JA, BPF_JMP, type ClassicInsn } from "../../classic/insn.ts";

/** Where wasm blocks open so that each jump of a classic program is a branch out of one. */
export interface BlockPlan {
  /** Per instruction: the instructions before which the blocks end that open here, outermost first. */
  readonly opens: readonly (readonly number[])[];
}

/** Where control may go from instruction `n` besides on to the next one. */
function branches({ code, jt, jf, k }: ClassicInsn, n: number): number[] {
  if ((code & 7) !== BPF_JMP) return [];
  const targets = (code & 0xf0) === BPF_JA ? [n + 1 + k] : [n + 1 + jt, n + 1 + jf];
  return targets.filter((target) => target !== n + 1);
}

/**
 * Jumps of classic BPF lead forwards only, so a block from before the first jump to an instruction up to that instruction will do.
 * Two such blocks may cross; then the one that ends later begins as early as the other.
 */
export function planBlocks(program: readonly ClassicInsn[]): BlockPlan {
  const begin = new Int32Array(program.length).fill(-1);
  program.forEach((insn, n) => {
    for (const target of branches(insn, n)) {
      if (target < program.length && begin[target]! < 0) begin[target] = n;
    }
  });
  const opens = program.map((): number[] => []);
  /** Targets whose blocks lie beside each other, none in another one. */
  const outer: number[] = [];
  for (let target = 0; target < program.length; target++) {
    if (begin[target]! < 0) continue;
    while (outer.length > 0 && outer.at(-1)! > begin[target]!) {
      begin[target] = Math.min(begin[target]!, begin[outer.pop()!]!);
    }
    outer.push(target);
  }
  for (let target = program.length - 1; target >= 0; target--) {
    if (begin[target]! >= 0) opens[begin[target]!]!.push(target);
  }
  return { opens };
}
