import { ATTACH_TYPE as A } from "../attach-types.ts";
import { PROG_TYPE } from "../program-types.ts";
import { type ContextLayout, FROM_START, fields, NARROW } from "./field.ts";

const N = NARROW;
/** The kernel compares these offsets with the field's first byte only. */
const S = NARROW | FROM_START;

const CREATE = [A.BPF_CGROUP_INET_SOCK_CREATE, A.BPF_CGROUP_INET_SOCK_RELEASE];
const POST4 = [A.BPF_CGROUP_INET4_POST_BIND];
const POST6 = [A.BPF_CGROUP_INET6_POST_BIND];

/** `struct bpf_sock` as the context of BPF_PROG_TYPE_CGROUP_SOCK. */
export const SOCK: ContextLayout = {
  name: "bpf_sock",
  size: 80,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK], [
    ["bound_dev_if",      0,  4, 4, "scalar", 4, 4, CREATE, CREATE],
    ["family",            4,  4, 4, "scalar", S, 0],
    ["type",              8,  4, 4, "scalar", S, 0],
    ["protocol",         12,  4, 4, "scalar", S, 0],
    ["mark",             16,  4, 4, "scalar", 4, 4, CREATE, CREATE],
    ["priority",         20,  4, 4, "scalar", 4, 4, CREATE, CREATE],
    ["src_ip4",          24,  4, 4, "scalar", N, 0, POST4],
    ["src_ip6",          28, 16, 4, "scalar", N, 0, POST6],
    ["src_port",         44,  4, 4, "scalar", S, 0, [...POST4, ...POST6]],
    ["dst_port",         48,  2, 2, "scalar", N, 0],
    ["dst_ip4",          52,  4, 4, "scalar", N, 0],
    ["dst_ip6",          56, 16, 4, "scalar", N, 0],
    ["state",            72,  4, 4, "scalar", S, 0],
    ["rx_queue_mapping", 76,  4, 4, "scalar", S, 0],
  ]),
};

const USER4 = [
  A.BPF_CGROUP_INET4_BIND, A.BPF_CGROUP_INET4_CONNECT, A.BPF_CGROUP_INET4_GETPEERNAME,
  A.BPF_CGROUP_INET4_GETSOCKNAME, A.BPF_CGROUP_UDP4_SENDMSG, A.BPF_CGROUP_UDP4_RECVMSG,
]; // biome-ignore format: a list of words
const USER6 = [
  A.BPF_CGROUP_INET6_BIND, A.BPF_CGROUP_INET6_CONNECT, A.BPF_CGROUP_INET6_GETPEERNAME,
  A.BPF_CGROUP_INET6_GETSOCKNAME, A.BPF_CGROUP_UDP6_SENDMSG, A.BPF_CGROUP_UDP6_RECVMSG,
]; // biome-ignore format: a list of words
const SEND4 = [A.BPF_CGROUP_UDP4_SENDMSG];
const SEND6 = [A.BPF_CGROUP_UDP6_SENDMSG];

/** `struct bpf_sock_addr`. */
export const SOCK_ADDR: ContextLayout = {
  name: "bpf_sock_addr",
  size: 72,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR], [
    ["user_family",  0,  4, 4, "scalar", 4,     0],
    ["user_ip4",     4,  4, 4, "scalar", N,     4,     USER4, USER4],
    ["user_ip6",     8, 16, 4, "scalar", N | 8, 4 | 8, USER6, USER6],
    ["user_port",   24,  4, 4, "scalar", N,     4],
    ["family",      28,  4, 4, "scalar", 4,     0],
    ["type",        32,  4, 4, "scalar", 4,     0],
    ["protocol",    36,  4, 4, "scalar", 4,     0],
    ["msg_src_ip4", 40,  4, 4, "scalar", N,     4,     SEND4, SEND4],
    ["msg_src_ip6", 44, 16, 4, "scalar", N | 8, 4 | 8, SEND6, SEND6],
    ["sk",          64,  8, 8, "sock",   8,     0],
  ]),
};

/** `struct bpf_sock_ops`. */
export const SOCK_OPS: ContextLayout = {
  name: "bpf_sock_ops",
  size: 224,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS], [
    ["op",                      0,  4, 4, "scalar",       4, 0],
    ["reply",                   4,  4, 4, "scalar",       4, 4],
    ["args",                    8, 12, 4, "scalar",       4, 0],
    ["family",                 20,  4, 4, "scalar",       4, 0],
    ["remote_ip4",             24,  4, 4, "scalar",       4, 0],
    ["local_ip4",              28,  4, 4, "scalar",       4, 0],
    ["remote_ip6",             32, 16, 4, "scalar",       4, 0],
    ["local_ip6",              48, 16, 4, "scalar",       4, 0],
    ["remote_port",            64,  4, 4, "scalar",       4, 0],
    ["local_port",             68,  4, 4, "scalar",       4, 0],
    ["is_fullsock",            72,  4, 4, "scalar",       4, 0],
    ["snd_cwnd",               76,  4, 4, "scalar",       4, 0],
    ["srtt_us",                80,  4, 4, "scalar",       4, 0],
    ["bpf_sock_ops_cb_flags",  84,  4, 4, "scalar",       4, 0],
    ["state",                  88,  4, 4, "scalar",       4, 0],
    ["rtt_min",                92,  4, 4, "scalar",       4, 0],
    ["snd_ssthresh",           96,  4, 4, "scalar",       4, 0],
    ["rcv_nxt",               100,  4, 4, "scalar",       4, 0],
    ["snd_nxt",               104,  4, 4, "scalar",       4, 0],
    ["snd_una",               108,  4, 4, "scalar",       4, 0],
    ["mss_cache",             112,  4, 4, "scalar",       4, 0],
    ["ecn_flags",             116,  4, 4, "scalar",       4, 0],
    ["rate_delivered",        120,  4, 4, "scalar",       4, 0],
    ["rate_interval_us",      124,  4, 4, "scalar",       4, 0],
    ["packets_out",           128,  4, 4, "scalar",       4, 0],
    ["retrans_out",           132,  4, 4, "scalar",       4, 0],
    ["total_retrans",         136,  4, 4, "scalar",       4, 0],
    ["segs_in",               140,  4, 4, "scalar",       4, 0],
    ["data_segs_in",          144,  4, 4, "scalar",       4, 0],
    ["segs_out",              148,  4, 4, "scalar",       4, 0],
    ["data_segs_out",         152,  4, 4, "scalar",       4, 0],
    ["lost_out",              156,  4, 4, "scalar",       4, 0],
    ["sacked_out",            160,  4, 4, "scalar",       4, 0],
    ["sk_txhash",             164,  4, 4, "scalar",       4, 4],
    ["bytes_received",        168,  8, 8, "scalar",       8, 0],
    ["bytes_acked",           176,  8, 8, "scalar",       8, 0],
    ["sk",                    184,  8, 8, "sock_or_null", 8, 0],
    ["skb_data",              192,  8, 8, "packet",       8, 0],
    ["skb_data_end",          200,  8, 8, "packet_end",   8, 0],
    ["skb_len",               208,  4, 4, "scalar",       4, 0],
    ["skb_tcp_flags",         212,  4, 4, "scalar",       S, 0],
    ["skb_hwtstamp",          216,  8, 8, "scalar",       8, 0],
  ]),
};

/** `struct sk_msg_md`. */
export const SK_MSG: ContextLayout = {
  name: "sk_msg_md",
  size: 80,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_SK_MSG], [
    ["data",         0,  8, 8, "packet",     8, 0],
    ["data_end",     8,  8, 8, "packet_end", 8, 0],
    ["family",      16,  4, 4, "scalar",     4, 0],
    ["remote_ip4",  20,  4, 4, "scalar",     4, 0],
    ["local_ip4",   24,  4, 4, "scalar",     4, 0],
    ["remote_ip6",  28, 16, 4, "scalar",     4, 0],
    ["local_ip6",   44, 16, 4, "scalar",     4, 0],
    ["remote_port", 60,  4, 4, "scalar",     4, 0],
    ["local_port",  64,  4, 4, "scalar",     4, 0],
    ["size",        68,  4, 4, "scalar",     4, 0],
    ["sk",          72,  8, 8, "sock",       8, 0],
  ]),
};

/** `struct sk_reuseport_md`. */
export const SK_REUSEPORT: ContextLayout = {
  name: "sk_reuseport_md",
  size: 56,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT], [
    ["data",          0, 8, 8, "packet",              8,     0],
    ["data_end",      8, 8, 8, "packet_end",          8,     0],
    ["len",          16, 4, 4, "scalar",              N,     0],
    ["eth_protocol", 20, 4, 4, "scalar",              2 | 4, 0],
    ["ip_protocol",  24, 4, 4, "scalar",              N,     0],
    ["bind_inany",   28, 4, 4, "scalar",              N,     0],
    ["hash",         32, 4, 4, "scalar",              4,     0],
    ["sk",           40, 8, 8, "sock",                8,     0],
    ["migrating_sk", 48, 8, 8, "sock_common_or_null", 8,     0],
  ]),
};

/** `struct bpf_sk_lookup`. */
export const SK_LOOKUP: ContextLayout = {
  name: "bpf_sk_lookup",
  size: 72,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP], [
    ["sk",               0,  8, 8, "sock_or_null", 8,     0],
    ["family",           8,  4, 4, "scalar",       N,     0],
    ["protocol",        12,  4, 4, "scalar",       N,     0],
    ["remote_ip4",      16,  4, 4, "scalar",       N,     0],
    ["remote_ip6",      20, 16, 4, "scalar",       N,     0],
    // The field was 32 bits wide once, so four bytes and those of its padding may still be read.
    ["remote_port",     36,  2, 2, "scalar",       N,     0],
    ["",                38,  2, 2, "scalar",       1 | 2, 0],
    ["local_ip4",       40,  4, 4, "scalar",       N,     0],
    ["local_ip6",       44, 16, 4, "scalar",       N,     0],
    ["local_port",      60,  4, 4, "scalar",       N,     0],
    ["ingress_ifindex", 64,  4, 4, "scalar",       N,     0],
  ]),
};
