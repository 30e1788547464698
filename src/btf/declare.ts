import { escapeText } from "../util/index.ts";
import type { Btf } from "./types.ts";

/** How `declare` shall spell what C leaves open. */
export interface DeclareOptions {
  /** The text of a type that ends the declarator chain: `struct foo`, `int`, a typedef's name. `spelling` unless given. */
  readonly base?: (id: number) => string;
  /** How parameters are named; as they are, with unprintable characters escaped, unless given. */
  readonly name?: (name: string) => string;
  /** Spell type tags, which gcc before 16 does not know. */
  readonly tags?: boolean;
}

/** Function types nested in parameters of function types; deeper ones are spelled `...`. */
const MAX_NESTED = 32;

/** The C spelling of a type's own name: `struct foo`, `enum bar`, `unsigned int`, `u32`, `void`; `struct (anon)` where it has none. */
export function spelling(btf: Btf, id: number): string {
  const kind = btf.kindOf(id);
  if (kind === "void") return "void";
  const name = escapeText(btf.nameOf(id));
  switch (kind) {
    case "struct":
    case "union":
      return `${kind} ${name === "" ? "(anon)" : name}`;
    case "enum":
    case "enum64":
      return `enum ${name === "" ? "(anon)" : name}`;
    case "fwd": {
      const type = btf.type(id);
      return `${type.kind === "fwd" && type.union ? "union" : "struct"} ${name}`;
    }
    default:
      return name === "" ? "(anon)" : name;
  }
}

/**
 * A C declaration of `name` with a type: `declare(btf, id, "handler")` → `int (*handler)(struct ctx *)`.
 * With an empty name it is the type alone, as in a cast.
 */
export function declare(btf: Btf, id: number, name: string, options: DeclareOptions = {}): string {
  return declareAt(btf, id, name, options, 0);
}

/** The C spelling of a type: `const char *`, `struct foo[4]`, `int (*)(void)`. */
export function typeName(btf: Btf, id: number): string {
  return declare(btf, id, "");
}

function declareAt(btf: Btf, id: number, name: string, options: DeclareOptions, nested: number): string {
  let inner = name;
  let qualifiers: string[] = [];
  const take = (): string => {
    // BTF lists qualifiers from the outside in; C reads the same either way, but not twice.
    const text = [...new Set(qualifiers.reverse())].join(" ");
    qualifiers = [];
    return text;
  };
  for (let at = id; ; ) {
    const type = at === 0 ? null : btf.type(at);
    switch (type?.kind) {
      case "const":
      case "volatile":
      case "restrict":
        qualifiers.push(type.kind);
        at = type.type;
        continue;
      case "type_tag":
        if (options.tags !== false) {
          const text = escapeText(type.name);
          qualifiers.push(
            type.attribute === true ? `__attribute__((${text}))` : `__attribute__((btf_type_tag("${text}")))`,
          );
        }
        at = type.type;
        continue;
      case "ptr": {
        const own = take();
        inner = `*${own}${own !== "" && inner !== "" ? " " : ""}${inner}`;
        at = type.type;
        continue;
      }
      case "array":
        inner = `${inner.startsWith("*") ? `(${inner})` : inner}[${type.count}]`;
        at = type.type;
        continue;
      case "func_proto": {
        // A qualified function type has no meaning in C; the qualifier goes.
        take();
        const params = nested >= MAX_NESTED ? "..." : paramList(btf, type.params, options, nested + 1);
        inner = `${inner.startsWith("*") ? `(${inner})` : inner}(${params})`;
        at = type.type;
        continue;
      }
      case "func":
      case "var":
        at = type.type;
        continue;
      default: {
        const own = take();
        const base = (options.base ?? ((end: number) => spelling(btf, end)))(at);
        const front = own === "" ? base : `${own} ${base}`;
        return inner === "" ? front : `${front}${inner.startsWith("[") ? "" : " "}${inner}`;
      }
    }
  }
}

function paramList(
  btf: Btf,
  params: readonly { readonly name: string; readonly type: number }[],
  options: DeclareOptions,
  nested: number,
): string {
  if (params.length === 0) return "void";
  return params
    .map(({ name, type }, index) =>
      type === 0 && index === params.length - 1
        ? "..."
        : declareAt(btf, type, name === "" ? "" : (options.name ?? escapeText)(name), options, nested),
    )
    .join(", ");
}
