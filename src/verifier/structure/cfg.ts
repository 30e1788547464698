import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { BPF_CALL, BPF_EXIT, BPF_JA, BPF_X } from "../insns.ts";
import { printSourceLine } from "../log/insn-line.ts";
import { callChangesPacket, callMaySleep, callsAsyncCallback, callsIterNext, callsSyncCallback } from "./call-facts.ts";
import { computePostorder } from "./postorder.ts";
import { computeScc } from "./scc.ts";
import { subprogAt } from "./subprogs.ts";
import { isJumpClass, jumpOffset, successorsOf } from "./successors.ts";

/**
 * Walks the control-flow graph once, depth first: unreachable code, loops where they are not allowed, and the places where the main walk
 * keeps states (prune points), records where it came from (jump points) or always keeps a state (forced checkpoints). Calls inside the
 * program, and loads of a function's address, have two edges: behind the call, then into the function.
 */
const UNSEEN = 0;
const DISCOVERED = 1;
const EXPLORED = 2;

class Walk {
  readonly env: VerifierEnv;
  readonly state: Uint8Array;
  /** Which edge of an instruction comes next: 0, 1; 2 = both are done. */
  readonly edge: Uint8Array;
  readonly stack: number[] = [];

  constructor(env: VerifierEnv) {
    this.env = env;
    this.state = new Uint8Array(env.insns.count);
    this.edge = new Uint8Array(env.insns.count);
  }

  from(start: number): void {
    const { stack, state, edge } = this;
    state[start] = DISCOVERED;
    stack.push(start);
    this.#enter(start);
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      const which = edge[at]!;
      if (which === 2) {
        this.#leave(at);
        state[at] = EXPLORED;
        stack.pop();
        continue;
      }
      edge[at] = which + 1;
      if (which === 0) this.#first(at);
      else this.#second(at);
    }
  }

  /** Follows an edge; a branch's target is a place where paths meet. */
  #follow(from: number, to: number, isBranch: boolean): void {
    const { env, state, stack } = this;
    if (to < 0 || to >= env.insns.count) {
      printSourceLine(env, from, `${from}: `);
      env.insnIdx = from;
      const message = `jump out of range from insn ${from} to ${to}`;
      env.reject(ERRNO.EINVAL, "V_BAD_JUMP", message, { insn: from, target: to });
    }
    if (isBranch) this.#meet(to);
    if (state[to] === UNSEEN) {
      state[to] = DISCOVERED;
      stack.push(to);
      this.#enter(to);
    } else if (state[to] === DISCOVERED && !env.bpfCapable) {
      printSourceLine(env, from, `${from}: `);
      printSourceLine(env, to, `${to}: `);
      env.insnIdx = from;
      const message = `back-edge from insn ${from} to ${to}`;
      env.reject(ERRNO.EINVAL, "V_BACK_EDGE", message, { insn: from, target: to });
    }
  }

  #meet(insn: number): void {
    const aux = this.env.aux[insn]!;
    aux.prunePoint = true;
    aux.jmpPoint = true;
  }

  /** What an instruction is marked with for its own sake. */
  #enter(at: number): void {
    const { env } = this;
    const { insns } = env;
    const aux = env.aux[at]!;
    if (!isJumpClass(insns, at)) return;
    switch (insns.op(at)) {
      case BPF_EXIT:
        this.edge[at] = 2;
        return;
      case BPF_CALL:
        this.#enterCall(at);
        return;
      case BPF_JA:
        if (insns.code[at]! & BPF_X) env.reject(ERRNO.EINVAL, "V_BAD_OPCODE", "", { insn: at });
        return;
      default:
        aux.prunePoint = true;
        if (insns.isMayGoto(at)) aux.forceCheckpoint = true;
    }
  }

  #enterCall(at: number): void {
    const { env } = this;
    const aux = env.aux[at]!;
    const subprog = env.subprogs[subprogAt(env, at)]!;
    if (callsAsyncCallback(env, at)) aux.prunePoint = true;
    if (callsSyncCallback(env, at)) {
      aux.callsCallback = true;
      aux.forceCheckpoint = true;
      this.#meet(at);
    }
    if (callsIterNext(env, at)) {
      aux.isIterNext = true;
      aux.prunePoint = true;
      aux.forceCheckpoint = true;
    }
    if (callMaySleep(env, at)) subprog.mightSleep = true;
    if (callChangesPacket(env, at)) subprog.changesPacketData = true;
  }

  /** The function that an instruction calls or takes the address of, or -1. */
  #callee(at: number): number {
    const { insns } = this.env;
    return insns.isLocalCall(at) || insns.isFuncLoad(at) ? at + insns.imm[at]! + 1 : -1;
  }

  #first(at: number): void {
    const { insns } = this.env;
    if (isJumpClass(insns, at)) {
      const op = insns.op(at);
      if (op === BPF_JA) {
        const target = at + jumpOffset(insns, at) + 1;
        this.#follow(at, target, false);
        this.#meet(target);
        this.edge[at] = 2;
        return;
      }
      this.#follow(at, at + 1, false);
      if (op === BPF_CALL) this.#meet(at + 1);
      if (op === BPF_CALL && this.#callee(at) < 0) this.edge[at] = 2;
      return;
    }
    const next = insns.isLdImm64(at) ? at + 2 : at + 1;
    this.#follow(at, next, false);
    if (this.#callee(at) >= 0) this.#meet(next);
    else this.edge[at] = 2;
  }

  #second(at: number): void {
    const { insns, aux } = this.env;
    const callee = this.#callee(at);
    if (callee >= 0) {
      aux[at]!.prunePoint = true;
      this.#follow(at, callee, true);
    } else this.#follow(at, at + insns.off[at]! + 1, true);
  }

  /** What a function does to packets, and that it may sleep, its callers do. */
  #leave(at: number): void {
    const callee = this.#callee(at);
    if (callee < 0) return;
    const { env } = this;
    const to = env.subprogs[subprogAt(env, callee)]!;
    const from = env.subprogs[subprogAt(env, at)]!;
    from.changesPacketData ||= to.changesPacketData;
    from.mightSleep ||= to.mightSleep;
  }
}

/** Walks the control-flow graph: unreachable code, loops, places where states are kept (check_cfg, compute_postorder, compute_scc). */
export function checkCfg(env: VerifierEnv): void {
  const { insns } = env;
  const walk = new Walk(env);
  walk.from(0);
  const exceptionCallback = env.subprogs[env.exceptionCallback]!.start;
  if (walk.state[exceptionCallback] !== EXPLORED) walk.from(exceptionCallback);
  for (let i = 0; i < insns.count; i++) {
    if (walk.state[i] !== EXPLORED) {
      env.insnIdx = i;
      env.reject(ERRNO.EINVAL, "V_UNREACHABLE", `unreachable insn ${i}`, { insn: i });
    }
    if (!insns.isLdImm64(i)) continue;
    i++;
    if (walk.state[i] !== UNSEEN) {
      env.insnIdx = i - 1;
      env.reject(ERRNO.EINVAL, "V_BAD_JUMP", `jump into the middle of ldimm64 insn ${i - 1}`, { insn: i - 1 });
    }
  }
  const successors = successorsOf(insns);
  computePostorder(env, successors);
  env.liveness.initialise();
  computeScc(env, successors);
}
