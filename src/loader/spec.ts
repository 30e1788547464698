import type { Btf, BtfExt, BtfFuncInfo, BtfLineInfo } from "../btf/types.ts";
import type { Code } from "../isa/index.ts";

/**
 * What an object file says, before any kernel is asked: the result of `readObject`, the input of `Machine.load`.
 * Everything here is plain data and may be changed by the caller before loading (`spec.maps[0].maxEntries = 10`).
 */
export interface ObjectSpec {
  /** File or object name, for messages. */
  readonly name: string;
  readonly littleEndian: boolean;
  readonly license: string;
  /** LINUX_VERSION_CODE of a `version` section, 0 without one. */
  readonly version: number;
  readonly programs: ProgramSpec[];
  readonly maps: MapSpec[];
  readonly globals: GlobalSpec[];
  readonly externs: ExternSpec[];
  readonly btf: Btf | null;
  readonly btfExt: BtfExt | null;
  /** Sections that hold code, by name, in file order: entry programs and the functions they call. */
  readonly sections: CodeSection[];
  /** Remarks about parts of the file that were passed over, one line each. */
  readonly notes: readonly string[];
}

/** A section of code with its relocations still symbolic. */
export interface CodeSection {
  readonly name: string;
  readonly code: Code;
  readonly functions: readonly FunctionSpec[];
  readonly references: readonly Reference[];
}

/** One function: a contiguous run of slots of its section. */
export interface FunctionSpec {
  readonly name: string;
  /** First slot within the section, and number of slots. */
  readonly start: number;
  readonly length: number;
  readonly global: boolean;
  readonly weak: boolean;
}

/** What an instruction refers to: one relocation, understood. `slot` is relative to the section. */
export type Reference =
  | { readonly kind: "map"; readonly slot: number; readonly map: string }
  | { readonly kind: "map_value"; readonly slot: number; readonly map: string; readonly offset: number }
  | { readonly kind: "call"; readonly slot: number; readonly section: string; readonly target: number }
  | { readonly kind: "func_address"; readonly slot: number; readonly section: string; readonly target: number }
  | { readonly kind: "extern"; readonly slot: number; readonly extern: string; readonly call: boolean }
  | {
      readonly kind: "core";
      readonly slot: number;
      readonly type: number;
      readonly access: string;
      readonly relo: number;
    };

/** An entry program: a global function in a section whose name says the type (`SEC("xdp")`). */
export interface ProgramSpec {
  readonly name: string;
  readonly section: string;
  /** First slot within the section, and number of slots. */
  readonly start: number;
  readonly length: number;
  /** BPF_PROG_TYPE_*; 0 where the section name says nothing. */
  readonly type: number;
  /** BPF_* attach type, null where the section implies none. */
  readonly attachType: number | null;
  /** The part of the section name after the slash: interface-free target such as a kernel function. */
  readonly attachTarget: string | null;
  readonly sleepable: boolean;
  /** BPF_F_* program load flags that the section name implies. */
  readonly flags: number;
  /** Loaded unless the caller says otherwise; false for `SEC("?...")`. */
  readonly autoload: boolean;
}

/** A map to be made. Sizes in bytes. */
export interface MapSpec {
  readonly name: string;
  /** Where it was declared. */
  readonly origin: "btf" | "legacy" | "iproute2" | "global";
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  mapExtra: bigint;
  /** Type ids in the object's BTF, 0 = none. */
  keyType: number;
  valueType: number;
  numaNode: number | null;
  /** LIBBPF_PIN_NONE 0, LIBBPF_PIN_BY_NAME 1; iproute2: 2 = global namespace, 1 = object namespace. */
  pinning: number;
  /** Template of the inner maps of a map-in-map. */
  inner: MapSpec | null;
  /** Names that fill it initially: index → program (program array) or map (map-in-map). */
  values: { readonly key: number; readonly kind: "program" | "map"; readonly name: string }[];
  /** Initial contents of the one element of a `.data`, `.rodata`, `.bss` map; null for others. */
  contents: Uint8Array | null;
  /** The kernel shall freeze it: `.rodata`. */
  readonly frozen: boolean;
}

/** A global variable: a stretch of a `.data*`, `.rodata*`, `.bss*` or `.kconfig` map. */
export interface GlobalSpec {
  readonly name: string;
  /** The map that holds it, for example `.rodata`. */
  readonly map: string;
  readonly offset: number;
  readonly size: number;
  /** Type id in the object's BTF, 0 = none. */
  readonly type: number;
}

/** A `__kconfig` or `__ksym` declaration. */
export interface ExternSpec {
  readonly name: string;
  readonly kind: "kconfig" | "ksym" | "kfunc";
  /** Type id of the variable or function prototype in the object's BTF. */
  readonly type: number;
  readonly weak: boolean;
  /** Of a kconfig value: offset and size in the `.kconfig` map. */
  readonly offset: number;
  readonly size: number;
}

/** A program linked with the functions it calls: what BPF_PROG_LOAD gets, but for map and BTF file descriptors. */
export interface LinkedProgram {
  readonly spec: ProgramSpec;
  readonly code: Code;
  /** First slots of the functions, ascending, the first 0, with their names. */
  readonly functions: readonly { readonly start: number; readonly name: string }[];
  /** Slots of `ld_imm64_map_fd` and `ld_imm64_map_value` whose imm must become the map's file descriptor. */
  readonly mapReferences: readonly { readonly slot: number; readonly map: string }[];
  /** Instructions that became calls of helper 0xbad2310, since the target lacks what they access, and what that is. */
  readonly poisoned: readonly { readonly slot: number; readonly reason: string }[];
  /** `offset` is in slots here, as BPF_PROG_LOAD wants it. */
  readonly funcInfo: readonly BtfFuncInfo[];
  readonly lineInfo: readonly BtfLineInfo[];
}
