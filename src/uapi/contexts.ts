import { PROG_TYPE } from "./program-types.ts";

/**
 * Context structures of packet programs: what a program finds behind r1. Offsets and sizes from linux/bpf.h; who may read and write
 * what as the verifier of Linux 6.18 answers (`invalid bpf_context access off=12 size=4`).
 */

/** What a loaded field is to the verifier: a number, or a pointer of this kind. */
export type ContextFieldKind = "scalar" | "packet" | "packet_end" | "packet_meta" | "sock" | "flow_keys";

export interface ContextField {
  readonly name: string;
  readonly offset: number;
  /** Bytes of the field, of all its elements. */
  readonly size: number;
  /** Bytes of one element: the access that is always allowed. */
  readonly unit: number;
  readonly kind: ContextFieldKind;
  /** Whether parts of an element may be read (1, 2 or 4 bytes, aligned to their size). */
  readonly narrow: boolean;
  /** BPF_PROG_TYPE_* that may read it. */
  readonly read: readonly number[];
  /** BPF_PROG_TYPE_* that may write it. */
  readonly write: readonly number[];
}

export interface ContextLayout {
  /** The C structure's name. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly ContextField[];
}

const NOBODY: readonly number[] = [];
const XDP = [PROG_TYPE.BPF_PROG_TYPE_XDP];
const FILTER = [PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER];
const TC = [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT];
const CGROUP = [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB];
const LWT = [
  PROG_TYPE.BPF_PROG_TYPE_LWT_IN,
  PROG_TYPE.BPF_PROG_TYPE_LWT_OUT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL,
];
const SK_SKB = [PROG_TYPE.BPF_PROG_TYPE_SK_SKB];
const DISSECTOR = [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR];
/** All that see a whole `__sk_buff`. */
const ALL = [...FILTER, ...TC, ...CGROUP, ...LWT, ...SK_SKB];
const DIRECT = [...TC, ...CGROUP, ...LWT, ...SK_SKB, ...DISSECTOR];
const SOCKET = [...CGROUP, ...SK_SKB];

type Row = readonly [
  name: string,
  offset: number,
  size: number,
  unit: number,
  kind: ContextFieldKind,
  narrow: boolean,
  read: readonly number[],
  write: readonly number[],
];

function fields(rows: readonly Row[]): readonly ContextField[] {
  return rows.map(([name, offset, size, unit, kind, narrow, read, write]) => ({
    name,
    offset,
    size,
    unit,
    kind,
    narrow,
    read,
    write,
  }));
}

/** `struct xdp_md`. */
export const XDP_MD: ContextLayout = {
  name: "xdp_md",
  size: 24,
  // biome-ignore format: one row per field reads as a table
  fields: fields([
    ["data",             0, 4, 4, "packet",      false, XDP,    NOBODY],
    ["data_end",         4, 4, 4, "packet_end",  false, XDP,    NOBODY],
    ["data_meta",        8, 4, 4, "packet_meta", false, XDP,    NOBODY],
    ["ingress_ifindex", 12, 4, 4, "scalar",      false, XDP,    NOBODY],
    ["rx_queue_index",  16, 4, 4, "scalar",      false, XDP,    NOBODY],
    // Readable by programs of attach type BPF_XDP_DEVMAP only.
    ["egress_ifindex",  20, 4, 4, "scalar",      false, NOBODY, NOBODY],
  ]),
};

/** `struct __sk_buff`. */
export const SK_BUFF: ContextLayout = {
  name: "__sk_buff",
  size: 192,
  // biome-ignore format: one row per field reads as a table
  fields: fields([
    ["len",               0,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["pkt_type",          4,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["mark",              8,  4, 4, "scalar",      true,  [...FILTER, ...TC, ...CGROUP, ...LWT], [...TC, ...CGROUP, ...LWT]],
    ["queue_mapping",    12,  4, 4, "scalar",      true,  ALL,                                TC],
    ["protocol",         16,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["vlan_present",     20,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["vlan_tci",         24,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["vlan_proto",       28,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["priority",         32,  4, 4, "scalar",      true,  ALL,                                [...TC, ...CGROUP, ...LWT, ...SK_SKB]],
    ["ingress_ifindex",  36,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["ifindex",          40,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["tc_index",         44,  4, 4, "scalar",      true,  ALL,                                [...TC, ...SK_SKB]],
    ["cb",               48, 20, 4, "scalar",      true,  ALL,                                [...FILTER, ...TC, ...CGROUP, ...LWT]],
    ["hash",             68,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["tc_classid",       72,  4, 4, "scalar",      true,  TC,                                 TC],
    ["data",             76,  4, 4, "packet",      false, DIRECT,                             NOBODY],
    ["data_end",         80,  4, 4, "packet_end",  false, DIRECT,                             NOBODY],
    ["napi_id",          84,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["family",           88,  4, 4, "scalar",      true,  SOCKET,                             NOBODY],
    ["remote_ip4",       92,  4, 4, "scalar",      false, SOCKET,                             NOBODY],
    ["local_ip4",        96,  4, 4, "scalar",      false, SOCKET,                             NOBODY],
    ["remote_ip6",      100, 16, 4, "scalar",      false, SOCKET,                             NOBODY],
    ["local_ip6",       116, 16, 4, "scalar",      false, SOCKET,                             NOBODY],
    ["remote_port",     132,  4, 4, "scalar",      true,  SOCKET,                             NOBODY],
    ["local_port",      136,  4, 4, "scalar",      true,  SOCKET,                             NOBODY],
    ["data_meta",       140,  4, 4, "packet_meta", false, TC,                                 NOBODY],
    ["flow_keys",       144,  8, 8, "flow_keys",   false, DISSECTOR,                          NOBODY],
    ["tstamp",          152,  8, 8, "scalar",      false, [...TC, ...CGROUP],                 [...TC, ...CGROUP]],
    ["wire_len",        160,  4, 4, "scalar",      true,  TC,                                 NOBODY],
    ["gso_segs",        164,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["sk",              168,  8, 8, "sock",        false, ALL,                                NOBODY],
    ["gso_size",        176,  4, 4, "scalar",      true,  ALL,                                NOBODY],
    ["tstamp_type",     180,  1, 1, "scalar",      false, TC,                                 NOBODY],
    ["hwtstamp",        184,  8, 8, "scalar",      false, [...TC, ...CGROUP],                 NOBODY],
  ]),
};

/** The context structure of a BPF_PROG_TYPE_*, or undefined where it is none of the above. */
export function contextLayout(type: number): ContextLayout | undefined {
  if (XDP.includes(type)) return XDP_MD;
  return ALL.includes(type) || DISSECTOR.includes(type) ? SK_BUFF : undefined;
}
