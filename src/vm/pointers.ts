import type { PointerRule, PointerSize } from "../isa/index.ts";
import { MAP_KEY_SIZE, MAP_VALUE_SIZE } from "../runtime/layout.ts";
import { RING_HEADER } from "../runtime/map-layout.ts";

/** Bit of a record's length that stands while it is reserved (Documentation/bpf/ringbuf.rst). */
const RINGBUF_BUSY = 0x80000000;

/** What pointer arguments are held against. */
export interface PointerScope {
  readonly registers: readonly bigint[];
  readonly view: DataView;
  /** Addresses of map descriptors. */
  readonly maps: ReadonlySet<number>;
  /** Address of the run's context. */
  readonly context: number;
  /** Why the program may not access these bytes; null if it may. */
  readonly refusal: (address: bigint, size: bigint, write: boolean) => string | null;
}

/** A pointer argument that does not point at what the helper wants. */
export interface BadPointer {
  readonly rule: PointerRule;
  readonly address: bigint;
  readonly problem: string;
}

/** The first argument of a call that breaks its rule. Whether the memory was ever written is not asked. */
export function findBadPointer(rules: readonly PointerRule[], scope: PointerScope): BadPointer | null {
  for (const rule of rules) {
    const address = argument(scope, rule.arg);
    const problem = problemOf(rule, address, scope);
    if (problem !== null) return { rule, address, problem };
  }
  return null;
}

function argument(scope: PointerScope, arg: number): bigint {
  return BigInt.asUintN(64, scope.registers[arg]!);
}

function problemOf({ target, nullable }: PointerRule, address: bigint, scope: PointerScope): string | null {
  switch (target.kind) {
    case "map":
      return scope.maps.has(Number(address)) ? null : `${hex(address)} is no map`;
    case "context":
      if (address === BigInt(scope.context) || (nullable && address === 0n)) return null;
      return `${hex(address)} is not the context of this run (${hex(scope.context)})`;
    case "string":
      return stringProblem(address, scope);
    case "ringbuf_record":
      return recordProblem(address, scope);
    case "memory": {
      const size = sizeOf(target.size, scope);
      if (size === 0n) return emptyProblem(target.size, address, target.write, scope);
      // Where a size comes along, null is allowed only for no bytes at all.
      if (nullable && address === 0n && target.size.kind !== "arg") return null;
      return scope.refusal(address, size, target.write);
    }
  }
}

function sizeOf(size: PointerSize, scope: PointerScope): bigint {
  switch (size.kind) {
    case "fixed":
      return BigInt(size.bytes);
    case "arg":
      return argument(scope, size.arg);
    default: {
      // The map's own rule comes first, so a descriptor lies there.
      const field = size.kind === "map_key" ? MAP_KEY_SIZE : MAP_VALUE_SIZE;
      return BigInt(scope.view.getUint32(Number(argument(scope, size.arg)) + field, true));
    }
  }
}

/** Even a copy of no bytes traps in WebAssembly where its address lies beyond the memory. */
function emptyProblem(size: PointerSize, address: bigint, write: boolean, scope: PointerScope): string | null {
  if (size.kind !== "arg") return null;
  if (!size.zero) return `its size, argument ${size.arg}, is 0`;
  const atEnd = address !== 0n && scope.refusal(address - 1n, 1n, write) === null;
  return address === 0n || atEnd ? null : scope.refusal(address, 0n, write);
}

function stringProblem(start: bigint, scope: PointerScope): string | null {
  for (let size = 1n; ; size++) {
    const refusal = scope.refusal(start, size, false);
    if (refusal !== null) return size === 1n ? refusal : `the text at ${hex(start)} has no NUL: ${refusal}`;
    if (scope.view.getUint8(Number(start + size) - 1) === 0) return null;
  }
}

/** The helper trusts the header before the record. */
function recordProblem(address: bigint, scope: PointerScope): string | null {
  const header = BigInt.asUintN(64, address - BigInt(RING_HEADER));
  const refusal = scope.refusal(header, BigInt(RING_HEADER), true);
  if (refusal !== null) return refusal;
  const reserved = (scope.view.getUint32(Number(header), true) & RINGBUF_BUSY) !== 0;
  return reserved ? null : `${hex(address)} is no reserved record of a ring buffer`;
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
