import type { Btf, BtfType } from "../btf/index.ts";

/** Ids of arrays and members may chain; parsed BTF bounds the depth to 64, this is the belt to those braces. */
const MAX_STEPS = 128;

/** The id behind typedefs, qualifiers and type tags; 0 for void. */
export function bareType(btf: Btf, id: number): number {
  for (let step = 0; step < MAX_STEPS && id !== 0; step++) {
    const type = btf.type(id);
    switch (type.kind) {
      case "typedef":
      case "volatile":
      case "const":
      case "restrict":
      case "type_tag":
        id = type.type;
        break;
      default:
        return id;
    }
  }
  return id;
}

/** The type behind typedefs, qualifiers and type tags, null for void. */
export function bare(btf: Btf, id: number): BtfType | null {
  const bareId = bareType(btf, id);
  return bareId === 0 ? null : btf.type(bareId);
}

/** Size in bytes of a type that variables can have, null for one without a size (void, function, forward declaration). */
export function typeSize(btf: Btf, id: number): number | null {
  let factor = 1;
  for (let step = 0; step < MAX_STEPS; step++) {
    const type = bare(btf, id);
    switch (type?.kind) {
      case "int":
      case "float":
      case "struct":
      case "union":
      case "enum":
      case "enum64":
        return factor * type.size;
      case "ptr":
        return factor * 8;
      case "array":
        factor *= type.count;
        id = type.type;
        break;
      default:
        return null;
    }
  }
  return null;
}

/** Alignment in bytes of a type that has a size; 1 where the type does not tell. */
export function typeAlign(btf: Btf, id: number): number {
  let align = 1;
  const todo = [id];
  const seen = new Set<number>();
  while (todo.length > 0) {
    const next = bareType(btf, todo.pop()!);
    if (next === 0 || seen.has(next)) continue;
    seen.add(next);
    const type = btf.type(next);
    if (type.kind === "array") todo.push(type.type);
    else if (type.kind === "struct" || type.kind === "union") for (const m of type.members) todo.push(m.type);
    else if (type.kind === "ptr") align = Math.max(align, 8);
    else if ("size" in type) align = Math.max(align, Math.min(type.size, 8));
  }
  return align;
}
