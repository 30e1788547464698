import { btfError } from "./errors.ts";
import type { Btf, BtfType } from "./types.ts";

/** Bytes of a pointer in BPF programs and in the 64-bit kernels that run them. */
export const POINTER_SIZE = 8;

/** Largest alignment of a scalar: that of `__int128` and `long double`. */
const MAX_ALIGN = 16;

/** The id behind typedefs, qualifiers and type tags; 0 for void. Ends, because `parseBtf` refuses cycles. */
export function resolveId(btf: Btf, id: number): number {
  for (;;) {
    switch (btf.kindOf(id)) {
      case "typedef":
      case "volatile":
      case "const":
      case "restrict":
      case "type_tag":
        id = (btf.type(id) as { type: number }).type;
        break;
      default:
        return id;
    }
  }
}

/** The type behind typedefs, qualifiers and type tags; null for void. */
export function resolve(btf: Btf, id: number): BtfType | null {
  const bare = resolveId(btf, id);
  return bare === 0 ? null : btf.type(bare);
}

/**
 * Size in bytes of a type, or of the type of a variable.
 * @throws BpfError `E_BTF_NO_SIZE` for void, functions, forward declarations and tags, `E_BTF_SIZE` above 4 GB
 */
export function sizeOf(btf: Btf, id: number): number {
  let factor = 1;
  let at = id;
  for (;;) {
    const type = resolve(btf, at);
    let size: number;
    switch (type?.kind) {
      case "array":
        factor *= type.count;
        at = type.type;
        continue;
      case "var":
        at = type.type;
        continue;
      case "ptr":
        size = POINTER_SIZE;
        break;
      case "int":
      case "float":
      case "struct":
      case "union":
      case "enum":
      case "enum64":
      case "datasec":
        size = type.size;
        break;
      default:
        throw btfError("E_BTF_NO_SIZE", { what: "BTF", id, kind: type?.kind ?? "void" });
    }
    const total = factor === 0 ? 0 : factor * size;
    if (total <= 0xffffffff) return total;
    const problem = `its size ${total} is above 4 GB`;
    throw btfError("E_BTF_SIZE", { what: "BTF", id, kind: btf.kindOf(id), problem });
  }
}

const alignments = new WeakMap<Btf, Map<number, number>>();

/**
 * Alignment in bytes that a C compiler gives a type; 1 for a struct whose members show that it is packed, and for what has no size.
 * BTF does not record `__attribute__((aligned))`, so a type that was over-aligned gets its natural alignment here.
 */
export function alignOf(btf: Btf, id: number): number {
  const bare = resolveId(btf, id);
  if (bare === 0) return 1;
  const type = btf.type(bare);
  switch (type.kind) {
    case "array":
    case "var":
      return alignOf(btf, type.type);
    case "ptr":
      return POINTER_SIZE;
    case "int":
    case "float":
    case "enum":
    case "enum64":
      return type.size === 12 ? 4 : Math.min(type.size, MAX_ALIGN);
    case "struct":
    case "union": {
      let cache = alignments.get(btf);
      if (cache === undefined) alignments.set(btf, (cache = new Map()));
      let align = cache.get(bare);
      if (align === undefined) {
        align = isPacked(btf, bare) ? 1 : memberAlign(btf, bare);
        cache.set(bare, align);
      }
      return align;
    }
    default:
      return 1;
  }
}

/** The largest alignment of a struct's or union's members. */
function memberAlign(btf: Btf, id: number): number {
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union") return 1;
  let align = 1;
  // An unnamed bit field does not align its struct, but BTF has none of those.
  for (const member of type.members) align = Math.max(align, alignOf(btf, member.type));
  return align;
}

/** Whether a struct or union can only be written in C with `__attribute__((packed))`. */
export function isPacked(btf: Btf, id: number): boolean {
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union") return false;
  if (type.size % memberAlign(btf, id) !== 0) return true;
  return type.members.some((member) => {
    const field = bitField(btf, member);
    if (field === null) return member.bitOffset % (alignOf(btf, member.type) * 8) !== 0;
    const unit = sizeOf(btf, member.type) * 8;
    return (field.offset % unit) + field.bits > unit;
  });
}

/** Whether a type is an integer that is itself a bit field, as compilers before the kind flag wrote them. */
export function isOldBitField(btf: Btf, id: number): boolean {
  const type = resolve(btf, id);
  return type?.kind === "int" && (type.bitOffset !== 0 || type.bits !== type.size * 8);
}

/** Bits and place of a member that is a bit field, of either encoding; null for one that is not. */
export function bitField(
  btf: Btf,
  member: { type: number; bitOffset: number; bitSize: number },
): { offset: number; bits: number } | null {
  if (member.bitSize > 0) return { offset: member.bitOffset, bits: member.bitSize };
  const type = resolve(btf, member.type);
  if (type?.kind !== "int") return null;
  if (type.bitOffset === 0 && type.bits === type.size * 8)
    return member.bitOffset % 8 === 0 ? null : { offset: member.bitOffset, bits: type.bits };
  return { offset: member.bitOffset + type.bitOffset, bits: type.bits };
}
