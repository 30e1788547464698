import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BpfError } from "../util/index.ts";
import {
  buildElf,
  parseElf,
  SHF_ALLOC,
  SHF_EXECINSTR,
  STB_GLOBAL,
  STB_LOCAL,
  STT_FUNC,
  STT_SECTION,
  writeElf,
} from "./index.ts";

const sample = (littleEndian: boolean) =>
  buildElf({
    littleEndian,
    sections: [
      { name: ".text", flags: SHF_ALLOC | SHF_EXECINSTR, data: new Uint8Array(16) },
      {
        name: "xdp",
        flags: SHF_ALLOC | SHF_EXECINSTR,
        data: new Uint8Array(40),
        relocations: [
          { offset: 0, type: 1, symbol: 2 },
          { offset: 16, type: 10, symbol: 0 },
        ],
      },
      { name: ".bss", type: 8, flags: SHF_ALLOC | 1, size: 64, align: 8 },
      { name: "license", data: Uint8Array.of(0x47, 0x50, 0x4c, 0) },
    ],
    symbols: [
      { name: "", type: STT_SECTION, bind: STB_LOCAL, section: 1, value: 0, size: 0 },
      { name: "prog", type: STT_FUNC, bind: STB_GLOBAL, section: 2, value: 0, size: 40 },
      { name: "counter", type: 1, bind: STB_GLOBAL, section: 3, value: 8, size: 8 },
    ],
  });

describe.each([true, false])("ELF, little-endian %s", (littleEndian) => {
  const file = sample(littleEndian);
  const bytes = writeElf(file);
  test("what is written parses to the same", () => {
    expect(parseElf(bytes, "sample.o")).toEqual(file);
    expect(writeElf(parseElf(bytes, "sample.o"))).toEqual(bytes);
  });
  test("every cut is refused", () => {
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => parseElf(bytes.subarray(0, length), "cut.o")).toThrow(BpfError);
    }
  });
  test("changed bytes give a result or a BpfError, soon", () => {
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const bad = bytes.slice();
        for (const [at, to] of edits) bad[at] = to;
        const start = performance.now();
        try {
          parseElf(bad, "bad.o");
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          expect(error.message).toMatch(/^bad\.o: ELF: .*\[E_ELF_\w+\]$/);
        }
        expect(performance.now() - start).toBeLessThan(1000);
      }),
      { numRuns: 3000 },
    );
  }, 60_000);

  const view = new DataView(bytes.buffer);
  const shoff = Number(view.getBigUint64(40, littleEndian));
  const header = (section: number, field: number) => shoff + section * 64 + field;
  const at = (name: string) => file.sections.find((section) => section.name === name)!;
  const symtab = at(".symtab");
  const rel = at(".relxdp");
  type Change = (v: DataView) => void;
  const u32 =
    (offset: number, value: number): Change =>
    (v) =>
      v.setUint32(offset, value, littleEndian);
  const u64 =
    (offset: number, value: bigint): Change =>
    (v) =>
      v.setBigUint64(offset, value, littleEndian);
  const u16 =
    (offset: number, value: number): Change =>
    (v) =>
      v.setUint16(offset, value, littleEndian);
  test.each<[string, Change, string]>([
    ["not ELF", u32(0, 0), "E_ELF_MAGIC"],
    ["32 bit", (v) => v.setUint8(4, 1), "E_ELF_CLASS"],
    ["byte order", (v) => v.setUint8(5, 3), "E_ELF_DATA"],
    ["x86-64", u16(18, 62), "E_ELF_MACHINE"],
    ["executable", u16(16, 2), "E_ELF_TYPE"],
    ["no sections", u64(40, 0n), "E_ELF_NO_SECTIONS"],
    ["section headers beyond the file", u64(40, 1n << 40n), "E_ELF_TRUNCATED"],
    ["section count lies", u16(60, 999), "E_ELF_TRUNCATED"],
    ["e_shentsize", u16(58, 0), "E_ELF_SHENTSIZE"],
    ["e_shstrndx", u16(62, 77), "E_ELF_SHSTRNDX"],
    ["section name", u32(header(1, 0), 0xffffff), "E_ELF_SECTION_NAME"],
    ["section beyond the file", u64(header(1, 32), 0xffffn), "E_ELF_SECTION_RANGE"],
    ["offset + size wraps", u64(header(1, 24), 0xfffffffffffffff8n), "E_ELF_SECTION_RANGE"],
    ["NOBITS of 16 EB", u64(header(3, 32), 1n << 63n), "E_ELF_SECTION_SIZE"],
    ["compressed", u64(header(4, 8), 0x800n), "E_ELF_COMPRESSED"],
    ["zero entsize", u64(header(symtab.index, 56), 0n), "E_ELF_ENTSIZE"],
    ["table size", u64(header(symtab.index, 32), 25n), "E_ELF_TABLE_SIZE"],
    ["symtab without strings", u32(header(symtab.index, 40), 1), "E_ELF_LINK"],
    ["relocations of nothing", u32(header(rel.index, 44), 0), "E_ELF_LINK"],
    ["symbol name", u32(symtab.offset + 48, 0xffffff), "E_ELF_SYMBOL_NAME"],
    ["symbol section", u16(symtab.offset + 54, 99), "E_ELF_SYMBOL_SECTION"],
    ["value + size wraps", u64(symtab.offset + 56, 0xfffffffffffffff8n), "E_ELF_SYMBOL_RANGE"],
    ["size past the section", u64(symtab.offset + 64, 48n), "E_ELF_SYMBOL_RANGE"],
    ["function of 7 bytes", u64(symtab.offset + 64, 7n), "E_ELF_FUNCTION"],
    ["relocation offset", u64(rel.offset, 0x7ffffff8n), "E_ELF_RELOC_RANGE"],
    ["relocation between instructions", u64(rel.offset, 4n), "E_ELF_RELOC_ALIGN"],
    ["relocation symbol", u64(rel.offset + 8, (99n << 32n) | 1n), "E_ELF_RELOC_SYMBOL"],
    ["relocation type", u64(rel.offset + 8, (1n << 32n) | 77n), "E_ELF_RELOC_TYPE"],
  ])("%s", (_name, change, code) => {
    const bad = bytes.slice();
    change(new DataView(bad.buffer));
    expect(() => parseElf(bad, "bad.o")).toThrow(expect.objectContaining({ code }));
  });
});
