import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";

/** Longer paths are told from where they have this many steps left. */
export const LONGEST_PATH = 100_000;

/**
 * The instructions of the path that led to `env.insnIdx`, oldest first. States keep only the jumps; what lies between them is walked
 * backwards, as precision tracking does.
 */
export function failurePath(env: VerifierEnv): number[] {
  const steps: number[] = [env.insnIdx];
  let state: typeof env.state | null = env.state;
  let at = env.insnIdx;
  while (state !== null && steps.length < LONGEST_PATH) {
    let entry = state.jmpHistory;
    while (steps.length < LONGEST_PATH) {
      if (at === state.firstInsnIdx && (entry === null || (entry.before === null && entry.idx === at))) break;
      if (entry !== null && entry.idx === at) {
        at = entry.prevIdx;
        entry = entry.before;
      } else {
        at--;
        if (at > 0 && env.insns.isLdImm64(at - 1)) at--;
      }
      if (at < 0) return steps.reverse();
      steps.push(at);
    }
    state = state.parent;
    if (state !== null) {
      at = state.lastInsnIdx;
      steps.push(at);
    }
  }
  return steps.reverse();
}

/** A conditional jump on the path. */
export interface PathBranch {
  readonly insn: number;
  readonly taken: boolean;
  /** The instruction that comes next. */
  readonly to: number;
  /** How often the path made this decision; it stands where it was made last. */
  readonly times: number;
}

/** The decisions of a path, oldest first; those of a loop once. */
export function branchesOf(insns: I.Insns, path: readonly number[]): PathBranch[] {
  const found = new Map<string, PathBranch>();
  for (let n = 0; n + 1 < path.length; n++) {
    const insn = path[n]!;
    if (!isConditional(insns, insn)) continue;
    const to = path[n + 1]!;
    const key = `${insn} ${to}`;
    const times = (found.get(key)?.times ?? 0) + 1;
    found.delete(key);
    found.set(key, { insn, taken: to !== insn + 1, to, times });
  }
  return [...found.values()];
}

function isConditional(insns: I.Insns, i: number): boolean {
  const cls = insns.class(i);
  if (cls !== I.BPF_JMP && cls !== I.BPF_JMP32) return false;
  const op = insns.op(i);
  return op !== I.BPF_JA && op !== I.BPF_CALL && op !== I.BPF_EXIT;
}
