import type { BtfKind } from "./types.ts";

/** One BTF kind (Documentation/bpf/btf.rst, "Type Encoding"). */
export interface KindRow {
  readonly number: number;
  readonly kind: BtfKind;
  /** As bpftool prints it: `BTF_KIND_*` without the prefix. */
  readonly raw: string;
  /** 32-bit words after the three common ones: a fixed number, and a number for each of `vlen`. */
  readonly extra: number;
  readonly perItem: number;
  /** What the third word holds. */
  readonly third: "size" | "type" | "none";
}

/** Kinds by number; index 0 is void, which has no record. */
export const KINDS = [
  { number: 1, kind: "int", raw: "INT", extra: 1, perItem: 0, third: "size" },
  { number: 2, kind: "ptr", raw: "PTR", extra: 0, perItem: 0, third: "type" },
  { number: 3, kind: "array", raw: "ARRAY", extra: 3, perItem: 0, third: "none" },
  { number: 4, kind: "struct", raw: "STRUCT", extra: 0, perItem: 3, third: "size" },
  { number: 5, kind: "union", raw: "UNION", extra: 0, perItem: 3, third: "size" },
  { number: 6, kind: "enum", raw: "ENUM", extra: 0, perItem: 2, third: "size" },
  { number: 7, kind: "fwd", raw: "FWD", extra: 0, perItem: 0, third: "none" },
  { number: 8, kind: "typedef", raw: "TYPEDEF", extra: 0, perItem: 0, third: "type" },
  { number: 9, kind: "volatile", raw: "VOLATILE", extra: 0, perItem: 0, third: "type" },
  { number: 10, kind: "const", raw: "CONST", extra: 0, perItem: 0, third: "type" },
  { number: 11, kind: "restrict", raw: "RESTRICT", extra: 0, perItem: 0, third: "type" },
  { number: 12, kind: "func", raw: "FUNC", extra: 0, perItem: 0, third: "type" },
  { number: 13, kind: "func_proto", raw: "FUNC_PROTO", extra: 0, perItem: 2, third: "type" },
  { number: 14, kind: "var", raw: "VAR", extra: 1, perItem: 0, third: "type" },
  { number: 15, kind: "datasec", raw: "DATASEC", extra: 0, perItem: 3, third: "size" },
  { number: 16, kind: "float", raw: "FLOAT", extra: 0, perItem: 0, third: "size" },
  { number: 17, kind: "decl_tag", raw: "DECL_TAG", extra: 1, perItem: 0, third: "type" },
  { number: 18, kind: "type_tag", raw: "TYPE_TAG", extra: 0, perItem: 0, third: "type" },
  { number: 19, kind: "enum64", raw: "ENUM64", extra: 0, perItem: 3, third: "size" },
] as const satisfies readonly KindRow[];

const ROWS: readonly (KindRow | undefined)[] = [undefined, ...KINDS];

/** The row of a kind number, undefined when there is no such kind. */
export function kindRow(number: number): KindRow | undefined {
  return ROWS[number];
}

const NUMBERS: ReadonlyMap<string, number> = new Map(KINDS.map((row) => [row.kind, row.number]));

/** The kind number of a type: 1 for "int" to 19 for "enum64". */
export function kindNumber(kind: BtfKind): number {
  return NUMBERS.get(kind)!;
}

export const K_INT = 1;
export const K_PTR = 2;
export const K_ARRAY = 3;
export const K_STRUCT = 4;
export const K_UNION = 5;
export const K_ENUM = 6;
export const K_FWD = 7;
export const K_TYPEDEF = 8;
export const K_VOLATILE = 9;
export const K_CONST = 10;
export const K_RESTRICT = 11;
export const K_FUNC = 12;
export const K_FUNC_PROTO = 13;
export const K_VAR = 14;
export const K_DATASEC = 15;
export const K_FLOAT = 16;
export const K_DECL_TAG = 17;
export const K_TYPE_TAG = 18;
export const K_ENUM64 = 19;
