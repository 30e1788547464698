import { MAP_TYPE } from "../../uapi/index.ts";

/** The kernel's structure behind maps of each type, which programs may read through a map pointer, as Linux 6.18 answers. */
const STRUCTS: Readonly<Record<string, readonly number[]>> = {
  bpf_htab: [
    MAP_TYPE.BPF_MAP_TYPE_HASH,
    MAP_TYPE.BPF_MAP_TYPE_PERCPU_HASH,
    MAP_TYPE.BPF_MAP_TYPE_LRU_HASH,
    MAP_TYPE.BPF_MAP_TYPE_LRU_PERCPU_HASH,
    MAP_TYPE.BPF_MAP_TYPE_HASH_OF_MAPS,
  ],
  bpf_array: [
    MAP_TYPE.BPF_MAP_TYPE_ARRAY,
    MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY,
    MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY,
    MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    MAP_TYPE.BPF_MAP_TYPE_CGROUP_ARRAY,
    MAP_TYPE.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  ],
  lpm_trie: [MAP_TYPE.BPF_MAP_TYPE_LPM_TRIE],
  bpf_stack_map: [MAP_TYPE.BPF_MAP_TYPE_STACK_TRACE],
  bpf_dtab: [MAP_TYPE.BPF_MAP_TYPE_DEVMAP, MAP_TYPE.BPF_MAP_TYPE_DEVMAP_HASH],
  bpf_stab: [MAP_TYPE.BPF_MAP_TYPE_SOCKMAP],
  bpf_shtab: [MAP_TYPE.BPF_MAP_TYPE_SOCKHASH],
  bpf_cpu_map: [MAP_TYPE.BPF_MAP_TYPE_CPUMAP],
  xsk_map: [MAP_TYPE.BPF_MAP_TYPE_XSKMAP],
  bpf_cgroup_storage_map: [19, 21],
  reuseport_array: [MAP_TYPE.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY],
  bpf_queue_stack: [MAP_TYPE.BPF_MAP_TYPE_QUEUE, MAP_TYPE.BPF_MAP_TYPE_STACK],
  bpf_local_storage_map: [
    MAP_TYPE.BPF_MAP_TYPE_SK_STORAGE,
    MAP_TYPE.BPF_MAP_TYPE_INODE_STORAGE,
    MAP_TYPE.BPF_MAP_TYPE_TASK_STORAGE,
    MAP_TYPE.BPF_MAP_TYPE_CGRP_STORAGE,
  ],
  bpf_struct_ops_map: [MAP_TYPE.BPF_MAP_TYPE_STRUCT_OPS],
  bpf_ringbuf_map: [MAP_TYPE.BPF_MAP_TYPE_RINGBUF, MAP_TYPE.BPF_MAP_TYPE_USER_RINGBUF],
  bpf_bloom_filter: [MAP_TYPE.BPF_MAP_TYPE_BLOOM_FILTER],
  bpf_arena: [MAP_TYPE.BPF_MAP_TYPE_ARENA],
};

const BY_TYPE: ReadonlyMap<number, string> = new Map(
  Object.entries(STRUCTS).flatMap(([name, types]) => types.map((type) => [type, name] as const)),
);

/** Name of the structure, or undefined where programs may not look into such a map. */
export function mapStruct(mapType: number): string | undefined {
  return BY_TYPE.get(mapType);
}
