import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { printInsn } from "../log/insn-line.ts";
import { printState, scratchAll } from "../log/state-text.ts";
import { Rejection } from "../reject.ts";
import { freeState, type VerifierState } from "../state.ts";
import { enter } from "./entry.ts";
import { pushJumpHistory } from "./history.ts";
import { popPath } from "./paths.ts";
import { isStateVisited } from "./prune.ts";
import { GO_ON, markSeen, PATH_ENDS, step } from "./step.ts";

/** Instructions that one program may cost (BPF_COMPLEXITY_LIMIT_INSNS). */
const MAX_PROCESSED = 1_000_000;

/** What speculative paths may fail with: they end there, and the processor is kept from going on (error_recoverable_with_nospec). */
const RECOVERABLE: ReadonlySet<number> = new Set([ERRNO.EPERM, ERRNO.EACCES, ERRNO.EINVAL]);

/**
 * The walk. One path at a time is followed to its end, instruction by instruction; branches put the other way aside; at chosen
 * instructions a path ends early where what follows has been seen from a state that covers the current one.
 */
class Walk {
  readonly #env: VerifierEnv;
  /** The next instruction begins a part of the log: the state is shown in full. */
  #showState = false;
  /** An instruction is being processed: its refusals may be a speculative path's own. */
  #inStep = false;
  #insn = 0;

  constructor(env: VerifierEnv) {
    this.#env = env;
  }

  /** Follows all paths (do_check). */
  run(): void {
    for (;;) {
      try {
        this.#runPaths();
        return;
      } catch (error) {
        if (!this.#mayGoOn(error)) throw error;
      }
      this.#inStep = false;
      this.#env.log.lastMessage = "";
      this.#env.liveness.commitWrites();
      const aux = this.#env.aux[this.#insn]!;
      aux.nospec = true;
      aux.aluState = 0;
      if (!this.#endPath()) return;
    }
  }

  #mayGoOn(error: unknown): boolean {
    return this.#inStep && this.#env.state.speculative && error instanceof Rejection && RECOVERABLE.has(error.errno);
  }

  #runPaths(): void {
    const env = this.#env;
    const { aux, liveness } = env;
    const count = env.insns.count;
    const { visits } = env;
    const logs = env.log.states;
    for (;;) {
      const insnIdx = env.insnIdx;
      env.historyAdded = false;
      if (insnIdx >= count) {
        env.reject(ERRNO.EFAULT, "V_BAD_JUMP", `invalid insn idx ${insnIdx} insn_cnt ${count}`);
      }
      if (++env.insnProcessed > MAX_PROCESSED) {
        const message = `BPF program is too large. Processed ${env.insnProcessed} insn`;
        env.reject(ERRNO.E2BIG, "V_TOO_COMPLEX", message);
      }
      visits[insnIdx]!++;
      const { state } = env;
      state.lastInsnIdx = env.prevInsnIdx;
      state.insnIdx = insnIdx;
      const insnAux = aux[insnIdx]!;
      if (insnAux.prunePoint && isStateVisited(env)) {
        if (logs) this.#printSafe(insnIdx);
        if (!this.#endPath()) return;
        continue;
      }
      if (insnAux.jmpPoint) pushJumpHistory(env, state, 0, null);
      if (logs) this.#printInsn(state);
      markSeen(env);
      if (state.speculative && insnAux.nospec) {
        if (!this.#endPath()) return;
        continue;
      }
      this.#insn = insnIdx;
      liveness.beginWrites(insnIdx);
      this.#inStep = true;
      const result = step(env);
      this.#inStep = false;
      liveness.commitWrites();
      env.prevInsnIdx = insnIdx;
      if (result !== GO_ON) {
        if (result !== PATH_ENDS) {
          this.#showState = true;
          continue;
        }
        if (!this.#endPath()) return;
        continue;
      }
      if (state.speculative && insnAux.nospecResult && !this.#endPath()) return;
    }
  }

  #printSafe(insnIdx: number): void {
    const env = this.#env;
    if (this.#showState) env.verbose(`\n${this.#fromTo()}: safe\n`);
    else env.verbose(`${insnIdx}: safe\n`);
  }

  #fromTo(): string {
    const env = this.#env;
    return `from ${env.prevInsnIdx} to ${env.insnIdx}${env.state.speculative ? " (speculative execution)" : ""}`;
  }

  #printInsn(state: VerifierState): void {
    const env = this.#env;
    if (env.log.all && this.#showState) {
      env.verbose(`\n${this.#fromTo()}:`);
      printState(env, state, state.curframe, true);
      this.#showState = false;
    }
    printInsn(env);
  }

  /** The path is done; takes up the next (process_bpf_exit). @returns false where there is none */
  #endPath(): boolean {
    const env = this.#env;
    scratchAll(env);
    countDone(env, env.state);
    env.liveness.update();
    if (!popPath(env)) return false;
    this.#showState = true;
    return true;
  }
}

/** A path from `state` is done, and so are its parents' where it was their last (update_branch_counts). */
function countDone(env: VerifierEnv, state: VerifierState): void {
  const { explored } = env;
  let done: VerifierState | null = state;
  while (done !== null && --done.branches === 0) {
    explored.loops.exit(done);
    const { parent }: VerifierState = done;
    if (done !== state) explored.release(done);
    done = parent;
  }
}

/** Walks one function that is verified on its own (do_check_common). */
function verifyFunction(env: VerifierEnv, subprog: number): void {
  env.log.lastLine = null;
  env.passCount++;
  env.insnIdx = env.subprogs[subprog]!.start;
  env.prevInsnIdx = -1;
  enter(env, subprog);
  new Walk(env).run();
  if (!env.log.all) env.log.rewind(0);
  freeState(env.m, env.state);
  env.explored.clear();
}

/** Walks the program and every global function it reaches (do_check_main, do_check_subprogs). */
export function verifyMain(env: VerifierEnv): void {
  verifyFunction(env, 0);
  if (env.funcInfo.length === 0) return;
  if (env.exceptionCallback !== 0) env.subprogs[env.exceptionCallback]!.called = true;
  const verified = new Set<number>();
  // A function verified may have called others that were not.
  for (let again = true; again; ) {
    again = false;
    for (let n = 1; n < env.subprogs.length; n++) {
      const info = env.subprogs[n]!;
      if (!info.global || !info.called || verified.has(n)) continue;
      verifyFunction(env, n);
      if (env.log.states) env.verbose(`Func#${n} ('${info.name}') is safe for any args that match its prototype\n`);
      verified.add(n);
      again = true;
    }
  }
}
