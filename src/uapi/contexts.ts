import {
  CGROUP_DEVICE,
  CGROUP_SOCKOPT,
  CGROUP_SYSCTL,
  LIRC_MODE2,
  NETFILTER,
  PERF_EVENT_DATA,
  PT_REGS,
  RAW_TRACEPOINT,
  RAW_TRACEPOINT_WRITABLE,
  SYSCALL,
  TRACEPOINT,
} from "./contexts/events.ts";
import { type ContextLayout, FROM_START } from "./contexts/field.ts";
import { SK_BUFF, SK_BUFF_TYPES, XDP_MD } from "./contexts/packets.ts";
import { SK_LOOKUP, SK_MSG, SK_REUSEPORT, SOCK, SOCK_ADDR, SOCK_OPS } from "./contexts/sockets.ts";
import { PROG_TYPE } from "./program-types.ts";

/**
 * Context structures: what a program finds behind r1. Offsets and sizes from linux/bpf.h; who may read and write what as the verifier
 * of Linux 6.18 answers (`invalid bpf_context access off=12 size=4`). Types whose arguments BTF describes (tracing, lsm, struct_ops)
 * have none, nor have extensions, whose context is their target's.
 */

export type { ContextField, ContextFieldKind, ContextLayout } from "./contexts/field.ts";
export { FROM_START, SK_BUFF, XDP_MD };

const BY_TYPE: ReadonlyMap<number, ContextLayout> = new Map([
  ...SK_BUFF_TYPES.map((type) => [type, SK_BUFF] as const),
  [PROG_TYPE.BPF_PROG_TYPE_XDP, XDP_MD],
  [PROG_TYPE.BPF_PROG_TYPE_KPROBE, PT_REGS],
  [PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT, TRACEPOINT],
  [PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT, PERF_EVENT_DATA],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK, SOCK],
  [PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS, SOCK_OPS],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE, CGROUP_DEVICE],
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG, SK_MSG],
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT, RAW_TRACEPOINT],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SOCK_ADDR],
  [PROG_TYPE.BPF_PROG_TYPE_LIRC_MODE2, LIRC_MODE2],
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT, SK_REUSEPORT],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL, CGROUP_SYSCTL],
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, RAW_TRACEPOINT_WRITABLE],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT, CGROUP_SOCKOPT],
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP, SK_LOOKUP],
  [PROG_TYPE.BPF_PROG_TYPE_SYSCALL, SYSCALL],
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER, NETFILTER],
]);

/** The context structure of a BPF_PROG_TYPE_* whose programs see packets as `xdp_md` or `__sk_buff`, or undefined. */
export function contextLayout(type: number): ContextLayout | undefined {
  const layout = BY_TYPE.get(type);
  return layout === XDP_MD || layout === SK_BUFF ? layout : undefined;
}

/** The context structure of any BPF_PROG_TYPE_*; undefined where BTF describes it. */
export function contextRules(type: number): ContextLayout | undefined {
  return BY_TYPE.get(type);
}
