import { ATTACH_TYPE, ERRNO, MAP_TYPE, type MapTypeName, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { helperId, helperIds, helperText } from "./helper-ids.ts";
import { resolvedType } from "./program-type.ts";

/** Maps that only these helpers take; every other map may go to any helper that takes maps. */
const HELPERS_OF_MAP: readonly (readonly [map: MapTypeName, helpers: string])[] = [
  ["BPF_MAP_TYPE_PROG_ARRAY", "tail_call"],
  ["BPF_MAP_TYPE_PERF_EVENT_ARRAY", "perf_event_read perf_event_output skb_output perf_event_read_value xdp_output"],
  [
    "BPF_MAP_TYPE_RINGBUF",
    "ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr",
  ],
  ["BPF_MAP_TYPE_USER_RINGBUF", "user_ringbuf_drain"],
  ["BPF_MAP_TYPE_STACK_TRACE", "get_stackid"],
  ["BPF_MAP_TYPE_CGROUP_ARRAY", "skb_under_cgroup current_task_under_cgroup"],
  ["BPF_MAP_TYPE_CGROUP_STORAGE", "get_local_storage"],
  ["BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE", "get_local_storage"],
  ["BPF_MAP_TYPE_DEVMAP", "redirect_map map_lookup_elem"],
  ["BPF_MAP_TYPE_DEVMAP_HASH", "redirect_map map_lookup_elem"],
  ["BPF_MAP_TYPE_CPUMAP", "redirect_map"],
  ["BPF_MAP_TYPE_XSKMAP", "redirect_map map_lookup_elem"],
  ["BPF_MAP_TYPE_ARRAY_OF_MAPS", "map_lookup_elem"],
  ["BPF_MAP_TYPE_HASH_OF_MAPS", "map_lookup_elem"],
  ["BPF_MAP_TYPE_SOCKMAP", "sk_redirect_map sock_map_update msg_redirect_map sk_select_reuseport map_lookup_elem"],
  ["BPF_MAP_TYPE_SOCKHASH", "sk_redirect_hash sock_hash_update msg_redirect_hash sk_select_reuseport map_lookup_elem"],
  ["BPF_MAP_TYPE_REUSEPORT_SOCKARRAY", "sk_select_reuseport"],
  ["BPF_MAP_TYPE_QUEUE", "map_peek_elem map_pop_elem map_push_elem"],
  ["BPF_MAP_TYPE_STACK", "map_peek_elem map_pop_elem map_push_elem"],
  ["BPF_MAP_TYPE_SK_STORAGE", "sk_storage_get sk_storage_delete kptr_xchg"],
  ["BPF_MAP_TYPE_INODE_STORAGE", "inode_storage_get inode_storage_delete kptr_xchg"],
  ["BPF_MAP_TYPE_TASK_STORAGE", "task_storage_get task_storage_delete kptr_xchg"],
  ["BPF_MAP_TYPE_CGRP_STORAGE", "cgrp_storage_get cgrp_storage_delete kptr_xchg"],
  ["BPF_MAP_TYPE_BLOOM_FILTER", "map_peek_elem map_push_elem"],
];

/** Helpers that only take these maps. */
const MAPS_OF_HELPER: readonly (readonly [helpers: string, maps: readonly MapTypeName[]])[] = [
  ["tail_call", ["BPF_MAP_TYPE_PROG_ARRAY"]],
  ["perf_event_read perf_event_output perf_event_read_value skb_output xdp_output", ["BPF_MAP_TYPE_PERF_EVENT_ARRAY"]],
  ["ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr", ["BPF_MAP_TYPE_RINGBUF"]],
  ["user_ringbuf_drain", ["BPF_MAP_TYPE_USER_RINGBUF"]],
  ["get_stackid", ["BPF_MAP_TYPE_STACK_TRACE"]],
  ["current_task_under_cgroup skb_under_cgroup", ["BPF_MAP_TYPE_CGROUP_ARRAY"]],
  ["redirect_map", ["BPF_MAP_TYPE_DEVMAP", "BPF_MAP_TYPE_DEVMAP_HASH", "BPF_MAP_TYPE_CPUMAP", "BPF_MAP_TYPE_XSKMAP"]],
  ["sk_redirect_map msg_redirect_map sock_map_update", ["BPF_MAP_TYPE_SOCKMAP"]],
  ["sk_redirect_hash msg_redirect_hash sock_hash_update", ["BPF_MAP_TYPE_SOCKHASH"]],
  ["get_local_storage", ["BPF_MAP_TYPE_CGROUP_STORAGE", "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE"]],
  ["sk_select_reuseport", ["BPF_MAP_TYPE_REUSEPORT_SOCKARRAY", "BPF_MAP_TYPE_SOCKMAP", "BPF_MAP_TYPE_SOCKHASH"]],
  ["map_pop_elem", ["BPF_MAP_TYPE_QUEUE", "BPF_MAP_TYPE_STACK"]],
  ["map_peek_elem map_push_elem", ["BPF_MAP_TYPE_QUEUE", "BPF_MAP_TYPE_STACK", "BPF_MAP_TYPE_BLOOM_FILTER"]],
  ["map_lookup_percpu_elem", ["BPF_MAP_TYPE_PERCPU_ARRAY", "BPF_MAP_TYPE_PERCPU_HASH", "BPF_MAP_TYPE_LRU_PERCPU_HASH"]],
  ["sk_storage_get sk_storage_delete", ["BPF_MAP_TYPE_SK_STORAGE"]],
  ["inode_storage_get inode_storage_delete", ["BPF_MAP_TYPE_INODE_STORAGE"]],
  ["task_storage_get task_storage_delete", ["BPF_MAP_TYPE_TASK_STORAGE"]],
  ["cgrp_storage_get cgrp_storage_delete", ["BPF_MAP_TYPE_CGRP_STORAGE"]],
];

const BY_MAP: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  HELPERS_OF_MAP.map(([map, helpers]) => [MAP_TYPE[map], helperIds(helpers)]),
);
const BY_HELPER: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  MAPS_OF_HELPER.flatMap(([helpers, maps]) =>
    [...helperIds(helpers)].map((id) => [id, new Set(maps.map((map) => MAP_TYPE[map]))] as const),
  ),
);

const MAP_UPDATE_ELEM = helperId("map_update_elem");
const MAP_DELETE_ELEM = helperId("map_delete_elem");

/** Programs that never hold a socket's lock, so that they may change maps of sockets. */
const SOCKMAP_UPDATERS: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT,
  PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR,
  PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP,
]);

/** Whether the program may change maps of sockets with the generic helpers (may_update_sockmap); says so where not. */
function mayUpdateSockmap(env: VerifierEnv, id: number): boolean {
  if (id !== MAP_UPDATE_ELEM && id !== MAP_DELETE_ELEM) return false;
  const type = resolvedType(env);
  if (SOCKMAP_UPDATERS.has(type)) return true;
  if (type === PROG_TYPE.BPF_PROG_TYPE_TRACING && env.expectedAttachType === ATTACH_TYPE.BPF_TRACE_ITER) return true;
  // Updates go through helpers that look at the event.
  if (type === PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS && id === MAP_DELETE_ELEM) return true;
  env.verbose("cannot update sockmap in this context\n");
  return false;
}

function fits(env: VerifierEnv, mapType: number, id: number): boolean {
  const helpers = BY_MAP.get(mapType);
  if (helpers !== undefined && !helpers.has(id)) {
    const sockets = mapType === MAP_TYPE.BPF_MAP_TYPE_SOCKMAP || mapType === MAP_TYPE.BPF_MAP_TYPE_SOCKHASH;
    if (!sockets || !mayUpdateSockmap(env, id)) return false;
  }
  return BY_HELPER.get(id)?.has(mapType) ?? true;
}

/** Whether a map may be handed to a helper, asked both ways (check_map_func_compatibility); `map` -1: the call has none. */
export function checkMapHelper(env: VerifierEnv, map: number, id: number): void {
  if (map < 0) return;
  const { type, name } = env.maps[map]!;
  if (fits(env, type, id)) return;
  env.reject(ERRNO.EINVAL, "V_MAP_HELPER_MISMATCH", `cannot pass map_type ${type} into func ${helperText(id)}`, {
    map: name,
    mapType: type,
    helper: id,
  });
}
