import type { Code } from "./insn.ts";

/**
 * What passes between verifier, maps, helpers and engines: a program ready to run, its maps by reference, its helpers
 * by calling convention. Plain data, so that none of those rooms needs to see another.
 */

/** A program whose references are resolved: map loads hold guest addresses, nothing is left to relocate. */
export interface ProgramImage {
  readonly name: string;
  readonly code: Code;
  /** First slots of the functions, ascending; the first is 0, the entry. */
  readonly subprogs: readonly number[];
  /** Slot of an `ld_imm64` that loads a map's address → that map. Loads of addresses inside a map's value are plain constants. */
  readonly maps: ReadonlyMap<number, MapRef>;
  /** Size in bytes of the context that r1 points at on entry. */
  readonly contextSize: number;
  /** Whether the context is a `__sk_buff`, as LD_ABS and LD_IND need. */
  readonly skb: boolean;
}

/** A map as engines see it. */
export interface MapRef {
  /** Guest address of the map's descriptor: the value that a program holds as map pointer. */
  readonly address: number;
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** For arrays whose lookup is address arithmetic: element i is at `base + i * stride` (+ cpu * cpuStride). */
  readonly direct?: { readonly base: number; readonly stride: number; readonly cpuStride: number };
  /** Of a map of maps: what its inner maps are like, all but address and maxEntries. */
  readonly inner?: MapRef;
  /** Names of the runtime module's exports that serve a helper on this map type, by helper name. */
  readonly exports: Readonly<Record<string, string>>;
}

/**
 * How an argument or result crosses between guest code and a helper.
 * - `ptr`, `u32`, `s32`: the low 32 bits as an i32 (a JavaScript number).
 * - `flags`: an i32; a value beyond 32 bits arrives as 0xffffffff (-1), which no flag check accepts.
 * - `u64`: an i64 (a BigInt in JavaScript).
 */
export type ArgAbi = "ptr" | "u32" | "s32" | "flags" | "u64";

/** `int`: i32, sign-extended to r0; `ptr`: i32, zero-extended; `u64`: i64; `void`: r0 becomes 0. */
export type RetAbi = "int" | "ptr" | "u64" | "void";

/** How many bytes a pointer argument names. Arguments count from 1. */
export type PointerSize =
  | { readonly kind: "fixed"; readonly bytes: number }
  /** As many as that argument says; `zero`: that may be 0, and the pointer then null. */
  | { readonly kind: "arg"; readonly arg: number; readonly zero: boolean }
  /** A key or value of the map that is that argument. */
  | { readonly kind: "map_key" | "map_value"; readonly arg: number };

/** What a pointer argument points at: a map's descriptor, the run's context, NUL-terminated text, a reserved record, or bytes. */
export type PointerTarget =
  | { readonly kind: "map" | "context" | "string" | "ringbuf_record" }
  | { readonly kind: "memory"; readonly write: boolean; readonly size: PointerSize };

/** What a helper demands of one of its pointer arguments. */
export interface PointerRule {
  /** Number of the argument, from 1. */
  readonly arg: number;
  /** What the argument is, for messages: `key`. */
  readonly what: string;
  readonly target: PointerTarget;
  /** 0 is allowed too. */
  readonly nullable: boolean;
}

/** A helper or kfunc bound to its implementation. */
export interface HelperBinding {
  readonly id: number;
  readonly name: string;
  readonly args: readonly ArgAbi[];
  readonly ret: RetAbi;
  /**
   * Takes `args` as listed; with `callback: true` one more i32 follows: the lowest stack address in use, for `FunctionTable.call`.
   * Either a JavaScript function or an export of the runtime module (which engines then call without JavaScript).
   */
  readonly call: (...args: never[]) => unknown;
  /** The helper calls back into the program. */
  readonly callback?: true;
  /** Engines open-code it; `call` is then never used: `tail_call`, `loop`. */
  readonly intrinsic?: "tail_call" | "loop";
  /** What its pointer arguments must point at, ascending by argument. Only the stepping engine asks; the others trust the program. */
  readonly pointers?: readonly PointerRule[];
}

/** Helpers by id as one program may call them. */
export type HelperTable = ReadonlyMap<number, HelperBinding>;
