/**
 * Private fields of map descriptors (from MAP_PRIVATE on) and fixed sizes of the map algorithms.
 * Read by TypeScript and, as is, by the AssemblyScript of `assembly/maps/`: plain numeric constants only.
 */

// All types.
/** Offset of the value's bpf_spin_lock + 1; 0 = the value has none. */
export const MAP_SPIN_LOCK = 124;

// Hash tables: element = next u32, link u32, key padded to 8, value padded to 8 (per CPU: address of the copies instead).
/** Address of the buckets: u32 per bucket, address of the first element or 0. */
export const HASH_BUCKETS = 40;
/** 64 - log2(number of buckets): the bucket is the top bits of the 64-bit hash. */
export const HASH_SHIFT = 44;
/** First free element, chained through `link`. */
export const HASH_FREE = 48;
/** First element that was never used. */
export const HASH_BUMP = 52;
/** First address after the elements. */
export const HASH_END = 56;
/** LRU: element that the clock hand points at. */
export const HASH_HAND = 60;
/** Offset of the value (or of the address of the per-CPU copies) in an element. */
export const HASH_VALUE = 64;
/** Per CPU: address of the copies of the first element; the n-th element's follow in order. */
export const HASH_COPIES = 68;
/** Number of buckets. */
export const HASH_BUCKET_COUNT = 72;
/** Per CPU: bytes of all copies of one element; 0 otherwise. */
export const HASH_COPIES_SIZE = 76;

/** An element: next in its bucket. */
export const ELEM_NEXT = 0;
/** An element: next free one; in an LRU map in use, whether it was used since the hand last passed. */
export const ELEM_LINK = 4;
export const ELEM_KEY = 8;

// Longest-prefix trie: node = two children, prefix length, whether it holds an entry; key bytes padded to 8; value.
export const LPM_ROOT = 40;
export const LPM_FREE = 44;
export const LPM_BUMP = 48;
export const LPM_END = 52;
/** Offset of the value in a node. */
export const LPM_VALUE = 56;
/** Bits of the longest prefix. */
export const LPM_MAX_PREFIX = 60;
/** Jump table: u32 generation, u32 node, u32 best entry per value of the first bits of an address. */
export const LPM_TABLE = 64;
/** 64 - number of those bits. */
export const LPM_TABLE_SHIFT = 68;
/** Slots of other generations are out of date; every change of the trie begins a new one. */
export const LPM_GENERATION = 72;
export const LPM_SLOT_SIZE = 16;
export const NODE_CHILDREN = 0;
export const NODE_PREFIX = 8;
/** 1: an entry; 0: a fork only. */
export const NODE_ENTRY = 12;
export const NODE_BITS = 16;

// Queue and stack: ring of `max_entries + 1` elements.
export const QUEUE_HEAD = 40;
export const QUEUE_TAIL = 44;

// Ring buffer. MAP_DATA is at a page boundary; two times `max_entries` bytes, so that records never wrap.
/** u64: bytes consumed and bytes produced since creation. */
export const RING_CONSUMER = 40;
export const RING_PRODUCER = 48;
/** Pages before the data in the kernel's layout; the first holds the descriptor's address here. */
export const RING_META_PAGES = 3;
export const RING_HEADER = 8;

// Perf event array: records of all CPUs in order of output.
/** Address and end of the record buffer, and where the next record goes. */
export const PERF_BUFFER = 40;
export const PERF_END = 44;
export const PERF_NEXT = 48;
/** Records that did not fit. */
export const PERF_LOST = 52;
/** Record: size u32, CPU u32, bytes padded to 8. */
export const PERF_RECORD_HEADER = 8;
