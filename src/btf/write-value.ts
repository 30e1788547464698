import { fromHex } from "../util/index.ts";
import { parseIpv4, parseIpv6, parseMac } from "./address.ts";
import { writeBits } from "./bits.ts";
import { typeName } from "./declare.ts";
import type { Btf, BtfComposite, BtfEnum, BtfInt, BtfMember } from "./types.ts";
import { valueError } from "./value-errors.ts";
import { byteKind, isNetworkInt, type ValueOptions } from "./value-walk.ts";
import { bitField, resolveId, sizeOf } from "./walk.ts";

/** Besides the options of reading: bytes to write over. */
export interface WriteValueOptions extends ValueOptions {
  /** What the value does not mention keeps these bytes; else it is zero. Changed in place and returned. */
  readonly into?: Uint8Array;
}

/** Bytes that are allocated for a value on the word of its type alone. */
const MAX_SIZE = 1 << 28;

/**
 * The bytes of a plain value of a BTF type: the inverse of `readValue`, and forgiving about its input.
 * Integers may be number, bigint, or text in decimal or 0x hexadecimal; enums their names; a 4-byte unsigned integer or byte array a dotted
 * quad; `struct in6_addr` and 16-byte arrays an IPv6 address; 6-byte arrays an Ethernet address; byte arrays hexadecimal text; any type its
 * exact bytes. Members not given stay zero. With `network`, numbers for `__be16` and `__be32` are in host order.
 * @throws BpfError `E_VALUE_*` naming the path of the part that does not fit
 */
export function writeValue(btf: Btf, id: number, value: unknown, options: WriteValueOptions = {}): Uint8Array {
  const path = options.path ?? "value";
  const size = sizeOf(btf, id);
  if (size > MAX_SIZE && options.into === undefined) {
    throw valueError("E_VALUE_LENGTH", { path, type: typeName(btf, id), found: size, limit: MAX_SIZE });
  }
  const bytes = options.into ?? new Uint8Array(size);
  if (bytes.length < size) {
    throw valueError("E_VALUE_SIZE", { path, need: size, size: bytes.length, type: typeName(btf, id) });
  }
  new Writing(btf, bytes, options.network === true).value(id, 0, value, path);
  return bytes;
}

class Writing {
  readonly #btf: Btf;
  readonly #bytes: Uint8Array;
  readonly #network: boolean;

  constructor(btf: Btf, bytes: Uint8Array, network: boolean) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#network = network;
  }

  #wrong(id: number, value: unknown, path: string, want: string) {
    return valueError("E_VALUE_TYPE", { path, type: typeName(this.#btf, id), found: describe(value), want });
  }

  value(id: number, at: number, value: unknown, path: string): void {
    const bare = resolveId(this.#btf, id);
    const type = bare === 0 ? null : this.#btf.type(bare);
    if (type === null) throw valueError("E_VALUE_NO_VALUE", { path, type: typeName(this.#btf, id) });
    this.#need(id, at, sizeOf(this.#btf, id), path);
    if (value instanceof Uint8Array) {
      this.#raw(id, at, value, path);
      return;
    }
    switch (type.kind) {
      case "int":
        this.#int(id, type, at, value, path);
        break;
      case "enum":
      case "enum64":
        this.#bits(at * 8, type.size * 8, this.#enumerator(id, type, type.size * 8, value, path));
        break;
      case "ptr":
        this.#bits(at * 8, 64, this.#integer(id, value ?? 0, path, 0n, (1n << 64n) - 1n, 64));
        break;
      case "float":
        this.#float(id, type.size, at, value, path);
        break;
      case "array":
        this.#array(id, type.type, type.count, at, value, path);
        break;
      case "struct":
      case "union":
        this.#composite(id, type, at, value, path);
        break;
      case "var":
        this.value(type.type, at, value, path);
        break;
      case "datasec": {
        const names = new Map(type.vars.map((v) => [this.#btf.nameOf(v.type), v]));
        for (const [name, inner] of this.#entries(id, value, path)) {
          const place = names.get(name);
          if (place === undefined) throw this.#unknown(id, name, [...names.keys()], path);
          this.value(place.type, at + place.offset, inner, `${path}.${name}`);
        }
        return;
      }
      default:
        throw valueError("E_VALUE_NO_VALUE", { path, type: typeName(this.#btf, id) });
    }
  }

  /** A member of malformed BTF may reach beyond the struct it is in. */
  #need(id: number, at: number, need: number, path: string): void {
    if (at + need <= this.#bytes.length) return;
    const size = Math.max(0, this.#bytes.length - at);
    throw valueError("E_VALUE_SIZE", { path, need, size, type: typeName(this.#btf, id) });
  }

  #raw(id: number, at: number, value: Uint8Array, path: string): void {
    const size = sizeOf(this.#btf, id);
    if (value.length !== size) throw this.#wrong(id, value, path, `array of ${size} bytes`);
    this.#bytes.set(value, at);
  }

  #bits(bitOffset: number, bits: number, value: bigint): void {
    writeBits(this.#bytes, bitOffset, bits, this.#btf.littleEndian, value);
  }

  #int(id: number, type: BtfInt, at: number, value: unknown, path: string): void {
    if (type.size === 4 && !type.signed && typeof value === "string" && value.includes(".")) {
      this.#address(at, value, parseIpv4(value), path, "IPv4 address");
      return;
    }
    const number = this.#intValue(id, type, type.bits, value, path);
    if (this.#network && isNetworkInt(this.#btf, id, type)) {
      writeBits(this.#bytes, at * 8, type.bits, false, number);
      return;
    }
    this.#bits(at * 8 + type.bitOffset, type.bits, number);
  }

  #intValue(id: number, type: BtfInt, bits: number, value: unknown, path: string): bigint {
    if (type.bool && (value === "true" || value === "false")) return value === "true" ? 1n : 0n;
    if (type.bool) return this.#integer(id, value, path, 0n, 1n, bits);
    const min = type.signed ? -(1n << BigInt(bits - 1)) : 0n;
    const max = (1n << BigInt(type.signed ? bits - 1 : bits)) - 1n;
    return this.#integer(id, value, path, min, max, bits);
  }

  /** An integer of any spelling. Hexadecimal text means bits, so it may fill a signed type to the last one. */
  #integer(id: number, value: unknown, path: string, min: bigint, max: bigint, bits: number): bigint {
    const number = toInteger(value);
    if (number === null) throw this.#wrong(id, value, path, "integer");
    const asBits = typeof value === "string" && /^\s*0x/i.test(value) && number < 1n << BigInt(bits);
    if ((number < min || number > max) && !asBits) {
      throw valueError("E_VALUE_RANGE", { path, type: typeName(this.#btf, id), found: describe(value), min, max });
    }
    return number;
  }

  #enumerator(id: number, type: BtfEnum, bits: number, value: unknown, path: string): bigint {
    if (typeof value === "string") {
      const entry = type.values.find(({ name }) => name === value);
      if (entry !== undefined) return entry.value;
      if (toInteger(value) === null) {
        const known = listNames(type.values.map(({ name }) => name));
        throw valueError("E_VALUE_ENUM", { path, type: typeName(this.#btf, id), found: value, known });
      }
    }
    const min = type.signed ? -(1n << BigInt(bits - 1)) : 0n;
    return this.#integer(id, value, path, min, (1n << BigInt(type.signed ? bits - 1 : bits)) - 1n, bits);
  }

  #float(id: number, size: number, at: number, value: unknown, path: string): void {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, size);
    if (size !== 4 && size !== 8) {
      this.#bits(at * 8, size * 8, this.#integer(id, value, path, 0n, (1n << BigInt(size * 8)) - 1n, size * 8));
      return;
    }
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number !== "number" || (Number.isNaN(number) && value !== "NaN" && !Object.is(value, Number.NaN))) {
      throw this.#wrong(id, value, path, "number");
    }
    if (size === 4) view.setFloat32(0, number, this.#btf.littleEndian);
    else view.setFloat64(0, number, this.#btf.littleEndian);
  }

  #address(at: number, text: string, bytes: Uint8Array | null, path: string, want: string): void {
    if (bytes === null) throw valueError("E_VALUE_ADDRESS", { path, found: text, want });
    this.#bytes.set(bytes, at);
  }

  #array(id: number, element: number, count: number, at: number, value: unknown, path: string): void {
    const unit = byteKind(this.#btf, element);
    if (typeof value === "string" && unit !== null) {
      this.#byteText(id, unit, count, at, value, path);
      return;
    }
    if (!Array.isArray(value)) throw this.#wrong(id, value, path, unit === null ? "array" : "array or text");
    if (value.length > count) throw this.#tooLong(id, value.length, count, path);
    const size = sizeOf(this.#btf, element);
    for (const [i, item] of value.entries()) this.value(element, at + i * size, item, `${path}[${i}]`);
  }

  #tooLong(id: number, found: number, limit: number, path: string) {
    return valueError("E_VALUE_LENGTH", { path, type: typeName(this.#btf, id), found, limit });
  }

  #byteText(id: number, unit: "char" | "byte", count: number, at: number, value: string, path: string): void {
    if (unit === "char") {
      const text = new TextEncoder().encode(value);
      if (text.length > count) throw this.#tooLong(id, text.length, count, path);
      this.#bytes.fill(0, at, at + count).set(text, at);
      return;
    }
    const parse = ADDRESS_OF_LENGTH.get(count);
    const bytes = parse?.(value) ?? (parse === undefined || /^[0-9a-f\s]*$/i.test(value) ? fromHex(value, path) : null);
    if (bytes === null) throw valueError("E_VALUE_ADDRESS", { path, found: value, want: `address of ${count} bytes` });
    if (bytes.length !== count) throw this.#wrong(id, value, path, `text of ${count} bytes`);
    this.#bytes.set(bytes, at);
  }

  #composite(id: number, type: BtfComposite, at: number, value: unknown, path: string): void {
    if (typeof value === "string" && type.name === "in6_addr" && type.size === 16) {
      this.#address(at, value, parseIpv6(value), path, "IPv6 address");
      return;
    }
    if (typeof value === "string" && type.name === "in_addr" && type.size === 4) {
      this.#address(at, value, parseIpv4(value), path, "IPv4 address");
      return;
    }
    const entries = this.#entries(id, value, path);
    for (const [name, inner] of entries) {
      const place = this.#find(type, name, at * 8);
      if (place === null) throw this.#unknown(id, name, memberNames(this.#btf, type), path);
      this.#member(place.member, place.bitOffset, inner, `${path}.${name}`);
    }
  }

  /** `bitOffset` is where the struct that has the member begins. */
  #member(member: BtfMember, bitOffset: number, value: unknown, path: string): void {
    const bare = resolveId(this.#btf, member.type);
    const type = bare === 0 ? null : this.#btf.type(bare);
    const field = bitField(this.#btf, member);
    if (field !== null) {
      const end = Math.ceil((bitOffset + field.offset + field.bits) / 8);
      this.#need(
        member.type,
        Math.floor((bitOffset + field.offset) / 8),
        end - Math.floor((bitOffset + field.offset) / 8),
        path,
      );
    }
    if (field !== null && type?.kind === "int") {
      const number = this.#intValue(member.type, type, field.bits, value, path);
      this.#bits(bitOffset + field.offset, field.bits, number);
      return;
    }
    if (field !== null && (type?.kind === "enum" || type?.kind === "enum64")) {
      const number = this.#enumerator(member.type, type, field.bits, value, path);
      this.#bits(bitOffset + field.offset, field.bits, number);
      return;
    }
    this.value(member.type, Math.floor((bitOffset + member.bitOffset) / 8), value, path);
  }

  #find(type: BtfComposite, name: string, bitOffset: number): { member: BtfMember; bitOffset: number } | null {
    for (const member of type.members) {
      if (member.name === name) return { member, bitOffset };
      if (member.name !== "") continue;
      const bare = resolveId(this.#btf, member.type);
      const inner = bare === 0 ? null : this.#btf.type(bare);
      if (inner?.kind !== "struct" && inner?.kind !== "union") continue;
      const found = this.#find(inner, name, bitOffset + member.bitOffset);
      if (found !== null) return found;
    }
    return null;
  }

  #entries(id: number, value: unknown, path: string): [string, unknown][] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#wrong(id, value, path, "object");
    }
    return Object.entries(value).filter(([, inner]) => inner !== undefined);
  }

  #unknown(id: number, name: string, names: readonly string[], path: string) {
    const type = typeName(this.#btf, id);
    return valueError("E_VALUE_MEMBER", { path, type, found: name, known: listNames(names) });
  }
}

const ADDRESS_OF_LENGTH: ReadonlyMap<number, (text: string) => Uint8Array | null> = new Map([
  [4, parseIpv4],
  [6, parseMac],
  [16, parseIpv6],
]);

function memberNames(btf: Btf, type: BtfComposite): string[] {
  return type.members.flatMap((member) => {
    if (member.name !== "") return [member.name];
    const bare = resolveId(btf, member.type);
    const inner = bare === 0 ? null : btf.type(bare);
    return inner?.kind === "struct" || inner?.kind === "union" ? memberNames(btf, inner) : [];
  });
}

const LISTED = 12;

function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, LISTED).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

/** The integer that a number, bigint, boolean or text means; null where it means none. */
function toInteger(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  // Above 2^53 a number may have been rounded before it came here.
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string") return null;
  const match = /^\s*(-?)(0x[0-9a-f]{1,64}|\d{1,80})\s*$/i.exec(value);
  if (match === null) return null;
  const amount = BigInt(match[2]!);
  return match[1] === "-" ? -amount : amount;
}

/** A value in a message: short, and with its kind where that is the point. */
function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `an array of ${value.length} bytes`;
  return Array.isArray(value) ? `an array of ${value.length}` : `a ${typeof value}`;
}
