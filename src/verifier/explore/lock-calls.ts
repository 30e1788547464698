import { helperId } from "../calls/helper-ids.ts";
import type { VerifierEnv } from "../env.ts";
import { kfuncName } from "./callback-kind.ts";

const SPIN_UNLOCK = helperId("spin_unlock");

/** Kernel functions that may be called while a spin lock is held (kfunc_spin_allowed). */
const KFUNCS: ReadonlySet<string> = new Set([
  "bpf_list_push_front_impl", "bpf_list_push_back_impl", "bpf_list_pop_front", "bpf_list_pop_back", "bpf_list_front", "bpf_list_back",
  "bpf_rbtree_add_impl", "bpf_rbtree_remove", "bpf_rbtree_first", "bpf_rbtree_root", "bpf_rbtree_left", "bpf_rbtree_right",
  "bpf_refcount_acquire_impl", "bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy", "bpf_res_spin_lock",
  "bpf_res_spin_unlock", "bpf_res_spin_lock_irqsave", "bpf_res_spin_unlock_irqrestore", "bpf_arena_alloc_pages",
  "bpf_arena_free_pages", "bpf_arena_reserve_pages",
]); // biome-ignore format: a list of words

/** Whether the call may be made while a lock is held; calls of the program's own functions are judged where they are entered. */
export function allowedInLock(env: VerifierEnv, insnIdx: number): boolean {
  const { insns } = env;
  if (insns.isHelperCall(insnIdx)) return insns.imm[insnIdx] === SPIN_UNLOCK;
  return !insns.isKfuncCall(insnIdx) || KFUNCS.has(kfuncName(env, insnIdx));
}
