/** BPF attach types: enum bpf_attach_type of linux/bpf.h. */

interface Row {
  /** The number that bpf(2) takes (`expected_attach_type`, `attach_type`). */
  readonly id: number;
  /** The enumerator of linux/bpf.h. */
  readonly name: string;
  /** bpftool's word for it. */
  readonly label: string;
}

export const ATTACH_TYPES = [
  { id: 0, name: "BPF_CGROUP_INET_INGRESS", label: "cgroup_inet_ingress" },
  { id: 1, name: "BPF_CGROUP_INET_EGRESS", label: "cgroup_inet_egress" },
  { id: 2, name: "BPF_CGROUP_INET_SOCK_CREATE", label: "cgroup_inet_sock_create" },
  { id: 3, name: "BPF_CGROUP_SOCK_OPS", label: "cgroup_sock_ops" },
  { id: 4, name: "BPF_SK_SKB_STREAM_PARSER", label: "sk_skb_stream_parser" },
  { id: 5, name: "BPF_SK_SKB_STREAM_VERDICT", label: "sk_skb_stream_verdict" },
  { id: 6, name: "BPF_CGROUP_DEVICE", label: "cgroup_device" },
  { id: 7, name: "BPF_SK_MSG_VERDICT", label: "sk_msg_verdict" },
  { id: 8, name: "BPF_CGROUP_INET4_BIND", label: "cgroup_inet4_bind" },
  { id: 9, name: "BPF_CGROUP_INET6_BIND", label: "cgroup_inet6_bind" },
  { id: 10, name: "BPF_CGROUP_INET4_CONNECT", label: "cgroup_inet4_connect" },
  { id: 11, name: "BPF_CGROUP_INET6_CONNECT", label: "cgroup_inet6_connect" },
  { id: 12, name: "BPF_CGROUP_INET4_POST_BIND", label: "cgroup_inet4_post_bind" },
  { id: 13, name: "BPF_CGROUP_INET6_POST_BIND", label: "cgroup_inet6_post_bind" },
  { id: 14, name: "BPF_CGROUP_UDP4_SENDMSG", label: "cgroup_udp4_sendmsg" },
  { id: 15, name: "BPF_CGROUP_UDP6_SENDMSG", label: "cgroup_udp6_sendmsg" },
  { id: 16, name: "BPF_LIRC_MODE2", label: "lirc_mode2" },
  { id: 17, name: "BPF_FLOW_DISSECTOR", label: "flow_dissector" },
  { id: 18, name: "BPF_CGROUP_SYSCTL", label: "cgroup_sysctl" },
  { id: 19, name: "BPF_CGROUP_UDP4_RECVMSG", label: "cgroup_udp4_recvmsg" },
  { id: 20, name: "BPF_CGROUP_UDP6_RECVMSG", label: "cgroup_udp6_recvmsg" },
  { id: 21, name: "BPF_CGROUP_GETSOCKOPT", label: "cgroup_getsockopt" },
  { id: 22, name: "BPF_CGROUP_SETSOCKOPT", label: "cgroup_setsockopt" },
  { id: 23, name: "BPF_TRACE_RAW_TP", label: "trace_raw_tp" },
  { id: 24, name: "BPF_TRACE_FENTRY", label: "trace_fentry" },
  { id: 25, name: "BPF_TRACE_FEXIT", label: "trace_fexit" },
  { id: 26, name: "BPF_MODIFY_RETURN", label: "modify_return" },
  { id: 27, name: "BPF_LSM_MAC", label: "lsm_mac" },
  { id: 28, name: "BPF_TRACE_ITER", label: "trace_iter" },
  { id: 29, name: "BPF_CGROUP_INET4_GETPEERNAME", label: "cgroup_inet4_getpeername" },
  { id: 30, name: "BPF_CGROUP_INET6_GETPEERNAME", label: "cgroup_inet6_getpeername" },
  { id: 31, name: "BPF_CGROUP_INET4_GETSOCKNAME", label: "cgroup_inet4_getsockname" },
  { id: 32, name: "BPF_CGROUP_INET6_GETSOCKNAME", label: "cgroup_inet6_getsockname" },
  { id: 33, name: "BPF_XDP_DEVMAP", label: "xdp_devmap" },
  { id: 34, name: "BPF_CGROUP_INET_SOCK_RELEASE", label: "cgroup_inet_sock_release" },
  { id: 35, name: "BPF_XDP_CPUMAP", label: "xdp_cpumap" },
  { id: 36, name: "BPF_SK_LOOKUP", label: "sk_lookup" },
  { id: 37, name: "BPF_XDP", label: "xdp" },
  { id: 38, name: "BPF_SK_SKB_VERDICT", label: "sk_skb_verdict" },
  { id: 39, name: "BPF_SK_REUSEPORT_SELECT", label: "sk_reuseport_select" },
  { id: 40, name: "BPF_SK_REUSEPORT_SELECT_OR_MIGRATE", label: "sk_reuseport_select_or_migrate" },
  { id: 41, name: "BPF_PERF_EVENT", label: "perf_event" },
  { id: 42, name: "BPF_TRACE_KPROBE_MULTI", label: "trace_kprobe_multi" },
  { id: 43, name: "BPF_LSM_CGROUP", label: "lsm_cgroup" },
  { id: 44, name: "BPF_STRUCT_OPS", label: "struct_ops" },
  { id: 45, name: "BPF_NETFILTER", label: "netfilter" },
  { id: 46, name: "BPF_TCX_INGRESS", label: "tcx_ingress" },
  { id: 47, name: "BPF_TCX_EGRESS", label: "tcx_egress" },
  { id: 48, name: "BPF_TRACE_UPROBE_MULTI", label: "trace_uprobe_multi" },
  { id: 49, name: "BPF_CGROUP_UNIX_CONNECT", label: "cgroup_unix_connect" },
  { id: 50, name: "BPF_CGROUP_UNIX_SENDMSG", label: "cgroup_unix_sendmsg" },
  { id: 51, name: "BPF_CGROUP_UNIX_RECVMSG", label: "cgroup_unix_recvmsg" },
  { id: 52, name: "BPF_CGROUP_UNIX_GETPEERNAME", label: "cgroup_unix_getpeername" },
  { id: 53, name: "BPF_CGROUP_UNIX_GETSOCKNAME", label: "cgroup_unix_getsockname" },
  { id: 54, name: "BPF_NETKIT_PRIMARY", label: "netkit_primary" },
  { id: 55, name: "BPF_NETKIT_PEER", label: "netkit_peer" },
  { id: 56, name: "BPF_TRACE_KPROBE_SESSION", label: "trace_kprobe_session" },
  { id: 57, name: "BPF_TRACE_UPROBE_SESSION", label: "trace_uprobe_session" },
] as const satisfies readonly Row[];

/** One attach type. */
export type AttachType = Row & { readonly name: AttachTypeName };
/** The name of an attach type: `"BPF_TCX_INGRESS"`. */
export type AttachTypeName = (typeof ATTACH_TYPES)[number]["name"];

/** Numbers of the attach types by name: `ATTACH_TYPE.BPF_XDP` is 37. */
export const ATTACH_TYPE = Object.freeze(Object.fromEntries(ATTACH_TYPES.map((row) => [row.name, row.id]))) as Readonly<
  Record<AttachTypeName, number>
>;

/** The row of an attach type's number, or undefined for a number that Linux 6.18 does not have. */
export function attachType(id: number): AttachType | undefined {
  return ATTACH_TYPES[id];
}

/** bpftool's word for a type's number; `attach type 99` for an unknown one. */
export function attachTypeLabel(id: number): string {
  return attachType(id)?.label ?? `attach type ${id}`;
}
