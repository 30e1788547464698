import type { VerifierEnv } from "../env.ts";
import type { Successors } from "./successors.ts";

/**
 * Instructions of each function, successors as a rule before their predecessors (compute_postorder). A place counts as known as soon as
 * it waits on the stack, so with joining branches the order is not the strict depth-first one; how many rounds the analyses need, which
 * the log shows, depends on it.
 */
export function computePostorder(env: VerifierEnv, { next, target }: Successors): void {
  const { count } = env.insns;
  const order = new Int32Array(count);
  const waiting = new Uint8Array(count);
  const expanded = new Uint8Array(count);
  const stack: number[] = [];
  let length = 0;
  const push = (to: number): void => {
    if (to < 0 || waiting[to] === 1) return;
    waiting[to] = 1;
    stack.push(to);
  };
  for (const subprog of env.subprogs) {
    subprog.postorderStart = length;
    push(subprog.start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (expanded[top] === 1) {
        order[length++] = top;
        stack.pop();
        continue;
      }
      expanded[top] = 1;
      push(next[top]!);
      push(target[top]!);
    }
  }
  env.postorder = order.subarray(0, length);
}
