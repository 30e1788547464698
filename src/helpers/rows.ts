import { PROG_TYPE } from "../uapi/index.ts";
import type { PrintHelpers } from "./print.ts";

/** Where a helper's implementation is. */
export interface HelperRow {
  /** Name in the uapi row, without `bpf_`. */
  readonly name: string;
  /** Export of the runtime module; engines call it without JavaScript. */
  readonly runtime?: string;
  /** Function in JavaScript. */
  readonly script?: keyof PrintHelpers;
  /** Open-coded by the engines. */
  readonly intrinsic?: "tail_call" | "loop";
  /** It calls back into the program. */
  readonly callback?: true;
  /** BPF_PROG_TYPE_* that this row is for; all if left out. Of two rows with one name the first that fits wins. */
  readonly types?: readonly number[];
}

const XDP = [PROG_TYPE.BPF_PROG_TYPE_XDP];

/** All helpers that anybpf implements: one row each. What is not here does not exist for programs. */
export const HELPER_ROWS: readonly HelperRow[] = [
  { name: "map_lookup_elem", runtime: "map_lookup_elem" },
  { name: "map_update_elem", runtime: "map_update_elem" },
  { name: "map_delete_elem", runtime: "map_delete_elem" },
  { name: "map_push_elem", runtime: "map_push_elem" },
  { name: "map_pop_elem", runtime: "map_pop_elem" },
  { name: "map_peek_elem", runtime: "map_peek_elem" },
  { name: "map_lookup_percpu_elem", runtime: "map_lookup_percpu_elem" },
  { name: "for_each_map_elem", runtime: "map_for_each_elem", callback: true },
  { name: "ringbuf_output", runtime: "ringbuf_output" },
  { name: "ringbuf_reserve", runtime: "ringbuf_reserve" },
  { name: "ringbuf_submit", runtime: "ringbuf_submit" },
  { name: "ringbuf_discard", runtime: "ringbuf_discard" },
  { name: "ringbuf_query", runtime: "ringbuf_query" },
  { name: "perf_event_output", runtime: "xdp_event_output", types: XDP },
  { name: "perf_event_output", runtime: "skb_event_output" },

  { name: "tail_call", intrinsic: "tail_call" },
  { name: "loop", intrinsic: "loop" },

  // One clock, that of the machine: it never sleeps and begins with the epoch.
  { name: "ktime_get_ns", runtime: "ktime_get_ns" },
  { name: "ktime_get_boot_ns", runtime: "ktime_get_ns" },
  { name: "ktime_get_tai_ns", runtime: "ktime_get_ns" },
  { name: "ktime_get_coarse_ns", runtime: "ktime_get_coarse_ns" },
  { name: "jiffies64", runtime: "jiffies64" },
  { name: "get_prandom_u32", runtime: "get_prandom_u32" },
  { name: "get_smp_processor_id", runtime: "get_smp_processor_id" },
  { name: "get_numa_node_id", runtime: "get_numa_node_id" },

  { name: "trace_printk", script: "tracePrintk" },
  { name: "trace_vprintk", script: "traceVprintk" },
  { name: "snprintf", script: "snprintf" },
  { name: "strtol", runtime: "strtol" },
  { name: "strtoul", runtime: "strtoul" },
  { name: "strncmp", runtime: "strncmp" },

  { name: "redirect", runtime: "xdp_redirect", types: XDP },
  { name: "redirect", runtime: "skb_redirect" },
  { name: "redirect_map", runtime: "redirect_map" },
  { name: "redirect_peer", runtime: "redirect_peer" },
  { name: "redirect_neigh", runtime: "redirect_neigh" },
  { name: "clone_redirect", runtime: "clone_redirect" },

  { name: "xdp_adjust_head", runtime: "xdp_adjust_head" },
  { name: "xdp_adjust_meta", runtime: "xdp_adjust_meta" },
  { name: "xdp_adjust_tail", runtime: "xdp_adjust_tail" },
  { name: "xdp_get_buff_len", runtime: "xdp_get_buff_len" },
  { name: "xdp_load_bytes", runtime: "xdp_load_bytes" },
  { name: "xdp_store_bytes", runtime: "xdp_store_bytes" },

  { name: "skb_load_bytes", runtime: "skb_load_bytes" },
  { name: "skb_load_bytes_relative", runtime: "skb_load_bytes_relative" },
  { name: "skb_store_bytes", runtime: "skb_store_bytes" },
  { name: "skb_pull_data", runtime: "skb_pull_data" },
  { name: "skb_change_head", runtime: "skb_change_head" },
  { name: "skb_change_tail", runtime: "skb_change_tail" },
  { name: "skb_change_proto", runtime: "skb_change_proto" },
  { name: "skb_change_type", runtime: "skb_change_type" },
  { name: "skb_adjust_room", runtime: "skb_adjust_room" },
  { name: "skb_vlan_push", runtime: "skb_vlan_push" },
  { name: "skb_vlan_pop", runtime: "skb_vlan_pop" },
  { name: "csum_diff", runtime: "csum_diff" },
  { name: "csum_update", runtime: "csum_update" },
  { name: "csum_level", runtime: "csum_level" },
  { name: "l3_csum_replace", runtime: "l3_csum_replace" },
  { name: "l4_csum_replace", runtime: "l4_csum_replace" },
  { name: "get_hash_recalc", runtime: "get_hash_recalc" },
  { name: "set_hash", runtime: "set_hash" },
  { name: "set_hash_invalid", runtime: "set_hash_invalid" },
  { name: "get_cgroup_classid", runtime: "get_cgroup_classid" },
  { name: "get_route_realm", runtime: "get_route_realm" },
];
