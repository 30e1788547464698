import { ByteReader, toHex } from "../util/index.ts";
import {
  EHDR_SIZE,
  EM_BPF,
  ET_REL,
  REL_SIZE,
  RELA_SIZE,
  SHDR_SIZE,
  SHF_COMPRESSED,
  SHF_EXECINSTR,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHN_XINDEX,
  SHT_NOBITS,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STT_FUNC,
  SYM_SIZE,
} from "./constants.ts";
import { elfError } from "./errors.ts";
import { relocationType } from "./relocation-types.ts";
import { StringTable } from "./string-table.ts";
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./types.ts";

/** Machines that people hand over by mistake, for the message. */
const MACHINES: ReadonlyMap<number, string> = new Map([
  [3, "i386"],
  [8, "MIPS"],
  [21, "PowerPC64"],
  [22, "S390"],
  [40, "ARM"],
  [62, "x86-64"],
  [183, "AArch64"],
  [243, "RISC-V"],
  [258, "LoongArch"],
]);

/** What `parseElf` may be asked besides its default, a relocatable BPF object. */
export interface ParseElfOptions {
  /** Accept any machine and file type, and leave symbols and relocations unread: for a `vmlinux` or `.ko` that only carries `.BTF`. */
  readonly sectionsOnly?: boolean;
}

interface Reading {
  readonly file: string;
  readonly reader: ByteReader;
}

/**
 * Reads an ELF64 object with BPF code, of either byte order, as clang and gcc write it.
 * `name` is the file's name for messages. Section data are views into `bytes`, not copies.
 * All tables are checked before use: offsets, sizes, entry sizes, links, symbols within their sections, relocations within their targets.
 * @throws BpfError `E_ELF_*`
 */
export function parseElf(bytes: Uint8Array, name: string, options: ParseElfOptions = {}): ElfFile {
  const header = readHeader(bytes, name);
  const reading: Reading = { file: name, reader: header.reader };
  const { reader } = header;
  const type = reader.u16(16);
  const machine = reader.u16(18);
  if (options.sectionsOnly !== true) {
    // LLVM before 3.9 left e_machine 0 (EM_NONE), which libbpf still accepts.
    if (machine !== EM_BPF && machine !== 0) {
      throw elfError("E_ELF_MACHINE", { file: name, found: machine, machine: MACHINES.get(machine) ?? "" });
    }
    if (type !== ET_REL) throw elfError("E_ELF_TYPE", { file: name, found: type });
  }
  const sections = readSections(reading);
  const littleEndian = reader.littleEndian;
  if (options.sectionsOnly === true) {
    return { littleEndian, machine, type, sections, symbols: [], relocations: new Map() };
  }
  for (const section of sections) checkTable(reading, section);
  const symbols = readSymbols(reading, sections);
  const relocations = readRelocations(reading, sections, symbols);
  return { littleEndian, machine, type, sections, symbols, relocations };
}

function readHeader(bytes: Uint8Array, file: string): { reader: ByteReader } {
  const magic = toHex(bytes.subarray(0, 4));
  if (magic !== "7f454c46") throw elfError("E_ELF_MAGIC", { file, size: bytes.length, found: magic });
  if (bytes.length < EHDR_SIZE) {
    throw elfError("E_ELF_TRUNCATED", { file, part: "file header", at: 0, need: EHDR_SIZE, size: bytes.length });
  }
  const [elfClass, data, version] = [bytes[4]!, bytes[5]!, bytes[6]!];
  if (elfClass !== 2) throw elfError("E_ELF_CLASS", { file, found: elfClass });
  if (data !== 1 && data !== 2) throw elfError("E_ELF_DATA", { file, found: data });
  if (version !== 1) throw elfError("E_ELF_VERSION", { file, found: version });
  return { reader: new ByteReader(bytes, file, data === 1) };
}

/** A section header as it stands in the file. */
interface RawSection {
  readonly name: number;
  readonly type: number;
  readonly flags: bigint;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly info: number;
  readonly align: bigint;
  readonly entsize: bigint;
}

function rawSection(reader: ByteReader, at: number): RawSection {
  return {
    name: reader.u32(at),
    type: reader.u32(at + 4),
    flags: reader.u64(at + 8),
    offset: reader.u64(at + 24),
    size: reader.u64(at + 32),
    link: reader.u32(at + 40),
    info: reader.u32(at + 44),
    align: reader.u64(at + 48),
    entsize: reader.u64(at + 56),
  };
}

function readSections({ file, reader }: Reading): ElfSection[] {
  const size = reader.size;
  const shoff = reader.u64(40);
  if (shoff === 0n) throw elfError("E_ELF_NO_SECTIONS", { file });
  const entsize = reader.u16(58);
  if (entsize !== SHDR_SIZE) throw elfError("E_ELF_SHENTSIZE", { file, found: entsize });
  const table = (count: bigint): void => {
    const need = count * BigInt(SHDR_SIZE);
    if (shoff + need > BigInt(size)) {
      throw elfError("E_ELF_TRUNCATED", { file, part: "section header table", at: shoff, need, size });
    }
  };
  table(1n);
  const at = Number(shoff);
  const zero = rawSection(reader, at);
  // elf(5): from SHN_LORESERVE sections on, e_shnum is 0 and e_shstrndx SHN_XINDEX; section 0 holds the numbers.
  const shnum = reader.u16(60);
  const wide = shnum === 0 ? zero.size : BigInt(shnum);
  if (wide === 0n) throw elfError("E_ELF_NO_SECTIONS", { file });
  table(wide);
  const count = Number(wide);
  const shstrndx = reader.u16(62);
  const namesIndex = shstrndx === SHN_XINDEX ? zero.link : shstrndx;
  const raw: RawSection[] = [];
  for (let i = 0; i < count; i++) raw.push(rawSection(reader, at + i * SHDR_SIZE));

  const namesRaw = raw[namesIndex];
  if (namesRaw === undefined || namesRaw.type !== SHT_STRTAB) {
    throw elfError("E_ELF_SHSTRNDX", { file, found: namesIndex, count });
  }
  const origin = { file, section: namesIndex, name: ".shstrtab" };
  const names = new StringTable(sectionData(reader, namesRaw, origin), origin);
  return raw.map((section, index) => {
    const name = names.text(section.name);
    if (name === undefined) {
      throw elfError("E_ELF_SECTION_NAME", { file, section: index, offset: section.name, limit: names.size });
    }
    return makeSection(reader, section, index === 0, { file, section: index, name });
  });
}

type Origin = { file: string; section: number; name: string };

function makeSection(reader: ByteReader, raw: RawSection, isNull: boolean, origin: Origin): ElfSection {
  // Section 0 may hold counts in size and link; it never has data.
  const data = isNull ? new Uint8Array(0) : sectionData(reader, raw, origin);
  if (!isNull && raw.size > 0xffffffffn) throw elfError("E_ELF_SECTION_SIZE", { ...origin, length: raw.size });
  const flags = Number(raw.flags & 0xffffffffn);
  // Debug sections are for other tools; compressing those does not keep a program from running.
  if ((flags & SHF_COMPRESSED) !== 0 && !origin.name.startsWith(".debug")) throw elfError("E_ELF_COMPRESSED", origin);
  return {
    index: origin.section,
    name: origin.name,
    type: raw.type,
    flags,
    data,
    size: isNull ? 0 : Number(raw.size),
    link: raw.link,
    info: raw.info,
    align: Number(BigInt.asUintN(32, raw.align)),
    entsize: Number(BigInt.asUintN(32, raw.entsize)),
    offset: Number(BigInt.asUintN(52, raw.offset)),
  };
}

function sectionData(reader: ByteReader, raw: RawSection, origin: Origin): Uint8Array {
  if (raw.type === SHT_NOBITS || raw.type === 0) return new Uint8Array(0);
  if (raw.offset + raw.size > BigInt(reader.size)) {
    throw elfError("E_ELF_SECTION_RANGE", { ...origin, offset: raw.offset, length: raw.size, size: reader.size });
  }
  return reader.slice(Number(raw.offset), Number(raw.size));
}

/** Sections that are arrays of records, and the size of a record. */
const RECORD_SIZES: ReadonlyMap<number, number> = new Map([
  [SHT_SYMTAB, SYM_SIZE],
  [SHT_REL, REL_SIZE],
  [SHT_RELA, RELA_SIZE],
  [SHT_SYMTAB_SHNDX, 4],
]);

function checkTable({ file }: Reading, section: ElfSection): void {
  const want = RECORD_SIZES.get(section.type);
  if (want === undefined) return;
  const origin = { file, section: section.index, name: section.name };
  if (section.entsize !== want) throw elfError("E_ELF_ENTSIZE", { ...origin, found: section.entsize, want });
  if (section.data.length % want !== 0) {
    throw elfError("E_ELF_TABLE_SIZE", { ...origin, length: section.data.length, entsize: want });
  }
}

const describe = (section: ElfSection): string => `section ${section.index} "${section.name}"`;

function readSymbols({ file, reader }: Reading, sections: readonly ElfSection[]): ElfSymbol[] {
  const tables = sections.filter((section) => section.type === SHT_SYMTAB);
  const table = tables[0];
  if (table === undefined) return [];
  if (tables[1] !== undefined) {
    throw elfError("E_ELF_SYMTABS", { file, section: tables[1].index, name: tables[1].name, first: table.index });
  }
  const origin = { file, section: table.index, name: table.name };
  const strings = sections[table.link];
  if (strings === undefined || strings.type !== SHT_STRTAB) {
    throw elfError("E_ELF_LINK", { ...origin, field: "sh_link", found: table.link, want: "string table" });
  }
  const names = new StringTable(strings.data, { file, section: strings.index, name: strings.name });
  const shndx = sections.find((section) => section.type === SHT_SYMTAB_SHNDX && section.link === table.index);
  const data = new ByteReader(table.data, table.name, reader.littleEndian);
  const indices = new ByteReader(shndx?.data ?? new Uint8Array(0), shndx?.name ?? "", reader.littleEndian);

  const symbols: ElfSymbol[] = [];
  for (let entry = 0; entry * SYM_SIZE < table.data.length; entry++) {
    const at = entry * SYM_SIZE;
    const where = { ...origin, entry, at: table.offset + at };
    const nameOffset = data.u32(at);
    const name = names.text(nameOffset);
    if (name === undefined) {
      throw elfError("E_ELF_SYMBOL_NAME", { ...where, offset: nameOffset, limit: names.size });
    }
    const info = data.u8(at + 4);
    const index16 = data.u16(at + 6);
    const extended = index16 === SHN_XINDEX && entry * 4 < indices.size;
    const index = extended ? indices.u32(entry * 4) : index16;
    const value = data.u64(at + 8);
    const length = data.u64(at + 16);
    const section = extended || index < SHN_LORESERVE ? sections[index] : null;
    if (section === undefined || (index16 === SHN_XINDEX && !extended)) {
      throw elfError("E_ELF_SYMBOL_SECTION", { ...where, symbol: name, found: index, count: sections.length });
    }
    // Undefined, absolute and common symbols lie in no section; their numbers need only be exact.
    const limit = section === null || index === SHN_UNDEF ? 2 ** 53 - 1 : section.size;
    const target = section === null || index === SHN_UNDEF ? "the range of exact numbers" : describe(section);
    if (value + length > BigInt(limit)) {
      throw elfError("E_ELF_SYMBOL_RANGE", { ...where, symbol: name, value, length, target, limit });
    }
    const symbol: ElfSymbol = {
      index: entry,
      name,
      type: info & 15,
      bind: info >> 4,
      visibility: data.u8(at + 5) & 3,
      section: index,
      value: Number(value),
      size: Number(length),
    };
    if (symbol.type === STT_FUNC && section !== null && (section.flags & SHF_EXECINSTR) !== 0) {
      if (symbol.value % 8 !== 0 || symbol.size % 8 !== 0) {
        throw elfError("E_ELF_FUNCTION", { ...where, symbol: name, value: symbol.value, length: symbol.size, target });
      }
    }
    symbols.push(symbol);
  }
  return symbols;
}

function readRelocations(
  { file, reader }: Reading,
  sections: readonly ElfSection[],
  symbols: readonly ElfSymbol[],
): Map<number, ElfRelocation[]> {
  const all = new Map<number, ElfRelocation[]>();
  for (const section of sections) {
    if (section.type !== SHT_REL && section.type !== SHT_RELA) continue;
    const origin = { file, section: section.index, name: section.name };
    const target = section.info === 0 ? undefined : sections[section.info];
    if (target === undefined) {
      throw elfError("E_ELF_LINK", { ...origin, field: "sh_info", found: section.info, want: "section" });
    }
    if (sections[section.link]?.type !== SHT_SYMTAB) {
      throw elfError("E_ELF_LINK", { ...origin, field: "sh_link", found: section.link, want: "symbol table" });
    }
    const list = all.get(target.index) ?? [];
    all.set(target.index, list);
    const data = new ByteReader(section.data, section.name, reader.littleEndian);
    const size = section.type === SHT_RELA ? RELA_SIZE : REL_SIZE;
    const [low, high] = reader.littleEndian ? [0, 4] : [4, 0];
    for (let entry = 0; entry * size < section.data.length; entry++) {
      const at = entry * size;
      const where = () => ({ ...origin, entry, at: section.offset + at });
      // Objects with debug information have many of these: halves instead of BigInts (0.8 ms of the firewall example's 1.8).
      const offset = data.u32(at + low);
      const tooFar = data.u32(at + high) !== 0;
      const type = data.u32(at + 8 + low);
      const symbolIndex = data.u32(at + 8 + high);
      const symbol = symbols[symbolIndex];
      if (symbol === undefined) {
        throw elfError("E_ELF_RELOC_SYMBOL", { ...where(), found: symbolIndex, count: symbols.length });
      }
      const row = relocationType(type);
      if (row === undefined) throw elfError("E_ELF_RELOC_TYPE", { ...where(), type, symbol: symbol.name });
      const code = (target.flags & SHF_EXECINSTR) !== 0;
      const need = code ? row.codeBytes : row.dataBytes;
      if (tooFar || offset + need > target.data.length) {
        const limit = target.data.length;
        throw elfError("E_ELF_RELOC_RANGE", {
          ...where(),
          offset: data.u64(at),
          need,
          target: describe(target),
          limit,
        });
      }
      if (code && need >= 8 && offset % 8 !== 0) {
        const of = { offset, type: row.name, target: describe(target) };
        throw elfError("E_ELF_RELOC_ALIGN", { ...where(), ...of });
      }
      const relocation = { offset, type, symbol };
      list.push(section.type === SHT_RELA ? { ...relocation, addend: data.i64(at + 16) } : relocation);
    }
  }
  return all;
}
