import { MAP_TYPE } from "../uapi/map-types.ts";
import { ARRAY, ARRAY_OF_MAPS, PERCPU_ARRAY, PROG_ARRAY } from "./array.ts";
import {
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
} from "./constants.ts";
import {
  CPUMAP_ENTRIES_MAX,
  type CreateRule,
  hashSizes,
  limit,
  lpmSizes,
  lruNeedsPrealloc,
  ownListsHaveNoNode,
  pagesPowerOfTwo,
  perCpuHasNoNode,
  size,
  trieNeedsNoPrealloc,
} from "./create-rules.ts";
import type { Family } from "./family.ts";
import { HASH, HASH_OF_MAPS, LRU_HASH, LRU_PERCPU_HASH, PERCPU_HASH } from "./hash.ts";
import { LPM_TRIE } from "./lpm.ts";
import { PERF_EVENT_ARRAY } from "./perf.ts";
import { QUEUE, STACK } from "./queue.ts";
import { CPUMAP, DEVMAP, DEVMAP_HASH } from "./redirect.ts";
import { PAGE_SIZE, RINGBUF } from "./ringbuf.ts";

/** Names of runtime exports by the helper that they serve. */
export type ExportNames = Readonly<Record<string, string>>;

/** One map type: who stores it, what creation demands, which exports serve programs. */
export interface MapTypeRow {
  readonly type: number;
  readonly name: string;
  readonly family: Family;
  /** Creation flags that the type takes. */
  readonly flags: number;
  /** Creation checks after the flags, in the kernel's order; the first errno counts. */
  readonly rules: readonly CreateRule[];
  readonly exports: (keySize: number) => ExportNames;
  /** Values have one copy per CPU. */
  readonly perCpu?: true;
  /** Element addresses are arithmetic: `MapRef.direct`. */
  readonly direct?: true;
  /** The map is made from a template of its inner maps. */
  readonly mapInMap?: true;
  /** Alignment of the data, where more than a cache line. */
  readonly alignment?: number;
}

const ACCESS = BPF_F_RDONLY | BPF_F_WRONLY;
const PROG_ACCESS = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
const HASH_FLAGS = BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED | ACCESS | PROG_ACCESS;

const INDEX_KEY = size("keySize", 4);
const SOME_VALUE = limit("valueSize", 1);
const SOME_ENTRIES = limit("maxEntries", 1);

/** `prefix_lookup_4` and so on where the runtime has one for the key size, else the one that takes any key. */
function bySize(prefix: string, sizes: readonly number[], other = prefix): (keySize: number) => string {
  return (keySize) => (sizes.includes(keySize) ? `${prefix}_${keySize}` : other);
}

function hashExports(kind: string, sizes: readonly number[]): (keySize: number) => ExportNames {
  const lookup = bySize(`${kind}_lookup`, sizes, kind === "hash" ? "hash_lookup_bytes" : `${kind}_lookup`);
  return (keySize) => ({
    bpf_map_lookup_elem: lookup(keySize),
    bpf_map_update_elem: `${kind}_update`,
    bpf_map_delete_elem: "hash_delete",
    bpf_for_each_map_elem: "hash_for_each",
    ...(kind.includes("percpu") ? { bpf_map_lookup_percpu_elem: "percpu_hash_lookup_on" } : {}),
  });
}

function arrayExports(kind: string): () => ExportNames {
  return () => ({
    bpf_map_lookup_elem: `${kind}_lookup`,
    bpf_map_update_elem: `${kind}_update`,
    bpf_map_delete_elem: "array_delete",
    bpf_for_each_map_elem: "array_for_each",
    ...(kind === "percpu_array" ? { bpf_map_lookup_percpu_elem: "array_lookup_on" } : {}),
  });
}

function queueExports(kind: string): () => ExportNames {
  return () => ({
    bpf_map_push_elem: "queue_push",
    bpf_map_pop_elem: `${kind}_pop`,
    bpf_map_peek_elem: `${kind}_peek`,
  });
}

/** Creation rules as Linux 6.18 answers. */
export const MAP_REGISTRY: readonly MapTypeRow[] = [
  {
    type: MAP_TYPE.BPF_MAP_TYPE_HASH,
    name: "hash",
    family: HASH,
    flags: HASH_FLAGS | BPF_F_NUMA_NODE,
    rules: hashSizes(false),
    exports: hashExports("hash", [4, 8, 12, 16]),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_ARRAY,
    name: "array",
    family: ARRAY,
    flags: BPF_F_NUMA_NODE | ACCESS | PROG_ACCESS | BPF_F_MMAPABLE | BPF_F_INNER_MAP,
    rules: [INDEX_KEY, SOME_VALUE, SOME_ENTRIES, limit("valueSize", 0, 0x7fffffff)],
    exports: arrayExports("array"),
    direct: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY,
    name: "prog_array",
    family: PROG_ARRAY,
    flags: BPF_F_NUMA_NODE | ACCESS,
    rules: [INDEX_KEY, size("valueSize", 4), SOME_ENTRIES],
    exports: () => ({}),
    direct: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    name: "perf_event_array",
    family: PERF_EVENT_ARRAY,
    flags: BPF_F_NUMA_NODE | ACCESS | BPF_F_PRESERVE_ELEMS,
    rules: [INDEX_KEY, size("valueSize", 4), SOME_ENTRIES],
    exports: () => ({}),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_PERCPU_HASH,
    name: "percpu_hash",
    family: PERCPU_HASH,
    flags: HASH_FLAGS,
    rules: hashSizes(true),
    exports: hashExports("percpu_hash", [4, 8, 16]),
    perCpu: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY,
    name: "percpu_array",
    family: PERCPU_ARRAY,
    flags: ACCESS | PROG_ACCESS,
    rules: [INDEX_KEY, SOME_VALUE, SOME_ENTRIES, limit("valueSize", 0, 0x8000)],
    exports: arrayExports("percpu_array"),
    perCpu: true,
    direct: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_LRU_HASH,
    name: "lru_hash",
    family: LRU_HASH,
    flags: HASH_FLAGS | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE,
    rules: [lruNeedsPrealloc, ownListsHaveNoNode, ...hashSizes(false)],
    exports: hashExports("lru_hash", [4, 8, 12, 16]),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_LRU_PERCPU_HASH,
    name: "lru_percpu_hash",
    family: LRU_PERCPU_HASH,
    flags: HASH_FLAGS | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE,
    rules: [lruNeedsPrealloc, perCpuHasNoNode, ...hashSizes(true)],
    exports: hashExports("lru_percpu_hash", []),
    perCpu: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_LPM_TRIE,
    name: "lpm_trie",
    family: LPM_TRIE,
    flags: BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | ACCESS | PROG_ACCESS,
    rules: [SOME_ENTRIES, trieNeedsNoPrealloc, lpmSizes],
    exports: (keySize) => ({
      bpf_map_lookup_elem: bySize("lpm_lookup", [8, 12])(keySize),
      bpf_map_update_elem: "lpm_update",
      bpf_map_delete_elem: "lpm_delete",
    }),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS,
    name: "array_of_maps",
    family: ARRAY_OF_MAPS,
    flags: BPF_F_NUMA_NODE | ACCESS,
    rules: [INDEX_KEY, size("valueSize", 4), SOME_ENTRIES],
    exports: () => ({ bpf_map_lookup_elem: "array_of_maps_lookup" }),
    mapInMap: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_HASH_OF_MAPS,
    name: "hash_of_maps",
    family: HASH_OF_MAPS,
    flags: HASH_FLAGS | BPF_F_NUMA_NODE,
    rules: [size("valueSize", 4), ...hashSizes(false)],
    exports: () => ({ bpf_map_lookup_elem: "hash_of_maps_lookup" }),
    mapInMap: true,
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_DEVMAP,
    name: "devmap",
    family: DEVMAP,
    flags: BPF_F_NUMA_NODE | ACCESS,
    rules: [SOME_ENTRIES, INDEX_KEY, size("valueSize", 4, 8)],
    exports: () => ({ bpf_map_lookup_elem: "slot_lookup" }),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_DEVMAP_HASH,
    name: "devmap_hash",
    family: DEVMAP_HASH,
    flags: BPF_F_NUMA_NODE | ACCESS,
    rules: [SOME_ENTRIES, INDEX_KEY, size("valueSize", 4, 8), limit("maxEntries", 0, 2 ** 31)],
    exports: () => ({ bpf_map_lookup_elem: "hash_lookup_4" }),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_CPUMAP,
    name: "cpumap",
    family: CPUMAP,
    flags: BPF_F_NUMA_NODE,
    rules: [SOME_ENTRIES, INDEX_KEY, size("valueSize", 4, 8), limit("maxEntries", 0, CPUMAP_ENTRIES_MAX)],
    exports: () => ({ bpf_map_lookup_elem: "slot_lookup" }),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_QUEUE,
    name: "queue",
    family: QUEUE,
    flags: BPF_F_NUMA_NODE | ACCESS | PROG_ACCESS,
    rules: [size("keySize", 0), SOME_VALUE, SOME_ENTRIES, limit("valueSize", 0, 1 << 22)],
    exports: queueExports("queue"),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_STACK,
    name: "stack",
    family: STACK,
    flags: BPF_F_NUMA_NODE | ACCESS | PROG_ACCESS,
    rules: [size("keySize", 0), SOME_VALUE, SOME_ENTRIES, limit("valueSize", 0, 1 << 22)],
    exports: queueExports("stack"),
  },
  {
    type: MAP_TYPE.BPF_MAP_TYPE_RINGBUF,
    name: "ringbuf",
    family: RINGBUF,
    flags: BPF_F_NUMA_NODE,
    rules: [size("keySize", 0), size("valueSize", 0), pagesPowerOfTwo],
    exports: () => ({
      bpf_ringbuf_reserve: "ringbuf_reserve",
      bpf_ringbuf_output: "ringbuf_output",
      bpf_ringbuf_query: "ringbuf_query",
    }),
    alignment: PAGE_SIZE,
  },
];

/** The row of a map type's number, or undefined where anybpf has no such maps. */
export function mapTypeRow(type: number): MapTypeRow | undefined {
  return MAP_REGISTRY.find((row) => row.type === type);
}
