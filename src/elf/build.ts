import { ByteWriter } from "../util/index.ts";
import {
  EHDR_SIZE,
  EM_BPF,
  ET_REL,
  REL_SIZE,
  SHF_EXECINSTR,
  SHF_INFO_LINK,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_LOCAL,
  SYM_SIZE,
} from "./constants.ts";
import { elfError } from "./errors.ts";
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./types.ts";

/** A section to be. Its index is its place in `ElfParts.sections`, counted from 1. */
export interface ElfSectionParts {
  readonly name: string;
  /** SHT_*; SHT_PROGBITS unless given. */
  readonly type?: number;
  /** SHF_* */
  readonly flags?: number;
  readonly data?: Uint8Array;
  /** Of SHT_NOBITS; elsewhere the length of `data`. */
  readonly size?: number;
  /** A power of two; 8 for code and 1 for the rest unless given. */
  readonly align?: number;
  readonly entsize?: number;
  /** R_BPF_* at byte offsets of this section against symbols by their place in `ElfParts.symbols`, counted from 0. */
  readonly relocations?: readonly { readonly offset: number; readonly type: number; readonly symbol: number }[];
}

/** A symbol to be. */
export interface ElfSymbolParts {
  readonly name: string;
  readonly type: number;
  readonly bind: number;
  readonly visibility?: number;
  /** Index of its section (from 1), 0 = undefined, or a reserved SHN_* number. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** What an object is made of, without the bookkeeping sections. */
export interface ElfParts {
  readonly littleEndian?: boolean;
  readonly sections: readonly ElfSectionParts[];
  readonly symbols: readonly ElfSymbolParts[];
}

/**
 * Lays out a relocatable BPF object: adds section 0, one SHT_REL section `.relNAME` for each section with relocations, `.symtab` and `.strtab`
 * (which holds section names too, as clang does it), orders symbols local first, and gives every section its offset.
 * `writeElf` makes the bytes of it.
 * @throws BpfError `E_ELF_WRITE` for indices that name nothing
 */
export function buildElf(parts: ElfParts): ElfFile {
  const littleEndian = parts.littleEndian ?? true;
  const strings = new StringTableWriter();
  const sections: Draft[] = [NULL_SECTION, ...parts.sections.map(draftSection)];
  const { symbols, places } = orderSymbols(parts);
  const withRelocations = parts.sections.filter((section) => (section.relocations ?? []).length > 0).length;
  const symtabIndex = sections.length + withRelocations;

  const relocations = new Map<number, ElfRelocation[]>();
  for (const [at, section] of parts.sections.entries()) {
    if (section.relocations === undefined || section.relocations.length === 0) continue;
    const data = new ByteWriter(littleEndian);
    const list: ElfRelocation[] = [];
    for (const { offset, type, symbol: place } of section.relocations) {
      const symbol = symbols[places[place] ?? -1];
      if (symbol === undefined) {
        throw elfError("E_ELF_WRITE", { what: `a relocation of section "${section.name}" names symbol ${place}` });
      }
      data.u64(BigInt(offset)).u64((BigInt(symbol.index) << 32n) | BigInt(type));
      list.push({ offset, type, symbol });
    }
    relocations.set(at + 1, list);
    const rel = { name: `.rel${section.name}`, type: SHT_REL, flags: SHF_INFO_LINK, align: 8, entsize: REL_SIZE };
    sections.push({ ...draftSection({ ...rel, data: data.finish() }), link: symtabIndex, info: at + 1 });
  }

  const symtab = new ByteWriter(littleEndian);
  for (const symbol of symbols) {
    symtab
      .u32(strings.add(symbol.name))
      .u8((symbol.bind << 4) | symbol.type)
      .u8(symbol.visibility);
    symtab.u16(symbol.section).u64(BigInt(symbol.value)).u64(BigInt(symbol.size));
  }
  const locals = symbols.filter((symbol) => symbol.bind === STB_LOCAL).length;
  const table = { name: ".symtab", type: SHT_SYMTAB, align: 8, entsize: SYM_SIZE, data: symtab.finish() };
  sections.push({ ...draftSection(table), link: symtabIndex + 1, info: locals });
  for (const section of sections) strings.add(section.name);
  strings.add(".strtab");
  sections.push(draftSection({ name: ".strtab", type: SHT_STRTAB, data: strings.finish() }));
  if (sections.length >= SHN_LORESERVE) {
    throw elfError("E_ELF_WRITE", { what: `${sections.length} sections are more than ${SHN_LORESERVE - 1}` });
  }
  return { littleEndian, machine: EM_BPF, type: ET_REL, sections: place(sections), symbols, relocations };
}

/** A section that has no place in the file yet. */
type Draft = Omit<ElfSection, "index" | "offset">;

const NULL_SECTION: Draft = {
  name: "",
  type: 0,
  flags: 0,
  data: new Uint8Array(0),
  size: 0,
  link: 0,
  info: 0,
  align: 0,
  entsize: 0,
};

function draftSection(parts: ElfSectionParts): Draft {
  const type = parts.type ?? SHT_PROGBITS;
  const flags = parts.flags ?? 0;
  const data = type === SHT_NOBITS ? new Uint8Array(0) : (parts.data ?? new Uint8Array(0));
  const size = type === SHT_NOBITS ? (parts.size ?? 0) : data.length;
  const align = parts.align ?? ((flags & SHF_EXECINSTR) !== 0 ? 8 : 1);
  return { name: parts.name, type, flags, data, size, link: 0, info: 0, align, entsize: parts.entsize ?? 0 };
}

function place(sections: readonly Draft[]): ElfSection[] {
  let end = EHDR_SIZE;
  return sections.map((section, index) => {
    if (index === 0) return { ...section, index, offset: 0 };
    const align = Math.max(1, section.align);
    const offset = Math.ceil(end / align) * align;
    end = offset + section.data.length;
    return { ...section, index, offset };
  });
}

/** Local symbols first, as elf(5) wants it; `places` tells where each symbol of the parts went. */
function orderSymbols(parts: ElfParts): { symbols: ElfSymbol[]; places: number[] } {
  const order = [...parts.symbols.keys()];
  const isLocal = (at: number): boolean => parts.symbols[at]!.bind === STB_LOCAL;
  const symbols: ElfSymbol[] = [{ index: 0, name: "", type: 0, bind: 0, visibility: 0, section: 0, value: 0, size: 0 }];
  const places: number[] = [];
  for (const at of [...order.filter(isLocal), ...order.filter((i) => !isLocal(i))]) {
    const { name, type, bind, visibility, section, value, size } = parts.symbols[at]!;
    if (section > parts.sections.length && section < SHN_LORESERVE) {
      throw elfError("E_ELF_WRITE", { what: `symbol "${name}" names section ${section}` });
    }
    places[at] = symbols.length;
    symbols.push({ index: symbols.length, name, type, bind, visibility: visibility ?? 0, section, value, size });
  }
  return { symbols, places };
}

/** Collects strings for a SHT_STRTAB section, each once. */
class StringTableWriter {
  readonly #writer = new ByteWriter().u8(0);
  readonly #offsets = new Map<string, number>([["", 0]]);

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw elfError("E_ELF_WRITE", { what: `name "${text}" contains a NUL` });
    const offset = this.#writer.length;
    this.#offsets.set(text, offset);
    this.#writer.cstring(text);
    return offset;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}
