import { ByteReader, plainBytes } from "../util/index.ts";
import { btfError } from "./errors.ts";
import { kindNumber } from "./kinds.ts";
import { BtfStrings } from "./strings.ts";
import { BtfTable } from "./table.ts";
import type { Btf } from "./types.ts";
import { validateTypes } from "./validate.ts";

export const BTF_MAGIC = 0xeb9f;
export const BTF_VERSION = 1;
export const BTF_HEADER_SIZE = 24;

/** What `parseBtf` may be given besides the bytes. */
export interface ParseBtfOptions {
  /** The BTF that a split BTF (a kernel module's) continues. */
  readonly base?: Btf;
}

/**
 * Reads a `.BTF` section or a file of `/sys/kernel/btf`, of either byte order. `what` names it in messages (`prog.o: section 9 ".BTF"`).
 * Everything is checked here, in one go; types and strings are decoded when asked for.
 * @throws BpfError `E_BTF_*`
 */
export function parseBtf(input: Uint8Array, what: string, options: ParseBtfOptions = {}): Btf {
  const bytes = plainBytes(input);
  const base = options.base ?? null;
  const header = readHeader(bytes, what);
  const { littleEndian, typesAt, typesLength, stringsAt, stringsLength } = header;
  if (base !== null && base.littleEndian !== littleEndian) {
    throw btfError("E_BTF_BASE", { what, problem: "its byte order is not that of its base" });
  }
  const table = bytes.subarray(stringsAt, stringsAt + stringsLength);
  checkStrings(table, what, base !== null);
  const words = wordsOf(bytes, typesAt, typesLength, littleEndian);
  const firstId = base === null ? 1 : base.count;
  const baseStrings = base === null ? 0 : base.stringSize;
  const { starts } = validateTypes({
    what,
    words,
    fileOffset: typesAt,
    firstId,
    stringSize: baseStrings + stringsLength,
    baseKind: (id) => {
      const kind = base === null ? "void" : base.kindOf(id);
      return kind === "void" ? 0 : kindNumber(kind);
    },
  });
  const strings = new BtfStrings(table, what);
  return new BtfTable({ what, bytes, littleEndian, words, starts, strings, base });
}

interface Header {
  readonly littleEndian: boolean;
  readonly typesAt: number;
  readonly typesLength: number;
  readonly stringsAt: number;
  readonly stringsLength: number;
}

function readHeader(bytes: Uint8Array, what: string): Header {
  if (bytes.length < BTF_HEADER_SIZE) {
    throw btfError("E_BTF_SHORT", { what, size: bytes.length, need: BTF_HEADER_SIZE });
  }
  const littleEndian = magicOrder(bytes, what);
  const reader = new ByteReader(bytes, what, littleEndian);
  if (reader.u8(2) !== BTF_VERSION) throw btfError("E_BTF_VERSION", { what, found: reader.u8(2) });
  const headerLength = reader.u32(4);
  if (headerLength < BTF_HEADER_SIZE || headerLength > bytes.length || headerLength % 4 !== 0) {
    const want = `a multiple of 4 from ${BTF_HEADER_SIZE} to ${bytes.length}`;
    throw btfError("E_BTF_HEADER", { what, field: "hdr_len", found: headerLength, want });
  }
  const [typeOffset, typesLength, stringOffset, stringsLength] = [8, 12, 16, 20].map((at) => reader.u32(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (typeOffset % 4 !== 0) {
    throw btfError("E_BTF_HEADER", { what, field: "type_off", found: typeOffset, want: "a multiple of 4" });
  }
  if (typesLength % 4 !== 0) {
    throw btfError("E_BTF_HEADER", { what, field: "type_len", found: typesLength, want: "a multiple of 4" });
  }
  // Numbers are exact to 2^53, so sums of 32-bit fields cannot wrap.
  const typesAt = headerLength + typeOffset;
  const stringsAt = headerLength + stringOffset;
  if (typesAt + typesLength > bytes.length) {
    throw btfError("E_BTF_RANGE", {
      what,
      part: "type section",
      offset: typesAt,
      length: typesLength,
      size: bytes.length,
    });
  }
  if (stringsAt + stringsLength > bytes.length) {
    throw btfError("E_BTF_RANGE", {
      what,
      part: "string table",
      offset: stringsAt,
      length: stringsLength,
      size: bytes.length,
    });
  }
  return { littleEndian, typesAt, typesLength, stringsAt, stringsLength };
}

/** Whether the magic number stands there in little-endian order. */
export function magicOrder(bytes: Uint8Array, what: string): boolean {
  const found = bytes[0]! | (bytes[1]! << 8);
  if (found === BTF_MAGIC) return true;
  if (found === 0x9feb) return false;
  throw btfError("E_BTF_MAGIC", { what, found });
}

function checkStrings(table: Uint8Array, what: string, split: boolean): void {
  // A split BTF may add no strings of its own.
  if (table.length === 0 && split) return;
  if (table.length === 0) throw btfError("E_BTF_STRING_TABLE", { what, problem: "is empty" });
  if (!split && table[0] !== 0)
    throw btfError("E_BTF_STRING_TABLE", { what, problem: "does not begin with the empty string" });
  if (table[table.length - 1] !== 0) throw btfError("E_BTF_STRING_TABLE", { what, problem: "does not end with a NUL" });
}

const HOST_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Types are made of 32-bit words only, so the byte order is dealt with once, here. */
function wordsOf(bytes: Uint8Array, offset: number, length: number, littleEndian: boolean): Uint32Array {
  const copy = bytes.slice(offset, offset + length);
  if (littleEndian !== HOST_LITTLE_ENDIAN) {
    const view = new DataView(copy.buffer);
    for (let i = 0; i < length; i += 4) view.setUint32(i, view.getUint32(i, true), false);
  }
  return new Uint32Array(copy.buffer, 0, length / 4);
}
