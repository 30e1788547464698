import type { ElfSection, ElfSymbol } from "../elf/index.ts";
import { ByteReader } from "../util/index.ts";
import { mapError } from "./errors.ts";
import { emptyMap, type PlacedMap } from "./placed-map.ts";
import { type Reading, SHN_UNDEF, SHT_PROGBITS, STT_NOTYPE, STT_OBJECT, where } from "./reading.ts";
import type { MapSpec } from "./spec.ts";

/**
 * Maps declared by records of u32 fields in a section `maps` (or `maps/name`, as gobpf has it), before BTF:
 *
 * - struct bpf_map_def, 20 bytes and more: type, key_size, value_size, max_entries, map_flags. Fields after these differ from
 *   project to project and are read as nothing; gobpf's (above 64 bytes) begin with pinning.
 * - struct bpf_elf_map of iproute2 (bpf_elf.h), 36 bytes: type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
 *   its first version ended after pinning, at 28 bytes.
 *
 * The size of the records tells which. At 28 bytes the two collide with the kernel samples' struct, whose tail is inner_map_idx
 * and numa_node: it is iproute2's if that tail is not zero.
 */

const MAP_DEF_SIZE = 20;
const ELF_MAP_SIZE = 36;
const ELF_MAP_SIZE_V1 = 28;
const GOBPF_SIZE = 64;

/** Whether a section holds such records. */
export function isLegacySection(section: ElfSection): boolean {
  return section.type === SHT_PROGBITS && (section.name === "maps" || section.name.startsWith("maps/"));
}

/** What iproute2's records say beside the map itself. */
interface Iproute2 {
  readonly id: number;
  readonly innerId: number;
  readonly innerIndex: number;
}

/** The maps of a legacy section, by offset. */
export function readLegacyMaps(reading: Reading, section: ElfSection): PlacedMap[] {
  const symbols = reading.elf.symbols
    .filter((s) => s.section === section.index && s.name !== "" && isRecord(s))
    .sort((a, b) => a.value - b.value);
  const extras = new Map<MapSpec, Iproute2>();
  const maps = symbols.map((symbol, i) => {
    const end = symbols[i + 1]?.value ?? section.data.length;
    const size = symbol.size === 0 ? end - symbol.value : symbol.size;
    return readRecord(reading, section, symbol, size, extras);
  });
  nest(reading, section, extras);
  return maps;
}

function isRecord(symbol: ElfSymbol): boolean {
  return symbol.section !== SHN_UNDEF && (symbol.type === STT_OBJECT || symbol.type === STT_NOTYPE);
}

function readRecord(
  reading: Reading,
  section: ElfSection,
  symbol: ElfSymbol,
  size: number,
  extras: Map<MapSpec, Iproute2>,
): PlacedMap {
  const at = { ...where(reading, section), map: symbol.name };
  if (size < MAP_DEF_SIZE) throw mapError("E_MAP_RECORD", { ...at, size });
  if (symbol.value + size > section.data.length) {
    throw mapError("E_MAP_RANGE", { ...at, offset: symbol.value, size, limit: section.data.length });
  }
  const reader = new ByteReader(section.data, `section ${section.index} "${section.name}"`, reading.elf.littleEndian);
  // The smallest field sizes come first in every layout; a field that the record is too short for is 0.
  const field = (index: number): number => (index * 4 + 4 <= size ? reader.u32(symbol.value + index * 4) : 0);
  const iproute2 =
    (size >= ELF_MAP_SIZE && size <= GOBPF_SIZE) || (size === ELF_MAP_SIZE_V1 && (field(5) !== 0 || field(6) !== 0));
  const spec = emptyMap(symbol.name, iproute2 ? "iproute2" : "legacy");
  spec.type = field(0);
  spec.keySize = field(1);
  spec.valueSize = field(2);
  spec.maxEntries = field(3);
  spec.flags = field(4);
  if (iproute2) {
    spec.pinning = field(6);
    extras.set(spec, { id: field(5), innerId: field(7), innerIndex: field(8) });
  } else if (size > GOBPF_SIZE) {
    spec.pinning = field(5);
  }
  return { spec, section, offset: symbol.value, valuesAt: null };
}

/**
 * iproute2's ids: a map-in-map names its template by `inner_id`, and every map of that id is put at its `inner_idx`;
 * a program array of id N takes the programs of sections `N/slot`.
 */
function nest(reading: Reading, section: ElfSection, extras: ReadonlyMap<MapSpec, Iproute2>): void {
  for (const [outer, { innerId }] of extras) {
    if (innerId === 0) continue;
    const inners = [...extras].filter(([map, { id }]) => id === innerId && map !== outer);
    const [template] = inners;
    if (template === undefined) {
      const at = { ...where(reading, section), map: outer.name };
      throw mapError("E_MAP_INNER", { ...at, problem: `no map has the id ${innerId}` });
    }
    outer.inner = { ...template[0], name: `${outer.name}.inner`, inner: null, values: [] };
    for (const [map, { innerIndex }] of inners) {
      if (innerIndex < outer.maxEntries) outer.values.push({ key: innerIndex, kind: "map", name: map.name });
    }
  }
  for (const [map, { id }] of extras) {
    if (id !== 0) iproute2Ids.set(map, id);
  }
}

const iproute2Ids = new WeakMap<MapSpec, number>();

/** The id that an iproute2 record gave the map, 0 without one. */
export function iproute2Id(map: MapSpec): number {
  return iproute2Ids.get(map) ?? 0;
}
