import { ATTACH_TYPE, type AttachTypeName } from "./attach-types.ts";
import { PROG_TYPE, type ProgramTypeName } from "./program-types.ts";

/**
 * What SEC() names mean: one row per section name of Documentation/bpf/libbpf/program_types.rst.
 * A name is the whole section name, or, with `extras`, also the part before a "/" that is followed by the attach target.
 */

type Short<Name extends string, Prefix extends string> = Name extends `${Prefix}${infer Rest}` ? Rest : never;

/** Flags of BPF_PROG_LOAD (linux/bpf.h) that section names imply. */
export const PROG_FLAG = { BPF_F_SLEEPABLE: 1 << 4, BPF_F_XDP_HAS_FRAGS: 1 << 5 } as const;

interface Source {
  readonly section: string;
  /** `type+` in libbpf's documentation: `SEC("type")` and `SEC("type/extras")`; else the exact name only. */
  readonly extras?: true;
  readonly type: Short<ProgramTypeName, "BPF_PROG_TYPE_">;
  readonly attach?: Short<AttachTypeName, "BPF_">;
  readonly sleepable?: true;
  readonly frags?: true;
}

const SOURCES: readonly Source[] = [
  { section: "socket", type: "SOCKET_FILTER" },
  { section: "sk_reuseport/migrate", type: "SK_REUSEPORT", attach: "SK_REUSEPORT_SELECT_OR_MIGRATE" },
  { section: "sk_reuseport", type: "SK_REUSEPORT", attach: "SK_REUSEPORT_SELECT" },
  { section: "kprobe", extras: true, type: "KPROBE" },
  { section: "kretprobe", extras: true, type: "KPROBE" },
  { section: "uprobe", extras: true, type: "KPROBE" },
  { section: "uprobe.s", extras: true, type: "KPROBE", sleepable: true },
  { section: "uretprobe", extras: true, type: "KPROBE" },
  { section: "uretprobe.s", extras: true, type: "KPROBE", sleepable: true },
  { section: "kprobe.multi", extras: true, type: "KPROBE", attach: "TRACE_KPROBE_MULTI" },
  { section: "kretprobe.multi", extras: true, type: "KPROBE", attach: "TRACE_KPROBE_MULTI" },
  { section: "kprobe.session", extras: true, type: "KPROBE", attach: "TRACE_KPROBE_SESSION" },
  { section: "uprobe.multi", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_MULTI" },
  { section: "uprobe.multi.s", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_MULTI", sleepable: true },
  { section: "uretprobe.multi", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_MULTI" },
  { section: "uretprobe.multi.s", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_MULTI", sleepable: true },
  { section: "uprobe.session", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_SESSION" },
  { section: "uprobe.session.s", extras: true, type: "KPROBE", attach: "TRACE_UPROBE_SESSION", sleepable: true },
  { section: "ksyscall", extras: true, type: "KPROBE" },
  { section: "kretsyscall", extras: true, type: "KPROBE" },
  { section: "usdt", extras: true, type: "KPROBE" },
  { section: "usdt.s", extras: true, type: "KPROBE", sleepable: true },
  { section: "tc/ingress", type: "SCHED_CLS", attach: "TCX_INGRESS" },
  { section: "tc/egress", type: "SCHED_CLS", attach: "TCX_EGRESS" },
  { section: "tcx/ingress", type: "SCHED_CLS", attach: "TCX_INGRESS" },
  { section: "tcx/egress", type: "SCHED_CLS", attach: "TCX_EGRESS" },
  { section: "tc", type: "SCHED_CLS" },
  { section: "classifier", type: "SCHED_CLS" },
  { section: "action", type: "SCHED_ACT" },
  { section: "netkit/primary", type: "SCHED_CLS", attach: "NETKIT_PRIMARY" },
  { section: "netkit/peer", type: "SCHED_CLS", attach: "NETKIT_PEER" },
  { section: "tracepoint", extras: true, type: "TRACEPOINT" },
  { section: "tp", extras: true, type: "TRACEPOINT" },
  { section: "raw_tracepoint", extras: true, type: "RAW_TRACEPOINT" },
  { section: "raw_tp", extras: true, type: "RAW_TRACEPOINT" },
  { section: "raw_tracepoint.w", extras: true, type: "RAW_TRACEPOINT_WRITABLE" },
  { section: "raw_tp.w", extras: true, type: "RAW_TRACEPOINT_WRITABLE" },
  { section: "tp_btf", extras: true, type: "TRACING", attach: "TRACE_RAW_TP" },
  { section: "fentry", extras: true, type: "TRACING", attach: "TRACE_FENTRY" },
  { section: "fentry.s", extras: true, type: "TRACING", attach: "TRACE_FENTRY", sleepable: true },
  { section: "fmod_ret", extras: true, type: "TRACING", attach: "MODIFY_RETURN" },
  { section: "fmod_ret.s", extras: true, type: "TRACING", attach: "MODIFY_RETURN", sleepable: true },
  { section: "fexit", extras: true, type: "TRACING", attach: "TRACE_FEXIT" },
  { section: "fexit.s", extras: true, type: "TRACING", attach: "TRACE_FEXIT", sleepable: true },
  { section: "iter", extras: true, type: "TRACING", attach: "TRACE_ITER" },
  { section: "iter.s", extras: true, type: "TRACING", attach: "TRACE_ITER", sleepable: true },
  { section: "freplace", extras: true, type: "EXT" },
  { section: "lsm", extras: true, type: "LSM", attach: "LSM_MAC" },
  { section: "lsm.s", extras: true, type: "LSM", attach: "LSM_MAC", sleepable: true },
  { section: "lsm_cgroup", extras: true, type: "LSM", attach: "LSM_CGROUP" },
  { section: "syscall", type: "SYSCALL", sleepable: true },
  { section: "xdp.frags/devmap", type: "XDP", attach: "XDP_DEVMAP", frags: true },
  { section: "xdp/devmap", type: "XDP", attach: "XDP_DEVMAP" },
  { section: "xdp.frags/cpumap", type: "XDP", attach: "XDP_CPUMAP", frags: true },
  { section: "xdp/cpumap", type: "XDP", attach: "XDP_CPUMAP" },
  { section: "xdp.frags", type: "XDP", attach: "XDP", frags: true },
  { section: "xdp", type: "XDP", attach: "XDP" },
  { section: "perf_event", type: "PERF_EVENT" },
  { section: "lwt_in", type: "LWT_IN" },
  { section: "lwt_out", type: "LWT_OUT" },
  { section: "lwt_xmit", type: "LWT_XMIT" },
  { section: "lwt_seg6local", type: "LWT_SEG6LOCAL" },
  { section: "sockops", type: "SOCK_OPS", attach: "CGROUP_SOCK_OPS" },
  { section: "sk_skb/stream_parser", type: "SK_SKB", attach: "SK_SKB_STREAM_PARSER" },
  { section: "sk_skb/stream_verdict", type: "SK_SKB", attach: "SK_SKB_STREAM_VERDICT" },
  { section: "sk_skb/verdict", type: "SK_SKB", attach: "SK_SKB_VERDICT" },
  { section: "sk_skb", type: "SK_SKB" },
  { section: "sk_msg", type: "SK_MSG", attach: "SK_MSG_VERDICT" },
  { section: "lirc_mode2", type: "LIRC_MODE2", attach: "LIRC_MODE2" },
  { section: "flow_dissector", type: "FLOW_DISSECTOR", attach: "FLOW_DISSECTOR" },
  { section: "cgroup_skb/ingress", type: "CGROUP_SKB", attach: "CGROUP_INET_INGRESS" },
  { section: "cgroup_skb/egress", type: "CGROUP_SKB", attach: "CGROUP_INET_EGRESS" },
  { section: "cgroup/skb", type: "CGROUP_SKB" },
  { section: "cgroup/sock_create", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_CREATE" },
  { section: "cgroup/sock_release", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_RELEASE" },
  { section: "cgroup/sock", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_CREATE" },
  { section: "cgroup/post_bind4", type: "CGROUP_SOCK", attach: "CGROUP_INET4_POST_BIND" },
  { section: "cgroup/post_bind6", type: "CGROUP_SOCK", attach: "CGROUP_INET6_POST_BIND" },
  { section: "cgroup/bind4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_BIND" },
  { section: "cgroup/bind6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_BIND" },
  { section: "cgroup/connect4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_CONNECT" },
  { section: "cgroup/connect6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_CONNECT" },
  { section: "cgroup/connect_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_CONNECT" },
  { section: "cgroup/sendmsg4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP4_SENDMSG" },
  { section: "cgroup/sendmsg6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP6_SENDMSG" },
  { section: "cgroup/sendmsg_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_SENDMSG" },
  { section: "cgroup/recvmsg4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP4_RECVMSG" },
  { section: "cgroup/recvmsg6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP6_RECVMSG" },
  { section: "cgroup/recvmsg_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_RECVMSG" },
  { section: "cgroup/getpeername4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_GETPEERNAME" },
  { section: "cgroup/getpeername6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_GETPEERNAME" },
  { section: "cgroup/getpeername_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_GETPEERNAME" },
  { section: "cgroup/getsockname4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_GETSOCKNAME" },
  { section: "cgroup/getsockname6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_GETSOCKNAME" },
  { section: "cgroup/getsockname_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_GETSOCKNAME" },
  { section: "cgroup/sysctl", type: "CGROUP_SYSCTL", attach: "CGROUP_SYSCTL" },
  { section: "cgroup/getsockopt", type: "CGROUP_SOCKOPT", attach: "CGROUP_GETSOCKOPT" },
  { section: "cgroup/setsockopt", type: "CGROUP_SOCKOPT", attach: "CGROUP_SETSOCKOPT" },
  { section: "cgroup/dev", type: "CGROUP_DEVICE", attach: "CGROUP_DEVICE" },
  { section: "struct_ops", extras: true, type: "STRUCT_OPS" },
  { section: "struct_ops.s", extras: true, type: "STRUCT_OPS", sleepable: true },
  { section: "sk_lookup", type: "SK_LOOKUP", attach: "SK_LOOKUP" },
  { section: "netfilter", type: "NETFILTER", attach: "NETFILTER" },
];

/** One section name and what it implies. */
export interface SectionRow {
  readonly section: string;
  /** The name may be followed by "/" and an attach target. */
  readonly extras: boolean;
  /** BPF_PROG_TYPE_*. */
  readonly type: number;
  /** BPF_* attach type, null where the section implies none. */
  readonly attachType: number | null;
  readonly sleepable: boolean;
  /** BPF_F_* of BPF_PROG_LOAD. */
  readonly flags: number;
}

/** Every section name that libbpf knows. */
export const SECTIONS: readonly SectionRow[] = SOURCES.map((row) => ({
  section: row.section,
  extras: row.extras === true,
  type: PROG_TYPE[`BPF_PROG_TYPE_${row.type}`],
  attachType: row.attach === undefined ? null : ATTACH_TYPE[`BPF_${row.attach}`],
  sleepable: row.sleepable === true,
  flags:
    (row.sleepable === true ? PROG_FLAG.BPF_F_SLEEPABLE : 0) | (row.frags === true ? PROG_FLAG.BPF_F_XDP_HAS_FRAGS : 0),
}));

const byName = new Map(SECTIONS.map((row) => [row.section, row]));

/** What a section name says about the programs in it. */
export interface SectionMeaning {
  /** The row that applies, null for a name that libbpf does not know (iproute2's `prog`, `cls`, …). */
  readonly row: SectionRow | null;
  /** What follows the "/" of a name with extras, null without any. */
  readonly target: string | null;
  /** False for a leading "?": libbpf then does not load the program unless told to. */
  readonly autoload: boolean;
}

/** Reads a SEC() name by libbpf's rules. Any text has a meaning; an unknown one has no row. */
export function sectionMeaning(name: string): SectionMeaning {
  const autoload = !name.startsWith("?");
  const plain = autoload ? name : name.slice(1);
  const exact = byName.get(plain);
  if (exact !== undefined) return { row: exact, target: null, autoload };
  const slash = plain.indexOf("/");
  const row = slash < 0 ? undefined : byName.get(plain.slice(0, slash));
  if (row?.extras !== true) return { row: null, target: null, autoload };
  const target = plain.slice(slash + 1);
  return { row, target: target === "" ? null : target, autoload };
}
