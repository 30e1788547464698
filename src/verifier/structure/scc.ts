import type { VerifierEnv } from "../env.ts";
import type { Successors } from "./successors.ts";

const NOT_ON_STACK = 0x7fffffff;

/**
 * Strongly connected components of the control-flow graph, after Tarjan ("Depth-first search and linear graph algorithms", 1972), without
 * recursion. Only loops get a number: components of two instructions or more, and instructions that jump to themselves. Numbers count from 1 in the order in which components are completed (compute_scc).
 */
export function computeScc(env: VerifierEnv, { next, target }: Successors): void {
  const { count } = env.insns;
  /** Order of discovery, 0 = not yet; and the lowest such number reachable. */
  const found = new Int32Array(count);
  const low = new Int32Array(count);
  const open: number[] = [];
  const path: number[] = [];
  let clock = 0;
  let components = 0;

  const discover = (insn: number): void => {
    found[insn] = ++clock;
    low[insn] = clock;
    open.push(insn);
    path.push(insn);
  };
  /** Number of the component that is complete, 0 = not a loop. */
  const close = (root: number): void => {
    const isLoop = open[open.length - 1] !== root || next[root] === root || target[root] === root;
    if (isLoop) components++;
    for (let member = -1; member !== root; ) {
      member = open.pop()!;
      low[member] = NOT_ON_STACK;
      if (isLoop) env.aux[member]!.scc = components;
    }
  };

  for (let start = 0; start < count; start++) {
    if (found[start] !== 0) continue;
    discover(start);
    while (path.length > 0) {
      const at = path[path.length - 1]!;
      const a = next[at]!;
      const b = target[at]!;
      if (a >= 0 && a < count && found[a] === 0) {
        discover(a);
        continue;
      }
      if (b >= 0 && b < count && found[b] === 0) {
        discover(b);
        continue;
      }
      path.pop();
      if (a >= 0 && a < count && low[a]! < low[at]!) low[at] = low[a]!;
      if (b >= 0 && b < count && low[b]! < low[at]!) low[at] = low[b]!;
      if (low[at] === found[at]) close(at);
    }
  }
  env.sccCount = components + 1;
}
