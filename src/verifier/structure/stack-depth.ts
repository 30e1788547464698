import { ATTACH_TYPE, ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { rejectUnended } from "../btf-info/records.ts";
import type { VerifierEnv } from "../env.ts";
import { kfuncName } from "./call-facts.ts";
import { findSubprog, subprogEnd } from "./subprogs.ts";

const MAX_CALL_FRAMES = 8;
const MAX_BPF_STACK = 512;
/** What callers may use before a function that makes tail calls. */
const MAX_BEFORE_TAIL_CALL = 256;
/** Functions that use less stay on the kernel's stack even where they could have one of their own. */
const PRIVATE_STACK_MIN = 64;

/** Programs that may interrupt themselves but are kept from doing so, or that no trampoline runs: their functions get stacks of their own on x86-64. */
const PRIVATE_STACK_TYPES: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_KPROBE,
  PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT,
  PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT,
  PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT,
]);

/** Whether functions of the program may get stacks of their own (bpf_enable_priv_stack). */
function hasPrivateStacks(env: VerifierEnv): boolean {
  if (env.subprogs.some((subprog) => subprog.hasTailCall)) return false;
  if (env.type === PROG_TYPE.BPF_PROG_TYPE_TRACING) return env.expectedAttachType !== ATTACH_TYPE.BPF_TRACE_ITER;
  return PRIVATE_STACK_TYPES.has(env.type);
}

/** Stack used along each chain of calls (check_max_stack_depth). */
export function checkMaxStackDepth(env: VerifierEnv): void {
  const isPrivate = hasPrivateStacks(env);
  const depths = new Depths(env);
  // Callbacks that run on their own come first: what they use has to stay on the kernel's stack.
  for (let n = env.subprogs.length - 1; n >= 0; n--) {
    if (n === 0 || env.subprogs[n]!.isAsyncCallback) depths.walk(n, n === 0 && isPrivate);
  }
}

/** Bytes that a function takes on the kernel's stack, as the JIT rounds them. */
export function roundedDepth(bytes: number): number {
  return (bytes + 15) & ~15;
}

const UNKNOWN = 0;
const KERNEL_STACK = 1;
const PRIVATE_STACK = 2;

class Depths {
  readonly env: VerifierEnv;
  /** By function: where its stack is. */
  readonly #mode: Uint8Array;
  #private = false;
  /** A chain has met a function that makes tail calls. */
  #tailCall = false;
  readonly #chain: number[] = [];
  /** Situations that were found well: how a function was entered. */
  readonly #done = new Set<string>();

  constructor(env: VerifierEnv) {
    this.env = env;
    this.#mode = new Uint8Array(env.subprogs.length);
  }

  walk(root: number, isPrivate: boolean): void {
    this.#private = isPrivate;
    this.#tailCall = false;
    this.#done.clear();
    this.#function(root, 0);
  }

  #function(n: number, callersDepth: number): void {
    const { env } = this;
    const subprog = env.subprogs[n]!;
    const frame = this.#chain.length;
    if (!this.#private) this.#mode[n] = KERNEL_STACK;
    if (n > 0 && subprog.hasTailCall && callersDepth >= MAX_BEFORE_TAIL_CALL) {
      const words = "tail_calls are not allowed when call stack of previous frames is";
      this.#refuse(`${words} ${callersDepth} bytes. Too large`, n, callersDepth);
    }
    const own = roundedDepth(subprog.stackDepth);
    if (this.#private && this.#mode[n] === UNKNOWN && own >= PRIVATE_STACK_MIN) this.#mode[n] = PRIVATE_STACK;
    let depth = callersDepth;
    if (this.#mode[n] === PRIVATE_STACK) {
      if (own > MAX_BPF_STACK) this.#refuse(`stack size of subprog ${n} is ${own}. Too large`, n, own);
    } else {
      depth += own;
      const words = `combined stack size of ${frame + 1} calls is`;
      if (depth > MAX_BPF_STACK) this.#refuse(`${words} ${depth}. Too large`, n, depth);
    }
    const inCallback = subprog.isCallback || this.#chain.some((caller) => env.subprogs[caller]!.isCallback);
    const key = `${n}/${depth}/${frame}/${inCallback}`;
    if (!this.#done.has(key)) {
      this.#calls(n, depth, inCallback);
      this.#done.add(key);
    }
    if (this.#tailCall) this.#markTailCallers();
  }

  #calls(n: number, depth: number, inCallback: boolean): void {
    const { env } = this;
    const { insns } = env;
    const end = subprogEnd(env, n);
    for (let i = env.subprogs[n]!.start; i < end; i++) {
      if (insns.isKfuncCall(i)) {
        if (inCallback && insns.off[i] === 0 && kfuncName(env, i) === "bpf_throw") {
          env.insnIdx = i;
          const message = `bpf_throw kfunc (insn ${i}) cannot be called from callback subprog ${n}`;
          env.reject(ERRNO.EINVAL, "V_EXCEPTION", message, { insn: i, subprog: n });
        }
        continue;
      }
      const isCall = insns.isLocalCall(i);
      if (!isCall && !insns.isFuncLoad(i)) continue;
      const callee = findSubprog(env, i + insns.imm[i]! + 1);
      const { isAsyncCallback, isExceptionCallback, hasTailCall } = env.subprogs[callee]!;
      if (isAsyncCallback) {
        // It runs on a stack of its own, unless it is also called.
        if (!isCall) continue;
        if (isExceptionCallback) {
          env.insnIdx = i;
          rejectUnended(env, ERRNO.EINVAL, "V_EXCEPTION", `insn ${i} cannot call exception cb directly`, { insn: i });
        }
      }
      if (hasTailCall) this.#tailCall = true;
      this.#chain.push(n);
      const frames = this.#chain.length;
      if (frames >= MAX_CALL_FRAMES) {
        env.insnIdx = i;
        const message = `the call stack of ${frames} frames is too deep !`;
        env.reject(ERRNO.E2BIG, "V_CALL_DEPTH", message, { frames });
      }
      this.#function(callee, depth);
      this.#chain.pop();
    }
  }

  /** The callers have to hand the count of tail calls on. */
  #markTailCallers(): void {
    const { env } = this;
    for (const caller of this.#chain) {
      const subprog = env.subprogs[caller]!;
      if (subprog.isExceptionCallback) env.reject(ERRNO.EINVAL, "V_EXCEPTION", "cannot tail call within exception cb");
      subprog.tailCallReachable = true;
    }
  }

  #refuse(message: string, subprog: number, depth: number): never {
    this.env.insnIdx = this.env.subprogs[subprog]!.start;
    this.env.reject(ERRNO.EACCES, "V_STACK_DEPTH", message, { subprog, depth });
  }
}
