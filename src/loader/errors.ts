import { defineErrors } from "../util/index.ts";

const NOTHING = "nothing was loaded";
const hex = (n: number): string => `0x${n.toString(16)}`;

type InFile = { file: string };
type InSection = InFile & { section: number; name: string };
/** An instruction of a section: the function that holds it ("" where none does), its slot and byte offset in the section. */
type AtInsn = InSection & { function: string; slot: number };

const section = (d: InSection): string => `${d.file}: section ${d.section} "${d.name}"`;
const at = (d: AtInsn): string =>
  `${section(d)}${d.function === "" ? "" : `: function "${d.function}"`}: instruction ${d.slot} at ${hex(d.slot * 8)}`;

/** Errors of reading an object: what its parts say does not make programs and maps. */
export const objectError = defineErrors({
  E_OBJECT_NO_PROGRAMS: (d: InFile & { functions: number }) =>
    d.functions === 0
      ? `${d.file}: the object has no programs: no section holds code; ${NOTHING}`
      : `${d.file}: the object has no programs: its ${d.functions} functions are all in ".text", where subprograms go; put SEC("xdp"), SEC("tc") or the like before the entry function; ${NOTHING}`,
  E_OBJECT_SECTION_TWICE: (d: InSection & { first: number }) =>
    `${section(d)}: section ${d.first} has the same name; ${NOTHING}`,
  E_OBJECT_CODE_LENGTH: (d: InSection & { length: number }) =>
    `${section(d)}: ${d.length} bytes of code are no multiple of 8, the size of an instruction; file is malformed, ${NOTHING}`,
  E_OBJECT_INSN: (d: AtInsn & { problem: string }) => `${at(d)}: ${d.problem}; ${NOTHING}`,
  E_OBJECT_FUNCTION: (d: InSection & { symbol: string; start: number; problem: string }) =>
    `${section(d)}: function "${d.symbol}" at ${hex(d.start)} ${d.problem}; file is malformed, ${NOTHING}`,
  E_OBJECT_DATA_SIZE: (d: InSection & { size: number; limit: number }) =>
    `${section(d)}: ${d.size} bytes of global data are more than ${d.limit}; ${NOTHING}`,
  E_OBJECT_GLOBAL: (d: InSection & { symbol: string; offset: number; size: number; limit: number }) =>
    `${section(d)}: variable "${d.symbol}" at ${hex(d.offset)} of ${d.size} bytes is outside the section (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_OBJECT_LICENSE: (d: InSection & { problem: string }) => `${section(d)}: ${d.problem}; ${NOTHING}`,
  E_OBJECT_BTF_NOBITS: (d: InSection) =>
    `${section(d)} has no contents in the file (SHT_NOBITS): the debug information was stripped away; compile again with -g; ${NOTHING}`,
  E_RELOC_INSN: (d: AtInsn & { type: string; symbol: string; insn: string }) =>
    `${at(d)}: relocation ${d.type} against "${d.symbol}" on ${d.insn}, which takes none; ${NOTHING}`,
  E_RELOC_SLOT: (d: AtInsn & { type: string; symbol: string }) =>
    `${at(d)}: relocation ${d.type} against "${d.symbol}" points into the middle of a 64-bit immediate load; file is malformed, ${NOTHING}`,
  E_RELOC_UNDEFINED: (d: AtInsn & { symbol: string; hint: string }) =>
    `${at(d)}: symbol "${d.symbol}" is defined nowhere; ${d.hint}; ${NOTHING}`,
  E_RELOC_MAP: (d: AtInsn & { symbol: string; offset: number; target: string }) =>
    `${at(d)}: ${hex(d.offset)} in section "${d.target}" (symbol "${d.symbol}") is the start of no map; ${NOTHING}`,
  E_RELOC_DATA: (d: AtInsn & { symbol: string; offset: number; target: string; limit: number }) =>
    `${at(d)}: "${d.symbol}": offset ${d.offset} is outside section "${d.target}" (${d.limit} bytes); ${NOTHING}`,
  E_RELOC_FUNCTION: (d: AtInsn & { symbol: string; target: string; offset: number }) =>
    `${at(d)}: ${hex(d.offset)} in section "${d.target}" (symbol "${d.symbol}") is the start of no function; ${NOTHING}`,
  E_RELOC_SECTION: (d: AtInsn & { symbol: string; target: string }) =>
    `${at(d)}: symbol "${d.symbol}" lies in section "${d.target}", which holds no maps, global data or code; ${NOTHING}`,
  E_CORE_SLOT: (d: AtInsn & { type: number }) =>
    `${at(d)}: CO-RE relocation of type id ${d.type} points at no instruction; file is malformed, ${NOTHING}`,
});

type OfMap = InSection & { map: string };
const map = (d: OfMap): string => `${section(d)}: map "${d.map}"`;

/** Errors of map declarations. */
export const mapError = defineErrors({
  E_MAP_NO_BTF: (d: InSection) => `${section(d)} needs the object's BTF, which is missing; compile with -g; ${NOTHING}`,
  E_MAP_DATASEC: (d: InSection) =>
    `${section(d)}: BTF has no DATASEC of that name that describes the maps; compile with -g; ${NOTHING}`,
  E_MAP_RANGE: (d: OfMap & { offset: number; size: number; limit: number }) =>
    `${map(d)} at ${hex(d.offset)} of ${d.size} bytes is outside the section (${d.limit} bytes); file is malformed, ${NOTHING}`,
  E_MAP_SHAPE: (d: OfMap & { found: string }) =>
    `${map(d)} is declared as ${d.found}, not as a struct of map attributes; ${NOTHING}`,
  E_MAP_FIELD: (d: OfMap & { field: string; problem: string }) =>
    `${map(d)}: field "${d.field}" ${d.problem}; ${NOTHING}`,
  E_MAP_TYPE: (d: OfMap & { found: number }) =>
    d.found === 0
      ? `${map(d)} has no type; declare __uint(type, BPF_MAP_TYPE_…); ${NOTHING}`
      : `${map(d)}: map type ${d.found} is unknown (Linux 6.18 has 1 to 33); ${NOTHING}`,
  E_MAP_RECORD: (d: OfMap & { size: number }) =>
    `${map(d)}: ${d.size} bytes are no map definition (struct bpf_map_def has 20 or more, iproute2's struct bpf_elf_map 36); ${NOTHING}`,
  E_MAP_VALUE: (d: OfMap & { offset: number; problem: string }) =>
    `${map(d)}: initial value at ${hex(d.offset)}: ${d.problem}; ${NOTHING}`,
  E_MAP_INNER: (d: OfMap & { problem: string }) => `${map(d)}: inner map: ${d.problem}; ${NOTHING}`,
});

/** Errors of externs, of linking and of setting globals. */
export const linkError = defineErrors({
  E_EXTERN_TYPE: (d: InFile & { extern: string; problem: string }) =>
    `${d.file}: extern "${d.extern}" ${d.problem}; ${NOTHING}`,
  E_EXTERN_UNRESOLVED: (d: InFile & { extern: string; kind: string; program: string; hint: string }) =>
    `${d.file}: program "${d.program}": ${d.kind} "${d.extern}" is not found; ${d.hint}; ${NOTHING}`,
  E_KCONFIG_MISSING: (d: InFile & { extern: string }) =>
    `${d.file}: kernel configuration has no "${d.extern}"; declare it __weak to let it be 0; ${NOTHING}`,
  E_KCONFIG_VALUE: (d: InFile & { extern: string; value: string; type: string }) =>
    `${d.file}: kernel configuration ${d.extern}=${d.value} does not fit the variable's type ${d.type}; ${NOTHING}`,
  E_LINK_EXCEPTION: (d: InFile & { program: string; callback: string; problem: string }) =>
    `${d.file}: program "${d.program}": exception callback "${d.callback}" ${d.problem}; ${NOTHING}`,
  E_LINK_FUNCTION: (d: InFile & { program: string; section: string; slot: number; target: number }) =>
    `${d.file}: program "${d.program}": section "${d.section}": instruction ${d.slot} refers to slot ${d.target}, where no function starts; ${NOTHING}`,
  E_LINK_SECTION: (d: InFile & { program: string; section: string }) =>
    `${d.file}: program "${d.program}": section "${d.section}" is not part of the object; ${NOTHING}`,
  E_CORE_APPLY: (d: InFile & { program: string; section: string; slot: number; insn: string; problem: string }) =>
    `${d.file}: program "${d.program}": section "${d.section}": instruction ${d.slot} (${d.insn}): CO-RE relocation ${d.problem}; ${NOTHING}`,
  E_GLOBAL_UNKNOWN: (d: InFile & { global: string; known: string }) =>
    `${d.file}: no global variable is named "${d.global}" (it has ${d.known})`,
  E_GLOBAL_VALUE: (d: InFile & { global: string; problem: string }) => `${d.file}: global "${d.global}": ${d.problem}`,
});
