import type { ElfRelocation } from "../elf/index.ts";
import { functionAt, type RawCode } from "./code.ts";
import { mapError } from "./errors.ts";
import { iproute2Id } from "./legacy-maps.ts";
import type { PlacedMap } from "./placed-map.ts";
import { type Reading, where } from "./reading.ts";
import type { ProgramSpec } from "./spec.ts";

/** A pointer in `values` is 8 bytes, whatever the host. */
const POINTER = 8;

/** Reads what fills maps of maps and of programs from the start: relocations in `.maps`, and iproute2's sections `id/slot`. */
export function readInitialValues(
  reading: Reading,
  maps: readonly PlacedMap[],
  code: readonly RawCode[],
  programs: readonly ProgramSpec[],
): void {
  for (const section of reading.elf.sections) {
    if (section.name !== ".maps") continue;
    const own = maps.filter((m) => m.section === section);
    for (const relocation of reading.elf.relocations.get(section.index) ?? []) {
      fillFrom(reading, own, maps, code, relocation);
    }
  }
  fillByIproute2(maps, programs);
}

function fillFrom(
  reading: Reading,
  own: readonly PlacedMap[],
  maps: readonly PlacedMap[],
  code: readonly RawCode[],
  relocation: ElfRelocation,
): void {
  const { offset, symbol } = relocation;
  const placed = own.findLast((m) => m.offset <= offset);
  if (placed === undefined) return;
  const { spec } = placed;
  const fail = (problem: string) =>
    mapError("E_MAP_VALUE", { ...where(reading, placed.section), map: spec.name, offset, problem });
  const into = placed.valuesAt === null ? -1 : offset - placed.offset - placed.valuesAt;
  if (into < 0 || into % POINTER !== 0) throw fail('it is not in the array "values"');
  const key = into / POINTER;
  if (spec.inner !== null) {
    const inner = maps.find((m) => m.section.index === symbol.section && m.offset === symbol.value);
    if (inner === undefined) throw fail(`"${symbol.name}" is no map`);
    spec.values.push({ key, kind: "map", name: inner.spec.name });
    return;
  }
  const target = code.find((c) => c.section.index === symbol.section);
  const f = target === undefined ? undefined : functionAt(target.functions, symbol.value / POINTER);
  if (f === undefined || !f.global) throw fail(`"${symbol.name}" is no program`);
  spec.values.push({ key, kind: "program", name: f.name });
}

function fillByIproute2(maps: readonly PlacedMap[], programs: readonly ProgramSpec[]): void {
  for (const { spec } of maps) {
    const id = iproute2Id(spec);
    if (id === 0) continue;
    for (const program of programs) {
      const match = /^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})\/(\d{1,10})$/.exec(program.section);
      if (match === null || Number(match[1]) !== id) continue;
      spec.values.push({ key: Number(match[2]), kind: "program", name: program.name });
    }
  }
}
