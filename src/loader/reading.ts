import type { Btf, BtfExt } from "../btf/index.ts";
import type { ElfFile, ElfSection, ElfSymbol } from "../elf/index.ts";

/** What all phases of reading an object share. */
export interface Reading {
  /** The object's name, for messages. */
  readonly file: string;
  readonly elf: ElfFile;
  readonly btf: Btf | null;
  readonly btfExt: BtfExt | null;
  /** Whether lddw hold their symbol's value beside the addend: see addends.ts. */
  readonly symbolValues: boolean;
  /** Remarks for people about what was passed over. */
  readonly notes: string[];
}

// Numbers of elf(5).
export const SHT_PROGBITS = 1;
export const SHT_NOBITS = 8;
export const SHF_EXECINSTR = 4;
export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const SHN_UNDEF = 0;

/** Where an error is: file, section index and name. */
export function where(reading: Reading, section: ElfSection): { file: string; section: number; name: string } {
  return { file: reading.file, section: section.index, name: section.name };
}

/** The symbol's name, or its section's for the nameless symbol of a section. */
export function symbolName(reading: Reading, symbol: ElfSymbol): string {
  return symbol.name === "" ? (reading.elf.sections[symbol.section]?.name ?? "") : symbol.name;
}

/** Whether `name` is `base` itself or begins with `base.`: `.rodata` and `.rodata.str1.1`. */
export function isSectionFamily(name: string, base: string): boolean {
  return name === base || name.startsWith(`${base}.`);
}
