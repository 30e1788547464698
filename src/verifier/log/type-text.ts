import * as L from "../../runtime/verifier-layout.ts";

/** Words of the log for register types, by base type; pointers to BTF objects have the object's name behind. */
const BASE: readonly string[] = [
  "?",
  "scalar",
  "ctx",
  "map_ptr",
  "map_value",
  "map_key",
  "fp",
  "pkt_meta",
  "pkt",
  "pkt_end",
  "flow_keys",
  "sock",
  "sock_common",
  "tcp_sock",
  "tp_buffer",
  "xdp_sock",
  "ptr_",
  "mem",
  "arena",
  "buf",
  "func",
  "dynptr_ptr",
];

/** Flags that the log puts before the word, in this order. */
const PREFIXES: readonly (readonly [number, string])[] = [
  [L.MEM_RDONLY, "rdonly_"],
  [L.MEM_RINGBUF, "ringbuf_"],
  [L.MEM_USER, "user_"],
  [L.MEM_PERCPU, "percpu_"],
  [L.MEM_RCU, "rcu_"],
  [L.PTR_UNTRUSTED, "untrusted_"],
  [L.PTR_TRUSTED, "trusted_"],
];

/** A register type in the log's words: `map_value_or_null`, `trusted_ptr_`, `rdonly_mem`. */
export function regTypeText(type: number): string {
  const base = type & L.TYPE_BASE_MASK;
  let text = "";
  for (const [flag, word] of PREFIXES) if (type & flag) text += word;
  text += BASE[base] ?? "?";
  if (type & L.PTR_MAYBE_NULL) text += base === L.PTR_TO_BTF_ID ? "or_null_" : "_or_null";
  return text;
}

const DYNPTR = ["<invalid>", "local", "ringbuf", "skb", "xdp", "skb_meta"] as const;

/** A dynptr's kind in the log's words. */
export function dynptrTypeText(type: number): string {
  return DYNPTR[type] ?? "<unknown>";
}

const ITER_STATES = ["<invalid>", "active", "drained"] as const;

export function iterStateText(state: number): string {
  return ITER_STATES[state] ?? "<unknown>";
}
