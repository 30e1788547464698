import { readValue, writeValue } from "../btf/index.ts";
import { assert } from "../util/index.ts";
import { linkError } from "./errors.ts";
import type { GlobalSpec, ObjectSpec } from "./spec.ts";

/** Global variables before loading, as the fields of a libbpf skeleton's `rodata`, `data` and `bss`: plain values by their BTF types. */

function find(spec: ObjectSpec, name: string): { global: GlobalSpec; contents: Uint8Array } {
  const global = spec.globals.find((g) => g.name === name);
  if (global === undefined) {
    const names = spec.globals.map((g) => g.name);
    const known = names.length === 0 ? "none" : names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
    throw linkError("E_GLOBAL_UNKNOWN", { file: spec.name, global: name, known });
  }
  const contents = spec.maps.find((m) => m.name === global.map)?.contents;
  assert(contents != null, `global ${name} lies in a map without contents`);
  return { global, contents: contents.subarray(global.offset, global.offset + global.size) };
}

/**
 * Sets a global variable of an object that is not loaded yet: `setGlobal(spec, "limit", 10)`, a struct as an object, a bigint for 64 bits.
 * Variables without BTF take their exact bytes, or a number of 1, 2, 4 or 8 bytes.
 * @throws BpfError `E_GLOBAL_UNKNOWN`, `E_GLOBAL_VALUE`, `E_VALUE_*`
 */
export function setGlobal(spec: ObjectSpec, name: string, value: unknown): void {
  const { global, contents } = find(spec, name);
  contents.set(bytesOf(spec, global, contents, value));
}

/** The value that a global variable starts with; bytes where it has no BTF. @throws BpfError `E_GLOBAL_UNKNOWN` */
export function getGlobal(spec: ObjectSpec, name: string): unknown {
  const { global, contents } = find(spec, name);
  if (spec.btf === null || global.type === 0) return contents.slice();
  return readValue(spec.btf, global.type, contents);
}

function bytesOf(spec: ObjectSpec, global: GlobalSpec, old: Uint8Array, value: unknown): Uint8Array {
  const fail = (problem: string) => linkError("E_GLOBAL_VALUE", { file: spec.name, global: global.name, problem });
  if (value instanceof Uint8Array) {
    if (value.length !== global.size) throw fail(`${value.length} bytes given, it has ${global.size}`);
    return value;
  }
  if (spec.btf !== null && global.type !== 0) {
    // A flexible array's variable is longer than its type: what the type does not cover stays.
    const bytes = writeValue(spec.btf, global.type, value, { path: global.name });
    const whole = old.slice();
    whole.set(bytes.subarray(0, global.size));
    return whole;
  }
  const integer = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!integer || ![1, 2, 4, 8].includes(global.size)) {
    throw fail(`it has no BTF, so it takes its ${global.size} bytes${global.size > 8 ? "" : " or a whole number"}`);
  }
  const bytes = new Uint8Array(8);
  const number = BigInt(value);
  if (number < -(1n << BigInt(global.size * 8 - 1)) || number >= 1n << BigInt(global.size * 8)) {
    throw fail(`${number} does not fit in ${global.size} bytes`);
  }
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, number), spec.littleEndian);
  return spec.littleEndian ? bytes.slice(0, global.size) : bytes.slice(8 - global.size);
}
