/** What a loaded field is to the verifier: a number, or a pointer of this kind. */
export type ContextFieldKind =
  | "scalar"
  | "packet"
  | "packet_end"
  | "packet_meta"
  | "flow_keys"
  /** `struct bpf_sock`, never null or to be tested first; the same of a request or timewait socket. */
  | "sock"
  | "sock_or_null"
  | "sock_common_or_null"
  | "tp_buffer"
  /** `struct sk_buff` and `struct nf_hook_state` of the kernel's BTF. */
  | "btf sk_buff"
  | "btf nf_hook_state";

/** One field of a context structure. */
export interface ContextField {
  readonly name: string;
  readonly offset: number;
  /** Bytes of the field, of all its elements. */
  readonly size: number;
  /** Bytes of one element: the access that is always allowed. */
  readonly unit: number;
  readonly kind: ContextFieldKind;
  /** Whether parts of an element may be read (1, 2 or 4 bytes, aligned to their size). */
  readonly narrow: boolean;
  /** Sizes of loads and stores, 1 | 2 | 4 | 8 joined; each must be aligned to its size. With FROM_START they start with the field. */
  readonly readSizes: number;
  readonly writeSizes: number;
  /** BPF_PROG_TYPE_* that may read it. */
  readonly read: readonly number[];
  /** BPF_PROG_TYPE_* that may write it. */
  readonly write: readonly number[];
  /** Expected attach types that may read it, and write it; absent: all. */
  readonly readAttach?: readonly number[];
  readonly writeAttach?: readonly number[];
}

/** A context structure. */
export interface ContextLayout {
  /** The C structure's name. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly ContextField[];
}

export const NOBODY: readonly number[] = [];

/** Loads of a part of a number of 32 bits. */
export const NARROW = 1 | 2 | 4;
/** Any aligned access. */
export const ANY_SIZE = 1 | 2 | 4 | 8;
/** Joined to sizes: an access must start where the field starts. */
export const FROM_START = 16;

/** A row of a table of fields that all programs with this context may access alike, but for the attach types in the last two columns. */
export type FieldRow = readonly [
  name: string,
  offset: number,
  size: number,
  unit: number,
  kind: ContextFieldKind,
  readSizes: number,
  writeSizes: number,
  readAttach?: readonly number[],
  writeAttach?: readonly number[],
];

/** Fields of a context that belongs to programs of these types only. */
export function fields(types: readonly number[], rows: readonly FieldRow[]): readonly ContextField[] {
  return rows.map(([name, offset, size, unit, kind, readSizes, writeSizes, readAttach, writeAttach]) => ({
    name,
    offset,
    size,
    unit,
    kind,
    narrow: kind === "scalar" && (readSizes & (unit - 1)) !== 0,
    readSizes,
    writeSizes,
    read: readSizes === 0 ? NOBODY : types,
    write: writeSizes === 0 ? NOBODY : types,
    ...(readAttach === undefined ? {} : { readAttach }),
    ...(writeAttach === undefined ? {} : { writeAttach }),
  }));
}
