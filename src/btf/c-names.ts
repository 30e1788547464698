import type { Btf } from "./types.ts";

/** A name as C can have it: names of other languages (`Option<u8>`) keep their letters and digits. */
export const identifier = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? name : name.replace(/[^\w$]/g, "_").replace(/^(?=\d)/, "_");

/**
 * Names in C text. BTF may hold different types of one name; C has one name space for struct, union and enum tags and one for typedefs and
 * enumerators, so later ones get `___2`, `___3`: CO-RE takes that for a flavor of the same name.
 */
export class CNames {
  readonly #btf: Btf;
  readonly #byId = new Map<number, string>();
  readonly #tags = new Map<string, number>();
  readonly #idents = new Map<string, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** `struct foo`, `union bar`, `enum baz` of a named type or forward declaration. */
  tag(id: number): string {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const type = this.#btf.type(id);
    const word = type.kind === "fwd" ? (type.union ? "union" : "struct") : type.kind === "enum64" ? "enum" : type.kind;
    const name = identifier(type.name);
    // A forward declaration is the same type as a definition of its name and keyword.
    const definition = type.kind === "fwd" ? this.#btf.find(type.name, word as "struct" | "union")[0] : undefined;
    const text = definition === undefined ? `${word} ${unique(this.#tags, name)}` : this.tag(definition);
    this.#byId.set(id, text);
    return text;
  }

  /** The name of a typedef. */
  typedef(id: number): string {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const name = unique(this.#idents, identifier(this.#btf.nameOf(id)));
    this.#byId.set(id, name);
    return name;
  }

  enumerator(name: string): string {
    return unique(this.#idents, identifier(name));
  }
}

function unique(used: Map<string, number>, name: string): string {
  const count = (used.get(name) ?? 0) + 1;
  used.set(name, count);
  if (count === 1) return name;
  const next = `${name}___${count}`;
  if (used.has(next)) return unique(used, name);
  used.set(next, 1);
  return next;
}
