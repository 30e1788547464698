import { BPF_F_NO_COMMON_LRU, BPF_F_NO_PREALLOC, BPF_F_NUMA_NODE } from "./constants.ts";
import { E2BIG, EINVAL, ENOTSUPP } from "./errno.ts";
import type { MapAttr } from "./map.ts";

/** A creation check: 0 or -errno. */
export type CreateRule = (attr: MapAttr) => number;

type Size = "keySize" | "valueSize" | "maxEntries";

/** Exactly this size, else EINVAL. */
export function size(field: Size, ...allowed: number[]): CreateRule {
  return (attr) => (allowed.includes(attr[field]) ? 0 : EINVAL);
}

/** Below `least` EINVAL, above `most` E2BIG. */
export function limit(field: Size, least: number, most = Number.POSITIVE_INFINITY): CreateRule {
  return (attr) => (attr[field] < least ? EINVAL : attr[field] > most ? E2BIG : 0);
}

/** KMALLOC_MAX_SIZE, less what an element's header takes. */
const HASH_ELEMENT_MAX = (1 << 22) - 48;
/** PCPU_MIN_UNIT_SIZE: the largest per-CPU value. */
const PERCPU_VALUE_MAX = 0x8000;
/** The kernel's buckets are 16 bytes and must fit into 4 GiB. */
const HASH_ENTRIES_MAX = 2 ** 27;

export function hashSizes(perCpu: boolean): readonly CreateRule[] {
  return [
    limit("maxEntries", 1),
    limit("keySize", 1),
    limit("valueSize", 1),
    (attr) => (attr.keySize + attr.valueSize >= HASH_ELEMENT_MAX ? E2BIG : 0),
    limit("valueSize", 0, perCpu ? PERCPU_VALUE_MAX : HASH_ELEMENT_MAX),
    limit("maxEntries", 0, HASH_ENTRIES_MAX),
  ];
}

/** LRU maps are always preallocated. */
export const lruNeedsPrealloc: CreateRule = (attr) => ((attr.flags & BPF_F_NO_PREALLOC) !== 0 ? ENOTSUPP : 0);

/** Per-CPU values lie on all nodes. */
export const perCpuHasNoNode: CreateRule = ({ flags }) => ((flags & BPF_F_NUMA_NODE) !== 0 ? EINVAL : 0);

/** Tries are never preallocated. */
export const trieNeedsNoPrealloc: CreateRule = (attr) => ((attr.flags & BPF_F_NO_PREALLOC) === 0 ? EINVAL : 0);

/** A prefix length and 1 to 256 bytes; values up to KMALLOC_MAX_SIZE less the largest node. */
export const lpmSizes: CreateRule = ({ keySize, valueSize }) =>
  keySize < 5 || keySize > 260 || valueSize < 1 || valueSize > LPM_VALUE_MAX ? EINVAL : 0;

const LPM_VALUE_MAX = (1 << 22) - 256 - 40;

/** Ring buffers: a power of two of whole pages. */
export const pagesPowerOfTwo: CreateRule = ({ maxEntries }) =>
  maxEntries >= 4096 && Number.isInteger(Math.log2(maxEntries)) ? 0 : EINVAL;

/** NR_CPUS of common distribution kernels. */
export const CPUMAP_ENTRIES_MAX = 8192;

/** LRU lists of their own on every CPU are spread over all nodes. */
export const ownListsHaveNoNode: CreateRule = ({ flags }) =>
  (flags & BPF_F_NO_COMMON_LRU) !== 0 && (flags & BPF_F_NUMA_NODE) !== 0 ? EINVAL : 0;
