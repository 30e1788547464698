import { essentialName } from "./core-spec.ts";
import type { Btf, BtfComposite, BtfEnum, BtfKind, BtfType } from "./types.ts";
import { resolve } from "./walk.ts";

/** Pairs of types that a comparison may look at; function types in parameters could make it exponential. */
const MAX_PAIRS = 100_000;

/** enum and enum64 are one kind to CO-RE. */
export const coreKind = (kind: BtfKind | "void"): BtfKind | "void" => (kind === "enum64" ? "enum" : kind);

const sameKind = (a: BtfType | null, b: BtfType | null): boolean =>
  coreKind(a?.kind ?? "void") === coreKind(b?.kind ?? "void");

const isEnum = (type: BtfType | null): type is BtfEnum => type?.kind === "enum" || type?.kind === "enum64";
const isComposite = (type: BtfType | null): type is BtfComposite => type?.kind === "struct" || type?.kind === "union";

/** Whether a field of the local type may be read where the target has one of its type: the rules of field relocations. */
export function fieldsCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  for (;;) {
    const a = resolve(local, localId);
    const b = resolve(target, targetId);
    if (isComposite(a) && isComposite(b)) return true;
    if (a === null || b === null || !sameKind(a, b)) return false;
    switch (a.kind) {
      case "ptr":
      case "float":
        return true;
      case "fwd":
      case "enum":
      case "enum64": {
        const [x, y] = [essentialName(a.name), essentialName(b.name)];
        return x === "" || y === "" || x === y;
      }
      case "int":
        return b.kind === "int" && a.bitOffset === 0 && b.bitOffset === 0;
      case "array":
        if (b.kind !== "array") return false;
        localId = a.type;
        targetId = b.type;
        continue;
      default:
        return false;
    }
  }
}

/**
 * Whether types are compatible: the rules of type_exists, type_size and type_id_target. Structs, unions and enums of one kind are
 * (their names were compared before); pointers, arrays and functions by what they are made of.
 */
export function typesCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return new Comparison(local, target).compatible(localId, targetId);
}

/** Whether the target type has all that the local one has: the rules of type_matches (`bpf_core_type_matches`). */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return new Comparison(local, target).matches(localId, targetId, false);
}

class Comparison {
  readonly #local: Btf;
  readonly #target: Btf;
  #pairs = 0;

  constructor(local: Btf, target: Btf) {
    this.#local = local;
    this.#target = target;
  }

  #enough(): boolean {
    return ++this.#pairs > MAX_PAIRS;
  }

  compatible(localId: number, targetId: number): boolean {
    const a = resolve(this.#local, localId);
    const b = resolve(this.#target, targetId);
    if (!sameKind(a, b) || this.#enough()) return false;
    if (a === null || b === null) return true;
    switch (a.kind) {
      case "int":
        return b.kind === "int" && a.bitOffset === 0 && b.bitOffset === 0;
      case "ptr":
        return b.kind === "ptr" && this.compatible(a.type, b.type);
      case "array":
        return b.kind === "array" && this.compatible(a.type, b.type);
      case "func_proto":
        return b.kind === "func_proto" && this.#each(a, b, (x, y) => this.compatible(x, y));
      case "struct":
      case "union":
      case "enum":
      case "enum64":
      case "fwd":
        return true;
      default:
        return false;
    }
  }

  matches(localId: number, targetId: number, behindPointer: boolean): boolean {
    const a = resolve(this.#local, localId);
    const b = resolve(this.#target, targetId);
    if (this.#enough()) return false;
    if (a === null || b === null) return a === b;
    if (essentialName(a.name) !== essentialName(b.name)) return false;
    switch (a.kind) {
      case "fwd":
        if (b.kind === "fwd") return a.union === b.union;
        return behindPointer && isComposite(b) && a.union === (b.kind === "union");
      case "enum":
      case "enum64":
        return isEnum(b) && enumMatches(a, b);
      case "struct":
      case "union":
        // Behind a pointer the name and the kind are enough, and a forward declaration is a kind.
        if (behindPointer) return a.kind === b.kind || (b.kind === "fwd" && b.union === (a.kind === "union"));
        return b.kind === a.kind && this.#membersMatch(a, b as BtfComposite);
      case "int":
        return b.kind === "int" && a.size === b.size && a.signed === b.signed;
      case "ptr":
        return b.kind === "ptr" && this.matches(a.type, b.type, true);
      case "array":
        return b.kind === "array" && a.count === b.count && this.matches(a.type, b.type, behindPointer);
      case "func_proto":
        return b.kind === "func_proto" && this.#each(a, b, (x, y) => this.matches(x, y, behindPointer));
      case "float":
        return b.kind === "float" && a.size === b.size;
      default:
        return false;
    }
  }

  #membersMatch(a: BtfComposite, b: BtfComposite): boolean {
    return a.members.every((member) =>
      b.members.some(
        (other) =>
          essentialName(member.name) === essentialName(other.name) && this.matches(member.type, other.type, false),
      ),
    );
  }

  #each(
    a: BtfType & { kind: "func_proto" },
    b: BtfType & { kind: "func_proto" },
    same: (x: number, y: number) => boolean,
  ): boolean {
    if (a.params.length !== b.params.length) return false;
    return a.params.every((param, i) => same(param.type, b.params[i]!.type)) && same(a.type, b.type);
  }
}

function enumMatches(a: BtfEnum, b: BtfEnum): boolean {
  if (a.size !== b.size) return false;
  const names = new Set(b.values.map(({ name }) => essentialName(name)));
  return a.values.every(({ name }) => names.has(essentialName(name)));
}
