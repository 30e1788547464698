import type { Code } from "../isa/index.ts";

/** A section of an assembled text. */
export interface AsmSection {
  readonly name: string;
  readonly kind: "code" | "data" | "bss";
  /** Instructions of a code section, else empty. */
  readonly code: Code;
  /** Contents of a data section, else empty. */
  readonly data: Uint8Array;
  /** Bytes in memory; of a bss section the only measure. */
  readonly size: number;
  readonly align: number;
  readonly writable: boolean;
  readonly relocations: readonly AsmRelocation[];
  /** Source line of each slot of a code section, from 1; 0 for second slots. */
  readonly lines: readonly number[];
}

/** A place that a linker or loader must fill in. */
export interface AsmRelocation {
  /**
   * `ll`: 64-bit immediate that becomes a map or address (R_BPF_64_64); `call`: call of a function (R_BPF_64_32);
   * `abs`: 64-bit word of data (R_BPF_64_ABS64).
   */
  readonly kind: "ll" | "call" | "abs";
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** Index in `symbols`, -1 where `section` stands for the place. */
  readonly symbol: number;
  /** Index in `sections` where the reference is to a section's start plus `addend`, else -1. */
  readonly section: number;
  /** Added to the symbol's value; of calls the displacement. Already in the instruction or data word. */
  readonly addend: number;
  /** The call is resolved within its section already; an object file still names the (global) function. */
  readonly resolved: boolean;
}

export interface AsmSymbol {
  readonly name: string;
  /** Index in `sections`; -1 for a symbol that another object or the kernel defines. */
  readonly section: number;
  /** Bytes from the start of the section. */
  readonly value: number;
  readonly size: number;
  readonly type: "notype" | "func" | "object";
  readonly bind: "local" | "global" | "weak";
  readonly hidden: boolean;
  /** Source line of the definition, from 1; 0 where there is none. */
  readonly line: number;
}

/** A C integer type or array of such, as `.map` takes it for keys and values. */
export interface ScalarType {
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** Number of elements of an array, null for the plain integer. */
  readonly count: number | null;
}

/** A map declared by `.map`. */
export interface AsmMap {
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  readonly valueSize: number;
  /** Types for the object's BTF, null where only a size was given. */
  readonly keyType: ScalarType | null;
  readonly valueType: ScalarType | null;
  readonly maxEntries: number;
  readonly flags: number;
  /** LIBBPF_PIN_NONE 0, LIBBPF_PIN_BY_NAME 1. */
  readonly pinning: number;
  readonly line: number;
}

/** What `assemble` makes of a text. Maps and externs are symbols too (`section` -1). */
export interface Assembly {
  readonly file: string;
  /** The text itself. */
  readonly source: string;
  /** Byte order of the data sections. */
  readonly littleEndian: boolean;
  readonly sections: readonly AsmSection[];
  readonly symbols: readonly AsmSymbol[];
  readonly maps: readonly AsmMap[];
  /** Text of `.license`, null without one. */
  readonly license: string | null;
}
