import { btfError } from "./errors.ts";
import type { Btf, BtfCoreRelo, BtfMember } from "./types.ts";
import { resolve, resolveId, sizeOf } from "./walk.ts";

/** enum bpf_core_relo_kind, by number (Documentation/bpf/llvm_reloc.rst, "CO-RE Relocations"). */
export const CORE_RELO_KINDS = [
  { number: 0, name: "field_byte_offset", on: "field", absent: "poison" },
  { number: 1, name: "field_byte_size", on: "field", absent: "poison" },
  { number: 2, name: "field_exists", on: "field", absent: "zero" },
  { number: 3, name: "field_signed", on: "field", absent: "poison" },
  { number: 4, name: "field_lshift_u64", on: "field", absent: "poison" },
  { number: 5, name: "field_rshift_u64", on: "field", absent: "poison" },
  { number: 6, name: "type_id_local", on: "type", absent: "zero" },
  { number: 7, name: "type_id_target", on: "type", absent: "zero" },
  { number: 8, name: "type_exists", on: "type", absent: "zero" },
  { number: 9, name: "type_size", on: "type", absent: "zero" },
  { number: 10, name: "enumval_exists", on: "enumval", absent: "zero" },
  { number: 11, name: "enumval_value", on: "enumval", absent: "poison" },
  { number: 12, name: "type_matches", on: "type", absent: "zero" },
] as const;

export type CoreReloKind = (typeof CORE_RELO_KINDS)[number];
export type CoreReloName = CoreReloKind["name"];

/** One step of an access: into a named member, or to an element of an array. Steps into anonymous members are not listed. */
export interface AccessStep {
  /** Name of the member, null for an array element. */
  readonly name: string | null;
  /** Of an array element. */
  readonly index: number;
  /** Type the step starts from, for a member the struct that has it; qualifiers and typedefs removed. */
  readonly type: number;
  /** Type the step leads to, as declared. */
  readonly to: number;
  readonly member: BtfMember | null;
}

/** What a relocation refers to in one BTF. */
export interface CoreSpec {
  readonly btf: Btf;
  /** Type id that the relocation starts from. */
  readonly root: number;
  readonly steps: readonly AccessStep[];
  /** Place of the field from the start of the root type. */
  readonly bitOffset: number;
  /** Index of the enumerator; -1 for others. */
  readonly enumerator: number;
}

/** Nesting of accesses that clang itself can produce; far above what any program has. */
const MAX_STEPS = 64;

/**
 * Understands a relocation record in the object's own BTF: the access string is indices by colons, the first an array index of the root.
 * @throws BpfError `E_CORE_ACCESS` when it does not fit the type
 */
export function localSpec(btf: Btf, relo: BtfCoreRelo): CoreSpec {
  const kind = CORE_RELO_KINDS[relo.kind];
  const bad = (problem: string) => btfError("E_CORE_ACCESS", { ...reloData(btf, relo), problem });
  if (kind === undefined) throw bad(`kind ${relo.kind} is not 0 to 12`);
  if (!/^\d{1,10}(:\d{1,10})*$/.test(relo.access)) throw bad("it is not numbers separated by colons");
  const indices = relo.access.split(":").map(Number);
  if (indices.length > MAX_STEPS) throw bad(`it has more than ${MAX_STEPS} steps`);
  const first = indices[0]!;
  const plain = { btf, root: relo.type, steps: [], bitOffset: 0, enumerator: -1 };
  if (kind.on === "type") {
    if (relo.access !== "0") throw bad("a relocation of a type takes 0");
    return plain;
  }
  const root = resolve(btf, relo.type);
  if (kind.on === "enumval") {
    if (root?.kind !== "enum" && root?.kind !== "enum64") throw bad("its type is no enum");
    if (indices.length !== 1 || first >= root.values.length) throw bad(`the enum has ${root.values.length} values`);
    return { ...plain, enumerator: first };
  }
  const steps: AccessStep[] = [];
  let type = resolveId(btf, relo.type);
  let bitOffset = first * sizeOf(btf, type) * 8;
  steps.push({ name: null, index: first, type, to: type, member: null });
  for (const index of indices.slice(1)) {
    const from = btf.type(type);
    if (from.kind === "struct" || from.kind === "union") {
      const member = from.members[index];
      if (member === undefined)
        throw bad(`${from.kind} "${from.name}" has ${from.members.length} members, not ${index + 1}`);
      bitOffset += member.bitOffset;
      if (member.name !== "") steps.push({ name: member.name, index: 0, type, to: member.type, member });
      type = resolveId(btf, member.type);
    } else if (from.kind === "array") {
      const flexible = isFlexible(btf, from.count, steps[steps.length - 1]);
      if (index >= from.count && !flexible) throw bad(`the array has ${from.count} elements, not ${index + 1}`);
      bitOffset += index * sizeOf(btf, from.type) * 8;
      steps.push({ name: null, index, type, to: from.type, member: null });
      type = resolveId(btf, from.type);
    } else throw bad(`type ${type} (${from.kind}) has no parts`);
    if (type === 0) throw bad("it leads to void");
  }
  return { ...plain, steps, bitOffset };
}

/** Whether an array of no elements is the last member of its struct: such ones are indexed beyond their count. */
export function isFlexible(btf: Btf, count: number, step: AccessStep | undefined): boolean {
  if (step === undefined || step.member === null || count > 0) return false;
  const parent = btf.type(step.type);
  return (
    (parent.kind === "struct" || parent.kind === "union") && parent.members[parent.members.length - 1] === step.member
  );
}

/** What a relocation is called in messages. */
export function reloData(btf: Btf, relo: BtfCoreRelo): { kind: string; type: string; access: string; offset: number } {
  const known = relo.type > 0 && relo.type < btf.count;
  const type = known ? `${btf.kindOf(relo.type)} "${btf.nameOf(relo.type)}"` : `type ${relo.type}`;
  return { kind: CORE_RELO_KINDS[relo.kind]?.name ?? "?", type, access: relo.access, offset: relo.offset };
}

/**
 * A name without its flavor: `task_struct___v5` stands for `task_struct`. The last `___` that has a character other than `_` on
 * both sides begins the flavor.
 */
export function essentialName(name: string): string {
  for (let i = name.length - 5; i >= 0; i--) {
    if (name[i] !== "_" && name.startsWith("___", i + 1) && name[i + 4] !== "_") return name.slice(0, i + 1);
  }
  return name;
}
