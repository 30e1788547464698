import type { VerifierEnv } from "../env.ts";

/** Three registers are saved around a callback's loop where a call of bpf_loop is replaced by it. */
const INLINED_LOOP = 24;
/** The count and the time of may_goto. */
const MAY_GOTO = 16;

/** Stack that functions need for what the kernel puts in the place of instructions (optimize_bpf_loop, do_misc_fixups). */
export function addStackExtra(env: VerifierEnv): void {
  const { insns, aux, subprogs } = env;
  for (let n = 0; n < subprogs.length; n++) {
    const subprog = subprogs[n]!;
    const end = subprogs[n + 1]?.start ?? insns.count;
    let loop = 0;
    let mayGoto = 0;
    for (let i = subprog.start; i < end; i++) {
      if (aux[i]!.seen === 0) continue;
      if (aux[i]!.loopInlined) loop = INLINED_LOOP + (-subprog.stackDepth & 7);
      if (insns.isMayGoto(i) && insns.off[i] !== 0) mayGoto = MAY_GOTO;
    }
    subprog.stackExtra = loop + mayGoto;
  }
}
