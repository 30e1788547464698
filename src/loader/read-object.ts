import { type Btf, parseBtf, parseBtfExt } from "../btf/index.ts";
import { type ElfFile, type ElfSection, parseElf } from "../elf/index.ts";
import { ByteReader } from "../util/index.ts";
import { holdsSymbolValues } from "./addends.ts";
import { readCode, readPrograms } from "./code.ts";
import { readGlobals } from "./data-maps.ts";
import { objectError } from "./errors.ts";
import { kconfigMap, readExterns } from "./externs.ts";
import { fixDataSections } from "./fix-btf.ts";
import { readInitialValues } from "./map-values.ts";
import { readMaps } from "./maps.ts";
import { type Reading, SHT_NOBITS, where } from "./reading.ts";
import { placesOfMaps, readReferences } from "./references.ts";
import type { ObjectSpec } from "./spec.ts";

/** What `readObject` may be told. */
export interface ReadOptions {
  /** The file's name, for messages and map names; "object" without one. */
  readonly name?: string;
}

/**
 * Reads an ELF object with BPF code, as clang and gcc make it, into programs, maps, globals and references: libbpf's reading of
 * a file, without any kernel. The bytes are not kept.
 * @throws BpfError `E_ELF_*`, `E_BTF_*`, `E_OBJECT_*`, `E_MAP_*`, `E_RELOC_*`, `E_CORE_SLOT`, `E_EXTERN_TYPE`
 */
export function readObject(bytes: Uint8Array, options: ReadOptions = {}): ObjectSpec {
  const file = options.name ?? "object";
  const elf = parseElf(bytes, file);
  const reading = startReading(file, elf);
  const code = readCode(reading);
  const maps = readMaps(reading);
  const externs = readExterns(reading);
  const programs = readPrograms(reading, code);
  readInitialValues(reading, maps, code, programs);
  const targets = { code, maps: placesOfMaps(maps), externs };
  const sections = code.map((raw) => ({
    name: raw.section.name,
    code: raw.code,
    functions: raw.functions,
    references: readReferences(reading, raw, targets),
  }));
  noteSkipped(reading);
  const kconfig = kconfigMap(externs);
  return {
    name: file,
    littleEndian: elf.littleEndian,
    license: readLicense(reading),
    version: readVersion(reading),
    programs,
    maps: [...maps.map((m) => m.spec), ...(kconfig === null ? [] : [kconfig])],
    globals: readGlobals(reading),
    externs,
    btf: reading.btf,
    btfExt: reading.btfExt,
    sections,
    notes: reading.notes,
  };
}

function startReading(file: string, elf: ElfFile): Reading {
  const base: Reading = { file, elf, btf: null, btfExt: null, symbolValues: holdsSymbolValues(elf), notes: [] };
  const section = elf.sections.find((s) => s.name === ".BTF");
  if (section === undefined) return base;
  if (section.type === SHT_NOBITS) throw objectError("E_OBJECT_BTF_NOBITS", where(base, section));
  const btf = readBtf(file, elf, section);
  const ext = elf.sections.find((s) => s.name === ".BTF.ext" && s.type !== SHT_NOBITS);
  const btfExt = ext === undefined ? null : parseBtfExt(ext.data, btf, whatOf(file, ext));
  return { ...base, btf, btfExt };
}

const whatOf = (file: string, section: ElfSection): string => `${file}: section ${section.index} "${section.name}"`;

function readBtf(file: string, elf: ElfFile, section: ElfSection): Btf {
  const what = whatOf(file, section);
  // Once to know that it may be trusted, once more with what ELF adds to it.
  parseBtf(section.data, what);
  return parseBtf(fixDataSections(elf, section), what);
}

function readLicense(reading: Reading): string {
  const section = reading.elf.sections.find((s) => s.name === "license");
  if (section === undefined || section.data.length === 0) return "";
  const end = section.data.indexOf(0);
  const text = new TextDecoder().decode(section.data.subarray(0, end < 0 ? section.data.length : end));
  if (text.length > 128) {
    const problem = `the license is ${text.length} characters long, the kernel reads 128`;
    throw objectError("E_OBJECT_LICENSE", { ...where(reading, section), problem });
  }
  return text;
}

function readVersion(reading: Reading): number {
  const section = reading.elf.sections.find((s) => s.name === "version");
  if (section === undefined || section.data.length < 4) return 0;
  return new ByteReader(section.data, "version", reading.elf.littleEndian).u32(0);
}

/** Parts that libbpf would use and this reader does not: said, not hidden. */
function noteSkipped(reading: Reading): void {
  const { elf, notes } = reading;
  for (const section of elf.sections) {
    if (/^\??\.struct_ops(\.link)?$/.test(section.name)) {
      notes.push(`section "${section.name}": struct_ops variables are not read as maps`);
    }
    const count = elf.relocations.get(section.index)?.length ?? 0;
    if (count > 0 && /^\.(rodata|data|bss)(\.|$)/.test(section.name)) {
      notes.push(`section "${section.name}": ${count} pointers in global data stay 0, as libbpf leaves them`);
    }
  }
}
