/** A bare program for both verifiers, in the form of `anybpf verify --vectors`. */
export interface Vector {
  readonly name: string;
  readonly prog_type: number;
  readonly expected_attach_type: number;
  readonly prog_flags: number;
  readonly license: string;
  /** Hexadecimal. */
  readonly insns: string;
  readonly maps: readonly VectorMap[];
  readonly fixups: readonly { readonly insn: number; readonly map: number }[];
  /** Hexadecimal, records of 8 bytes; with BTF that names the functions. */
  readonly func_info: string | null;
  readonly func_info_rec: number;
  readonly btf: string | null;
}

export interface VectorMap {
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly flags: number;
  /** Index of the inner map, -1 = none. */
  readonly inner: number;
  readonly name: string;
}

function map(
  name: string,
  type: number,
  key: number,
  value: number,
  entries: number,
  flags = 0,
  inner = -1,
): VectorMap {
  return { type, key_size: key, value_size: value, max_entries: entries, flags, inner, name };
}

/** The maps that random programs use, by number. */
export const MAPS: readonly VectorMap[] = [
  map("array", 2, 4, 64, 4),
  map("hash", 1, 8, 48, 8),
  map("percpu", 6, 4, 32, 2),
  map("ring", 27, 0, 0, 4096),
  map("progs", 3, 4, 4, 4),
  map("outer", 12, 4, 4, 2, 0, 0),
  map("lru", 9, 4, 16, 8),
  map("rdonly", 2, 4, 24, 2, 0x80),
  map("queue", 22, 0, 8, 4),
  map("trie", 11, 8, 8, 4, 1),
];
export const ARRAY = 0;
export const HASH = 1;
export const PERCPU = 2;
export const RING = 3;
export const PROGS = 4;
export const OUTER = 5;
export const LRU = 6;
export const RDONLY = 7;
export const QUEUE = 8;
export const TRIE = 9;
