import type { ArgAbi, RetAbi } from "../isa/program.ts";
import { ATTACH_TYPE, type AttachTypeName } from "./attach-types.ts";

/**
 * The 211 helpers of Linux 6.18: ids and names from the kernel's BTF (`enum bpf_func_id`), the rest as the verifier of that
 * kernel answers (`R1 type=ctx expected=...`, `program of this type cannot use helper ...`, `cannot call GPL-restricted function ...`)
 * and as bpf-helpers(7) says. `since` is the kernel version that first had the helper.
 */

/** What the verifier demands of an argument: the names of the kernel's `enum bpf_arg_type`, modifiers joined by ` | `. */
const ANY = "ARG_ANYTHING";
const MAP = "ARG_CONST_MAP_PTR";
const KEY = "ARG_PTR_TO_MAP_KEY";
const VALUE = "ARG_PTR_TO_MAP_VALUE";
const VALUE0 = "ARG_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL";
const VALUE_OUT = "ARG_PTR_TO_MAP_VALUE | MEM_UNINIT | MEM_WRITE";
const RMEM = "ARG_PTR_TO_MEM | MEM_RDONLY";
const RMEM0 = "ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_RDONLY";
const WMEM = "ARG_PTR_TO_MEM | MEM_WRITE";
const WMEM0 = "ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_WRITE";
const UNINIT = "ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE";
const FIXED = "ARG_PTR_TO_MEM | MEM_FIXED_SIZE | MEM_RDONLY";
const FIXED_OUT = "ARG_PTR_TO_MEM | MEM_FIXED_SIZE | MEM_UNINIT | MEM_WRITE | MEM_ALIGNED";
const FIXED_INOUT = "ARG_PTR_TO_MEM | MEM_FIXED_SIZE | MEM_WRITE | MEM_ALIGNED";
const SIZE = "ARG_CONST_SIZE";
const SIZE0 = "ARG_CONST_SIZE_OR_ZERO";
const ALLOC_SIZE = "ARG_CONST_ALLOC_SIZE_OR_ZERO";
const CTX = "ARG_PTR_TO_CTX";
const CTX0 = "ARG_PTR_TO_CTX | PTR_MAYBE_NULL";
const SPIN_LOCK = "ARG_PTR_TO_SPIN_LOCK";
const TIMER = "ARG_PTR_TO_TIMER";
const SOCK_COMMON = "ARG_PTR_TO_SOCK_COMMON";
const SK = "ARG_PTR_TO_BTF_ID_SOCK_COMMON";
const SK_RELEASE = "ARG_PTR_TO_BTF_ID_SOCK_COMMON | OBJ_RELEASE";
const BTF = "ARG_PTR_TO_BTF_ID";
const BTF0 = "ARG_PTR_TO_BTF_ID | PTR_MAYBE_NULL";
const PERCPU_BTF = "ARG_PTR_TO_PERCPU_BTF_ID";
const RINGBUF_MEM = "ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE";
const FUNC = "ARG_PTR_TO_FUNC";
const STACK0 = "ARG_PTR_TO_STACK | PTR_MAYBE_NULL";
const STR = "ARG_PTR_TO_CONST_STR";
const KPTR = "ARG_KPTR_XCHG_DEST";
const KPTR_IN = "ARG_PTR_TO_BTF_ID | PTR_MAYBE_NULL | OBJ_RELEASE";
const DYN = "ARG_PTR_TO_DYNPTR | MEM_RDONLY";
const DYN_LOCAL = "ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_LOCAL | MEM_UNINIT | MEM_WRITE";
const DYN_RINGBUF = "ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_RINGBUF | MEM_UNINIT | MEM_WRITE";
const DYN_RELEASE = "ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_RINGBUF | OBJ_RELEASE";

/** What the verifier knows of r0 afterwards: the names of the kernel's `enum bpf_return_type`, modifiers joined by ` | `. */
const INT = "RET_INTEGER";
const VOID = "RET_VOID";
const VALUE_RET = "RET_PTR_TO_MAP_VALUE";
const VALUE_OR_NULL = "RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL";
const SOCKET_OR_NULL = "RET_PTR_TO_SOCKET | PTR_MAYBE_NULL";
const TCP_SOCK_OR_NULL = "RET_PTR_TO_TCP_SOCK | PTR_MAYBE_NULL";
const SOCK_COMMON_OR_NULL = "RET_PTR_TO_SOCK_COMMON | PTR_MAYBE_NULL";
const RINGBUF_MEM_OR_NULL = "RET_PTR_TO_MEM | MEM_RINGBUF | PTR_MAYBE_NULL";
const DYNPTR_MEM_OR_NULL = "RET_PTR_TO_MEM | PTR_MAYBE_NULL";
const MEM_OR_BTF = "RET_PTR_TO_MEM_OR_BTF_ID | MEM_RDONLY";
const MEM_OR_BTF_OR_NULL = "RET_PTR_TO_MEM_OR_BTF_ID | MEM_RDONLY | PTR_MAYBE_NULL";
const BTF_RET = "RET_PTR_TO_BTF_ID";
const BTF_OR_NULL = "RET_PTR_TO_BTF_ID | PTR_MAYBE_NULL";
const BTF_TRUSTED = "RET_PTR_TO_BTF_ID | PTR_TRUSTED";

/** A prototype's facts beyond its arguments and result. */
interface Extra {
  /** How engines call our implementation: argument kinds, result kind. Absent where there is none. */
  readonly abi?: readonly [readonly ArgAbi[], RetAbi];
  /** Programs without a GPL-compatible license must not call it. */
  readonly gpl?: true;
  /** Packet pointers may be passed where memory is wanted. */
  readonly packetAccess?: true;
  /** Packet pointers that the program holds are void after the call. */
  readonly changesPacket?: true;
  /** May sleep: only for sleepable programs. */
  readonly sleeps?: true;
  /** Further arguments may follow, unchecked (`bpf_trace_printk`). */
  readonly variadic?: true;
  /** Bytes behind a fixed-size memory argument, by argument number from 1. */
  readonly sizes?: Readonly<Record<number, number>>;
  /** The kernel structure an `ARG_PTR_TO_BTF_ID` argument (by number from 1) or the result points at. */
  readonly btf?: Readonly<Record<number, string>> & { readonly ret?: string };
}

/** One helper of the kernel. */
export interface Helper extends Extra {
  readonly id: number;
  /** With the prefix: `bpf_map_lookup_elem`. */
  readonly name: string;
  readonly since: string;
  readonly args: readonly string[];
  readonly ret: string;
  /** BPF_PROG_TYPE_* (numbers) that may call it. */
  readonly allowed: ReadonlySet<number>;
}

type Row = readonly [id: number, name: string, since: string, args: readonly string[], ret: string, extra: Extra];

function row(id: number, name: string, since: string, args: readonly string[], ret: string, extra: Extra = {}): Row {
  return [id, name, since, args, ret, extra];
}

// biome-ignore format: one row per helper reads as a table
const ROWS: readonly Row[] = [
  row(1, "bpf_map_lookup_elem", "3.19", [MAP, KEY], VALUE_OR_NULL, { abi: [["ptr", "ptr"], "ptr"], packetAccess: true }),
  row(2, "bpf_map_update_elem", "3.19", [MAP, KEY, VALUE, ANY], INT, { abi: [["ptr", "ptr", "ptr", "flags"], "int"], packetAccess: true }),
  row(3, "bpf_map_delete_elem", "3.19", [MAP, KEY], INT, { abi: [["ptr", "ptr"], "int"], packetAccess: true }),
  row(4, "bpf_probe_read", "4.1", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(5, "bpf_ktime_get_ns", "4.1", [], INT, { abi: [[], "u64"] }),
  row(6, "bpf_trace_printk", "4.1", [RMEM, SIZE], INT, { abi: [["ptr", "u32", "u64", "u64", "u64"], "int"], gpl: true, variadic: true }),
  row(7, "bpf_get_prandom_u32", "4.1", [], INT, { abi: [[], "ptr"] }),
  row(8, "bpf_get_smp_processor_id", "4.1", [], INT, { abi: [[], "ptr"] }),
  row(9, "bpf_skb_store_bytes", "4.1", [CTX, ANY, RMEM, SIZE, ANY], INT, { abi: [["ptr", "u32", "ptr", "u32", "flags"], "int"], changesPacket: true }),
  row(10, "bpf_l3_csum_replace", "4.1", [CTX, ANY, ANY, ANY, ANY], INT, { abi: [["ptr", "u32", "u64", "u64", "flags"], "int"], changesPacket: true }),
  row(11, "bpf_l4_csum_replace", "4.1", [CTX, ANY, ANY, ANY, ANY], INT, { abi: [["ptr", "u32", "u64", "u64", "flags"], "int"], changesPacket: true }),
  row(12, "bpf_tail_call", "4.2", [CTX, MAP, ANY], VOID, { abi: [["ptr", "ptr", "u32"], "int"], changesPacket: true }),
  row(13, "bpf_clone_redirect", "4.2", [CTX, ANY, ANY], INT, { abi: [["ptr", "u32", "flags"], "int"], changesPacket: true }),
  row(14, "bpf_get_current_pid_tgid", "4.2", [], INT),
  row(15, "bpf_get_current_uid_gid", "4.2", [], INT),
  row(16, "bpf_get_current_comm", "4.2", [UNINIT, SIZE], INT),
  row(17, "bpf_get_cgroup_classid", "4.3", [CTX], INT, { abi: [["ptr"], "ptr"] }),
  row(18, "bpf_skb_vlan_push", "4.3", [CTX, ANY, ANY], INT, { abi: [["ptr", "u32", "u32"], "int"], changesPacket: true }),
  row(19, "bpf_skb_vlan_pop", "4.3", [CTX], INT, { abi: [["ptr"], "int"], changesPacket: true }),
  row(20, "bpf_skb_get_tunnel_key", "4.3", [CTX, UNINIT, SIZE, ANY], INT),
  row(21, "bpf_skb_set_tunnel_key", "4.3", [CTX, RMEM, SIZE, ANY], INT),
  row(22, "bpf_perf_event_read", "4.3", [MAP, ANY], INT, { gpl: true }),
  row(23, "bpf_redirect", "4.4", [ANY, ANY], INT, { abi: [["u32", "flags"], "int"] }),
  row(24, "bpf_get_route_realm", "4.4", [CTX], INT, { abi: [["ptr"], "ptr"] }),
  row(25, "bpf_perf_event_output", "4.4", [CTX, MAP, ANY, RMEM, SIZE0], INT, { abi: [["ptr", "ptr", "u64", "ptr", "u32"], "int"], gpl: true }),
  row(26, "bpf_skb_load_bytes", "4.5", [CTX, ANY, UNINIT, SIZE], INT, { abi: [["ptr", "u32", "ptr", "u32"], "int"] }),
  row(27, "bpf_get_stackid", "4.6", [CTX, MAP, ANY], INT, { gpl: true }),
  row(28, "bpf_csum_diff", "4.6", [RMEM0, SIZE0, RMEM0, SIZE0, ANY], INT, { abi: [["ptr", "u32", "ptr", "u32", "u32"], "u64"], packetAccess: true }),
  row(29, "bpf_skb_get_tunnel_opt", "4.6", [CTX, UNINIT, SIZE], INT),
  row(30, "bpf_skb_set_tunnel_opt", "4.6", [CTX, RMEM, SIZE], INT),
  row(31, "bpf_skb_change_proto", "4.8", [CTX, ANY, ANY], INT, { abi: [["ptr", "u32", "flags"], "int"], changesPacket: true }),
  row(32, "bpf_skb_change_type", "4.8", [CTX, ANY], INT, { abi: [["ptr", "u32"], "int"] }),
  row(33, "bpf_skb_under_cgroup", "4.8", [CTX, MAP, ANY], INT),
  row(34, "bpf_get_hash_recalc", "4.8", [CTX], INT, { abi: [["ptr"], "ptr"] }),
  row(35, "bpf_get_current_task", "4.8", [], INT, { gpl: true }),
  row(36, "bpf_probe_write_user", "4.8", [ANY, RMEM, SIZE], INT, { gpl: true }),
  row(37, "bpf_current_task_under_cgroup", "4.8", [MAP, ANY], INT),
  row(38, "bpf_skb_change_tail", "4.9", [CTX, ANY, ANY], INT, { abi: [["ptr", "u32", "flags"], "int"], changesPacket: true }),
  row(39, "bpf_skb_pull_data", "4.9", [CTX, ANY], INT, { abi: [["ptr", "u32"], "int"], changesPacket: true }),
  row(40, "bpf_csum_update", "4.9", [CTX, ANY], INT, { abi: [["ptr", "u32"], "u64"] }),
  row(41, "bpf_set_hash_invalid", "4.9", [CTX], INT, { abi: [["ptr"], "void"] }),
  row(42, "bpf_get_numa_node_id", "4.10", [], INT, { abi: [[], "int"] }),
  row(43, "bpf_skb_change_head", "4.10", [CTX, ANY, ANY], INT, { abi: [["ptr", "u32", "flags"], "int"], changesPacket: true }),
  row(44, "bpf_xdp_adjust_head", "4.10", [CTX, ANY], INT, { abi: [["ptr", "s32"], "int"], changesPacket: true }),
  row(45, "bpf_probe_read_str", "4.11", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(46, "bpf_get_socket_cookie", "4.12", [CTX], INT),
  row(47, "bpf_get_socket_uid", "4.12", [CTX], INT),
  row(48, "bpf_set_hash", "4.13", [CTX, ANY], INT, { abi: [["ptr", "u32"], "int"] }),
  row(49, "bpf_setsockopt", "4.13", [CTX, ANY, ANY, RMEM, SIZE], INT),
  row(50, "bpf_skb_adjust_room", "4.13", [CTX, ANY, ANY, ANY], INT, { abi: [["ptr", "s32", "u32", "u64"], "int"], changesPacket: true }),
  row(51, "bpf_redirect_map", "4.14", [MAP, ANY, ANY], INT, { abi: [["ptr", "u32", "flags"], "int"] }),
  row(52, "bpf_sk_redirect_map", "4.14", [CTX, MAP, ANY, ANY], INT),
  row(53, "bpf_sock_map_update", "4.14", [CTX, MAP, KEY, ANY], INT, { packetAccess: true }),
  row(54, "bpf_xdp_adjust_meta", "4.15", [CTX, ANY], INT, { abi: [["ptr", "s32"], "int"], changesPacket: true }),
  row(55, "bpf_perf_event_read_value", "4.15", [MAP, ANY, UNINIT, SIZE], INT, { gpl: true }),
  row(56, "bpf_perf_prog_read_value", "4.15", [CTX, UNINIT, SIZE], INT, { gpl: true }),
  row(57, "bpf_getsockopt", "4.15", [CTX, ANY, ANY, UNINIT, SIZE], INT),
  row(58, "bpf_override_return", "4.16", [CTX, ANY], INT, { gpl: true }),
  row(59, "bpf_sock_ops_cb_flags_set", "4.16", [CTX, ANY], INT),
  row(60, "bpf_msg_redirect_map", "4.17", [CTX, MAP, ANY, ANY], INT),
  row(61, "bpf_msg_apply_bytes", "4.17", [CTX, ANY], INT),
  row(62, "bpf_msg_cork_bytes", "4.17", [CTX, ANY], INT),
  row(63, "bpf_msg_pull_data", "4.17", [CTX, ANY, ANY, ANY], INT, { changesPacket: true }),
  row(64, "bpf_bind", "4.17", [CTX, RMEM, SIZE], INT),
  row(65, "bpf_xdp_adjust_tail", "4.18", [CTX, ANY], INT, { abi: [["ptr", "s32"], "int"], changesPacket: true }),
  row(66, "bpf_skb_get_xfrm_state", "4.18", [CTX, ANY, UNINIT, SIZE, ANY], INT),
  row(67, "bpf_get_stack", "4.18", [CTX, UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(68, "bpf_skb_load_bytes_relative", "4.18", [CTX, ANY, UNINIT, SIZE, ANY], INT, { abi: [["ptr", "u32", "ptr", "u32", "u32"], "int"] }),
  row(69, "bpf_fib_lookup", "4.18", [CTX, WMEM, SIZE, ANY], INT, { gpl: true }),
  row(70, "bpf_sock_hash_update", "4.18", [CTX, MAP, KEY, ANY], INT, { packetAccess: true }),
  row(71, "bpf_msg_redirect_hash", "4.18", [CTX, MAP, KEY, ANY], INT),
  row(72, "bpf_sk_redirect_hash", "4.18", [CTX, MAP, KEY, ANY], INT),
  row(73, "bpf_lwt_push_encap", "4.18", [CTX, ANY, RMEM, SIZE], INT, { changesPacket: true }),
  row(74, "bpf_lwt_seg6_store_bytes", "4.18", [CTX, ANY, RMEM, SIZE], INT, { changesPacket: true }),
  row(75, "bpf_lwt_seg6_adjust_srh", "4.18", [CTX, ANY, ANY], INT, { changesPacket: true }),
  row(76, "bpf_lwt_seg6_action", "4.18", [CTX, ANY, RMEM, SIZE], INT, { changesPacket: true }),
  row(77, "bpf_rc_repeat", "4.18", [CTX], INT, { gpl: true }),
  row(78, "bpf_rc_keydown", "4.18", [CTX, ANY, ANY, ANY], INT, { gpl: true }),
  row(79, "bpf_skb_cgroup_id", "4.18", [CTX], INT),
  row(80, "bpf_get_current_cgroup_id", "4.18", [], INT),
  row(81, "bpf_get_local_storage", "4.19", [MAP, ANY], VALUE_RET),
  row(82, "bpf_sk_select_reuseport", "4.19", [CTX, MAP, KEY, ANY], INT),
  row(83, "bpf_skb_ancestor_cgroup_id", "4.19", [CTX, ANY], INT),
  row(84, "bpf_sk_lookup_tcp", "4.20", [CTX, RMEM, SIZE0, ANY, ANY], SOCKET_OR_NULL, { packetAccess: true }),
  row(85, "bpf_sk_lookup_udp", "4.20", [CTX, RMEM, SIZE0, ANY, ANY], SOCKET_OR_NULL, { packetAccess: true }),
  row(86, "bpf_sk_release", "4.20", [SK_RELEASE], INT),
  row(87, "bpf_map_push_elem", "4.20", [MAP, VALUE, ANY], INT, { abi: [["ptr", "ptr", "flags"], "int"], packetAccess: true }),
  row(88, "bpf_map_pop_elem", "4.20", [MAP, VALUE_OUT], INT, { abi: [["ptr", "ptr"], "int"] }),
  row(89, "bpf_map_peek_elem", "4.20", [MAP, VALUE_OUT], INT, { abi: [["ptr", "ptr"], "int"] }),
  row(90, "bpf_msg_push_data", "4.20", [CTX, ANY, ANY, ANY], INT, { changesPacket: true }),
  row(91, "bpf_msg_pop_data", "5.0", [CTX, ANY, ANY, ANY], INT, { changesPacket: true }),
  row(92, "bpf_rc_pointer_rel", "5.0", [CTX, ANY, ANY], INT, { gpl: true }),
  row(93, "bpf_spin_lock", "5.1", [SPIN_LOCK], VOID),
  row(94, "bpf_spin_unlock", "5.1", [SPIN_LOCK], VOID),
  row(95, "bpf_sk_fullsock", "5.1", [SOCK_COMMON], SOCKET_OR_NULL),
  row(96, "bpf_tcp_sock", "5.1", [SOCK_COMMON], TCP_SOCK_OR_NULL),
  row(97, "bpf_skb_ecn_set_ce", "5.1", [CTX], INT),
  row(98, "bpf_get_listener_sock", "5.1", [SOCK_COMMON], SOCKET_OR_NULL),
  row(99, "bpf_skc_lookup_tcp", "5.2", [CTX, RMEM, SIZE0, ANY, ANY], SOCK_COMMON_OR_NULL, { packetAccess: true }),
  row(100, "bpf_tcp_check_syncookie", "5.2", [SK, RMEM, SIZE, RMEM, SIZE], INT, { gpl: true, packetAccess: true }),
  row(101, "bpf_sysctl_get_name", "5.2", [CTX, WMEM, SIZE, ANY], INT),
  row(102, "bpf_sysctl_get_current_value", "5.2", [CTX, UNINIT, SIZE], INT),
  row(103, "bpf_sysctl_get_new_value", "5.2", [CTX, UNINIT, SIZE], INT),
  row(104, "bpf_sysctl_set_new_value", "5.2", [CTX, RMEM, SIZE], INT),
  row(105, "bpf_strtol", "5.2", [RMEM, SIZE, ANY, FIXED_OUT], INT, { abi: [["ptr", "u32", "flags", "ptr"], "int"], sizes: { 4: 8 } }),
  row(106, "bpf_strtoul", "5.2", [RMEM, SIZE, ANY, FIXED_OUT], INT, { abi: [["ptr", "u32", "flags", "ptr"], "int"], sizes: { 4: 8 } }),
  row(107, "bpf_sk_storage_get", "5.2", [MAP, SK, VALUE0, ANY], VALUE_OR_NULL),
  row(108, "bpf_sk_storage_delete", "5.2", [MAP, SK], INT),
  row(109, "bpf_send_signal", "5.3", [ANY], INT),
  row(110, "bpf_tcp_gen_syncookie", "5.3", [SK, RMEM, SIZE, RMEM, SIZE], INT, { gpl: true, packetAccess: true }),
  row(111, "bpf_skb_output", "5.5", [BTF, MAP, ANY, RMEM, SIZE0], INT, { gpl: true, btf: { 1: "sk_buff" } }),
  row(112, "bpf_probe_read_user", "5.5", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(113, "bpf_probe_read_kernel", "5.5", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(114, "bpf_probe_read_user_str", "5.5", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(115, "bpf_probe_read_kernel_str", "5.5", [UNINIT, SIZE0, ANY], INT, { gpl: true }),
  row(116, "bpf_tcp_send_ack", "5.5", [BTF, ANY], INT, { btf: { 1: "tcp_sock" } }),
  row(117, "bpf_send_signal_thread", "5.6", [ANY], INT),
  row(118, "bpf_jiffies64", "5.6", [], INT, { abi: [[], "u64"] }),
  row(119, "bpf_read_branch_records", "5.6", [CTX, WMEM0, SIZE0, ANY], INT, { gpl: true }),
  row(120, "bpf_get_ns_current_pid_tgid", "5.7", [ANY, ANY, UNINIT, SIZE], INT),
  row(121, "bpf_xdp_output", "5.7", [BTF, MAP, ANY, RMEM, SIZE0], INT, { gpl: true, btf: { 1: "xdp_buff" } }),
  row(122, "bpf_get_netns_cookie", "5.7", [CTX0], INT),
  row(123, "bpf_get_current_ancestor_cgroup_id", "5.7", [ANY], INT),
  row(124, "bpf_sk_assign", "5.7", [CTX, SK, ANY], INT),
  row(125, "bpf_ktime_get_boot_ns", "5.8", [], INT, { abi: [[], "u64"] }),
  row(126, "bpf_seq_printf", "5.8", [BTF, RMEM, SIZE, RMEM0, SIZE0], INT, { gpl: true, btf: { 1: "seq_file" } }),
  row(127, "bpf_seq_write", "5.8", [BTF, RMEM, SIZE0], INT, { gpl: true, btf: { 1: "seq_file" } }),
  row(128, "bpf_sk_cgroup_id", "5.8", [SK], INT),
  row(129, "bpf_sk_ancestor_cgroup_id", "5.8", [SK, ANY], INT),
  row(130, "bpf_ringbuf_output", "5.8", [MAP, RMEM, SIZE0, ANY], INT, { abi: [["ptr", "ptr", "u32", "flags"], "int"] }),
  row(131, "bpf_ringbuf_reserve", "5.8", [MAP, ALLOC_SIZE, ANY], RINGBUF_MEM_OR_NULL, { abi: [["ptr", "flags", "flags"], "ptr"] }),
  row(132, "bpf_ringbuf_submit", "5.8", [RINGBUF_MEM, ANY], VOID, { abi: [["ptr", "flags"], "void"] }),
  row(133, "bpf_ringbuf_discard", "5.8", [RINGBUF_MEM, ANY], VOID, { abi: [["ptr", "flags"], "void"] }),
  row(134, "bpf_ringbuf_query", "5.8", [MAP, ANY], INT, { abi: [["ptr", "flags"], "u64"] }),
  row(135, "bpf_csum_level", "5.8", [CTX, ANY], INT, { abi: [["ptr", "flags"], "int"] }),
  row(136, "bpf_skc_to_tcp6_sock", "5.9", [SK], BTF_OR_NULL, { btf: { ret: "tcp6_sock" } }),
  row(137, "bpf_skc_to_tcp_sock", "5.9", [SK], BTF_OR_NULL, { btf: { ret: "tcp_sock" } }),
  row(138, "bpf_skc_to_tcp_timewait_sock", "5.9", [SK], BTF_OR_NULL, { btf: { ret: "tcp_timewait_sock" } }),
  row(139, "bpf_skc_to_tcp_request_sock", "5.9", [SK], BTF_OR_NULL, { btf: { ret: "tcp_request_sock" } }),
  row(140, "bpf_skc_to_udp6_sock", "5.9", [SK], BTF_OR_NULL, { btf: { ret: "udp6_sock" } }),
  row(141, "bpf_get_task_stack", "5.9", [BTF, UNINIT, SIZE0, ANY], INT, { btf: { 1: "task_struct" } }),
  row(142, "bpf_load_hdr_opt", "5.10", [CTX, WMEM, SIZE, ANY], INT),
  row(143, "bpf_store_hdr_opt", "5.10", [CTX, RMEM, SIZE, ANY], INT),
  row(144, "bpf_reserve_hdr_opt", "5.10", [CTX, ANY, ANY], INT),
  row(145, "bpf_inode_storage_get", "5.10", [MAP, BTF0, VALUE0, ANY], VALUE_OR_NULL, { btf: { 2: "inode" } }),
  row(146, "bpf_inode_storage_delete", "5.10", [MAP, BTF0], INT, { btf: { 2: "inode" } }),
  row(147, "bpf_d_path", "5.10", [BTF, WMEM, SIZE0], INT, { btf: { 1: "path" } }),
  row(148, "bpf_copy_from_user", "5.10", [UNINIT, SIZE0, ANY], INT, { sleeps: true }),
  row(149, "bpf_snprintf_btf", "5.10", [WMEM, SIZE, RMEM, SIZE, ANY], INT),
  row(150, "bpf_seq_printf_btf", "5.10", [BTF, RMEM, SIZE0, ANY], INT, { gpl: true, btf: { 1: "seq_file" } }),
  row(151, "bpf_skb_cgroup_classid", "5.10", [CTX], INT),
  row(152, "bpf_redirect_neigh", "5.10", [ANY, RMEM0, SIZE0, ANY], INT, { abi: [["u32", "ptr", "u32", "flags"], "int"] }),
  row(153, "bpf_per_cpu_ptr", "5.10", [PERCPU_BTF, ANY], MEM_OR_BTF_OR_NULL),
  row(154, "bpf_this_cpu_ptr", "5.10", [PERCPU_BTF], MEM_OR_BTF),
  row(155, "bpf_redirect_peer", "5.10", [ANY, ANY], INT, { abi: [["u32", "flags"], "int"] }),
  row(156, "bpf_task_storage_get", "5.11", [MAP, BTF0, VALUE0, ANY], VALUE_OR_NULL, { btf: { 2: "task_struct" } }),
  row(157, "bpf_task_storage_delete", "5.11", [MAP, BTF0], INT, { btf: { 2: "task_struct" } }),
  row(158, "bpf_get_current_task_btf", "5.11", [], BTF_TRUSTED, { gpl: true, btf: { ret: "task_struct" } }),
  row(159, "bpf_bprm_opts_set", "5.11", [BTF, ANY], INT, { btf: { 1: "linux_binprm" } }),
  row(160, "bpf_ktime_get_coarse_ns", "5.11", [], INT, { abi: [[], "u64"] }),
  row(161, "bpf_ima_inode_hash", "5.11", [BTF, UNINIT, SIZE], INT, { sleeps: true, btf: { 1: "inode" } }),
  row(162, "bpf_sock_from_file", "5.11", [BTF], BTF_OR_NULL, { btf: { 1: "file", ret: "socket" } }),
  row(163, "bpf_check_mtu", "5.12", [CTX, ANY, FIXED_INOUT, ANY, ANY], INT, { gpl: true, sizes: { 3: 4 } }),
  row(164, "bpf_for_each_map_elem", "5.13", [MAP, FUNC, STACK0, ANY], INT, { abi: [["ptr", "u32", "ptr", "flags"], "int"] }),
  row(165, "bpf_snprintf", "5.13", [WMEM0, SIZE0, STR, RMEM0, SIZE0], INT, { abi: [["ptr", "u32", "ptr", "ptr", "u32"], "int"], gpl: true }),
  row(166, "bpf_sys_bpf", "5.14", [ANY, RMEM, SIZE], INT),
  row(167, "bpf_btf_find_by_name_kind", "5.14", [RMEM, SIZE, ANY, ANY], INT),
  row(168, "bpf_sys_close", "5.14", [ANY], INT),
  row(169, "bpf_timer_init", "5.15", [TIMER, MAP, ANY], INT, { gpl: true }),
  row(170, "bpf_timer_set_callback", "5.15", [TIMER, FUNC], INT, { gpl: true }),
  row(171, "bpf_timer_start", "5.15", [TIMER, ANY, ANY], INT, { gpl: true }),
  row(172, "bpf_timer_cancel", "5.15", [TIMER], INT, { gpl: true }),
  row(173, "bpf_get_func_ip", "5.15", [CTX], INT, { gpl: true }),
  row(174, "bpf_get_attach_cookie", "5.15", [CTX], INT),
  row(175, "bpf_task_pt_regs", "5.15", [BTF], BTF_RET, { gpl: true, btf: { 1: "task_struct", ret: "pt_regs" } }),
  row(176, "bpf_get_branch_snapshot", "5.16", [UNINIT, SIZE0], INT, { gpl: true }),
  row(177, "bpf_trace_vprintk", "5.16", [RMEM, SIZE, RMEM0, SIZE0], INT, { abi: [["ptr", "u32", "ptr", "u32"], "int"], gpl: true }),
  row(178, "bpf_skc_to_unix_sock", "5.16", [SK], BTF_OR_NULL, { btf: { ret: "unix_sock" } }),
  row(179, "bpf_kallsyms_lookup_name", "5.16", [RMEM, SIZE0, ANY, FIXED_OUT], INT, { sizes: { 4: 8 } }),
  row(180, "bpf_find_vma", "5.17", [BTF, ANY, FUNC, STACK0, ANY], INT, { btf: { 1: "task_struct" } }),
  row(181, "bpf_loop", "5.17", [ANY, FUNC, STACK0, ANY], INT, { abi: [["u32", "u32", "ptr", "flags"], "int"] }),
  row(182, "bpf_strncmp", "5.17", [RMEM, SIZE, STR], INT, { abi: [["ptr", "u32", "ptr"], "int"] }),
  row(183, "bpf_get_func_arg", "5.17", [CTX, ANY, FIXED_OUT], INT, { sizes: { 3: 8 } }),
  row(184, "bpf_get_func_ret", "5.17", [CTX, FIXED_OUT], INT, { sizes: { 2: 8 } }),
  row(185, "bpf_get_func_arg_cnt", "5.17", [CTX], INT),
  row(186, "bpf_get_retval", "5.18", [], INT),
  row(187, "bpf_set_retval", "5.18", [ANY], INT),
  row(188, "bpf_xdp_get_buff_len", "5.18", [CTX], INT, { abi: [["ptr"], "u64"] }),
  row(189, "bpf_xdp_load_bytes", "5.18", [CTX, ANY, UNINIT, SIZE], INT, { abi: [["ptr", "u32", "ptr", "u32"], "int"] }),
  row(190, "bpf_xdp_store_bytes", "5.18", [CTX, ANY, RMEM, SIZE], INT, { abi: [["ptr", "u32", "ptr", "u32"], "int"] }),
  row(191, "bpf_copy_from_user_task", "5.18", [UNINIT, SIZE0, ANY, BTF, ANY], INT, { gpl: true, sleeps: true, btf: { 4: "task_struct" } }),
  row(192, "bpf_skb_set_tstamp", "5.18", [CTX, ANY, ANY], INT),
  row(193, "bpf_ima_file_hash", "5.18", [BTF, UNINIT, SIZE], INT, { sleeps: true, btf: { 1: "file" } }),
  row(194, "bpf_kptr_xchg", "5.19", [KPTR, KPTR_IN], BTF_OR_NULL),
  row(195, "bpf_map_lookup_percpu_elem", "5.19", [MAP, KEY, ANY], VALUE_OR_NULL, { abi: [["ptr", "ptr", "u32"], "ptr"], packetAccess: true }),
  row(196, "bpf_skc_to_mptcp_sock", "5.19", [SOCK_COMMON], BTF_OR_NULL, { btf: { ret: "mptcp_sock" } }),
  row(197, "bpf_dynptr_from_mem", "5.19", [UNINIT, SIZE0, ANY, DYN_LOCAL], INT),
  row(198, "bpf_ringbuf_reserve_dynptr", "5.19", [MAP, ANY, ANY, DYN_RINGBUF], INT),
  row(199, "bpf_ringbuf_submit_dynptr", "5.19", [DYN_RELEASE, ANY], VOID),
  row(200, "bpf_ringbuf_discard_dynptr", "5.19", [DYN_RELEASE, ANY], VOID),
  row(201, "bpf_dynptr_read", "5.19", [UNINIT, SIZE0, DYN, ANY, ANY], INT),
  row(202, "bpf_dynptr_write", "5.19", [DYN, ANY, RMEM, SIZE0, ANY], INT),
  row(203, "bpf_dynptr_data", "5.19", [DYN, ANY, ALLOC_SIZE], DYNPTR_MEM_OR_NULL),
  row(204, "bpf_tcp_raw_gen_syncookie_ipv4", "6.0", [FIXED, RMEM, SIZE0], INT, { gpl: true, packetAccess: true, sizes: { 1: 20 } }),
  row(205, "bpf_tcp_raw_gen_syncookie_ipv6", "6.0", [FIXED, RMEM, SIZE0], INT, { gpl: true, packetAccess: true, sizes: { 1: 40 } }),
  row(206, "bpf_tcp_raw_check_syncookie_ipv4", "6.0", [FIXED, FIXED], INT, { gpl: true, packetAccess: true, sizes: { 1: 20, 2: 20 } }),
  row(207, "bpf_tcp_raw_check_syncookie_ipv6", "6.0", [FIXED, FIXED], INT, { gpl: true, packetAccess: true, sizes: { 1: 40, 2: 20 } }),
  row(208, "bpf_ktime_get_tai_ns", "6.1", [], INT, { abi: [[], "u64"] }),
  row(209, "bpf_user_ringbuf_drain", "6.1", [MAP, FUNC, STACK0, ANY], INT),
  row(210, "bpf_cgrp_storage_get", "6.2", [MAP, BTF0, VALUE0, ANY], VALUE_OR_NULL, { btf: { 2: "cgroup" } }),
  row(211, "bpf_cgrp_storage_delete", "6.2", [MAP, BTF0], INT, { btf: { 2: "cgroup" } }),
]

/** Ids and runs of ids. */
function ids(text: string): Set<number> {
  const out = new Set<number>();
  for (const run of text.split(" ").filter((t) => t !== "")) {
    const [first = "", last = first] = run.split("-");
    for (let id = Number(first); id <= Number(last); id++) out.add(id);
  }
  return out;
}

/** Helpers that every program type below may call. */
const EVERYWHERE =
  "1-3 5-8 12 14-17 22 35 37 42 55 80 87-89 93-94 105-106 109 112-115 117-118 120 123 125 130-134 141 148-149 153-154 156-158 164-165 169-172 175-177 180-182 191 194-195 197-203 208-211";

/**
 * Who may call what besides: program type, its number, helper ids, as a 6.18 kernel answers a loader with all capabilities.
 * A type that is not listed (ext: it is its target's; lirc_mode2) is not known here.
 */
// biome-ignore format: one row per program type reads as a table
const ACCESS: readonly (readonly [type: string, number: number, helpers: string])[] = [
  ["BPF_PROG_TYPE_SOCKET_FILTER", 1, "25-26 46-47 68 122 136-140 160 178 196"],
  ["BPF_PROG_TYPE_KPROBE", 2, "4 25 27 45 67 173-174"],
  ["BPF_PROG_TYPE_SCHED_CLS", 3, "9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68-69 79 83-86 95-100 107-108 110 122 124 135-140 151-152 155 160 163 178 192 196 204-207"],
  ["BPF_PROG_TYPE_SCHED_ACT", 4, "9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68-69 79 83-86 95-100 107-108 110 122 124 135-140 151-152 155 160 163 178 192 196 204-207"],
  ["BPF_PROG_TYPE_TRACEPOINT", 5, "4 25 27 45 67 173-174"],
  ["BPF_PROG_TYPE_XDP", 6, "23 25 28 44 51 54 65 69 84-86 99-100 110 136-140 160 163 178 188-190 196 204-207"],
  ["BPF_PROG_TYPE_PERF_EVENT", 7, "4 25 27 45 56 67 119 173-174"],
  ["BPF_PROG_TYPE_CGROUP_SKB", 8, "25-26 46-47 68 79 81 83-86 95-99 107-108 122 128-129 136-140 160 178 196"],
  ["BPF_PROG_TYPE_CGROUP_SOCK", 9, "25 46 81 107 122 160 186-187"],
  ["BPF_PROG_TYPE_LWT_IN", 10, "24-26 28 33-34 39 73 136-140 160 178 196"],
  ["BPF_PROG_TYPE_LWT_OUT", 11, "24-26 28 33-34 39 136-140 160 178 196"],
  ["BPF_PROG_TYPE_LWT_XMIT", 12, "9-11 13 20-21 23-26 28-30 33-34 38-41 43 73 135-140 160 178 196"],
  ["BPF_PROG_TYPE_SOCK_OPS", 13, "25 46 49 53 57 59 70 81 96 107-108 122 136-140 142-144 160 178 186-187 196"],
  ["BPF_PROG_TYPE_SK_SKB", 14, "9 25-26 38-39 43 46-47 50 52 72 84-86 99 136-140 160 178 196"],
  ["BPF_PROG_TYPE_CGROUP_DEVICE", 15, "25 81 186-187"],
  ["BPF_PROG_TYPE_SK_MSG", 16, "25 60-63 71 90-91 107-108 122 136-140 160 178 196"],
  ["BPF_PROG_TYPE_RAW_TRACEPOINT", 17, "4 25 27 45 67 173-174"],
  ["BPF_PROG_TYPE_CGROUP_SOCK_ADDR", 18, "25 46 49 57 64 81 84-86 99 107-108 122 136-140 160 178 186-187 196"],
  ["BPF_PROG_TYPE_LWT_SEG6LOCAL", 19, "24-26 28 33-34 39 74-76 136-140 160 178 196"],
  ["BPF_PROG_TYPE_SK_REUSEPORT", 21, "26 46 68 82 160"],
  ["BPF_PROG_TYPE_FLOW_DISSECTOR", 22, "26 136-140 160 178 196"],
  ["BPF_PROG_TYPE_CGROUP_SYSCTL", 23, "25 81 101-104 160 186-187"],
  ["BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE", 24, "4 25 27 45 67 173-174"],
  ["BPF_PROG_TYPE_CGROUP_SOCKOPT", 25, "25 49 57 81 96 107-108 122 186-187"],
  ["BPF_PROG_TYPE_TRACING", 26, "4 25 27 45-46 49 57 67 107-108 111 121 126-127 136-140 147 150 162 173-174 178 183-185 188 196"],
  ["BPF_PROG_TYPE_STRUCT_OPS", 27, "49 57 107-108 116 160"],
  ["BPF_PROG_TYPE_LSM", 29, "4 25 27 45-46 49 57 67 81 107-108 111 121 136-140 145-147 159 161-162 173-174 178 183-188 193 196"],
  ["BPF_PROG_TYPE_SK_LOOKUP", 30, "25 86 124 136-140 160 178 196"],
  ["BPF_PROG_TYPE_SYSCALL", 31, "4 25 27 45-46 67 107-108 111 121 136-140 147 162 166-168 173 178-179 188 196"],
  ["BPF_PROG_TYPE_NETFILTER", 32, ""],
];

/** Hooks of control groups that answer nothing a helper could get or set. */
const NO_RETVAL: readonly AttachTypeName[] = [
  ...(["BPF_CGROUP_INET_INGRESS", "BPF_CGROUP_INET_EGRESS", "BPF_CGROUP_SOCK_OPS"] as const),
  ...(["BPF_CGROUP_UDP4_RECVMSG", "BPF_CGROUP_UDP6_RECVMSG", "BPF_CGROUP_UNIX_RECVMSG"] as const),
  ...(["BPF_CGROUP_INET4_GETPEERNAME", "BPF_CGROUP_INET6_GETPEERNAME", "BPF_CGROUP_UNIX_GETPEERNAME"] as const),
  ...(["BPF_CGROUP_INET4_GETSOCKNAME", "BPF_CGROUP_INET6_GETSOCKNAME", "BPF_CGROUP_UNIX_GETSOCKNAME"] as const),
];

/**
 * Helpers that programs of a type may call only when they are made for these attach types, or not for these: the rest of what a 6.18 kernel answers.
 * What depends on the very function or structure attached to is not told here.
 */
// biome-ignore format: one row per program type and group of helpers reads as a table
const ATTACH_ACCESS: readonly (readonly [types: readonly number[], helpers: string, which: "only" | "not", attachTypes: readonly AttachTypeName[]])[] = [
  [[18], "64", "only", ["BPF_CGROUP_INET4_CONNECT", "BPF_CGROUP_INET6_CONNECT"]],
  [[13, 15, 18, 23, 25], "186-187", "not", NO_RETVAL],
  [[25], "49 57", "only", ["BPF_CGROUP_SETSOCKOPT"]],
  [[26], "49 57 126-127 150", "only", ["BPF_TRACE_ITER"]],
  [[26], "174", "only", ["BPF_TRACE_RAW_TP", "BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN"]],
  [[26], "183-185", "only", ["BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN"]],
  [[29], "49 57 81 186-187", "only", ["BPF_LSM_CGROUP"]],
  [[29], "174 183-185", "only", ["BPF_LSM_MAC"]],
];

/** Helpers that only loaders with CAP_PERFMON may have programs call, whatever the type. */
const PERFMON = "6 16 22 35 55 109 112-115 117 136-141 148-149 158 165-166 175-178 180 191 196";
/** What remains of the helpers for every type to loaders without CAP_BPF. */
const UNPRIVILEGED = "1-3 5 7-8 12 14-15 42 87-89 105-106 120 125 130-134 182 195 208";

function allowedTypes(): Map<number, Set<number>> {
  const everywhere = ids(EVERYWHERE);
  const out = new Map<number, Set<number>>();
  for (const [, type, more] of ACCESS) {
    for (const id of [...everywhere, ...ids(more)]) {
      const types = out.get(id) ?? new Set<number>();
      out.set(id, types.add(type));
    }
  }
  return out;
}

function makeHelpers(): readonly Helper[] {
  const allowed = allowedTypes();
  return ROWS.map(([id, name, since, args, ret, extra]) => ({
    id,
    name,
    since,
    args,
    ret,
    ...extra,
    allowed: allowed.get(id) ?? new Set<number>(),
  }));
}

/** All helpers by ascending id, from 1. */
export const HELPERS: readonly Helper[] = makeHelpers();

const BY_ID: ReadonlyMap<number, Helper> = new Map(HELPERS.map((h) => [h.id, h]));
const BY_NAME: ReadonlyMap<string, Helper> = new Map(HELPERS.map((h) => [h.name, h]));

/** The helper with this id, or undefined. */
export function helperById(id: number): Helper | undefined {
  return BY_ID.get(id);
}

/** The helper with this name, with or without the prefix `bpf_`, or undefined. */
export function helperByName(name: string): Helper | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(`bpf_${name}`);
}

/** Whether a helper is for an attach type, by `type * 1000 + helper id`; not there where all are the same. */
const ATTACH_LIMITS: ReadonlyMap<number, (attachType: number) => boolean> = new Map(
  ATTACH_ACCESS.flatMap(([types, helpers, which, names]) => {
    const attachTypes: ReadonlySet<number> = new Set(names.map((name) => ATTACH_TYPE[name]));
    const allows = (attachType: number) => attachTypes.has(attachType) === (which === "only");
    return types.flatMap((type) => [...ids(helpers)].map((id) => [type * 1000 + id, allows] as const));
  }),
);
const KNOWN_TYPES: ReadonlySet<number> = new Set(ACCESS.map(([, number]) => number));

/**
 * Whether a program of type BPF_PROG_TYPE_*, made for an attach type where one is given, may call the helper; undefined where we do not
 * know the type.
 */
export function mayCall(type: number, helper: Helper, attachType?: number): boolean | undefined {
  if (!KNOWN_TYPES.has(type)) return undefined;
  if (!helper.allowed.has(type)) return false;
  return attachType === undefined || (ATTACH_LIMITS.get(type * 1000 + helper.id)?.(attachType) ?? true);
}

const PERFMON_IDS: ReadonlySet<number> = ids(PERFMON);
const UNPRIVILEGED_IDS: ReadonlySet<number> = ids(UNPRIVILEGED);
const EVERYWHERE_IDS: ReadonlySet<number> = ids(EVERYWHERE);

/** The capability that a loader needs for a program that calls the helper, beside what the program's type needs; null = none. */
export function helperCapability(helper: Helper): "CAP_PERFMON" | "CAP_BPF" | null {
  if (PERFMON_IDS.has(helper.id)) return "CAP_PERFMON";
  return EVERYWHERE_IDS.has(helper.id) && !UNPRIVILEGED_IDS.has(helper.id) ? "CAP_BPF" : null;
}
