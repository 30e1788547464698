import { checkBtfInfo, checkBtfInfoEarly } from "./btf-info/check.ts";
import { VerifierEnv } from "./env.ts";
import { verifyMain } from "./explore/main.ts";
import { checkAttachTarget } from "./programs/attach.ts";
import { checkAttributes } from "./programs/attributes.ts";
import { Rejection } from "./reject.ts";
import { checkCfg } from "./structure/cfg.ts";
import { markFastcallPatterns } from "./structure/fastcall.ts";
import { computeLiveRegisters } from "./structure/live-registers.ts";
import { resolveLoads } from "./structure/loads.ts";
import { checkMaxStackDepth } from "./structure/stack-depth.ts";
import { findSubprogs } from "./structure/subprogs.ts";
import type { Failure, ProgramInput, Verdict, VerifierStats, VerifyOptions } from "./types.ts";

/** The phases in the order in which the kernel refuses things (bpf_check). */
const PHASES: readonly ((env: VerifierEnv) => void)[] = [
  checkAttributes,
  checkBtfInfoEarly,
  findSubprogs,
  checkBtfInfo,
  resolveLoads,
  checkCfg,
  checkAttachTarget,
  markFastcallPatterns,
  computeLiveRegisters,
  verifyMain,
  checkMaxStackDepth,
];

/** Decides on a program as BPF_PROG_LOAD of Linux 6.18 does. Never throws on account of the program. */
export function verify(input: ProgramInput, options: VerifyOptions = {}): Verdict {
  const start = options.now?.() ?? 0;
  const env = new VerifierEnv(input, options);
  let failure: Failure | null = null;
  let errno = 0;
  try {
    for (const phase of PHASES) phase(env);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    errno = error.errno;
    failure = describe(env, error);
  }
  const microseconds = Math.round(((options.now?.() ?? 0) - start) / 1000);
  return {
    accepted: errno === 0,
    errno,
    log: env.log.text,
    failure,
    stats: statistics(env, microseconds),
    facts: null,
  };
}

function describe(env: VerifierEnv, rejection: Rejection): Failure {
  return {
    kind: rejection.kind,
    message: env.log.lastMessage,
    insn: env.insnIdx,
    data: rejection.data,
    path: [],
    state: "",
  };
}

function statistics(env: VerifierEnv, microseconds: number): VerifierStats {
  return {
    insnProcessed: env.insnProcessed,
    maxStatesPerInsn: env.maxStatesPerInsn,
    totalStates: env.totalStates,
    peakStates: env.peakStates,
    stackDepths: env.subprogs.map((subprog) => subprog.stackDepth),
    microseconds,
    visits: env.visits,
  };
}
