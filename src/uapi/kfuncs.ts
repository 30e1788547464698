import { PROG_TYPE } from "./program-types.ts";

/**
 * Kernel functions that programs may call (kfuncs): those of Linux 6.18's own image. Names and prototypes are in the kernel's BTF
 * (declaration tag `bpf_kfunc`); flags are those of Documentation/bpf/kfuncs.rst; who may call them is what the kernel answers
 * (`calling kernel function ... is not allowed`).
 */

// Flags of a kernel function (linux/btf.h).
/** Returns a pointer with a reference that must be released. */
export const KF_ACQUIRE = 1 << 0;
/** Takes a reference away from its argument. */
export const KF_RELEASE = 1 << 1;
/** The pointer returned may be null. */
export const KF_RET_NULL = 1 << 2;
/** Pointers passed must be referenced or trusted, and not null. */
export const KF_TRUSTED_ARGS = 1 << 4;
export const KF_SLEEPABLE = 1 << 5;
/** Needs CAP_SYS_BOOT. */
export const KF_DESTRUCTIVE = 1 << 6;
/** Pointers passed must be trusted, or protected by RCU, and not null. */
export const KF_RCU = 1 << 7;
export const KF_ITER_NEW = 1 << 8;
export const KF_ITER_NEXT = 1 << 9;
export const KF_ITER_DESTROY = 1 << 10;
/** Only to be called in an RCU read section. */
export const KF_RCU_PROTECTED = 1 << 11;
/** Leaves r1 to r5 alone where the compiler counts on it. */
export const KF_FASTCALL = 1 << 12;
export const KF_ARENA_RET = 1 << 13;
export const KF_ARENA_ARG1 = 1 << 14;
export const KF_ARENA_ARG2 = 1 << 15;

const {
  BPF_PROG_TYPE_SOCKET_FILTER: SOCKET_FILTER,
  BPF_PROG_TYPE_KPROBE: KPROBE,
  BPF_PROG_TYPE_SCHED_CLS: SCHED_CLS,
  BPF_PROG_TYPE_SCHED_ACT: SCHED_ACT,
  BPF_PROG_TYPE_TRACEPOINT: TRACEPOINT,
  BPF_PROG_TYPE_XDP: XDP,
  BPF_PROG_TYPE_PERF_EVENT: PERF_EVENT,
  BPF_PROG_TYPE_TRACING: TRACING,
  BPF_PROG_TYPE_STRUCT_OPS: STRUCT_OPS,
  BPF_PROG_TYPE_LSM: LSM,
  BPF_PROG_TYPE_SYSCALL: SYSCALL,
  BPF_PROG_TYPE_SK_SKB: SK_SKB,
  BPF_PROG_TYPE_NETFILTER: NETFILTER,
} = PROG_TYPE;

const BPF_TRACE_ITER = 28;
const BPF_TRACE_KPROBE_SESSION = 56;
const BPF_TRACE_UPROBE_SESSION = 57;

/** Who may call: program types, and where that matters the expected attach types. */
interface Callers {
  readonly types: readonly number[];
  readonly attachTypes?: readonly number[];
}

/** Groups of callers; `all` is every program type. */
const CALLERS = {
  tc: { types: [SCHED_CLS] },
  act: { types: [SCHED_ACT] },
  xdp: { types: [XDP] },
  tracing: { types: [TRACEPOINT, PERF_EVENT, TRACING, LSM] },
  iter: { types: [TRACING], attachTypes: [BPF_TRACE_ITER] },
  lsm: { types: [LSM] },
  session: { types: [KPROBE], attachTypes: [BPF_TRACE_KPROBE_SESSION, BPF_TRACE_UPROBE_SESSION] },
  struct_ops: { types: [STRUCT_OPS] },
  syscall: { types: [SYSCALL] },
  cgroup: {
    types: [
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB,
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK,
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE,
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT,
      PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL,
      PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS,
    ],
  },
  packet: {
    types: [
      SOCKET_FILTER,
      SK_SKB,
      NETFILTER,
      PROG_TYPE.BPF_PROG_TYPE_LWT_IN,
      PROG_TYPE.BPF_PROG_TYPE_LWT_OUT,
      PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
      PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL,
    ],
  },
} as const satisfies Readonly<Record<string, Callers>>;

type CallerGroup = keyof typeof CALLERS | "all";

/** One kernel function. */
export interface Kfunc {
  readonly name: string;
  /** KF_*. */
  readonly flags: number;
  /** Who may call it; nobody where empty. */
  readonly callers: readonly CallerGroup[];
}

function group(callers: string, rows: readonly (readonly [name: string, flags?: number])[]): readonly Kfunc[] {
  const groups = callers === "" ? [] : (callers.split(" ") as CallerGroup[]);
  return rows.map(([name, flags = 0]) => ({ name, flags, callers: groups }));
}

const NEXT = KF_ITER_NEXT | KF_RET_NULL;

/** The kernel functions of Linux 6.18. */
export const KFUNCS: readonly Kfunc[] = [
  ...group("all", [
    ["__bpf_trap"],
    ["bpf_arena_alloc_pages", KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_RET | KF_ARENA_ARG2],
    ["bpf_arena_free_pages", KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_ARG2],
    ["bpf_arena_reserve_pages", KF_TRUSTED_ARGS | KF_SLEEPABLE | KF_ARENA_ARG2],
    ["bpf_cast_to_kern_ctx", KF_FASTCALL],
    ["bpf_cgroup_read_xattr", KF_RCU],
    ["bpf_copy_from_user_dynptr", KF_SLEEPABLE],
    ["bpf_copy_from_user_str", KF_SLEEPABLE],
    ["bpf_copy_from_user_str_dynptr", KF_SLEEPABLE],
    ["bpf_copy_from_user_task_dynptr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
    ["bpf_copy_from_user_task_str", KF_SLEEPABLE],
    ["bpf_copy_from_user_task_str_dynptr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
    ["bpf_dynptr_adjust"],
    ["bpf_dynptr_clone"],
    ["bpf_dynptr_copy"],
    ["bpf_dynptr_is_null"],
    ["bpf_dynptr_is_rdonly"],
    ["bpf_dynptr_memset"],
    ["bpf_dynptr_size"],
    ["bpf_dynptr_slice", KF_RET_NULL],
    ["bpf_dynptr_slice_rdwr", KF_RET_NULL],
    ["bpf_get_kmem_cache"],
    ["bpf_iter_bits_new", KF_ITER_NEW],
    ["bpf_iter_bits_next", NEXT],
    ["bpf_iter_bits_destroy", KF_ITER_DESTROY],
    ["bpf_iter_css_new", KF_ITER_NEW | KF_TRUSTED_ARGS | KF_RCU_PROTECTED],
    ["bpf_iter_css_next", NEXT],
    ["bpf_iter_css_destroy", KF_ITER_DESTROY],
    ["bpf_iter_css_task_new", KF_ITER_NEW | KF_TRUSTED_ARGS],
    ["bpf_iter_css_task_next", NEXT],
    ["bpf_iter_css_task_destroy", KF_ITER_DESTROY],
    ["bpf_iter_dmabuf_new", KF_ITER_NEW | KF_SLEEPABLE],
    ["bpf_iter_dmabuf_next", NEXT | KF_SLEEPABLE],
    ["bpf_iter_dmabuf_destroy", KF_ITER_DESTROY | KF_SLEEPABLE],
    ["bpf_iter_kmem_cache_new", KF_ITER_NEW | KF_SLEEPABLE],
    ["bpf_iter_kmem_cache_next", NEXT | KF_SLEEPABLE],
    ["bpf_iter_kmem_cache_destroy", KF_ITER_DESTROY | KF_SLEEPABLE],
    ["bpf_iter_num_new", KF_ITER_NEW],
    ["bpf_iter_num_next", NEXT],
    ["bpf_iter_num_destroy", KF_ITER_DESTROY],
    ["bpf_iter_task_new", KF_ITER_NEW | KF_TRUSTED_ARGS | KF_RCU_PROTECTED],
    ["bpf_iter_task_next", NEXT],
    ["bpf_iter_task_destroy", KF_ITER_DESTROY],
    ["bpf_iter_task_vma_new", KF_ITER_NEW | KF_RCU],
    ["bpf_iter_task_vma_next", NEXT],
    ["bpf_iter_task_vma_destroy", KF_ITER_DESTROY],
    ["bpf_local_irq_restore"],
    ["bpf_local_irq_save"],
    ["bpf_map_sum_elem_count", KF_TRUSTED_ARGS],
    ["bpf_modify_return_test_tp"],
    ["bpf_preempt_disable"],
    ["bpf_preempt_enable"],
    ["bpf_probe_read_kernel_dynptr"],
    ["bpf_probe_read_kernel_str_dynptr"],
    ["bpf_probe_read_user_dynptr"],
    ["bpf_probe_read_user_str_dynptr"],
    ["bpf_rcu_read_lock"],
    ["bpf_rcu_read_unlock"],
    ["bpf_rdonly_cast", KF_FASTCALL],
    ["bpf_res_spin_lock", KF_RET_NULL],
    ["bpf_res_spin_lock_irqsave", KF_RET_NULL],
    ["bpf_res_spin_unlock"],
    ["bpf_res_spin_unlock_irqrestore"],
    ["bpf_strcasecmp"],
    ["bpf_strchr"],
    ["bpf_strchrnul"],
    ["bpf_strcmp"],
    ["bpf_strcspn"],
    ["bpf_stream_vprintk_impl", KF_TRUSTED_ARGS],
    ["bpf_strlen"],
    ["bpf_strnchr"],
    ["bpf_strnlen"],
    ["bpf_strnstr"],
    ["bpf_strrchr"],
    ["bpf_strspn"],
    ["bpf_strstr"],
    ["bpf_task_work_schedule_resume_impl", KF_TRUSTED_ARGS],
    ["bpf_task_work_schedule_signal_impl", KF_TRUSTED_ARGS],
    ["bpf_wq_init"],
    ["bpf_wq_set_callback_impl"],
    ["bpf_wq_start"],
    ["bpf_xdp_metadata_rx_hash", KF_TRUSTED_ARGS],
    ["bpf_xdp_metadata_rx_timestamp", KF_TRUSTED_ARGS],
    ["bpf_xdp_metadata_rx_vlan_tag", KF_TRUSTED_ARGS],
  ]),
  ...group("tc xdp tracing cgroup struct_ops syscall", [
    ["bpf_cgroup_acquire", KF_ACQUIRE | KF_RCU | KF_RET_NULL],
    ["bpf_cgroup_ancestor", KF_ACQUIRE | KF_RCU | KF_RET_NULL],
    ["bpf_cgroup_from_id", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_cgroup_release", KF_RELEASE],
    ["bpf_key_put", KF_RELEASE],
    ["bpf_list_back", KF_RET_NULL],
    ["bpf_list_front", KF_RET_NULL],
    ["bpf_list_pop_back", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_list_pop_front", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_list_push_back_impl"],
    ["bpf_list_push_front_impl"],
    ["bpf_lookup_system_key", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_lookup_user_key", KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE],
    ["bpf_obj_drop_impl", KF_RELEASE],
    ["bpf_obj_new_impl", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_percpu_obj_drop_impl", KF_RELEASE],
    ["bpf_percpu_obj_new_impl", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_rbtree_add_impl"],
    ["bpf_rbtree_first", KF_RET_NULL],
    ["bpf_rbtree_left", KF_RET_NULL],
    ["bpf_rbtree_remove", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_rbtree_right", KF_RET_NULL],
    ["bpf_rbtree_root", KF_RET_NULL],
    ["bpf_refcount_acquire_impl", KF_ACQUIRE | KF_RET_NULL | KF_RCU],
    ["bpf_send_signal_task", KF_TRUSTED_ARGS],
    ["bpf_task_acquire", KF_ACQUIRE | KF_RCU | KF_RET_NULL],
    ["bpf_task_from_pid", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_task_from_vpid", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_task_get_cgroup1", KF_ACQUIRE | KF_RCU | KF_RET_NULL],
    ["bpf_task_release", KF_RELEASE],
    ["bpf_task_under_cgroup", KF_RCU],
    ["bpf_throw"],
  ]),
  ...group("tracing struct_ops syscall", [
    ["bpf_cpumask_acquire", KF_ACQUIRE | KF_TRUSTED_ARGS],
    ["bpf_cpumask_and", KF_RCU],
    ["bpf_cpumask_any_and_distribute", KF_RCU],
    ["bpf_cpumask_any_distribute", KF_RCU],
    ["bpf_cpumask_clear", KF_RCU],
    ["bpf_cpumask_clear_cpu", KF_RCU],
    ["bpf_cpumask_copy", KF_RCU],
    ["bpf_cpumask_create", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_cpumask_empty", KF_RCU],
    ["bpf_cpumask_equal", KF_RCU],
    ["bpf_cpumask_first", KF_RCU],
    ["bpf_cpumask_first_and", KF_RCU],
    ["bpf_cpumask_first_zero", KF_RCU],
    ["bpf_cpumask_full", KF_RCU],
    ["bpf_cpumask_intersects", KF_RCU],
    ["bpf_cpumask_or", KF_RCU],
    ["bpf_cpumask_populate", KF_RCU],
    ["bpf_cpumask_release", KF_RELEASE],
    ["bpf_cpumask_set_cpu", KF_RCU],
    ["bpf_cpumask_setall", KF_RCU],
    ["bpf_cpumask_subset", KF_RCU],
    ["bpf_cpumask_test_and_clear_cpu", KF_RCU],
    ["bpf_cpumask_test_and_set_cpu", KF_RCU],
    ["bpf_cpumask_test_cpu", KF_RCU],
    ["bpf_cpumask_weight", KF_RCU],
    ["bpf_cpumask_xor", KF_RCU],
  ]),
  ...group("struct_ops", [
    ["bbr_cwnd_event"],
    ["bbr_init"],
    ["bbr_main"],
    ["bbr_min_tso_segs"],
    ["bbr_set_state"],
    ["bbr_sndbuf_expand"],
    ["bbr_ssthresh"],
    ["bbr_undo_cwnd"],
    ["cubictcp_acked"],
    ["cubictcp_cong_avoid"],
    ["cubictcp_cwnd_event"],
    ["cubictcp_init"],
    ["cubictcp_recalc_ssthresh"],
    ["cubictcp_state"],
    ["tcp_cong_avoid_ai"],
    ["tcp_reno_cong_avoid"],
    ["tcp_reno_ssthresh"],
    ["tcp_reno_undo_cwnd"],
    ["tcp_slow_start"],
  ]),
  ...group("tc xdp", [
    ["bpf_ct_change_status", KF_TRUSTED_ARGS],
    ["bpf_ct_change_timeout", KF_TRUSTED_ARGS],
    ["bpf_ct_insert_entry", KF_ACQUIRE | KF_RET_NULL | KF_RELEASE],
    ["bpf_ct_release", KF_RELEASE],
    ["bpf_ct_set_nat_info", KF_TRUSTED_ARGS],
    ["bpf_ct_set_status", KF_TRUSTED_ARGS],
    ["bpf_ct_set_timeout", KF_TRUSTED_ARGS],
    ["bpf_skb_ct_alloc", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_skb_ct_lookup", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_xdp_ct_alloc", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_xdp_ct_lookup", KF_ACQUIRE | KF_RET_NULL],
  ]),
  ...group("xdp", [
    ["bpf_dynptr_from_xdp"],
    ["bpf_xdp_get_xfrm_state", KF_ACQUIRE | KF_RET_NULL],
    ["bpf_xdp_pull_data"],
    ["bpf_xdp_xfrm_state_release", KF_RELEASE],
  ]),
  ...group("syscall", [
    ["bpf_crypto_ctx_acquire", KF_ACQUIRE | KF_RCU | KF_RET_NULL],
    ["bpf_crypto_ctx_create", KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE],
    ["bpf_crypto_ctx_release", KF_RELEASE],
  ]),
  ...group("tc act xdp", [
    ["bpf_crypto_decrypt", KF_RCU],
    ["bpf_crypto_encrypt", KF_RCU],
  ]),
  ...group("tc tracing syscall", [
    ["bpf_kfunc_call_memb_release", KF_RELEASE],
    ["bpf_kfunc_call_test_release", KF_RELEASE],
  ]),
  ...group("cgroup", [["bpf_sock_addr_set_sun_path"], ["bpf_sock_ops_enable_tx_tstamp", KF_TRUSTED_ARGS]]),
  ...group("tracing", [["css_rstat_flush", KF_SLEEPABLE], ["css_rstat_updated"]]),
  ...group("packet tc act tracing cgroup", [["bpf_dynptr_from_skb", KF_TRUSTED_ARGS]]),
  ...group("tc act", [["bpf_dynptr_from_skb_meta", KF_TRUSTED_ARGS]]),
  ...group("tc", [["bpf_sk_assign_tcp_reqsk", KF_TRUSTED_ARGS]]),
  ...group("iter", [["bpf_sock_destroy", KF_TRUSTED_ARGS]]),
  ...group("lsm", [
    ["bpf_get_dentry_xattr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
    ["bpf_get_file_xattr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
    ["bpf_get_task_exe_file", KF_ACQUIRE | KF_TRUSTED_ARGS | KF_RET_NULL],
    ["bpf_path_d_path", KF_TRUSTED_ARGS],
    ["bpf_put_file", KF_RELEASE],
    ["bpf_remove_dentry_xattr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
    ["bpf_set_dentry_xattr", KF_SLEEPABLE | KF_TRUSTED_ARGS],
  ]),
  ...group("session", [["bpf_session_cookie"], ["bpf_session_is_return"]]),
  // Attached to by the kernel's own tests, called by nobody.
  ...group("", [
    ["bpf_fentry_test1", KF_SLEEPABLE],
    ["bpf_modify_return_test", KF_SLEEPABLE],
    ["bpf_modify_return_test2", KF_SLEEPABLE],
  ]),
];

const byName = new Map<string, Kfunc>(KFUNCS.map((row) => [row.name, row]));

/** The row of a kernel function, or undefined. */
export function findKfunc(name: string): Kfunc | undefined {
  return byName.get(name);
}

/** Whether programs of this type and expected attach type may call a kernel function. */
export function mayCallKfunc(kfunc: Kfunc, progType: number, attachType: number): boolean {
  return kfunc.callers.some((name) => {
    if (name === "all") return true;
    const callers: Callers = CALLERS[name];
    return callers.types.includes(progType) && (callers.attachTypes?.includes(attachType) ?? true);
  });
}
