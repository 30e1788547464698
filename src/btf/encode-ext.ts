import { ByteWriter } from "../util/index.ts";
import type { BtfBuilder } from "./builder.ts";
import { BTF_MAGIC, BTF_VERSION } from "./parse.ts";
import type { BtfExt } from "./types.ts";

const HEADER_SIZE = 32;

/**
 * The bytes of a `.BTF.ext` section. Its strings are interned in `builder`, so call this before the builder's `finish`.
 * Lines above 4,194,303 and columns above 1,023 do not fit the format and are cut to that.
 */
export function encodeBtfExt(ext: BtfExt, builder: BtfBuilder): Uint8Array {
  const { littleEndian } = builder;
  const part = <T>(
    records: ReadonlyMap<string, readonly T[]>,
    size: number,
    encode: (out: ByteWriter, record: T) => void,
  ): Uint8Array => {
    const out = new ByteWriter(littleEndian);
    for (const [section, list] of records) {
      if (list.length === 0) continue;
      if (out.length === 0) out.u32(size);
      out.u32(builder.intern(section)).u32(list.length);
      for (const record of list) encode(out, record);
    }
    return out.finish();
  };
  const funcs = part(ext.funcs, 8, (out, { offset, type }) => void out.u32(offset).u32(type));
  const lines = part(ext.lines, 16, (out, { offset, file, source, line, column }) => {
    const place = ((Math.min(line, 0x3fffff) << 10) | Math.min(column, 0x3ff)) >>> 0;
    out.u32(offset).u32(builder.intern(file)).u32(builder.intern(source)).u32(place);
  });
  const relos = part(ext.coreRelos, 16, (out, { offset, type, access, kind }) => {
    out.u32(offset).u32(type).u32(builder.intern(access)).u32(kind);
  });
  const out = new ByteWriter(littleEndian);
  out.u16(BTF_MAGIC).u8(BTF_VERSION).u8(0).u32(HEADER_SIZE);
  out.u32(0).u32(funcs.length);
  out.u32(funcs.length).u32(lines.length);
  out.u32(funcs.length + lines.length).u32(relos.length);
  return out.append(funcs).append(lines).append(relos).finish();
}
