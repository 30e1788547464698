import { escapeText } from "../util/index.ts";
import type { Btf } from "./types.ts";
import { type ValueOptions, type ValueSink, walkValue } from "./value-walk.ts";

/**
 * A value of a BTF type as plain JavaScript: integers up to 32 bits as number, wider ones and pointers as bigint, `bool` as boolean,
 * enums by name (a number where they have none), `char` arrays as text where that loses nothing, structs and unions as objects with the
 * members of anonymous ones among their own, other arrays as arrays. With `network` addresses become text.
 * @throws BpfError `E_VALUE_SIZE` when the bytes are too few, `E_VALUE_NO_VALUE` for a type such as a function
 */
export function readValue(btf: Btf, id: number, bytes: Uint8Array, options: ValueOptions = {}): unknown {
  return walkValue(btf, id, bytes, PLAIN, options);
}

const PLAIN: ValueSink<unknown> = {
  int: (value, type) => (type.size <= 4 ? Number(value) : value),
  bool: (value) => value,
  enumerator: (name, value, type) => name ?? (type.size <= 4 ? Number(value) : value),
  pointer: (value) => value,
  float: (value) => value,
  bits: (value) => value,
  text: (value) => value,
  address: (value) => value,
  port: (value) => value,
  struct: (members) => {
    const out: Record<string, unknown> = {};
    for (const [name, value] of members) setOwn(out, name, value);
    return out;
  },
  array: (items) => [...items],
  bytes: (value) => Array.from(value),
};

/** Sets a property of that very name: plain assignment of `__proto__` would change the prototype instead. */
function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else object[name] = value;
}

/**
 * A plain value as JSON can carry it: bigint becomes a number where that is exact (up to 2^53 - 1 either way) and a decimal string
 * beyond, floats that are not finite become strings. `writeValue` accepts the result.
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value === "object" && value !== null) {
    const out: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(value)) setOwn(out, name, toJsonValue(inner));
    return out;
  }
  return value;
}

/** Items of an array that `formatValue` shows before it only counts the rest. */
const SHOWN_ITEMS = 32;

/**
 * A value as one line for people: `{saddr: 10.0.0.7, dport: 443, state: OPEN, comm: "curl", mac: 02:00:00:00:00:01, tail: [00 1f]}`.
 * Arrays of bytes are hexadecimal, long arrays end in a count, pointers are hexadecimal.
 */
export function formatValue(btf: Btf, id: number, bytes: Uint8Array, options: ValueOptions = {}): string {
  return walkValue(btf, id, bytes, TEXT, options);
}

const list = (items: readonly string[], total: number, separator: string): string =>
  `[${items.join(separator)}${total > items.length ? `${separator}… ${total - items.length} more` : ""}]`;

const TEXT: ValueSink<string> = {
  int: (value) => value.toString(),
  bool: (value) => String(value),
  enumerator: (name, value) => (name === null ? value.toString() : escapeText(name)),
  pointer: (value) => `0x${value.toString(16)}`,
  float: (value) => String(value),
  bits: (value) => `0x${value.toString(16)}`,
  text: (value) => JSON.stringify(value),
  address: (value) => value,
  port: (value) => String(value),
  struct: (members) =>
    `{${members.map(([name, value]) => `${name === "" ? "(anon)" : escapeText(name)}: ${value}`).join(", ")}}`,
  array: (items) => list(items.slice(0, SHOWN_ITEMS), items.length, ", "),
  bytes: (value) => {
    const shown = Array.from(value.subarray(0, SHOWN_ITEMS), (byte) => byte.toString(16).padStart(2, "0"));
    return list(shown, value.length, " ");
  },
};
