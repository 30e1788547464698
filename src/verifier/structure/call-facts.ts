import { helperById, helperByName, PROG_TYPE } from "../../uapi/index.ts";
import { KF_FASTCALL, KF_ITER_NEXT, KF_SLEEPABLE } from "../../uapi/kfuncs.ts";
import { ARG_DONTCARE, type Prototype, RET_VOID } from "../calls/arg-types.ts";
import { resolvedType } from "../calls/program-type.ts";
import { prototypeFor } from "../calls/prototypes.ts";
import type { VerifierEnv } from "../env.ts";
import { type KfuncPrototype, kfuncPrototype, mayCallPrototype } from "../kfuncs/prototypes.ts";

/** What the analyses before the walk know about helpers and kernel functions by name. */

/** Call back before they return, any number of times. */
const SYNC_CALLBACK_HELPERS: ReadonlySet<number> = ids("for_each_map_elem", "find_vma", "loop", "user_ringbuf_drain");
/** The callback runs later, on its own. */
const ASYNC_CALLBACK_HELPERS: ReadonlySet<number> = ids("timer_set_callback");
/** Becomes a few instructions that leave r1 to r5 alone, on x86-64, in programs of some types; others have it as a function. */
const CPU_NUMBER = helperByName("get_smp_processor_id")!.id;
const INLINES_CPU_NUMBER: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_KPROBE,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_IN,
  PROG_TYPE.BPF_PROG_TYPE_LWT_OUT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT,
  PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  PROG_TYPE.BPF_PROG_TYPE_TRACING,
  PROG_TYPE.BPF_PROG_TYPE_LSM,
  PROG_TYPE.BPF_PROG_TYPE_SYSCALL,
]);

const SYNC_CALLBACK_KFUNCS: ReadonlySet<string> = new Set(["bpf_rbtree_add_impl"]);
const ASYNC_CALLBACK_KFUNCS: ReadonlySet<string> = new Set([
  "bpf_wq_set_callback_impl",
  "bpf_task_work_schedule_signal",
  "bpf_task_work_schedule_resume",
  "bpf_task_work_schedule_signal_impl",
  "bpf_task_work_schedule_resume_impl",
]);
const PACKET_KFUNCS: ReadonlySet<string> = new Set(["bpf_xdp_pull_data"]);

function ids(...names: string[]): ReadonlySet<number> {
  return new Set(names.map((name) => helperByName(name)!.id));
}

/** Name of the kernel function that a call names; "" where there is none. */
export function kfuncName(env: VerifierEnv, insn: number): string {
  const btf = env.kfuncBtf(insn);
  const id = env.insns.imm[insn]!;
  return btf !== null && id > 0 && id < btf.count && btf.kindOf(id) === "func" ? btf.nameOf(id) : "";
}

/** KF_* of the kernel function that a call names; 0 where the program may not call it. */
function kfuncFlags(env: VerifierEnv, insn: number): number {
  return usableKfunc(env, insn)?.kfunc?.flags ?? 0;
}

function usableKfunc(env: VerifierEnv, insn: number): KfuncPrototype | null {
  if (!env.insns.isKfuncCall(insn)) return null;
  const prototype = kfuncPrototype(env, insn);
  return prototype !== null && mayCallPrototype(env, prototype) ? prototype : null;
}

/** The helper that a call names, where this program may call it. */
function usableHelper(env: VerifierEnv, insn: number): Prototype | null {
  const prototype = prototypeFor(env, env.insns.imm[insn]!);
  return prototype === "unknown" ? null : prototype;
}

/** The call runs a callback before it returns, any number of times. */
export function callsSyncCallback(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return SYNC_CALLBACK_HELPERS.has(env.insns.imm[insn]!);
  return isSpecialKfunc(env, insn, SYNC_CALLBACK_KFUNCS);
}

/** The call leaves a callback to be run later. */
export function callsAsyncCallback(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return ASYNC_CALLBACK_HELPERS.has(env.insns.imm[insn]!);
  return isSpecialKfunc(env, insn, ASYNC_CALLBACK_KFUNCS);
}

/** Whether a call is of one of these functions of the kernel proper, allowed or not. */
function isSpecialKfunc(env: VerifierEnv, insn: number, names: ReadonlySet<string>): boolean {
  return env.insns.isKfuncCall(insn) && env.insns.off[insn] === 0 && names.has(kfuncName(env, insn));
}

/** A kernel function that brings an iterator to its next element. */
export function callsIterNext(env: VerifierEnv, insn: number): boolean {
  return (kfuncFlags(env, insn) & KF_ITER_NEXT) !== 0;
}

export function callMaySleep(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return usableHelper(env, insn)?.sleeps ?? false;
  return (kfuncFlags(env, insn) & KF_SLEEPABLE) !== 0;
}

export function callChangesPacket(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return helperById(env.insns.imm[insn]!)?.changesPacket ?? false;
  return isSpecialKfunc(env, insn, PACKET_KFUNCS);
}

/** What a call does to r0 to r5, from its prototype (struct call_summary). */
export interface CallSummary {
  readonly params: number;
  readonly isVoid: boolean;
  /** The kernel open-codes it and keeps r1 to r5. */
  readonly fastcall: boolean;
}

/** Null for calls inside the program and for what this program may not call (get_call_summary). */
export function callSummary(env: VerifierEnv, insn: number): CallSummary | null {
  if (env.insns.isHelperCall(insn)) {
    const helper = usableHelper(env, insn);
    if (helper === null) return null;
    const end = helper.args.indexOf(ARG_DONTCARE);
    const params = end < 0 ? helper.args.length : end;
    return {
      params,
      isVoid: helper.ret === RET_VOID,
      fastcall: helper.id === CPU_NUMBER && INLINES_CPU_NUMBER.has(resolvedType(env)),
    };
  }
  const prototype = usableKfunc(env, insn);
  if (prototype === null) return null;
  const fastcall = ((prototype.kfunc?.flags ?? 0) & KF_FASTCALL) !== 0;
  return { params: prototype.params.length, isVoid: prototype.ret === 0, fastcall };
}
