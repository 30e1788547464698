import type { MapRef } from "../../isa/program.ts";

/** What the compiler knows of a register, and thereby in which wasm local it lives. */
export const UNDEF = 0;
/** Any 64 bits, in the i64 local. */
export const ANY = 1;
/** At most `max`, below 2^32, in the i32 local. */
export const U32 = 2;
/** The number with halves `lo` and `hi`; in the i32 local if `hi` is 0, else in the i64 local. */
export const CONST = 3;
/** `lo` bytes beyond the frame pointer, in the i32 local. */
export const FP = 4;

/** What is known of one register at one point. Immutable. */
export interface Value {
  readonly kind: number;
  readonly lo: number;
  readonly hi: number;
  readonly max: number;
  /** The map whose pointer this constant is, or that the map is like whose pointer this number is (or null). */
  readonly map: MapRef | undefined;
  /** First slot of the function whose pointer this constant is, or -1. */
  readonly func: number;
}

export const FULL = 0xffffffff;

function value(kind: number, lo: number, hi: number, max: number, map?: MapRef, func = -1): Value {
  return { kind, lo, hi, max, map, func };
}

/** Never written, or dead: any content will do. */
export const undefinedValue: Value = value(UNDEF, 0, 0, 0);
export const anyValue: Value = value(ANY, 0, 0, FULL);
const fullU32 = value(U32, 0, 0, FULL);
const halfU32 = value(U32, 0, 0, 0xffff);
const byteU32 = value(U32, 0, 0, 0xff);

export function u32Value(max: number): Value {
  if (max >= FULL) return fullU32;
  if (max === 0xffff) return halfU32;
  if (max === 0xff) return byteU32;
  return value(U32, 0, 0, max);
}

/** A pointer to an inner map, or null. */
export function innerMapValue(like: MapRef): Value {
  return value(U32, 0, 0, FULL, like);
}

export function constValue(lo: number, hi: number, map?: MapRef, func = -1): Value {
  return value(CONST, lo | 0, hi | 0, hi === 0 ? lo >>> 0 : FULL, map, func);
}

export function fpValue(offset: number): Value {
  return value(FP, offset, 0, FULL);
}

/** Whether the register's content is zero-extended and lives in the i32 local. */
export function isNarrow(v: Value): boolean {
  return v.kind === U32 || v.kind === FP || (v.kind === CONST && v.hi === 0);
}

/** The next of few limits, so that bounds that grow around a loop settle soon. */
function roundMax(max: number): number {
  return max <= 0xff ? 0xff : max <= 0xffff ? 0xffff : max <= 0x7fffffff ? 0x7fffffff : FULL;
}

/** What holds when either `a` or `b` does. */
export function join(a: Value, b: Value): Value {
  if (a === b || b.kind === UNDEF) return a;
  if (a.kind === UNDEF) return b;
  const sameMap = a.map === b.map;
  if (a.kind === b.kind && sameMap) {
    if ((a.kind === CONST || a.kind === FP) && a.lo === b.lo && a.hi === b.hi && a.func === b.func) return a;
    if (a.kind === U32 && a.max === b.max) return a;
  }
  if (!isNarrow(a) || !isNarrow(b)) return anyValue;
  const max = Math.max(a.max, b.max);
  if (a.kind === U32 && a.max === max && a.map === undefined) return a;
  return u32Value(roundMax(max));
}
