/**
 * BTF types (the kernel's Documentation/bpf/btf.rst) as values. Names are "" where BTF has none; `type` fields hold type ids, 0 = void.
 */

export interface BtfInt {
  readonly kind: "int";
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
  /** Bits of the value and where they start in it; `bits < size * 8` only for old-style bit fields. */
  readonly bits: number;
  readonly bitOffset: number;
}
export interface BtfPtr {
  readonly kind: "ptr";
  readonly name: "";
  readonly type: number;
}
export interface BtfArray {
  readonly kind: "array";
  readonly name: "";
  readonly type: number;
  readonly indexType: number;
  readonly count: number;
}
export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Bits from the start of the struct. */
  readonly bitOffset: number;
  /** Width in bits of a bit field, 0 for an ordinary member. */
  readonly bitSize: number;
}
export interface BtfComposite {
  readonly kind: "struct" | "union";
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}
export interface BtfEnum {
  readonly kind: "enum" | "enum64";
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}
export interface BtfFwd {
  readonly kind: "fwd";
  readonly name: string;
  readonly union: boolean;
}
export interface BtfAlias {
  readonly kind: "typedef" | "volatile" | "const" | "restrict" | "type_tag";
  /** Of a typedef or type_tag; else "". */
  readonly name: string;
  readonly type: number;
  /** Of a type_tag whose name is a whole attribute (kind flag set) rather than the text of a btf_type_tag. */
  readonly attribute?: true;
}
export interface BtfFunc {
  readonly kind: "func";
  readonly name: string;
  readonly type: number;
  readonly linkage: "static" | "global" | "extern";
}
export interface BtfFuncProto {
  readonly kind: "func_proto";
  readonly name: "";
  /** Type returned. */
  readonly type: number;
  /** The last one is `{name: "", type: 0}` for a variadic function. */
  readonly params: readonly { readonly name: string; readonly type: number }[];
}
export interface BtfVar {
  readonly kind: "var";
  readonly name: string;
  readonly type: number;
  readonly linkage: "static" | "global" | "extern";
}
export interface BtfDatasec {
  readonly kind: "datasec";
  readonly name: string;
  readonly size: number;
  readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}
export interface BtfFloat {
  readonly kind: "float";
  readonly name: string;
  readonly size: number;
}
export interface BtfDeclTag {
  readonly kind: "decl_tag";
  readonly name: string;
  readonly type: number;
  /** Member or parameter index, -1 for the type itself. */
  readonly component: number;
  /** The name is a whole attribute (kind flag set) rather than the text of a btf_decl_tag. */
  readonly attribute?: true;
}

export type BtfType =
  | BtfInt
  | BtfPtr
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfFwd
  | BtfAlias
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag;

export type BtfKind = BtfType["kind"];

/** A set of types as a parsed `.BTF` section or `/sys/kernel/btf/*` file gives it. Ids run from 1 to `count - 1`; id 0 is void. */
export interface Btf {
  /** Number of types, void included. */
  readonly count: number;
  /** The type of that id. @throws BpfError `E_BTF_TYPE_ID` for 0 or an id beyond the last. */
  type(id: number): BtfType;
  /** Ids of the types of that name, optionally of one kind, ascending. */
  find(name: string, kind?: BtfKind): readonly number[];
  /** The string at an offset of the string table (line info and CO-RE records point there). */
  string(offset: number): string;
  /** The bytes of the whole section as they were parsed. */
  readonly bytes: Uint8Array;
  /** The kind of a type, cheaper than decoding it; "void" for id 0. @throws BpfError `E_BTF_TYPE_ID` for an id beyond the last. */
  kindOf(id: number): BtfKind | "void";
  /** The name of a type, cheaper than decoding it; "" where it has none and for id 0. @throws BpfError `E_BTF_TYPE_ID` */
  nameOf(id: number): string;
  /** What a split BTF (a module's) continues; its ids and strings come first. */
  readonly base: Btf | null;
  readonly littleEndian: boolean;
  /** Bytes of the string table, the base's included: string offsets lie below. */
  readonly stringSize: number;
}

/** A function's start: `.BTF.ext` func_info. `insn` is a byte offset in its section. */
export interface BtfFuncInfo {
  readonly offset: number;
  readonly type: number;
}
/** A source line: `.BTF.ext` line_info. */
export interface BtfLineInfo {
  readonly offset: number;
  readonly file: string;
  readonly source: string;
  readonly line: number;
  readonly column: number;
}
/** A CO-RE relocation record. `kind` is enum bpf_core_relo_kind, 0 to 12. */
export interface BtfCoreRelo {
  readonly offset: number;
  readonly type: number;
  readonly access: string;
  readonly kind: number;
}
/** `.BTF.ext` by the name of the ELF section its records speak of. */
export interface BtfExt {
  readonly funcs: ReadonlyMap<string, readonly BtfFuncInfo[]>;
  readonly lines: ReadonlyMap<string, readonly BtfLineInfo[]>;
  readonly coreRelos: ReadonlyMap<string, readonly BtfCoreRelo[]>;
}
