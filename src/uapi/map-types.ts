/** BPF map types: enum bpf_map_type of linux/bpf.h, with the size rules that Documentation/bpf/map_*.rst state. */

interface Row {
  /** The number that bpf(2) takes. */
  readonly id: number;
  /** The enumerator of linux/bpf.h. */
  readonly name: string;
  /** bpftool's word for it. */
  readonly label: string;
  /** First Linux version that has it. */
  readonly since: string;
  /** One copy of each value per CPU. */
  readonly perCpu: boolean;
  /** Key size in bytes that the kernel insists on, null = the user's choice (within the type's own limits). */
  readonly keySize: number | null;
  /** Value size in bytes that the kernel insists on, null = the user's choice. */
  readonly valueSize: number | null;
  /** max_entries that the kernel insists on, null = the user's choice. */
  readonly maxEntries: number | null;
}

export const MAP_TYPES = [
  {
    id: 0,
    name: "BPF_MAP_TYPE_UNSPEC",
    label: "unspec",
    since: "3.18",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 1,
    name: "BPF_MAP_TYPE_HASH",
    label: "hash",
    since: "3.19",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 2,
    name: "BPF_MAP_TYPE_ARRAY",
    label: "array",
    since: "3.19",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 3,
    name: "BPF_MAP_TYPE_PROG_ARRAY",
    label: "prog_array",
    since: "4.2",
    perCpu: false,
    keySize: 4,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 4,
    name: "BPF_MAP_TYPE_PERF_EVENT_ARRAY",
    label: "perf_event_array",
    since: "4.3",
    perCpu: false,
    keySize: 4,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 5,
    name: "BPF_MAP_TYPE_PERCPU_HASH",
    label: "percpu_hash",
    since: "4.6",
    perCpu: true,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 6,
    name: "BPF_MAP_TYPE_PERCPU_ARRAY",
    label: "percpu_array",
    since: "4.6",
    perCpu: true,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 7,
    name: "BPF_MAP_TYPE_STACK_TRACE",
    label: "stack_trace",
    since: "4.6",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 8,
    name: "BPF_MAP_TYPE_CGROUP_ARRAY",
    label: "cgroup_array",
    since: "4.8",
    perCpu: false,
    keySize: 4,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 9,
    name: "BPF_MAP_TYPE_LRU_HASH",
    label: "lru_hash",
    since: "4.10",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 10,
    name: "BPF_MAP_TYPE_LRU_PERCPU_HASH",
    label: "lru_percpu_hash",
    since: "4.10",
    perCpu: true,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 11,
    name: "BPF_MAP_TYPE_LPM_TRIE",
    label: "lpm_trie",
    since: "4.11",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 12,
    name: "BPF_MAP_TYPE_ARRAY_OF_MAPS",
    label: "array_of_maps",
    since: "4.12",
    perCpu: false,
    keySize: 4,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 13,
    name: "BPF_MAP_TYPE_HASH_OF_MAPS",
    label: "hash_of_maps",
    since: "4.12",
    perCpu: false,
    keySize: null,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 14,
    name: "BPF_MAP_TYPE_DEVMAP",
    label: "devmap",
    since: "4.14",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 15,
    name: "BPF_MAP_TYPE_SOCKMAP",
    label: "sockmap",
    since: "4.14",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 16,
    name: "BPF_MAP_TYPE_CPUMAP",
    label: "cpumap",
    since: "4.15",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 17,
    name: "BPF_MAP_TYPE_XSKMAP",
    label: "xskmap",
    since: "4.18",
    perCpu: false,
    keySize: 4,
    valueSize: 4,
    maxEntries: null,
  },
  {
    id: 18,
    name: "BPF_MAP_TYPE_SOCKHASH",
    label: "sockhash",
    since: "4.18",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 19,
    name: "BPF_MAP_TYPE_CGROUP_STORAGE",
    label: "cgroup_storage",
    since: "4.19",
    perCpu: false,
    keySize: null,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 20,
    name: "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY",
    label: "reuseport_sockarray",
    since: "4.19",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 21,
    name: "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE",
    label: "percpu_cgroup_storage",
    since: "4.20",
    perCpu: true,
    keySize: null,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 22,
    name: "BPF_MAP_TYPE_QUEUE",
    label: "queue",
    since: "4.20",
    perCpu: false,
    keySize: 0,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 23,
    name: "BPF_MAP_TYPE_STACK",
    label: "stack",
    since: "4.20",
    perCpu: false,
    keySize: 0,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 24,
    name: "BPF_MAP_TYPE_SK_STORAGE",
    label: "sk_storage",
    since: "5.2",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 25,
    name: "BPF_MAP_TYPE_DEVMAP_HASH",
    label: "devmap_hash",
    since: "5.4",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 26,
    name: "BPF_MAP_TYPE_STRUCT_OPS",
    label: "struct_ops",
    since: "5.6",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: 1,
  },
  {
    id: 27,
    name: "BPF_MAP_TYPE_RINGBUF",
    label: "ringbuf",
    since: "5.8",
    perCpu: false,
    keySize: 0,
    valueSize: 0,
    maxEntries: null,
  },
  {
    id: 28,
    name: "BPF_MAP_TYPE_INODE_STORAGE",
    label: "inode_storage",
    since: "5.10",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 29,
    name: "BPF_MAP_TYPE_TASK_STORAGE",
    label: "task_storage",
    since: "5.11",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 30,
    name: "BPF_MAP_TYPE_BLOOM_FILTER",
    label: "bloom_filter",
    since: "5.16",
    perCpu: false,
    keySize: 0,
    valueSize: null,
    maxEntries: null,
  },
  {
    id: 31,
    name: "BPF_MAP_TYPE_USER_RINGBUF",
    label: "user_ringbuf",
    since: "6.1",
    perCpu: false,
    keySize: 0,
    valueSize: 0,
    maxEntries: null,
  },
  {
    id: 32,
    name: "BPF_MAP_TYPE_CGRP_STORAGE",
    label: "cgrp_storage",
    since: "6.2",
    perCpu: false,
    keySize: 4,
    valueSize: null,
    maxEntries: 0,
  },
  {
    id: 33,
    name: "BPF_MAP_TYPE_ARENA",
    label: "arena",
    since: "6.9",
    perCpu: false,
    keySize: 0,
    valueSize: 0,
    maxEntries: null,
  },
] as const satisfies readonly Row[];

/** One map type. */
export type MapType = Row & { readonly name: MapTypeName };
/** The name of a map type: `"BPF_MAP_TYPE_HASH"`. */
export type MapTypeName = (typeof MAP_TYPES)[number]["name"];

/** Numbers of the map types by name: `MAP_TYPE.BPF_MAP_TYPE_HASH` is 1. */
export const MAP_TYPE = Object.freeze(Object.fromEntries(MAP_TYPES.map((row) => [row.name, row.id]))) as Readonly<
  Record<MapTypeName, number>
>;

/** The row of a map type's number, or undefined for a number that Linux 6.18 does not have. */
export function mapType(id: number): MapType | undefined {
  return MAP_TYPES[id];
}

/** The row by enumerator (`BPF_MAP_TYPE_HASH`) or by bpftool's word (`hash`), or undefined. */
export function findMapType(word: string): MapType | undefined {
  return MAP_TYPES.find((row) => row.name === word || row.label === word);
}

/** bpftool's word for a type's number; `type 99` for an unknown one. */
export function mapTypeLabel(id: number): string {
  return mapType(id)?.label ?? `type ${id}`;
}

/** Flags of BPF_MAP_CREATE by bit (linux/bpf.h), for people. */
export const MAP_FLAGS = [
  { name: "BPF_F_NO_PREALLOC", bit: 0 },
  { name: "BPF_F_NO_COMMON_LRU", bit: 1 },
  { name: "BPF_F_NUMA_NODE", bit: 2 },
  { name: "BPF_F_RDONLY", bit: 3 },
  { name: "BPF_F_WRONLY", bit: 4 },
  { name: "BPF_F_STACK_BUILD_ID", bit: 5 },
  { name: "BPF_F_ZERO_SEED", bit: 6 },
  { name: "BPF_F_RDONLY_PROG", bit: 7 },
  { name: "BPF_F_WRONLY_PROG", bit: 8 },
  { name: "BPF_F_CLONE", bit: 9 },
  { name: "BPF_F_MMAPABLE", bit: 10 },
  { name: "BPF_F_PRESERVE_ELEMS", bit: 11 },
  { name: "BPF_F_INNER_MAP", bit: 12 },
  { name: "BPF_F_LINK", bit: 13 },
  { name: "BPF_F_PATH_FD", bit: 14 },
  { name: "BPF_F_VTYPE_BTF_OBJ_FD", bit: 15 },
  { name: "BPF_F_TOKEN_FD", bit: 16 },
  { name: "BPF_F_SEGV_ON_FAULT", bit: 17 },
  { name: "BPF_F_NO_USER_CONV", bit: 18 },
] as const;

/** Names of the set bits of a map's flags; a bit without a name is given in hexadecimal. */
export function mapFlagNames(flags: number): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((flags >>> bit) & 1) === 0) continue;
    names.push(MAP_FLAGS.find((row) => row.bit === bit)?.name ?? `0x${(2 ** bit).toString(16)}`);
  }
  return names;
}
