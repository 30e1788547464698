export type { ElfParts, ElfSectionParts, ElfSymbolParts } from "./build.ts";
export { buildElf } from "./build.ts";
export {
  EM_BPF,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHN_ABS,
  SHN_COMMON,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_NOTYPE,
  STT_OBJECT,
  STT_SECTION,
  STV_DEFAULT,
  STV_HIDDEN,
} from "./constants.ts";
export type { ParseElfOptions } from "./parse.ts";
export { parseElf } from "./parse.ts";
export type { RelocationType } from "./relocation-types.ts";
export { RELOCATION_TYPES, relocationType } from "./relocation-types.ts";
export type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./types.ts";
export { writeElf } from "./write.ts";
