import { mapType } from "../uapi/index.ts";
import { readBtfMaps } from "./btf-maps.ts";
import { readDataMaps } from "./data-maps.ts";
import { mapError } from "./errors.ts";
import { isLegacySection, readLegacyMaps } from "./legacy-maps.ts";
import type { PlacedMap } from "./placed-map.ts";
import { type Reading, where } from "./reading.ts";

/** Every map that the object declares, in the order of sections and offsets: what relocations may point at. */
export function readMaps(reading: Reading): PlacedMap[] {
  const maps: PlacedMap[] = [];
  for (const section of reading.elf.sections) {
    if (section.name === ".maps") maps.push(...readBtfMaps(reading, section));
    else if (isLegacySection(section)) maps.push(...readLegacyMaps(reading, section));
  }
  for (const { spec, section } of maps) {
    for (const map of spec.inner === null ? [spec] : [spec, spec.inner]) {
      if (map.type === 0 || mapType(map.type) === undefined) {
        throw mapError("E_MAP_TYPE", { ...where(reading, section), map: map.name, found: map.type });
      }
    }
  }
  return [...maps, ...readDataMaps(reading)];
}
