import { ERRNO, MAP_TYPE, PROG_TYPE } from "../../uapi/index.ts";
import { prepareRecords, recordOf } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import type { RejectionKind } from "../kinds.ts";
import type { VerifierMap } from "../types.ts";

/** Programs that run in any context, interrupts included (is_tracing_prog_type). */
const TRACING_TYPES: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_KPROBE,
  PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT,
  PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT,
  PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT,
  PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
]);

/** Maps that a program that may sleep can use. */
const SLEEPABLE_MAPS: ReadonlySet<number> = new Set([
  MAP_TYPE.BPF_MAP_TYPE_HASH,
  MAP_TYPE.BPF_MAP_TYPE_LRU_HASH,
  MAP_TYPE.BPF_MAP_TYPE_ARRAY,
  MAP_TYPE.BPF_MAP_TYPE_PERCPU_HASH,
  MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE.BPF_MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE.BPF_MAP_TYPE_RINGBUF,
  MAP_TYPE.BPF_MAP_TYPE_USER_RINGBUF,
  MAP_TYPE.BPF_MAP_TYPE_INODE_STORAGE,
  MAP_TYPE.BPF_MAP_TYPE_SK_STORAGE,
  MAP_TYPE.BPF_MAP_TYPE_TASK_STORAGE,
  MAP_TYPE.BPF_MAP_TYPE_CGRP_STORAGE,
  MAP_TYPE.BPF_MAP_TYPE_QUEUE,
  MAP_TYPE.BPF_MAP_TYPE_STACK,
  MAP_TYPE.BPF_MAP_TYPE_ARENA,
]);

const CGROUP_STORAGE: ReadonlySet<number> = new Set([
  MAP_TYPE.BPF_MAP_TYPE_CGROUP_STORAGE,
  MAP_TYPE.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);

/** What is asked of the map and what of the program. */
interface Situation {
  readonly env: VerifierEnv;
  readonly map: VerifierMap;
  readonly progType: number;
  readonly has: (...kinds: readonly string[]) => boolean;
}

/** A pair of map and program that does not go together. */
interface Rule {
  readonly applies: (situation: Situation) => boolean;
  readonly errno: number;
  readonly kind: RejectionKind;
  readonly message: string;
}

const isTracing = ({ progType }: Situation): boolean => TRACING_TYPES.has(progType);
const isArena = ({ map }: Situation): boolean => map.type === MAP_TYPE.BPF_MAP_TYPE_ARENA;
const rule = (message: string, applies: Rule["applies"], errno: number = ERRNO.EINVAL): Rule => ({
  applies,
  errno,
  kind: "V_MAP_PROG_MISMATCH",
  message,
});

/** In the order in which they are asked. */
const RULES: readonly Rule[] = [
  rule("tracing progs cannot use bpf_{list_head,rb_root} yet", (s) => s.has("list_head", "rb_root") && isTracing(s)),
  rule(
    "socket filter progs cannot use bpf_spin_lock yet",
    (s) => s.has("spin_lock", "res_spin_lock") && s.progType === PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
  ),
  rule("tracing progs cannot use bpf_spin_lock yet", (s) => s.has("spin_lock", "res_spin_lock") && isTracing(s)),
  rule("tracing progs cannot use bpf_timer yet", (s) => s.has("timer") && isTracing(s)),
  rule("tracing progs cannot use bpf_wq yet", (s) => s.has("workqueue") && isTracing(s)),
  rule("bpf_struct_ops map cannot be used in prog", (s) => s.map.type === MAP_TYPE.BPF_MAP_TYPE_STRUCT_OPS),
  rule(
    "Sleepable programs can only use array, hash, ringbuf and local storage maps",
    (s) => s.env.sleepable && !SLEEPABLE_MAPS.has(s.map.type),
  ),
  rule(
    "only one cgroup storage of each type is allowed",
    (s) => CGROUP_STORAGE.has(s.map.type) && uses(s.env, s.map.type),
    ERRNO.EBUSY,
  ),
  rule("Only one arena per program", (s) => isArena(s) && uses(s.env, s.map.type), ERRNO.EBUSY),
  rule(
    "CAP_BPF and CAP_PERFMON are required to use arena",
    (s) => isArena(s) && !(s.env.allowPtrLeaks && s.env.bpfCapable),
    ERRNO.EPERM,
  ),
  rule(
    "arena's user address must be set via map_extra or mmap()",
    (s) => isArena(s) && (s.map.mapExtra ?? 0n) === 0n && s.map.mapped !== true,
  ),
];

/** Whether the program already has another map of the type. */
function uses(env: VerifierEnv, type: number): boolean {
  return env.maps.slice(0, env.usedMaps).some((map) => map.type === type);
}

/** Whether the program may use the map at all (check_map_prog_compatibility). */
export function checkMapAndProgram(env: VerifierEnv, map: VerifierMap): void {
  const kernel = env.btfs[0] ?? null;
  prepareRecords(map.btf ?? null, kernel);
  const record = recordOf(map, kernel);
  if (map.inner !== undefined) recordOf(map.inner, kernel);
  const has = (...kinds: readonly string[]): boolean =>
    record?.fields.some((field) => kinds.includes(field.kind)) ?? false;
  const progType = env.type === PROG_TYPE.BPF_PROG_TYPE_EXT ? (env.input.attachProgram?.type ?? env.type) : env.type;
  const situation: Situation = { env, map, progType, has };
  for (const { applies, errno, kind, message } of RULES) {
    if (applies(situation)) env.reject(errno, kind, message, { map: map.name, mapType: map.type });
  }
}
