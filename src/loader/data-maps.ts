import type { BtfDatasec } from "../btf/index.ts";
import type { ElfSection } from "../elf/index.ts";
import { MAP_TYPE } from "../uapi/index.ts";
import { objectError } from "./errors.ts";
import { emptyMap, type PlacedMap } from "./placed-map.ts";
import { isSectionFamily, type Reading, SHT_NOBITS, SHT_PROGBITS, STT_OBJECT, where } from "./reading.ts";
import type { GlobalSpec } from "./spec.ts";

/** Global variables: every `.data*`, `.rodata*` and `.bss*` section is one array map of one element, as libbpf makes them. */

/** Flags of BPF_MAP_CREATE (linux/bpf.h). */
const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;

/** More global data than this is refused: `.bss` takes no room in the file, so its size could be any number. */
export const MAX_DATA_SIZE = 64 << 20;

/** Whether a section holds global variables. */
export function isDataSection(section: ElfSection): boolean {
  if (section.size === 0) return false;
  if (section.type === SHT_NOBITS) return isSectionFamily(section.name, ".bss");
  if (section.type !== SHT_PROGBITS) return false;
  return isSectionFamily(section.name, ".data") || isSectionFamily(section.name, ".rodata");
}

function datasecOf(reading: Reading, name: string): { id: number; datasec: BtfDatasec } | null {
  const [id] = reading.btf?.find(name, "datasec") ?? [];
  if (id === undefined) return null;
  const type = reading.btf!.type(id);
  return type.kind === "datasec" ? { id, datasec: type } : null;
}

/** The maps of all sections of global variables, in file order. */
export function readDataMaps(reading: Reading): PlacedMap[] {
  return reading.elf.sections.filter(isDataSection).map((section) => {
    if (section.size > MAX_DATA_SIZE) {
      throw objectError("E_OBJECT_DATA_SIZE", { ...where(reading, section), size: section.size, limit: MAX_DATA_SIZE });
    }
    const readOnly = isSectionFamily(section.name, ".rodata");
    const described = datasecOf(reading, section.name);
    const map = emptyMap(section.name, "global");
    map.type = MAP_TYPE.BPF_MAP_TYPE_ARRAY;
    map.keySize = 4;
    map.valueSize = section.size;
    map.maxEntries = 1;
    map.valueType = described?.id ?? 0;
    // User space maps the memory where BTF names at least one variable that is not static, as libbpf does.
    const mappable = described?.datasec.vars.some(({ type }) => isShared(reading, type)) ?? false;
    map.flags = (readOnly ? BPF_F_RDONLY_PROG : 0) | (mappable ? BPF_F_MMAPABLE : 0);
    map.contents = section.type === SHT_NOBITS ? new Uint8Array(section.size) : section.data.slice();
    return { spec: { ...map, frozen: readOnly }, section, offset: 0, valuesAt: null };
  });
}

function isShared(reading: Reading, id: number): boolean {
  const type = reading.btf!.type(id);
  return type.kind === "var" && type.linkage !== "static";
}

/** The variables of all those sections: as BTF names them, by symbols where BTF does not know the section. */
export function readGlobals(reading: Reading): GlobalSpec[] {
  return reading.elf.sections.filter(isDataSection).flatMap((section) => {
    const globals = namedByBtf(reading, section) ?? namedBySymbols(reading, section);
    return globals.sort((a, b) => a.offset - b.offset);
  });
}

function namedByBtf(reading: Reading, section: ElfSection): GlobalSpec[] | null {
  const described = datasecOf(reading, section.name);
  if (described === null) return null;
  return described.datasec.vars.map(({ type, offset, size }) => {
    const variable = reading.btf!.type(type);
    const name = variable.name;
    if (offset + size > section.size) {
      const at = where(reading, section);
      throw objectError("E_OBJECT_GLOBAL", { ...at, symbol: name, offset, size, limit: section.size });
    }
    return { name, map: section.name, offset, size, type: variable.kind === "var" ? variable.type : 0 };
  });
}

function namedBySymbols(reading: Reading, section: ElfSection): GlobalSpec[] {
  return reading.elf.symbols
    .filter((s) => s.section === section.index && s.type === STT_OBJECT && s.size > 0)
    .map((s) => ({ name: s.name, map: section.name, offset: s.value, size: s.size, type: 0 }));
}
