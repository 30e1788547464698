import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";

/** Longer paths are told from where they have this many steps left. */
const STEPS = 100_000;

/**
 * The instructions of the path that led to `env.insnIdx`, oldest first. States keep only the jumps; what lies between them is walked
 * backwards, as precision tracking does.
 */
export function failurePath(env: VerifierEnv): number[] {
  const steps: number[] = [env.insnIdx];
  let state: typeof env.state | null = env.state;
  let at = env.insnIdx;
  while (state !== null && steps.length < STEPS) {
    let entry = state.jmpHistory;
    while (steps.length < STEPS) {
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
}

/** The decisions of a path, oldest first. */
export function branchesOf(insns: I.Insns, path: readonly number[]): PathBranch[] {
  const found: PathBranch[] = [];
  for (let n = 0; n + 1 < path.length; n++) {
    const insn = path[n]!;
    if (!isConditional(insns, insn)) continue;
    found.push({ insn, taken: path[n + 1] !== insn + 1 });
  }
  return found;
}

function isConditional(insns: I.Insns, i: number): boolean {
  const cls = insns.class(i);
  if (cls !== I.BPF_JMP && cls !== I.BPF_JMP32) return false;
  const op = insns.op(i);
  return op !== I.BPF_JA && op !== I.BPF_CALL && op !== I.BPF_EXIT;
}

/** The last instruction of the path, its end aside, that wrote a register; -1 = none. Calls write r0 to r5. */
export function lastWriter(insns: I.Insns, path: readonly number[], reg: number): number {
  for (let n = path.length - 2; n >= 0; n--) if (writes(insns, path[n]!, reg)) return path[n]!;
  return -1;
}

function writes(insns: I.Insns, i: number, reg: number): boolean {
  switch (insns.class(i)) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
    case I.BPF_LDX:
      return insns.dst[i] === reg;
    case I.BPF_LD:
      return insns.isLdImm64(i) ? insns.dst[i] === reg : reg <= 5;
    case I.BPF_STX: {
      const atomic = (insns.code[i]! & 0xe0) === I.BPF_ATOMIC;
      const imm = insns.imm[i]!;
      if (!atomic || (imm & I.BPF_FETCH) === 0) return atomic && imm === I.BPF_LOAD_ACQ && insns.dst[i] === reg;
      return imm === I.BPF_CMPXCHG ? reg === 0 : insns.src[i] === reg;
    }
    case I.BPF_JMP:
      return insns.op(i) === I.BPF_CALL && reg <= 5;
  }
  return false;
}
