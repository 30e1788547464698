import { coreKind, fieldsCompatible, typesCompatible, typesMatch } from "./core-compat.ts";
import {
  type AccessStep,
  CORE_RELO_KINDS,
  type CoreReloKind,
  type CoreSpec,
  essentialName,
  isFlexible,
  localSpec,
  reloData,
} from "./core-spec.ts";
import { btfError } from "./errors.ts";
import type { Btf, BtfCoreRelo, BtfMember } from "./types.ts";
import { resolve, resolveId, sizeOf } from "./walk.ts";

/** What an instruction must be patched with. */
export interface CoreValue {
  readonly kind: "value";
  readonly value: bigint;
  /** The value by the object's own BTF, null where it has none. */
  readonly localValue: bigint | null;
  /** Whether the instruction must hold `localValue` now; false for values that compilers leave open (bit fields, type ids, signs). */
  readonly validate: boolean;
  /**
   * Of field_byte_offset: sizes of the field here and there. Where they differ, the load or store must change its size; `resizable` tells
   * whether it may (both pointers or both unsigned integers), else the instruction is poison.
   */
  readonly localSize: number | null;
  readonly targetSize: number | null;
  readonly resizable: boolean;
  /** Type id in the target that was matched; 0 where nothing was. */
  readonly targetType: number;
}

/** The field, type or enumerator is not in the target: the instruction may stay only if it is never run. */
export interface CorePoison {
  readonly kind: "poison";
  /** One line: what is missing. */
  readonly poison: string;
}

export type CoreResult = CoreValue | CorePoison;

/**
 * What a CO-RE relocation of an object becomes on a target kernel, for all kinds of enum bpf_core_relo_kind. Types are found by name up to a
 * `___flavor` suffix, members by name (through anonymous ones too); numbers of members and values of enumerators play no part.
 * @throws BpfError `E_CORE_AMBIGUOUS` when several types of that name disagree, `E_CORE_ACCESS` and others for a record that makes no sense
 */
export function resolveCoreRelo(local: Btf, relo: BtfCoreRelo, target: Btf): CoreResult {
  const spec = localSpec(local, relo);
  const kind = CORE_RELO_KINDS[relo.kind]!;
  if (kind.name === "type_id_local") {
    return { ...value(BigInt(relo.type)), localValue: BigInt(relo.type), targetType: 0 };
  }
  const name = local.nameOf(relo.type);
  if (name === "") throw btfError("E_CORE_ANONYMOUS", reloData(local, relo));
  const here = measure(spec, kind, local, relo);
  let found: { spec: CoreSpec; measure: Measure } | null = null;
  for (const id of candidates(local, relo.type, target)) {
    const there = matchSpec(spec, kind, target, id);
    if (there === null) continue;
    const now = measure(there, kind, local, relo);
    if (found === null) {
      found = { spec: there, measure: now };
      continue;
    }
    const pair = { first: found.spec.root, second: id };
    if (found.spec.bitOffset !== there.bitOffset) {
      const offsets = { field: "bit offset", a: String(found.spec.bitOffset), b: String(there.bitOffset) };
      throw btfError("E_CORE_AMBIGUOUS", { ...reloData(local, relo), ...pair, ...offsets });
    }
    if (found.measure.value !== now.value) {
      const values = { field: kind.name, a: String(found.measure.value), b: String(now.value) };
      throw btfError("E_CORE_AMBIGUOUS", { ...reloData(local, relo), ...pair, ...values });
    }
  }
  if (found === null) {
    if (kind.absent === "zero") return { ...value(0n), localValue: here.value, validate: here.validate };
    return { kind: "poison", poison: absence(spec, kind, name) };
  }
  const { measure: there } = found;
  return {
    kind: "value",
    value: there.value,
    localValue: here.value,
    validate: here.validate,
    localSize: here.size,
    targetSize: there.size,
    resizable: here.size === there.size || (here.resizable !== null && here.resizable === there.resizable),
    targetType: found.spec.root,
  };
}

function value(amount: bigint): CoreValue {
  return {
    kind: "value",
    value: amount,
    localValue: null,
    validate: false,
    localSize: null,
    targetSize: null,
    resizable: true,
    targetType: 0,
  };
}

function absence(spec: CoreSpec, kind: CoreReloKind, name: string): string {
  const root = `${spec.btf.kindOf(spec.root)} "${essentialName(name)}"`;
  if (kind.on === "enumval") {
    const type = resolve(spec.btf, spec.root);
    const values = type?.kind === "enum" || type?.kind === "enum64" ? type.values : [];
    return `the target has no ${root} with "${essentialName(values[spec.enumerator]?.name ?? "")}"`;
  }
  const path = spec.steps.slice(1).map((step) => (step.name === null ? `[${step.index}]` : `.${step.name}`));
  return `the target has no ${root} with a fitting "${path.join("").replace(/^\./, "")}"`;
}

const byType = new WeakMap<Btf, Map<string, readonly number[]>>();
const flavored = new WeakMap<Btf, Map<string, number[]>>();

/** Types of the target that a local type may stand for: same name up to flavors, same kind. */
function candidates(local: Btf, localId: number, target: Btf): readonly number[] {
  const name = essentialName(local.nameOf(localId));
  const kind = coreKind(local.kindOf(localId));
  const key = `${kind} ${name}`;
  let cache = byType.get(target);
  if (cache === undefined) byType.set(target, (cache = new Map()));
  let ids = cache.get(key);
  if (ids === undefined) {
    // A name that has no flavor is its own essential name, so the index finds those; flavored ones are few.
    const all = [
      ...target.find(name).filter((id) => essentialName(target.nameOf(id)) === name),
      ...(flavors(target).get(name) ?? []),
    ];
    ids = all.filter((id) => coreKind(target.kindOf(id)) === kind).sort((a, b) => a - b);
    cache.set(key, ids);
  }
  return ids;
}

/** Types of the target whose own names have a flavor, by what the name is without it. */
function flavors(target: Btf): Map<string, number[]> {
  let byName = flavored.get(target);
  if (byName === undefined) {
    byName = new Map();
    for (let id = 1; id < target.count; id++) {
      const name = target.nameOf(id);
      if (!name.includes("___")) continue;
      const essential = essentialName(name);
      if (essential !== name) byName.set(essential, [...(byName.get(essential) ?? []), id]);
    }
    flavored.set(target, byName);
  }
  return byName;
}

/** The same thing in a type of the target, null when the type does not have it. */
function matchSpec(spec: CoreSpec, kind: CoreReloKind, target: Btf, id: number): CoreSpec | null {
  const plain = { btf: target, root: id, steps: [], bitOffset: 0, enumerator: -1 };
  if (kind.on === "type") {
    const fits = kind.name === "type_matches" ? typesMatch : typesCompatible;
    return fits(spec.btf, spec.root, target, id) ? plain : null;
  }
  if (kind.on === "enumval") return matchEnumerator(spec, target, id);
  const steps: AccessStep[] = [];
  let type = resolveId(target, id);
  let bitOffset = 0;
  for (const [at, step] of spec.steps.entries()) {
    if (type === 0) return null;
    const from = target.type(type);
    if (at === 0) {
      bitOffset += step.index * sizeOf(target, type) * 8;
      steps.push({ name: null, index: step.index, type, to: type, member: null });
    } else if (step.name === null) {
      if (from.kind !== "array") return null;
      if (step.index >= from.count && !isFlexible(target, from.count, steps[steps.length - 1])) return null;
      bitOffset += step.index * sizeOf(target, from.type) * 8;
      steps.push({ name: null, index: step.index, type, to: from.type, member: null });
      type = resolveId(target, from.type);
    } else {
      const place = findMember(target, type, step.name, 0);
      if (place === null || !fieldsCompatible(spec.btf, step.to, target, place.member.type)) return null;
      bitOffset += place.bitOffset;
      steps.push({ name: step.name, index: 0, type: place.parent, to: place.member.type, member: place.member });
      type = resolveId(target, place.member.type);
    }
  }
  return { ...plain, steps, bitOffset };
}

function matchEnumerator(spec: CoreSpec, target: Btf, id: number): CoreSpec | null {
  const here = resolve(spec.btf, spec.root);
  const there = resolve(target, id);
  if ((here?.kind !== "enum" && here?.kind !== "enum64") || (there?.kind !== "enum" && there?.kind !== "enum64"))
    return null;
  const name = essentialName(here.values[spec.enumerator]!.name);
  const enumerator = there.values.findIndex((entry) => essentialName(entry.name) === name);
  return enumerator < 0 ? null : { btf: target, root: id, steps: [], bitOffset: 0, enumerator };
}

/** A member by name, also within anonymous structs and unions; null when there is none. */
function findMember(
  btf: Btf,
  id: number,
  name: string,
  bitOffset: number,
): { member: BtfMember; parent: number; bitOffset: number } | null {
  if (id === 0) return null;
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union") return null;
  for (const member of type.members) {
    const at = bitOffset + member.bitOffset;
    if (member.name === name) return { member, parent: id, bitOffset: at };
    if (member.name !== "") continue;
    const inner = findMember(btf, resolveId(btf, member.type), name, at);
    if (inner !== null) return inner;
  }
  return null;
}

/** A relocation's value by one BTF, and what a change of size would need. */
interface Measure {
  readonly value: bigint;
  readonly validate: boolean;
  readonly size: number | null;
  /** The class of types whose loads may change size, null for the rest. */
  readonly resizable: "pointer" | "unsigned" | null;
}

function measure(spec: CoreSpec, kind: CoreReloKind, local: Btf, relo: BtfCoreRelo): Measure {
  const of = (amount: bigint, validate = true): Measure => ({ value: amount, validate, size: null, resizable: null });
  const { btf } = spec;
  switch (kind.name) {
    case "type_id_local":
    case "type_id_target":
      return of(BigInt(spec.root), false);
    case "type_exists":
    case "type_matches":
    case "enumval_exists":
    case "field_exists":
      return of(1n);
    case "type_size":
      return of(BigInt(sizeOf(btf, spec.root)));
    case "enumval_value": {
      const type = resolve(btf, spec.root);
      return of(type?.kind === "enum" || type?.kind === "enum64" ? type.values[spec.enumerator]!.value : 0n);
    }
    default:
      return measureField(spec, kind, local, relo);
  }
}

function measureField(spec: CoreSpec, kind: CoreReloKind, local: Btf, relo: BtfCoreRelo): Measure {
  const { btf, bitOffset } = spec;
  const last = spec.steps[spec.steps.length - 1]!;
  const type = resolve(btf, last.to);
  const resizable =
    type?.kind === "ptr"
      ? "pointer"
      : type?.kind === "int" && !type.signed
        ? "unsigned"
        : (null as Measure["resizable"]);
  const plain = (amount: number, validate = true): Measure => ({
    value: BigInt(amount),
    validate,
    size: null,
    resizable: null,
  });
  if (last.member === null) {
    const size = sizeOf(btf, last.to);
    if (kind.name === "field_byte_offset")
      return { value: BigInt(Math.floor(bitOffset / 8)), validate: true, size, resizable };
    if (kind.name === "field_byte_size") return plain(size);
    throw btfError("E_CORE_KIND", reloData(local, relo));
  }
  const field = fieldLoad(btf, last.to, bitOffset, last.member.bitSize);
  if (field === null) {
    throw btfError("E_CORE_BIT_FIELD", { ...reloData(local, relo), bits: last.member.bitSize, bitOffset });
  }
  const { byteOffset, byteSize, bits } = field;
  const isBitField = last.member.bitSize > 0;
  switch (kind.name) {
    case "field_byte_offset":
      if (isBitField) return plain(byteOffset, false);
      return { value: BigInt(byteOffset), validate: true, size: byteSize, resizable };
    case "field_byte_size":
      return plain(byteSize, !isBitField);
    case "field_signed": {
      const signed = (type?.kind === "int" || type?.kind === "enum" || type?.kind === "enum64") && type.signed;
      return plain(signed ? 1 : 0, false);
    }
    case "field_lshift_u64": {
      const within = bitOffset - byteOffset * 8;
      return plain(btf.littleEndian ? 64 - (within + bits) : (8 - byteSize) * 8 + within, false);
    }
    default:
      return plain(64 - bits, false);
  }
}

/** The smallest aligned load that holds a field, beginning with its declared type's size; null when none of up to 8 bytes does. */
function fieldLoad(
  btf: Btf,
  type: number,
  bitOffset: number,
  bitSize: number,
): { byteOffset: number; byteSize: number; bits: number } | null {
  let byteSize = sizeOf(btf, type);
  if (bitSize === 0) return { byteOffset: Math.floor(bitOffset / 8), byteSize, bits: byteSize * 8 };
  for (;;) {
    const byteOffset = Math.floor(bitOffset / 8 / byteSize) * byteSize;
    if (bitOffset + bitSize - byteOffset * 8 <= byteSize * 8) return { byteOffset, byteSize, bits: bitSize };
    if (byteSize >= 8 || byteSize === 0) return null;
    byteSize *= 2;
  }
}
