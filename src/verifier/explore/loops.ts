import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { copyState, freeState, VerifierState } from "../state.ts";
import { markAllPrecise, propagatePrecision } from "./precision.ts";

/**
 * Loops. Inside a strongly connected part of the control-flow graph (SCC) a path may be found to lead where an unfinished one has been.
 * What matters there is not known before the whole part is explored, so such back edges are put aside with the visit of the SCC (one per
 * chain of calls that leads into it), and once the state that entered it is done, what matters is carried around the loop until nothing
 * changes.
 */
export class LoopVisit {
  entry: VerifierState | null = null;
  /** The calls and the loop, as the log shows them: `(4,9,1)`. */
  readonly text: string;
  backEdges: VerifierState[] = [];

  constructor(text: string) {
    this.text = text;
  }
}

/** Rounds around a loop before everything in it is taken for exact. */
const MAX_ROUNDS = 64;

/** Visits of loops by the calls that lead into them. */
export class LoopVisits {
  readonly #env: VerifierEnv;
  readonly #visits = new Map<string, LoopVisit>();
  /** Of loops that no call leads into, by number of the loop: most are. */
  readonly #outermost: LoopVisit[] = [];
  /** Back edges waiting, for the count of states. */
  backEdges = 0;

  constructor(env: VerifierEnv) {
    this.#env = env;
  }

  /** The visit of the loop that the state's outermost frame in one is in, by the calls up to it; null = in none (compute_scc_callchain). */
  #visit(state: VerifierState): LoopVisit | null {
    const { aux, m } = this.#env;
    const depth = state.curframe;
    for (let i = 0; ; i++) {
      const insn = i === depth ? state.insnIdx : m.get(state.frames[i + 1]!, L.FRAME_CALLSITE);
      const { scc } = aux[insn]!;
      if (scc !== 0) return i === 0 ? (this.#outermost[scc] ??= new LoopVisit(`(${scc})`)) : this.#inner(state, i, scc);
      if (i === depth) return null;
    }
  }

  #inner(state: VerifierState, depth: number, scc: number): LoopVisit {
    let text = "(";
    for (let i = 0; i < depth; i++) text += `${this.#env.m.get(state.frames[i + 1]!, L.FRAME_CALLSITE)},`;
    text += `${scc})`;
    let visit = this.#visits.get(text);
    if (visit === undefined) this.#visits.set(text, (visit = new LoopVisit(text)));
    return visit;
  }

  /** A state is kept: where it is the first in its loop, the loop is entered (maybe_enter_scc). */
  enter(state: VerifierState): void {
    const visit = this.#visit(state);
    state.loopVisit = visit;
    if (visit === null || visit.entry !== null) return;
    visit.entry = state;
    if (this.#env.log.all) this.#env.verbose(`SCC enter ${visit.text}\n`);
  }

  /** All paths from a state are done: where it entered a loop, what matters there is now known (maybe_exit_scc). */
  exit(state: VerifierState): void {
    const visit = state.loopVisit;
    if (visit === null || visit.entry !== state) return;
    if (this.#env.log.all) this.#env.verbose(`SCC exit ${visit.text}\n`);
    visit.entry = null;
    this.backEdges -= visit.backEdges.length;
    this.#propagate(visit);
  }

  /** The current path leads back to `equal`, inside a loop (add_scc_backedge). */
  addBackEdge(equal: VerifierState, insnIdx: number): void {
    const env = this.#env;
    const visit = equal.loopVisit;
    if (visit === null) throw new Error(`no loop at ${insnIdx} to lead back to`);
    const edge = new VerifierState();
    copyState(env.m, edge, env.state);
    edge.equalState = equal;
    edge.insnIdx = insnIdx;
    equal.pins++;
    if (env.log.all) env.verbose(`SCC backedge ${visit.text}\n`);
    visit.backEdges.unshift(edge);
    this.backEdges++;
  }

  /** Whether what matters in a state is not known yet (incomplete_read_marks). */
  isIncomplete(state: VerifierState): boolean {
    return state.loopVisit !== null && state.loopVisit.backEdges.length > 0;
  }

  #propagate(visit: LoopVisit): void {
    const env = this.#env;
    for (let round = 1, changed = visit.backEdges.length > 0; changed; round++) {
      if (round > MAX_ROUNDS) {
        if (env.log.all) env.verbose("propagate_backedges: too many iterations\n");
        for (const edge of visit.backEdges) markAllPrecise(env, edge);
        break;
      }
      changed = false;
      for (const edge of visit.backEdges) changed = propagatePrecision(env, edge.equalState!, edge) || changed;
    }
    for (const edge of visit.backEdges) {
      const equal = edge.equalState!;
      equal.pins--;
      if (equal.evicted && equal.branches === 0 && equal.pins === 0) freeState(env.m, equal);
      freeState(env.m, edge);
    }
    visit.backEdges = [];
  }

  /** Forgets everything, between functions. */
  clear(): void {
    this.#visits.clear();
    this.#outermost.length = 0;
    this.backEdges = 0;
  }
}
