import { ByteWriter } from "../util/index.ts";
import { EHDR_SIZE, SHDR_SIZE, SHN_LORESERVE, SHN_XINDEX, SHT_NOBITS, SHT_STRTAB } from "./constants.ts";
import { elfError } from "./errors.ts";
import type { ElfFile, ElfSection } from "./types.ts";

const encoder = new TextEncoder();

/**
 * An object file of these sections, each at its `offset`, followed by the section headers.
 * The sections are written as they are: symbols and relocations come from the data of `.symtab` and `.rel*`, which `buildElf` makes from values.
 * Law: `parseElf(writeElf(x))` equals `x` for every `x` that `parseElf` or `buildElf` returned.
 * @throws BpfError `E_ELF_WRITE` when sections lie in the header or there is no table with their names
 */
export function writeElf(file: ElfFile): Uint8Array {
  const { sections } = file;
  const names = nameTable(sections);
  let end = EHDR_SIZE;
  for (const section of sections) {
    if (section.data.length === 0) continue;
    if (section.offset < EHDR_SIZE) {
      throw elfError("E_ELF_WRITE", { what: `section ${section.index} "${section.name}" lies in the file header` });
    }
    end = Math.max(end, section.offset + section.data.length);
  }
  const shoff = Math.ceil(end / 8) * 8;
  const extended = sections.length >= SHN_LORESERVE;
  const namesExtended = names.index >= SHN_LORESERVE;

  const head = new ByteWriter(file.littleEndian);
  head.append(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, file.littleEndian ? 1 : 2, 1, 0)).u64(0n);
  head.u16(file.type).u16(file.machine).u32(1).u64(0n).u64(0n).u64(BigInt(shoff)).u32(0);
  head.u16(EHDR_SIZE).u16(0).u16(0).u16(SHDR_SIZE);
  head.u16(extended ? 0 : sections.length).u16(namesExtended ? SHN_XINDEX : names.index);

  const table = new ByteWriter(file.littleEndian);
  for (const [index, section] of sections.entries()) {
    const size = index === 0 && extended ? sections.length : section.size;
    const link = index === 0 && namesExtended ? names.index : section.link;
    table.u32(names.offsets[index]!).u32(section.type).u64(BigInt(section.flags)).u64(0n);
    table.u64(BigInt(section.offset)).u64(BigInt(size)).u32(link).u32(section.info);
    table.u64(BigInt(section.align)).u64(BigInt(section.entsize));
  }

  const out = new Uint8Array(shoff + table.length);
  out.set(head.finish());
  for (const section of sections) if (section.type !== SHT_NOBITS) out.set(section.data, section.offset);
  out.set(table.finish(), shoff);
  return out;
}

/** The string table that holds the names of all sections, and where each name stands in it. */
function nameTable(sections: readonly ElfSection[]): { index: number; offsets: number[] } {
  const preferred = [".shstrtab", ".strtab"];
  const rank = (section: ElfSection): number => preferred.indexOf(section.name) + 1 || 9;
  const tables = sections.filter((section) => section.type === SHT_STRTAB).sort((a, b) => rank(a) - rank(b));
  for (const table of tables) {
    const text = byteText(table.data);
    const found = new Map<string, number>();
    const offsets = sections.map(({ name }) => {
      const known = found.get(name);
      if (known !== undefined) return known;
      const offset = name === "" ? 0 : text.indexOf(`${byteText(encoder.encode(name))}\0`);
      found.set(name, offset);
      return offset;
    });
    if (offsets.every((offset) => offset >= 0)) return { index: table.index, offsets };
  }
  throw elfError("E_ELF_WRITE", { what: "no string table holds the names of all sections" });
}

/** One character for each byte, for searching. */
function byteText(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}
