import { type Btf, type BtfComposite, type BtfMember, resolve } from "../btf/index.ts";
import type { ElfSection } from "../elf/index.ts";
import { mapError } from "./errors.ts";
import { emptyMap, type PlacedMap } from "./placed-map.ts";
import { type Reading, where } from "./reading.ts";
import type { MapSpec } from "./spec.ts";
import { typeSize } from "./type-size.ts";

/**
 * Maps declared as `struct { __uint(type, …); __type(key, …); … } name SEC(".maps")`: the attributes are in the types of the
 * struct's members, as bpf_helpers.h of libbpf writes them: `__uint` is a pointer to an array of that many ints, `__type` a pointer to
 * the type, `__ulong` an enumeration of one value, `__array` an array of pointers.
 */

interface Declaration {
  readonly btf: Btf;
  readonly map: MapSpec;
  /** Place and map name, for errors. */
  readonly at: { file: string; section: number; name: string; map: string };
  readonly inner: boolean;
  valuesAt: number | null;
}

const NUMBERS: Readonly<Record<string, (map: MapSpec, value: number) => void>> = {
  type: (map, value) => (map.type = value),
  max_entries: (map, value) => (map.maxEntries = value),
  map_flags: (map, value) => (map.flags = value),
  numa_node: (map, value) => (map.numaNode = value),
  pinning: (map, value) => (map.pinning = value),
};

/** The maps of a `.maps` section. */
export function readBtfMaps(reading: Reading, section: ElfSection): PlacedMap[] {
  if (section.size === 0) return [];
  const { btf } = reading;
  if (btf === null) throw mapError("E_MAP_NO_BTF", where(reading, section));
  const [id] = btf.find(section.name, "datasec");
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== "datasec") throw mapError("E_MAP_DATASEC", where(reading, section));
  const maps: PlacedMap[] = [];
  for (const entry of datasec.vars) {
    const variable = btf.type(entry.type);
    if (variable.kind !== "var") continue;
    const at = { ...where(reading, section), map: variable.name };
    if (entry.offset + entry.size > section.size) {
      throw mapError("E_MAP_RANGE", { ...at, offset: entry.offset, size: entry.size, limit: section.size });
    }
    const type = resolve(btf, variable.type);
    if (type?.kind !== "struct") throw mapError("E_MAP_SHAPE", { ...at, found: type?.kind ?? "void" });
    const map = emptyMap(variable.name, "btf");
    const declaration: Declaration = { btf, map, at, inner: false, valuesAt: null };
    readAttributes(declaration, type);
    maps.push({ spec: map, section, offset: entry.offset, valuesAt: declaration.valuesAt });
  }
  return maps.sort((a, b) => a.offset - b.offset);
}

function readAttributes(declaration: Declaration, struct: BtfComposite): void {
  for (const member of struct.members) readAttribute(declaration, member);
}

function fieldError(declaration: Declaration, member: BtfMember, problem: string): Error {
  return mapError("E_MAP_FIELD", { ...declaration.at, field: member.name, problem });
}

function readAttribute(declaration: Declaration, member: BtfMember): void {
  const { map } = declaration;
  const store = Object.hasOwn(NUMBERS, member.name) ? NUMBERS[member.name] : undefined;
  if (store !== undefined) store(map, uint(declaration, member));
  else if (member.name === "map_extra") map.mapExtra = ulong(declaration, member);
  else if (member.name === "key_size") setSize(declaration, member, "keySize", uint(declaration, member));
  else if (member.name === "value_size") setSize(declaration, member, "valueSize", uint(declaration, member));
  else if (member.name === "key") map.keyType = setType(declaration, member, "keySize");
  else if (member.name === "value") map.valueType = setType(declaration, member, "valueSize");
  else if (member.name === "values") readValues(declaration, member);
  else throw fieldError(declaration, member, "is no map attribute");
}

/** `__uint(name, val)`: `int (*name)[val]`. */
function uint(declaration: Declaration, member: BtfMember): number {
  const { btf } = declaration;
  const pointer = resolve(btf, member.type);
  const array = pointer?.kind === "ptr" ? resolve(btf, pointer.type) : null;
  if (array?.kind !== "array") throw fieldError(declaration, member, "is not declared with __uint(…)");
  return array.count;
}

/** `__ulong(name, val)`: `enum { unique = val } name`; `__uint` will do. */
function ulong(declaration: Declaration, member: BtfMember): bigint {
  const type = resolve(declaration.btf, member.type);
  if (type?.kind !== "enum" && type?.kind !== "enum64") return BigInt(uint(declaration, member));
  const [first] = type.values;
  if (first === undefined) throw fieldError(declaration, member, "is an enumeration without a value");
  return BigInt.asUintN(64, first.value);
}

function setSize(declaration: Declaration, member: BtfMember, which: "keySize" | "valueSize", size: number): void {
  const known = declaration.map[which];
  if (known !== 0 && known !== size) throw fieldError(declaration, member, `says ${size} bytes, the type ${known}`);
  declaration.map[which] = size;
}

/** `__type(name, val)`: a pointer to the type. */
function setType(declaration: Declaration, member: BtfMember, which: "keySize" | "valueSize"): number {
  const pointer = resolve(declaration.btf, member.type);
  if (pointer?.kind !== "ptr") throw fieldError(declaration, member, "is not declared with __type(…)");
  const size = typeSize(declaration.btf, pointer.type);
  if (size === null || size > 0x7fffffff) throw fieldError(declaration, member, "has a type without a usable size");
  setSize(declaration, member, which, size);
  return pointer.type;
}

/** `__array(values, what)`: `typeof(what) *values[]`, where `what` is the inner map's struct or a function type. */
function readValues(declaration: Declaration, member: BtfMember): void {
  const { btf, map, at } = declaration;
  if (declaration.inner) throw mapError("E_MAP_INNER", { ...at, problem: "cannot hold maps or programs itself" });
  const array = resolve(btf, member.type);
  const pointer = array?.kind === "array" ? resolve(btf, array.type) : null;
  if (pointer?.kind !== "ptr") throw fieldError(declaration, member, "is not declared with __array(values, …)");
  declaration.valuesAt = member.bitOffset / 8;
  map.keySize = map.keySize === 0 ? 4 : map.keySize;
  map.valueSize = map.valueSize === 0 ? 4 : map.valueSize;
  const target = resolve(btf, pointer.type);
  if (target?.kind === "func_proto") return;
  if (target?.kind !== "struct") throw fieldError(declaration, member, "holds neither maps nor functions");
  const inner = emptyMap(`${map.name}.inner`, "btf");
  const innerAt = { ...at, map: inner.name };
  readAttributes({ btf, map: inner, at: innerAt, inner: true, valuesAt: null }, target);
  map.inner = inner;
}
