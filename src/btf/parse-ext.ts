import { ByteReader } from "../util/index.ts";
import { btfError } from "./errors.ts";
import { magicOrder } from "./parse.ts";
import type { Btf, BtfCoreRelo, BtfExt, BtfFuncInfo, BtfLineInfo } from "./types.ts";

/** Header up to line_info; the CO-RE fields came later and make it 32. */
const SHORT_HEADER = 24;
const LONG_HEADER = 32;

/** Highest number of enum bpf_core_relo_kind. */
const LAST_CORE_RELO_KIND = 12;

/** A record of one part as words, with what its errors need. */
interface ExtRecord {
  readonly reader: ByteReader;
  readonly at: number;
  readonly where: { what: string; part: string; section: string; record: number };
}

/**
 * Reads a `.BTF.ext` section: functions, source lines and CO-RE relocations, by the name of the code section they are about.
 * Offsets stay in bytes within that section. Records longer than we know are read as far as we know them.
 * @throws BpfError `E_BTF_EXT_*` and `E_BTF_*` for its header
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf, what: string): BtfExt {
  if (bytes.length < SHORT_HEADER) throw btfError("E_BTF_SHORT", { what, size: bytes.length, need: SHORT_HEADER });
  const littleEndian = magicOrder(bytes, what);
  const reader = new ByteReader(bytes, what, littleEndian);
  if (reader.u8(2) !== 1) throw btfError("E_BTF_VERSION", { what, found: reader.u8(2) });
  const headerLength = reader.u32(4);
  if (headerLength < SHORT_HEADER || headerLength > bytes.length) {
    const want = `${SHORT_HEADER} to ${bytes.length}`;
    throw btfError("E_BTF_HEADER", { what, field: "hdr_len", found: headerLength, want });
  }
  const part = <T>(at: number, name: string, minimum: number, decode: (record: ExtRecord) => T): Map<string, T[]> => {
    if (at + 8 > headerLength) return new Map();
    return readPart(reader, btf, { what, name, minimum }, headerLength + reader.u32(at), reader.u32(at + 4), decode);
  };
  return {
    funcs: part(8, "func_info", 8, (r) => decodeFunc(r, btf)),
    lines: part(16, "line_info", 16, (r) => decodeLine(r, btf)),
    coreRelos: headerLength < LONG_HEADER ? new Map() : part(24, "core_relo", 16, (r) => decodeCoreRelo(r, btf)),
  };
}

function readPart<T>(
  reader: ByteReader,
  btf: Btf,
  { what, name, minimum }: { what: string; name: string; minimum: number },
  start: number,
  length: number,
  decode: (record: ExtRecord) => T,
): Map<string, T[]> {
  const all = new Map<string, T[]>();
  if (length === 0) return all;
  if (start % 4 !== 0) {
    throw btfError("E_BTF_EXT_RECORD", { what, part: name, field: "offset", found: start, want: "a multiple of 4" });
  }
  if (start + length > reader.size) {
    throw btfError("E_BTF_RANGE", { what, part: name, offset: start, length, size: reader.size });
  }
  if (length < 4) {
    throw btfError("E_BTF_EXT_RECORD", { what, part: name, field: "length", found: length, want: "at least 4" });
  }
  const size = reader.u32(start);
  if (size < minimum || size % 4 !== 0 || size > 0xffff) {
    const want = `a multiple of 4 from ${minimum} to 65532`;
    throw btfError("E_BTF_EXT_RECORD", { what, part: name, field: "rec_size", found: size, want });
  }
  const end = start + length;
  for (let at = start + 4; at < end; ) {
    if (at + 8 > end) {
      throw btfError("E_BTF_RANGE", { what, part: `${name} section header`, offset: at, length: 8, size: end });
    }
    const section = btfString(btf, reader.u32(at), { what, part: name, section: "?", record: 0 });
    const records = reader.u32(at + 4);
    at += 8;
    if (records === 0) {
      throw btfError("E_BTF_EXT_RECORD", { what, part: name, field: "num_info", found: 0, want: "at least 1" });
    }
    if (at + records * size > end) {
      throw btfError("E_BTF_EXT_RANGE", { what, part: name, section, records, size, left: end - at });
    }
    const list = all.get(section) ?? [];
    all.set(section, list);
    for (let record = 0; record < records; record++, at += size) {
      list.push(decode({ reader, at, where: { what, part: name, section, record } }));
    }
  }
  return all;
}

function btfString(btf: Btf, offset: number, where: ExtRecord["where"]): string {
  if (offset >= btf.stringSize) {
    const problem = `string offset 0x${offset.toString(16)} is outside the string table (${btf.stringSize} bytes)`;
    throw btfError("E_BTF_EXT_REF", { ...where, problem });
  }
  return btf.string(offset);
}

function typeId(btf: Btf, id: number, where: ExtRecord["where"]): number {
  if (id === 0 || id >= btf.count) {
    throw btfError("E_BTF_EXT_REF", { ...where, problem: `type id ${id} is not within 1 to ${btf.count - 1}` });
  }
  return id;
}

function decodeFunc({ reader, at, where }: ExtRecord, btf: Btf): BtfFuncInfo {
  const type = typeId(btf, reader.u32(at + 4), where);
  if (btf.kindOf(type) !== "func") {
    throw btfError("E_BTF_EXT_REF", { ...where, problem: `type id ${type} is a ${btf.kindOf(type)}, not a func` });
  }
  return { offset: reader.u32(at), type };
}

function decodeLine({ reader, at, where }: ExtRecord, btf: Btf): BtfLineInfo {
  const place = reader.u32(at + 12);
  return {
    offset: reader.u32(at),
    file: btfString(btf, reader.u32(at + 4), where),
    source: btfString(btf, reader.u32(at + 8), where),
    line: place >>> 10,
    column: place & 0x3ff,
  };
}

function decodeCoreRelo({ reader, at, where }: ExtRecord, btf: Btf): BtfCoreRelo {
  const kind = reader.u32(at + 12);
  if (kind > LAST_CORE_RELO_KIND) {
    throw btfError("E_BTF_EXT_REF", { ...where, problem: `CO-RE relocation kind ${kind} is not 0 to 12` });
  }
  return {
    offset: reader.u32(at),
    type: typeId(btf, reader.u32(at + 4), where),
    access: btfString(btf, reader.u32(at + 8), where),
    kind,
  };
}
