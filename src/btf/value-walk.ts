import { formatIpv4, formatIpv6, formatMac } from "./address.ts";
import { readBits } from "./bits.ts";
import { typeName } from "./declare.ts";
import type { Btf, BtfComposite, BtfEnum, BtfInt } from "./types.ts";
import { valueError } from "./value-errors.ts";
import { bitField, resolveId, sizeOf } from "./walk.ts";

/** What is made of each part of a value: one implementation makes plain values, another text. */
export interface ValueSink<T> {
  int(value: bigint, type: BtfInt): T;
  bool(value: boolean): T;
  /** `name` is null for a number that the enum does not name. */
  enumerator(name: string | null, value: bigint, type: BtfEnum): T;
  pointer(value: bigint): T;
  float(value: number): T;
  /** The bits of a float of a size that JavaScript does not have. */
  bits(value: bigint): T;
  text(value: string): T;
  /** An IPv4, IPv6 or Ethernet address. */
  address(value: string): T;
  /** A port, converted to the number that people know. */
  port(value: number): T;
  struct(members: readonly (readonly [name: string, value: T])[]): T;
  array(items: readonly T[]): T;
  /** An array of bytes that are no text. */
  bytes(value: Uint8Array): T;
}

/** How to look at a value. */
export interface ValueOptions {
  /** Names the value in errors; "value" unless given. */
  readonly path?: string;
  /** Addresses as text and ports as people know them: `__be32`, `__be16`, `struct in6_addr`, `u8[6]`. */
  readonly network?: boolean;
}

/** Parts that a value may have: more come only from types made to exhaust memory. */
const MAX_PARTS = 500_000;

/** Reads a value of a type from the start of `bytes` and hands its parts to the sink, inner ones first. */
export function walkValue<T>(btf: Btf, id: number, bytes: Uint8Array, sink: ValueSink<T>, options: ValueOptions): T {
  const path = options.path ?? "value";
  return new Walk(btf, bytes, sink, options.network === true, path).value(id, 0, path);
}

class Walk<T> {
  readonly #btf: Btf;
  readonly #bytes: Uint8Array;
  readonly #sink: ValueSink<T>;
  readonly #network: boolean;
  readonly #root: string;
  #parts = 0;

  constructor(btf: Btf, bytes: Uint8Array, sink: ValueSink<T>, network: boolean, root: string) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#sink = sink;
    this.#network = network;
    this.#root = root;
  }

  #need(id: number, at: number, size: number, path: string): void {
    if (at + size > this.#bytes.length) {
      const left = Math.max(0, this.#bytes.length - at);
      throw valueError("E_VALUE_SIZE", { path, need: size, size: left, type: typeName(this.#btf, id) });
    }
  }

  value(id: number, at: number, path: string): T {
    if (++this.#parts > MAX_PARTS) throw valueError("E_VALUE_MANY", { path: this.#root, limit: MAX_PARTS });
    const bare = resolveId(this.#btf, id);
    const type = bare === 0 ? null : this.#btf.type(bare);
    switch (type?.kind) {
      case "int":
        this.#need(id, at, type.size, path);
        return this.#network && isNetworkInt(this.#btf, id, type)
          ? this.#networkInt(at, type)
          : this.#int(type, at * 8 + type.bitOffset, type.bits);
      case "enum":
      case "enum64":
        this.#need(id, at, type.size, path);
        return this.#enumerator(type, at * 8, type.size * 8);
      case "ptr":
        this.#need(id, at, 8, path);
        return this.#sink.pointer(readBits(this.#bytes, at * 8, 64, this.#btf.littleEndian));
      case "float":
        this.#need(id, at, type.size, path);
        return this.#float(at, type.size);
      case "array":
        this.#need(id, at, sizeOf(this.#btf, bare), path);
        return this.#array(type.type, type.count, at, path);
      case "struct":
      case "union":
        this.#need(id, at, type.size, path);
        if (this.#network && type.name === "in6_addr" && type.size === 16) {
          return this.#sink.address(formatIpv6(this.#bytes.subarray(at, at + 16)));
        }
        return this.#sink.struct(this.#members(type, at, path));
      case "var":
        return this.value(type.type, at, path);
      case "datasec": {
        const members: (readonly [string, T])[] = [];
        for (const v of type.vars) {
          const name = this.#btf.nameOf(v.type);
          members.push([name, this.value(v.type, at + v.offset, `${path}.${name}`)]);
        }
        return this.#sink.struct(members);
      }
      default:
        throw valueError("E_VALUE_NO_VALUE", { path, type: typeName(this.#btf, id) });
    }
  }

  #int(type: BtfInt, bitOffset: number, bits: number): T {
    const raw = readBits(this.#bytes, bitOffset, bits, this.#btf.littleEndian);
    if (type.bool) return this.#sink.bool(raw !== 0n);
    return this.#sink.int(type.signed ? BigInt.asIntN(bits, raw) : raw, type);
  }

  #networkInt(at: number, type: BtfInt): T {
    if (type.size === 4) return this.#sink.address(formatIpv4(this.#bytes.subarray(at, at + 4)));
    return this.#sink.port((this.#bytes[at]! << 8) | this.#bytes[at + 1]!);
  }

  #enumerator(type: BtfEnum, bitOffset: number, bits: number): T {
    const raw = readBits(this.#bytes, bitOffset, bits, this.#btf.littleEndian);
    const value = type.signed ? BigInt.asIntN(bits, raw) : raw;
    return this.#sink.enumerator(type.values.find((entry) => entry.value === value)?.name ?? null, value, type);
  }

  #float(at: number, size: number): T {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, size);
    if (size === 4) return this.#sink.float(view.getFloat32(0, this.#btf.littleEndian));
    if (size === 8) return this.#sink.float(view.getFloat64(0, this.#btf.littleEndian));
    return this.#sink.bits(readBits(this.#bytes, at * 8, size * 8, this.#btf.littleEndian));
  }

  #array(element: number, count: number, at: number, path: string): T {
    const unit = byteKind(this.#btf, element);
    if (unit !== null) {
      const bytes = this.#bytes.subarray(at, at + count);
      const text = unit === "char" ? printable(bytes) : null;
      if (text !== null) return this.#sink.text(text);
      if (this.#network && unit === "byte" && count === 6) return this.#sink.address(formatMac(bytes));
      return this.#sink.bytes(bytes);
    }
    const size = sizeOf(this.#btf, element);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(element, at + i * size, `${path}[${i}]`));
    return this.#sink.array(items);
  }

  /** Members in order; those of anonymous structs and unions stand among them, as in C. */
  #members(type: BtfComposite, at: number, path: string): (readonly [string, T])[] {
    const members: (readonly [string, T])[] = [];
    for (const member of type.members) {
      if (++this.#parts > MAX_PARTS) throw valueError("E_VALUE_MANY", { path: this.#root, limit: MAX_PARTS });
      const bare = resolveId(this.#btf, member.type);
      const inner = bare === 0 ? null : this.#btf.type(bare);
      const start = at + Math.floor(member.bitOffset / 8);
      const field = bitField(this.#btf, member);
      const here = `${path}.${member.name}`;
      if (field !== null && (inner?.kind === "int" || inner?.kind === "enum" || inner?.kind === "enum64")) {
        const bits = at * 8 + field.offset;
        this.#need(member.type, Math.floor(bits / 8), Math.ceil(((bits % 8) + field.bits) / 8), here);
        const part =
          inner.kind === "int" ? this.#int(inner, bits, field.bits) : this.#enumerator(inner, bits, field.bits);
        members.push([member.name, part]);
      } else if (member.name === "" && (inner?.kind === "struct" || inner?.kind === "union")) {
        members.push(...this.#members(inner, start, path));
      } else members.push([member.name, this.value(member.type, start, here)]);
    }
    return members;
  }
}

/** Whether elements of an array are characters or plain bytes; null for anything else. */
export function byteKind(btf: Btf, element: number): "char" | "byte" | null {
  const bare = resolveId(btf, element);
  const type = bare === 0 ? null : btf.type(bare);
  if (type?.kind !== "int" || type.size !== 1 || type.bits !== 8 || type.bool) return null;
  if (type.name === "char") return "char";
  return type.signed ? null : "byte";
}

/** Typedef names that say "network byte order", by the size of their integer. */
const NETWORK_TYPEDEFS: ReadonlyMap<string, number> = new Map([
  ["__be32", 4],
  ["__be16", 2],
  ["in_addr_t", 4],
  ["in_port_t", 2],
]);

/** Whether a type is `__be32` or `__be16`, also under further typedefs. */
export function isNetworkInt(btf: Btf, id: number, type: BtfInt): boolean {
  for (let at = id; at !== 0; ) {
    const alias = btf.type(at);
    if (alias.kind === "typedef" && NETWORK_TYPEDEFS.get(alias.name) === type.size) return true;
    if (alias.kind === "int" || !("type" in alias)) return false;
    at = alias.type;
  }
  return false;
}

/** The text of a character array: printable ASCII and then only NULs; null otherwise, so that nothing gets lost. */
function printable(bytes: Uint8Array): string | null {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  let text = "";
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 || byte > 0x7e) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}
