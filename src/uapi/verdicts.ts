import { ATTACH_TYPE as A } from "./attach-types.ts";
import { PROG_TYPE } from "./program-types.ts";

/** What the return value of a program means, by program type: names of linux/bpf.h, linux/pkt_cls.h and linux/netfilter.h. */

interface Verdict {
  readonly value: number;
  readonly name: string;
}

const XDP = [
  { value: 0, name: "XDP_ABORTED" },
  { value: 1, name: "XDP_DROP" },
  { value: 2, name: "XDP_PASS" },
  { value: 3, name: "XDP_TX" },
  { value: 4, name: "XDP_REDIRECT" },
] as const satisfies readonly Verdict[];

const TC = [
  { value: -1, name: "TC_ACT_UNSPEC" },
  { value: 0, name: "TC_ACT_OK" },
  { value: 1, name: "TC_ACT_RECLASSIFY" },
  { value: 2, name: "TC_ACT_SHOT" },
  { value: 3, name: "TC_ACT_PIPE" },
  { value: 4, name: "TC_ACT_STOLEN" },
  { value: 5, name: "TC_ACT_QUEUED" },
  { value: 6, name: "TC_ACT_REPEAT" },
  { value: 7, name: "TC_ACT_REDIRECT" },
  { value: 8, name: "TC_ACT_TRAP" },
] as const satisfies readonly Verdict[];

// enum bpf_ret_code
const LWT = [
  { value: 0, name: "BPF_OK" },
  { value: 2, name: "BPF_DROP" },
  { value: 7, name: "BPF_REDIRECT" },
  { value: 128, name: "BPF_LWT_REROUTE" },
] as const satisfies readonly Verdict[];

const FLOW_DISSECTOR = [
  { value: 0, name: "BPF_OK" },
  { value: 2, name: "BPF_DROP" },
  { value: 129, name: "BPF_FLOW_DISSECTOR_CONTINUE" },
] as const satisfies readonly Verdict[];

// enum sk_action
const SOCKET_ACTION = [
  { value: 0, name: "SK_DROP" },
  { value: 1, name: "SK_PASS" },
] as const satisfies readonly Verdict[];

const NETFILTER = [
  { value: 0, name: "NF_DROP" },
  { value: 1, name: "NF_ACCEPT" },
] as const satisfies readonly Verdict[];

/** Named return values by BPF_PROG_TYPE_*; a type that is not here returns plain numbers. */
export const VERDICTS: ReadonlyMap<number, readonly Verdict[]> = new Map<number, readonly Verdict[]>([
  [PROG_TYPE.BPF_PROG_TYPE_XDP, XDP],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, TC],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT, TC],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_IN, LWT],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT, LWT],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT, LWT],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL, LWT],
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR, FLOW_DISSECTOR],
  [PROG_TYPE.BPF_PROG_TYPE_SK_SKB, SOCKET_ACTION],
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG, SOCKET_ACTION],
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP, SOCKET_ACTION],
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT, SOCKET_ACTION],
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER, NETFILTER],
]);

/**
 * The kernel's name of a return value (r0, low 32 bits, of either signedness) for a program type; null where the type's
 * return value is a number, or where this number has no name.
 */
export function verdictName(programType: number, value: number): string | null {
  return VERDICTS.get(programType)?.find((verdict) => verdict.value === (value | 0))?.name ?? null;
}

/** The value of a verdict's name for a program type, or undefined. */
export function verdictValue(programType: number, name: string): number | undefined {
  return VERDICTS.get(programType)?.find((verdict) => verdict.name === name)?.value;
}

/** The values that the verifier lets programs return. */
export interface ReturnRange {
  readonly min: number;
  readonly max: number;
}

const NO_YES: ReturnRange = { min: 0, max: 1 };

/** A program type's range by expected attach type; `other` for the rest, absent where they may return anything. */
interface ReturnRow {
  readonly attach?: ReadonlyMap<number, ReturnRange>;
  readonly other?: ReturnRange;
}

const SOCK_ADDR_ALWAYS = [
  A.BPF_CGROUP_UDP4_RECVMSG, A.BPF_CGROUP_UDP6_RECVMSG, A.BPF_CGROUP_UNIX_RECVMSG, A.BPF_CGROUP_INET4_GETPEERNAME,
  A.BPF_CGROUP_INET6_GETPEERNAME, A.BPF_CGROUP_UNIX_GETPEERNAME, A.BPF_CGROUP_INET4_GETSOCKNAME, A.BPF_CGROUP_INET6_GETSOCKNAME,
  A.BPF_CGROUP_UNIX_GETSOCKNAME,
]; // biome-ignore format: a list of words
const ZERO: ReturnRange = { min: 0, max: 0 };
const SUPPRESS: ReturnRange = { min: 0, max: 3 };

/** By BPF_PROG_TYPE_*, for types whose range does not depend on a BTF target. */
const RETURN_RANGES: ReadonlyMap<number, ReturnRow> = new Map<number, ReturnRow>([
  [
    PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    {
      attach: new Map<number, ReturnRange>([
        ...SOCK_ADDR_ALWAYS.map((attach) => [attach, { min: 1, max: 1 }] as const),
        [A.BPF_CGROUP_INET4_BIND, SUPPRESS],
        [A.BPF_CGROUP_INET6_BIND, SUPPRESS],
      ]),
      other: NO_YES,
    },
  ],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB, { attach: new Map([[A.BPF_CGROUP_INET_EGRESS, SUPPRESS]]), other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP, { other: NO_YES }],
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER, { other: NO_YES }],
  [
    PROG_TYPE.BPF_PROG_TYPE_TRACING,
    {
      attach: new Map([
        [A.BPF_TRACE_FENTRY, ZERO],
        [A.BPF_TRACE_FEXIT, ZERO],
        [A.BPF_TRACE_ITER, NO_YES],
      ]),
    },
  ],
  [
    PROG_TYPE.BPF_PROG_TYPE_KPROBE,
    {
      attach: new Map([
        [A.BPF_TRACE_KPROBE_SESSION, NO_YES],
        [A.BPF_TRACE_UPROBE_SESSION, NO_YES],
      ]),
    },
  ],
]);

/** The range of a program's return value, or undefined where it may return anything. LSM and struct_ops: see the verifier. */
export function returnRange(programType: number, attachType: number): ReturnRange | undefined {
  const row = RETURN_RANGES.get(programType);
  return row?.attach?.get(attachType) ?? row?.other;
}
