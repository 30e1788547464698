import { NOT_INIT, REGS_PER_FRAME } from "../runtime/verifier-layout.ts";
import { checkBtfInfo, checkBtfInfoEarly } from "./btf-info/check.ts";
import { VerifierEnv } from "./env.ts";
import { failurePath } from "./explain/path.ts";
import { verifyMain } from "./explore/main.ts";
import { addStackExtra } from "./explore/stack-extra.ts";
import { programFacts } from "./facts.ts";
import { checkUnresolvedKfuncs } from "./kfuncs/sites.ts";
import { lineAt } from "./log/insn-line.ts";
import { insnText } from "./log/insn-text.ts";
import { regText } from "./log/reg-text.ts";
import { BPF_LOG_STATS } from "./log.ts";
import { checkAttachTarget } from "./programs/attach.ts";
import { checkAttributes } from "./programs/attributes.ts";
import { Rejection } from "./reject.ts";
import { checkCfg } from "./structure/cfg.ts";
import { markFastcallPatterns, removeFastcallSpills } from "./structure/fastcall.ts";
import { computeLiveRegisters } from "./structure/live-registers.ts";
import { resolveLoads } from "./structure/loads.ts";
import { removeDeadCode, stackDepths } from "./structure/optimise.ts";
import { checkMaxStackDepth } from "./structure/stack-depth.ts";
import { findSubprogs } from "./structure/subprogs.ts";
import type { Failure, ProgramInput, Verdict, VerifierStats, VerifyOptions } from "./types.ts";

/** Instructions that one program may cost the verifier (BPF_COMPLEXITY_LIMIT_INSNS). */
export const COMPLEXITY_LIMIT_INSNS = 1_000_000;

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
  removeFastcallSpills,
  checkMaxStackDepth,
  checkUnresolvedKfuncs,
  removeDeadCode,
  addStackExtra,
];

/** Decides on a program as BPF_PROG_LOAD of Linux 6.18 does. Never throws on account of the program. */
export function verify(input: ProgramInput, options: VerifyOptions = {}): Verdict {
  const start = options.now?.() ?? 0;
  const env = new VerifierEnv(input, options);
  let failure: Failure | null = null;
  let errno = 0;
  let phases = 0;
  try {
    for (const phase of PHASES) {
      phase(env);
      phases++;
    }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    errno = error.errno;
    failure = describe(env, error);
  }
  const microseconds = Math.round(((options.now?.() ?? 0) - start) / 1000);
  // Nothing is said of programs that BPF_PROG_LOAD refuses before the verifier starts.
  if (phases > 0) printStatistics(env, errno === 0, microseconds);
  env.m.giveBack();
  const { lines } = env;
  return {
    accepted: errno === 0,
    errno,
    log: env.log.text,
    failure,
    stats: statistics(env, errno === 0, microseconds),
    lineAt: (insn) => lineAt(lines, insn),
    insnText: (insn) => insnText(env, insn),
    facts: errno === 0 ? programFacts(env) : null,
  };
}

/** The log's last lines (print_verification_stats). */
function printStatistics(env: VerifierEnv, accepted: boolean, microseconds: number): void {
  if ((env.log.level & BPF_LOG_STATS) !== 0) {
    env.verbose(`verification time ${microseconds} usec\n`);
    env.verbose(`stack depth ${stackDepths(env, accepted).join("+")}\n`);
  }
  const states = `max_states_per_insn ${env.maxStatesPerInsn} total_states ${env.totalStates} peak_states ${env.peakStates}`;
  env.verbose(`processed ${env.insnProcessed} insns (limit ${COMPLEXITY_LIMIT_INSNS}) ${states} mark_read 0\n`);
}

function describe(env: VerifierEnv, rejection: Rejection): Failure {
  const walking = env.state.frames.length > 0;
  return {
    kind: rejection.kind,
    message: env.log.lastMessage,
    insn: typeof rejection.data["insn"] === "number" ? rejection.data["insn"] : walking ? env.insnIdx : -1,
    data: rejection.data,
    path: walking ? failurePath(env) : [],
    registers: registersOf(env),
  };
}

function registersOf(env: VerifierEnv): (string | null)[] {
  const { frames, curframe } = env.state;
  if (frames.length === 0) return [];
  return Array.from({ length: REGS_PER_FRAME }, (_, n) =>
    env.m.type(env.reg(n)) === NOT_INIT ? null : regText(env, env.reg(n), curframe),
  );
}

function statistics(env: VerifierEnv, accepted: boolean, microseconds: number): VerifierStats {
  return {
    insnProcessed: env.insnProcessed,
    maxStatesPerInsn: env.maxStatesPerInsn,
    totalStates: env.totalStates,
    peakStates: env.peakStates,
    stackDepths: stackDepths(env, accepted),
    microseconds,
    visits: env.visits,
  };
}
