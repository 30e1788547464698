import { type Helper, helperById, helperByName, mayCall } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

/** What the analyses before the walk know about helpers and kernel functions by name. */

/** Call back before they return, any number of times. */
const SYNC_CALLBACK_HELPERS: ReadonlySet<number> = ids("for_each_map_elem", "find_vma", "loop", "user_ringbuf_drain");
/** The callback runs later, on its own. */
const ASYNC_CALLBACK_HELPERS: ReadonlySet<number> = ids("timer_set_callback");
/** Become a few instructions that leave r1 to r5 alone, on x86-64. */
const INLINED_HELPERS: ReadonlySet<number> = ids("get_smp_processor_id");

const SYNC_CALLBACK_KFUNCS: ReadonlySet<string> = new Set(["bpf_rbtree_add_impl"]);
const ASYNC_CALLBACK_KFUNCS: ReadonlySet<string> = new Set([
  "bpf_wq_set_callback_impl",
  "bpf_task_work_schedule_signal",
  "bpf_task_work_schedule_resume",
  "bpf_task_work_schedule_signal_impl",
  "bpf_task_work_schedule_resume_impl",
]);
/** KF_FASTCALL. */
const FASTCALL_KFUNCS: ReadonlySet<string> = new Set(["bpf_cast_to_kern_ctx", "bpf_rdonly_cast"]);
/** KF_SLEEPABLE. */
const SLEEPABLE_KFUNCS: ReadonlySet<string> = new Set([
  "bpf_arena_alloc_pages",
  "bpf_arena_free_pages",
  "bpf_arena_reserve_pages",
  "bpf_cgroup_read_xattr",
  "bpf_copy_from_user_dynptr",
  "bpf_copy_from_user_str",
  "bpf_copy_from_user_str_dynptr",
  "bpf_copy_from_user_task_dynptr",
  "bpf_copy_from_user_task_str",
  "bpf_copy_from_user_task_str_dynptr",
  "bpf_crypto_ctx_create",
  "bpf_get_dentry_xattr",
  "bpf_get_file_xattr",
  "bpf_get_fsverity_digest",
  "bpf_iter_css_task_new",
  "bpf_key_put",
  "bpf_lookup_user_key",
  "bpf_remove_dentry_xattr",
  "bpf_set_dentry_xattr",
  "bpf_verify_pkcs7_signature",
  "bpf_iter_kmem_cache_new",
  "bpf_iter_kmem_cache_next",
  "bpf_iter_kmem_cache_destroy",
  "bpf_iter_dmabuf_new",
  "bpf_iter_dmabuf_next",
  "bpf_iter_dmabuf_destroy",
  "bpf_sock_destroy",
  "hid_bpf_allocate_context",
  "hid_bpf_hw_output_report",
  "hid_bpf_hw_request",
  "hid_bpf_input_report",
]);
const PACKET_KFUNCS: ReadonlySet<string> = new Set(["bpf_xdp_pull_data"]);
const ITER_NEXT = /^bpf_iter_\w+_next$/;

function ids(...names: string[]): ReadonlySet<number> {
  return new Set(names.map((name) => helperByName(name)!.id));
}

/** Name of the kernel function that a call names; "" where there is none. */
export function kfuncName(env: VerifierEnv, insn: number): string {
  const btf = env.kfuncBtf(insn);
  const id = env.insns.imm[insn]!;
  return btf !== null && id > 0 && id < btf.count && btf.kindOf(id) === "func" ? btf.nameOf(id) : "";
}

/** The helper that a call names, where this type of program may call it. */
function usableHelper(env: VerifierEnv, insn: number): Helper | null {
  const helper = helperById(env.insns.imm[insn]!);
  return helper !== undefined && mayCall(env.type, helper) !== false ? helper : null;
}

export function callsSyncCallback(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return SYNC_CALLBACK_HELPERS.has(env.insns.imm[insn]!);
  return env.insns.isKfuncCall(insn) && SYNC_CALLBACK_KFUNCS.has(kfuncName(env, insn));
}

export function callsAsyncCallback(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return ASYNC_CALLBACK_HELPERS.has(env.insns.imm[insn]!);
  return env.insns.isKfuncCall(insn) && ASYNC_CALLBACK_KFUNCS.has(kfuncName(env, insn));
}

/** A kernel function that brings an iterator to its next element. */
export function callsIterNext(env: VerifierEnv, insn: number): boolean {
  return env.insns.isKfuncCall(insn) && ITER_NEXT.test(kfuncName(env, insn));
}

export function callMaySleep(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return usableHelper(env, insn)?.sleeps ?? false;
  return env.insns.isKfuncCall(insn) && SLEEPABLE_KFUNCS.has(kfuncName(env, insn));
}

export function callChangesPacket(env: VerifierEnv, insn: number): boolean {
  if (env.insns.isHelperCall(insn)) return helperById(env.insns.imm[insn]!)?.changesPacket ?? false;
  return env.insns.isKfuncCall(insn) && PACKET_KFUNCS.has(kfuncName(env, insn));
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
  const { insns } = env;
  if (insns.isHelperCall(insn)) {
    const helper = usableHelper(env, insn);
    if (helper === null) return null;
    return { params: helper.args.length, isVoid: helper.ret === "RET_VOID", fastcall: INLINED_HELPERS.has(helper.id) };
  }
  if (!insns.isKfuncCall(insn)) return null;
  const name = kfuncName(env, insn);
  if (name === "") return null;
  const btf = env.kfuncBtf(insn)!;
  const func = btf.type(insns.imm[insn]!);
  const proto = func.kind === "func" ? btf.type(func.type) : null;
  if (proto?.kind !== "func_proto") return null;
  return { params: proto.params.length, isVoid: proto.type === 0, fastcall: FASTCALL_KFUNCS.has(name) };
}
