import { defineErrors } from "../util/index.ts";

const NOTHING = "nothing was loaded";
const hex = (n: number | bigint): string => `0x${n.toString(16)}`;
const section = (d: { section: number; name: string }): string => `section ${d.section} "${d.name}"`;

type InFile = { file: string };
type InSection = InFile & { section: number; name: string };
type InEntry = InSection & { entry: number; at: number };

/** Errors of reading and writing ELF objects. */
export const elfError = defineErrors({
  E_ELF_MAGIC: (d: InFile & { size: number; found: string }) =>
    d.size === 0
      ? `${d.file}: ELF: the file is empty; ${NOTHING}`
      : `${d.file}: ELF: not an ELF file: it begins with ${d.found} instead of 7f454c46; ${NOTHING}`,
  E_ELF_CLASS: (d: InFile & { found: number }) =>
    `${d.file}: ELF: class ${d.found}${d.found === 1 ? " (32 bit)" : ""} at 0x4 is not 2 (64 bit), which BPF objects are; compile with -target bpf; ${NOTHING}`,
  E_ELF_DATA: (d: InFile & { found: number }) =>
    `${d.file}: ELF: byte order ${d.found} at 0x5 is neither 1 (little-endian) nor 2 (big-endian); ${NOTHING}`,
  E_ELF_VERSION: (d: InFile & { found: number }) =>
    `${d.file}: ELF: version ${d.found} at 0x6 is not 1; file is malformed, ${NOTHING}`,
  E_ELF_MACHINE: (d: InFile & { found: number; machine: string }) =>
    `${d.file}: ELF: machine ${d.found}${d.machine === "" ? "" : ` (${d.machine})`} at 0x12 is not 247 (BPF); compile with -target bpf; ${NOTHING}`,
  E_ELF_TYPE: (d: InFile & { found: number }) =>
    `${d.file}: ELF: file type ${d.found} at 0x10 is not 1 (relocatable object); give the object that clang -c or bpftool gen object made; ${NOTHING}`,
  E_ELF_TRUNCATED: (d: InFile & { part: string; at: number | bigint; need: number | bigint; size: number }) =>
    `${d.file}: ELF: ${d.part} (${d.need} bytes at ${hex(d.at)}) reaches beyond the file (${d.size} bytes); file is cut off or malformed, ${NOTHING}`,
  E_ELF_NO_SECTIONS: (d: InFile) => `${d.file}: ELF: it has no section headers; ${NOTHING}`,
  E_ELF_SHENTSIZE: (d: InFile & { found: number }) =>
    `${d.file}: ELF: e_shentsize ${d.found} at 0x3a is not 64; file is malformed, ${NOTHING}`,
  E_ELF_SHSTRNDX: (d: InFile & { found: number; count: number }) =>
    `${d.file}: ELF: e_shstrndx ${d.found} names no string table among ${d.count} sections; file is malformed, ${NOTHING}`,
  E_ELF_SECTION_NAME: (d: InFile & { section: number; offset: number; limit: number }) =>
    `${d.file}: ELF: section ${d.section}: sh_name ${hex(d.offset)} is no string of the section name table (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_ELF_SECTION_RANGE: (d: InSection & { offset: bigint; length: bigint; size: number }) =>
    `${d.file}: ELF: ${section(d)}: sh_offset ${hex(d.offset)} + sh_size ${hex(d.length)} is beyond the file (${d.size} bytes); file is cut off or malformed, ${NOTHING}`,
  E_ELF_SECTION_SIZE: (d: InSection & { length: bigint }) =>
    `${d.file}: ELF: ${section(d)}: sh_size ${hex(d.length)} is above 0xffffffff; ${NOTHING}`,
  E_ELF_COMPRESSED: (d: InSection) =>
    `${d.file}: ELF: ${section(d)} is compressed; compile without -gz or run llvm-objcopy --decompress-debug-sections; ${NOTHING}`,
  E_ELF_ENTSIZE: (d: InSection & { found: number; want: number }) =>
    `${d.file}: ELF: ${section(d)}: sh_entsize ${d.found} is not ${d.want}; file is malformed, ${NOTHING}`,
  E_ELF_TABLE_SIZE: (d: InSection & { length: number; entsize: number }) =>
    `${d.file}: ELF: ${section(d)}: its size ${d.length} is no multiple of its entry size ${d.entsize}; file is malformed, ${NOTHING}`,
  E_ELF_LINK: (d: InSection & { field: string; found: number; want: string }) =>
    `${d.file}: ELF: ${section(d)}: ${d.field} ${d.found} names no ${d.want}; file is malformed, ${NOTHING}`,
  E_ELF_SYMTABS: (d: InSection & { first: number }) =>
    `${d.file}: ELF: ${section(d)} is a second symbol table beside section ${d.first}; file is malformed, ${NOTHING}`,
  E_ELF_SYMBOL_NAME: (d: InEntry & { offset: number; limit: number }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: st_name ${hex(d.offset)} is no string of the string table (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_ELF_SYMBOL_SECTION: (d: InEntry & { symbol: string; found: number; count: number }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: symbol "${d.symbol}": st_shndx ${d.found} is none of the ${d.count} sections; file is malformed, ${NOTHING}`,
  E_ELF_SYMBOL_RANGE: (
    d: InEntry & { symbol: string; value: bigint; length: bigint; target: string; limit: number | bigint },
  ) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: symbol "${d.symbol}": value ${hex(d.value)} + size ${hex(d.length)} is outside ${d.target} (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_ELF_FUNCTION: (d: InEntry & { symbol: string; value: number; length: number; target: string }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: function "${d.symbol}" in ${d.target}: value ${hex(d.value)} or size ${hex(d.length)} is no multiple of 8, the size of an instruction; file is malformed, ${NOTHING}`,
  E_ELF_RELOC_TYPE: (d: InEntry & { type: number; symbol: string }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: relocation type ${d.type} against symbol "${d.symbol}" is unknown for BPF; ${NOTHING}`,
  E_ELF_RELOC_SYMBOL: (d: InEntry & { found: number; count: number }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: symbol index ${d.found} is none of the ${d.count} symbols; file is malformed, ${NOTHING}`,
  E_ELF_RELOC_RANGE: (d: InEntry & { offset: bigint; need: number; target: string; limit: number }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: r_offset ${hex(d.offset)} (${d.need} bytes) is outside ${d.target} (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_ELF_RELOC_ALIGN: (d: InEntry & { offset: number; type: string; target: string }) =>
    `${d.file}: ELF: ${section(d)} entry ${d.entry} at ${hex(d.at)}: r_offset ${hex(d.offset)} of ${d.type} is no instruction of ${d.target}: not a multiple of 8; file is malformed, ${NOTHING}`,
  E_ELF_STRINGS: (d: InSection) =>
    `${d.file}: ELF: ${section(d)}: the names taken from it are many times its size, as in no real object; ${NOTHING}`,
  E_ELF_WRITE: (d: { what: string }) => `ELF: cannot write the object: ${d.what}`,
});
