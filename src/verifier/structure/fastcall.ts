import type { VerifierEnv } from "../env.ts";
import { BPF_CALL, BPF_DW, BPF_JMP, BPF_LDX, BPF_MEM, BPF_STX } from "../insns.ts";
import { callSummary } from "./call-facts.ts";
import { subprogEnd } from "./subprogs.ts";

/**
 * Compilers wrap calls of bpf_fastcall functions in spills and fills of the registers that an ordinary call would lose. Where the kernel
 * open-codes the call, or the call keeps these registers, the pairs go; their stack slots, if nothing else uses them, do not count.
 */

const SPILL = BPF_STX | BPF_MEM | BPF_DW;
const FILL = BPF_LDX | BPF_MEM | BPF_DW;
const R10 = 10;
const CALLER_SAVED = 0x3f;
const CALLER_SAVED_COUNT = 6;
const SLOT = 8;
/** Below every stack offset: the function has no such slots. */
const NEVER = -32768;

/** Spills around calls that keep registers (mark_fastcall_patterns). */
export function markFastcallPatterns(env: VerifierEnv): void {
  const { insns } = env;
  for (let n = 0; n < env.subprogs.length; n++) {
    const { start } = env.subprogs[n]!;
    const end = subprogEnd(env, n);
    let lowest = 0;
    for (let i = start; i < end; i++) {
      if (insns.code[i] === SPILL && insns.dst[i] === R10) lowest = Math.min(lowest, insns.off[i]!);
    }
    for (let i = start; i < end; i++) {
      if (insns.code[i] === (BPF_JMP | BPF_CALL)) markPattern(env, n, i, lowest);
    }
  }
}

function markPattern(env: VerifierEnv, n: number, call: number, lowest: number): void {
  const { insns, aux } = env;
  const subprog = env.subprogs[n]!;
  const summary = callSummary(env, call);
  if (summary === null) return;
  const parameters = ((1 << (summary.params + 1)) - 1) & (summary.isVoid ? ~1 : ~0);
  let expected = CALLER_SAVED & ~parameters;
  let pairs = 0;
  for (let off = lowest; pairs < CALLER_SAVED_COUNT; off += SLOT) {
    const spill = call - pairs - 1;
    const fill = call + pairs + 1;
    if (spill < 0 || fill >= insns.count) break;
    if (insns.code[spill] !== SPILL || insns.code[fill] !== FILL) break;
    if (insns.dst[spill] !== R10 || insns.src[fill] !== R10 || insns.src[spill] !== insns.dst[fill]) break;
    const register = 1 << insns.src[spill]!;
    if ((register & expected) === 0 || insns.off[spill] !== off || insns.off[fill] !== off) break;
    expected &= ~register;
    aux[spill]!.fastcallPattern = true;
    aux[fill]!.fastcallPattern = true;
    pairs++;
  }
  if (pairs === 0) return;
  // Where this kernel does not open-code the call, the pairs stay, and so do their slots.
  if (summary.fastcall) aux[call]!.fastcallSpills = pairs;
  else subprog.keepFastcallStack = true;
  subprog.fastcallStackOff = Math.min(subprog.fastcallStackOff, lowest + pairs * SLOT);
}

/**
 * An instruction touches the stack of the function that runs: if it touches slots of such pairs without being part of one, the whole
 * function keeps its pairs (check_fastcall_stack_contract).
 * @param subprog number of the function whose stack it is
 * @param off lowest byte touched
 */
export function checkFastcallContract(env: VerifierEnv, subprog: number, insn: number, off: number): void {
  const { aux } = env;
  const info = env.subprogs[subprog]!;
  if (info.fastcallStackOff <= off || aux[insn]!.fastcallPattern) return;
  info.fastcallStackOff = NEVER;
  const end = subprogEnd(env, subprog);
  for (let i = info.start; i < end; i++) {
    aux[i]!.fastcallSpills = 0;
    aux[i]!.fastcallPattern = false;
  }
}

/** After the walk: the pairs go, and the stack that only they used (remove_fastcall_spills_fills). */
export function removeFastcallSpills(env: VerifierEnv): void {
  for (let n = 0; n < env.subprogs.length; n++) {
    const subprog = env.subprogs[n]!;
    const end = subprogEnd(env, n);
    let removed = false;
    for (let i = subprog.start; i < end; i++) {
      const pairs = env.aux[i]!.fastcallSpills;
      for (let j = 1; j <= pairs; j++) {
        env.removed[i - j] = 1;
        env.removed[i + j] = 1;
        removed = true;
      }
    }
    if (removed && !subprog.keepFastcallStack) subprog.stackDepth = -subprog.fastcallStackOff;
  }
}
