import { defineErrors } from "./error.ts";

const bytesError = defineErrors({
  E_READ_RANGE: (d: { what: string; offset: number; length: number; size: number }) =>
    `${d.what}: ${d.length} bytes at offset ${d.offset} reach beyond its end (${d.size} bytes)`,
  E_STRING_END: (d: { what: string; offset: number }) =>
    `${d.what}: string at offset ${d.offset} has no terminating NUL`,
});

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * The same memory as a plain Uint8Array. Parsers pass what callers give them through here: Node's Buffer is a Uint8Array whose
 * `slice` is a view, so a "copy" of it would write into the caller's bytes.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Bounds-checked reading of a byte buffer in either byte order.
 * `what` names the buffer in errors (`section 5 ".BTF"`).
 * Every read beyond the end throws BpfError `E_READ_RANGE`; nothing ever reads `undefined`.
 */
export class ByteReader {
  /** Plain, whatever the bytes came as; so is all that `slice` gives. */
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly what: string;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, what: string, littleEndian = true) {
    this.bytes = plainBytes(bytes);
    this.what = what;
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.bytes.byteLength;
  }

  /** Throws unless `length` bytes lie at `offset`; both must be non-negative integers of the input's own making. */
  check(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.bytes.byteLength)) {
      throw bytesError("E_READ_RANGE", { what: this.what, offset, length, size: this.size });
    }
  }

  u8(offset: number): number {
    this.check(offset, 1);
    return this.#view.getUint8(offset);
  }
  u16(offset: number): number {
    this.check(offset, 2);
    return this.#view.getUint16(offset, this.littleEndian);
  }
  u32(offset: number): number {
    this.check(offset, 4);
    return this.#view.getUint32(offset, this.littleEndian);
  }
  i16(offset: number): number {
    this.check(offset, 2);
    return this.#view.getInt16(offset, this.littleEndian);
  }
  i32(offset: number): number {
    this.check(offset, 4);
    return this.#view.getInt32(offset, this.littleEndian);
  }
  u64(offset: number): bigint {
    this.check(offset, 8);
    return this.#view.getBigUint64(offset, this.littleEndian);
  }
  i64(offset: number): bigint {
    this.check(offset, 8);
    return this.#view.getBigInt64(offset, this.littleEndian);
  }

  /** A view (no copy) of `length` bytes at `offset`. */
  slice(offset: number, length: number): Uint8Array {
    this.check(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** The UTF-8 text from `offset` to the next NUL. */
  cstring(offset: number): string {
    this.check(offset, 1);
    const end = this.bytes.indexOf(0, offset);
    if (end < 0) throw bytesError("E_STRING_END", { what: this.what, offset });
    return decoder.decode(this.bytes.subarray(offset, end));
  }
}

/** A growable byte buffer with appending writes in either byte order; `set*` overwrite what is already there. */
export class ByteWriter {
  readonly littleEndian: boolean;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(littleEndian = true) {
    this.littleEndian = littleEndian;
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const need = at + count;
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = need;
    return at;
  }

  u8(value: number): this {
    // Growing replaces the view, so it must not be read before.
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, this.littleEndian);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, this.littleEndian);
    return this;
  }
  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), this.littleEndian);
    return this;
  }
  append(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** Appends UTF-8 text and a terminating NUL. */
  cstring(text: string): this {
    return this.append(encoder.encode(text)).u8(0);
  }
  /** Appends zeros up to a multiple of `alignment`. */
  align(alignment: number): this {
    const rest = this.#length % alignment;
    if (rest !== 0) this.#reserve(alignment - rest);
    return this;
  }
  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, this.littleEndian);
  }
  setU64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, BigInt.asUintN(64, value), this.littleEndian);
  }
  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
