import type { ElfRelocation, ElfSection } from "../elf/index.ts";
import { relocationType } from "../elf/index.ts";
import type { Insn } from "../isa/index.ts";
import { callOffset, loadOffset } from "./addends.ts";
import { functionAt, type RawCode } from "./code.ts";
import { isDataSection } from "./data-maps.ts";
import { objectError } from "./errors.ts";
import type { PlacedMap } from "./placed-map.ts";
import { type Reading, SHN_UNDEF, STT_SECTION, symbolName, where } from "./reading.ts";
import type { ExternSpec, Reference } from "./spec.ts";

/** What relocations may point at. */
export interface Targets {
  readonly code: readonly RawCode[];
  /** Names of the maps by section and offset. */
  readonly maps: ReadonlyMap<ElfSection, ReadonlyMap<number, string>>;
  readonly externs: readonly ExternSpec[];
}

/** Names of the maps by section and offset. */
export function placesOfMaps(maps: readonly PlacedMap[]): Map<ElfSection, Map<number, string>> {
  const places = new Map<ElfSection, Map<number, string>>();
  for (const { spec, section, offset } of maps) {
    const own = places.get(section) ?? new Map<number, string>();
    places.set(section, own.set(offset, spec.name));
  }
  return places;
}

const SLOT = 8;
const R_BPF_NONE = 0;

/** The relocations of one section of code, ELF's and CO-RE's, understood; ascending by slot. */
export function readReferences(reading: Reading, code: RawCode, targets: Targets): Reference[] {
  const relocations = reading.elf.relocations.get(code.section.index) ?? [];
  const references = relocations.filter((r) => r.type !== R_BPF_NONE).map((r) => understand(reading, code, r, targets));
  for (const relo of reading.btfExt?.coreRelos.get(code.section.name) ?? []) {
    const slot = Math.floor(relo.offset / SLOT);
    if (relo.offset % SLOT !== 0 || code.code[slot] == null) {
      throw objectError("E_CORE_SLOT", { ...atSlot(reading, code, slot), type: relo.type });
    }
    references.push({ kind: "core", slot, type: relo.type, access: relo.access, relo: relo.kind });
  }
  return references.sort((a, b) => a.slot - b.slot);
}

function atSlot(reading: Reading, code: RawCode, slot: number) {
  return { ...where(reading, code.section), function: functionAt(code.functions, slot)?.name ?? "", slot };
}

function understand(reading: Reading, code: RawCode, relocation: ElfRelocation, targets: Targets): Reference {
  const slot = Math.floor(relocation.offset / SLOT);
  const at = atSlot(reading, code, slot);
  const symbol = symbolName(reading, relocation.symbol);
  const type = relocationType(relocation.type)?.name ?? String(relocation.type);
  const insn = code.code[slot];
  if (insn == null || relocation.offset % SLOT !== 0) throw objectError("E_RELOC_SLOT", { ...at, type, symbol });
  const call = insn.form.kind === "call" && (insn.form.op === "local" || insn.form.op === "helper");
  if (!call && insn.form.kind !== "ld_imm64") {
    throw objectError("E_RELOC_INSN", { ...at, type, symbol, insn: insn.form.name });
  }
  if (relocation.symbol.section === SHN_UNDEF) return externReference(targets, at, symbol, call);
  const target = reading.elf.sections[relocation.symbol.section];
  if (target === undefined) {
    const hint = "it is absolute or common; compile with -fno-common";
    throw objectError("E_RELOC_UNDEFINED", { ...at, symbol, hint });
  }
  return call
    ? callReference(at, insn, relocation, target, targets)
    : loadReference(at, symbol, target, loadOffset(insn, relocation, reading.symbolValues), relocation, targets);
}

type At = ReturnType<typeof atSlot>;

function externReference({ externs }: Targets, at: At, symbol: string, call: boolean): Reference {
  const extern = externs.find((e) => e.name === symbol);
  if (extern === undefined || (call && extern.kind !== "kfunc")) {
    const hint = call
      ? "define the function, or declare the kernel's with __ksym and compile with -g"
      : "declare it with __ksym or __kconfig and compile with -g";
    throw objectError("E_RELOC_UNDEFINED", { ...at, symbol, hint });
  }
  return { kind: "extern", slot: at.slot, extern: symbol, call };
}

/** Start slot of the function that a relocation names, checked to be one. */
function functionStart(at: At, symbol: string, target: ElfSection, offset: number, { code }: Targets): number {
  const found = code.find((c) => c.section === target)?.functions;
  const slot = offset / SLOT;
  if (found === undefined || functionAt(found, slot)?.start !== slot) {
    throw objectError("E_RELOC_FUNCTION", { ...at, symbol, target: target.name, offset });
  }
  return slot;
}

function callReference(at: At, insn: Insn, relocation: ElfRelocation, target: ElfSection, targets: Targets): Reference {
  const symbol = relocation.symbol.name || target.name;
  const slot = functionStart(at, symbol, target, callOffset(insn, relocation), targets);
  return { kind: "call", slot: at.slot, section: target.name, target: slot };
}

function loadReference(
  at: At,
  symbol: string,
  target: ElfSection,
  offset: number,
  relocation: ElfRelocation,
  targets: Targets,
): Reference {
  const { slot } = at;
  if (targets.code.some((c) => c.section === target)) {
    const start = functionStart(at, symbol, target, offset, targets);
    return { kind: "func_address", slot, section: target.name, target: start };
  }
  if (isDataSection(target)) {
    if (offset < 0 || offset > target.size) {
      throw objectError("E_RELOC_DATA", { ...at, symbol, offset, target: target.name, limit: target.size });
    }
    return { kind: "map_value", slot, map: target.name, offset };
  }
  const maps = targets.maps.get(target);
  if (maps === undefined) throw objectError("E_RELOC_SECTION", { ...at, symbol, target: target.name });
  // Maps are named whole.
  const place = relocation.symbol.type === STT_SECTION ? offset : relocation.symbol.value;
  const map = maps.get(place);
  if (map === undefined) throw objectError("E_RELOC_MAP", { ...at, symbol, offset: place, target: target.name });
  return { kind: "map", slot, map };
}
