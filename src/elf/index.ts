export type { ParseElfOptions } from "./parse.ts";
export { parseElf } from "./parse.ts";
export type { RelocationType } from "./relocation-types.ts";
export { RELOCATION_TYPES, relocationType } from "./relocation-types.ts";
export type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./types.ts";
