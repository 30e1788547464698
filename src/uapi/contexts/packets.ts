import { ATTACH_TYPE } from "../attach-types.ts";
import { PROG_TYPE } from "../program-types.ts";
import {
  ANY_SIZE,
  type ContextField,
  type ContextFieldKind,
  type ContextLayout,
  fields,
  NARROW,
  NOBODY,
} from "./field.ts";

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

/** `struct xdp_md`. */
export const XDP_MD: ContextLayout = {
  name: "xdp_md",
  size: 24,
  // biome-ignore format: one row per field reads as a table
  fields: fields(XDP, [
    ["data",             0, 4, 4, "packet",      4, 0],
    ["data_end",         4, 4, 4, "packet_end",  4, 0],
    ["data_meta",        8, 4, 4, "packet_meta", 4, 0],
    ["ingress_ifindex", 12, 4, 4, "scalar",      4, 0],
    ["rx_queue_index",  16, 4, 4, "scalar",      4, 0],
    ["egress_ifindex",  20, 4, 4, "scalar",      4, 0, [ATTACH_TYPE.BPF_XDP_DEVMAP]],
  ]),
};

type SkbRow = readonly [
  name: string,
  offset: number,
  size: number,
  unit: number,
  kind: ContextFieldKind,
  readSizes: number,
  writeSizes: number,
  read: readonly number[],
  write: readonly number[],
];

function skbFields(rows: readonly SkbRow[]): readonly ContextField[] {
  return rows.map(([name, offset, size, unit, kind, readSizes, writeSizes, read, write]) => ({
    ...fields([], [[name, offset, size, unit, kind, readSizes, writeSizes]])[0]!,
    read,
    write,
  }));
}

const N = NARROW;
const ANY = ANY_SIZE;
const MARK = [...TC, ...CGROUP, ...LWT];

/** `struct __sk_buff`. */
export const SK_BUFF: ContextLayout = {
  name: "__sk_buff",
  size: 192,
  // biome-ignore format: one row per field reads as a table
  fields: skbFields([
    ["len",               0,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["pkt_type",          4,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["mark",              8,  4, 4, "scalar",      N,   4,   [...FILTER, ...MARK],   MARK],
    ["queue_mapping",    12,  4, 4, "scalar",      N,   4,   ALL,                    TC],
    ["protocol",         16,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["vlan_present",     20,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["vlan_tci",         24,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["vlan_proto",       28,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["priority",         32,  4, 4, "scalar",      N,   4,   ALL,                    [...MARK, ...SK_SKB]],
    ["ingress_ifindex",  36,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["ifindex",          40,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["tc_index",         44,  4, 4, "scalar",      N,   4,   ALL,                    [...TC, ...SK_SKB]],
    ["cb",               48, 20, 4, "scalar",      ANY, ANY, ALL,                    [...FILTER, ...MARK]],
    ["hash",             68,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["tc_classid",       72,  4, 4, "scalar",      N,   4,   TC,                     TC],
    ["data",             76,  4, 4, "packet",      4,   0,   DIRECT,                 NOBODY],
    ["data_end",         80,  4, 4, "packet_end",  4,   0,   DIRECT,                 NOBODY],
    ["napi_id",          84,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["family",           88,  4, 4, "scalar",      N,   0,   SOCKET,                 NOBODY],
    ["remote_ip4",       92,  4, 4, "scalar",      4,   0,   SOCKET,                 NOBODY],
    ["local_ip4",        96,  4, 4, "scalar",      4,   0,   SOCKET,                 NOBODY],
    ["remote_ip6",      100, 16, 4, "scalar",      4,   0,   SOCKET,                 NOBODY],
    ["local_ip6",       116, 16, 4, "scalar",      4,   0,   SOCKET,                 NOBODY],
    ["remote_port",     132,  4, 4, "scalar",      N,   0,   SOCKET,                 NOBODY],
    ["local_port",      136,  4, 4, "scalar",      N,   0,   SOCKET,                 NOBODY],
    ["data_meta",       140,  4, 4, "packet_meta", 4,   0,   TC,                     NOBODY],
    ["flow_keys",       144,  8, 8, "flow_keys",   8,   0,   DISSECTOR,              NOBODY],
    ["tstamp",          152,  8, 8, "scalar",      8,   8,   [...TC, ...CGROUP],     [...TC, ...CGROUP]],
    ["wire_len",        160,  4, 4, "scalar",      N,   0,   TC,                     NOBODY],
    ["gso_segs",        164,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["sk",              168,  8, 8, "sock_common_or_null", 8, 0, ALL,                NOBODY],
    ["gso_size",        176,  4, 4, "scalar",      N,   0,   ALL,                    NOBODY],
    ["tstamp_type",     180,  1, 1, "scalar",      1,   0,   TC,                     NOBODY],
    ["hwtstamp",        184,  8, 8, "scalar",      8,   0,   [...TC, ...CGROUP],     NOBODY],
  ]),
};

/** Types whose context is a `__sk_buff`. */
export const SK_BUFF_TYPES: readonly number[] = [...ALL, ...DISSECTOR];
