import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuTime } from "../../test/support/time.ts";
import { BpfError } from "../util/index.ts";
import { REL_SIZE, RELA_SIZE, SHN_XINDEX, SHT_RELA, SHT_SYMTAB_SHNDX } from "./constants.ts";
import {
  buildElf,
  type ElfFile,
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
        const start = cpuTime();
        try {
          parseElf(bad, "bad.o");
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          expect(error.message).toMatch(/^bad\.o: ELF: .*\[E_ELF_\w+\]$/);
        }
        expect(cpuTime() - start).toBeLessThan(1000);
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

/** The sample with its relocations as SHT_RELA, each with an addend. */
function withRela(littleEndian: boolean, addends: readonly bigint[]): ElfFile {
  const file = sample(littleEndian);
  const end = Math.max(...file.sections.map((section) => section.offset + section.data.length));
  const sections = file.sections.map((section) => {
    if (section.name !== ".relxdp") return section;
    const data = new Uint8Array((section.data.length / REL_SIZE) * RELA_SIZE);
    const view = new DataView(data.buffer);
    addends.forEach((addend, i) => {
      data.set(section.data.subarray(i * REL_SIZE, (i + 1) * REL_SIZE), i * RELA_SIZE);
      view.setBigInt64(i * RELA_SIZE + REL_SIZE, addend, littleEndian);
    });
    // Behind all others, where it has room.
    return { ...section, type: SHT_RELA, entsize: RELA_SIZE, data, size: data.length, offset: Math.ceil(end / 8) * 8 };
  });
  return { ...file, sections };
}

describe.each([true, false])("SHT_RELA, little-endian %s", (littleEndian) => {
  const addends = [-8n, 0x7fffffffffffffffn];
  const bytes = writeElf(withRela(littleEndian, addends));
  test("addends are read", () => {
    const file = parseElf(bytes, "rela.o");
    const list = file.relocations.get(2)!;
    expect(list.map((r) => r.addend)).toEqual(addends);
    expect(list.map((r) => [r.offset, r.type, r.symbol.name])).toEqual(
      sample(littleEndian)
        .relocations.get(2)!
        .map((r) => [r.offset, r.type, r.symbol.name]),
    );
    expect(writeElf(file)).toEqual(bytes);
  });
  test("records of the wrong size are refused", () => {
    const file = withRela(littleEndian, addends);
    const cut = file.sections.map((s) => (s.type === SHT_RELA ? { ...s, entsize: REL_SIZE } : s));
    const bad = writeElf({ ...file, sections: cut });
    expect(() => parseElf(bad, "bad.o")).toThrow(expect.objectContaining({ code: "E_ELF_ENTSIZE" }));
  });
});

/**
 * The sample with its section headers behind 65,280 and more empty ones: e_shnum is 0, e_shstrndx SHN_XINDEX, and the symbols name their
 * sections by a SHT_SYMTAB_SHNDX table (elf(5)).
 */
function withManySections(littleEndian: boolean): ElfFile {
  const file = sample(littleEndian);
  const FILL = 0xff10;
  const moved = (index: number) => (index === 0 ? 0 : index + FILL);
  const symtab = file.sections.find((section) => section.name === ".symtab")!;
  const symbolData = symtab.data.slice();
  const indices = new Uint8Array(file.symbols.length * 4);
  const names = file.sections.find((section) => section.name === ".strtab")!;
  for (const symbol of file.symbols) {
    if (symbol.section === 0) continue;
    new DataView(symbolData.buffer).setUint16(symbol.index * 24 + 6, SHN_XINDEX, littleEndian);
    new DataView(indices.buffer).setUint32(symbol.index * 4, moved(symbol.section), littleEndian);
  }
  const [zero] = file.sections;
  const filler = Array.from({ length: FILL }, (_, i) => ({ ...zero!, index: i + 1, type: 1, align: 1 }));
  const rest = file.sections.slice(1).map((section) => ({
    ...section,
    index: moved(section.index),
    data: section === symtab ? symbolData : section.data,
    link: moved(section.link),
    info: section.name.startsWith(".rel") ? moved(section.info) : section.info,
  }));
  const shndx = {
    ...{ ...zero!, type: SHT_SYMTAB_SHNDX, data: indices, size: indices.length, entsize: 4, align: 4 },
    ...{ index: moved(file.sections.length), link: moved(symtab.index) },
    offset: Math.ceil((names.offset + names.data.length) / 4) * 4,
  };
  const sections = [zero!, ...filler, ...rest, shndx];
  return { ...file, sections };
}

describe.each([true, false])("extended section numbers, little-endian %s", (littleEndian) => {
  const bytes = writeElf(withManySections(littleEndian));
  const view = new DataView(bytes.buffer);
  test("e_shnum 0 and SHN_XINDEX: the counts stand in section 0, symbols' sections in a table", () => {
    expect([view.getUint16(60, littleEndian), view.getUint16(62, littleEndian)]).toEqual([0, SHN_XINDEX]);
    const file = parseElf(bytes, "many.o");
    const plain = sample(littleEndian);
    expect(file.sections.length).toBe(plain.sections.length + 0xff10 + 1);
    expect(file.symbols.map((s) => file.sections[s.section]?.name)).toEqual(
      plain.symbols.map((s) => plain.sections[s.section]?.name),
    );
    const xdp = file.sections.find((section) => section.name === "xdp")!;
    expect(xdp.index).toBeGreaterThan(0xff00);
    expect(file.relocations.get(xdp.index)!.map((r) => r.symbol.name)).toEqual(["counter", ""]);
    expect(Buffer.compare(writeElf(file), bytes)).toBe(0);
  });
  const shoff = Number(view.getBigUint64(40, littleEndian));
  test.each<[string, (v: DataView) => void, string]>([
    ["count beyond the file", (v) => v.setBigUint64(shoff + 32, 1n << 40n, littleEndian), "E_ELF_TRUNCATED"],
    ["count of 0", (v) => v.setBigUint64(shoff + 32, 0n, littleEndian), "E_ELF_NO_SECTIONS"],
    ["names beyond the count", (v) => v.setUint32(shoff + 40, 0xffffffff, littleEndian), "E_ELF_SHSTRNDX"],
  ])("%s", (_name, change, code) => {
    const bad = bytes.slice();
    change(new DataView(bad.buffer));
    expect(() => parseElf(bad, "bad.o")).toThrow(expect.objectContaining({ code }));
  });
});
