import { identifier } from "./c-names.ts";
import { declare, typeName } from "./declare.ts";
import { btfError } from "./errors.ts";
import type { Btf } from "./types.ts";
import { bitField, isPacked, sizeOf } from "./walk.ts";

/** Bytes of a cache line of the machines that run BPF. */
export const CACHE_LINE = 64;

/** A member, a hole between members, or padding at the end, in bits from the start. */
export interface LayoutPart {
  readonly kind: "member" | "hole" | "padding";
  /** "" of an anonymous member and of holes. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  readonly bitLength: number;
  readonly bitField: boolean;
}

/** Where everything in a struct or union lies. */
export interface Layout {
  readonly id: number;
  readonly kind: "struct" | "union";
  readonly name: string;
  readonly size: number;
  readonly packed: boolean;
  readonly parts: readonly LayoutPart[];
  /** Bits in holes before members, and after the last one. */
  readonly holeBits: number;
  readonly paddingBits: number;
  readonly cacheLines: number;
}

/**
 * The layout of a struct or union with its holes. Members of a union all begin at 0 and leave no holes.
 * @throws BpfError `E_BTF_REF_KIND` for another kind of type
 */
export function layout(btf: Btf, id: number): Layout {
  const type = id === 0 ? null : btf.type(id);
  if (type?.kind !== "struct" && type?.kind !== "union") {
    const of = { what: "BTF", id, kind: type?.kind ?? "void", found: id, foundKind: type?.kind ?? "void" };
    throw btfError("E_BTF_REF_KIND", { ...of, want: "struct or union" });
  }
  const parts: LayoutPart[] = [];
  let end = 0;
  let holeBits = 0;
  const gap = (kind: "hole" | "padding", to: number): number => {
    if (to <= end || type.kind === "union") return 0;
    parts.push({ kind, name: "", type: 0, bitOffset: end, bitLength: to - end, bitField: false });
    return to - end;
  };
  for (const member of type.members) {
    const field = bitField(btf, member);
    const bitOffset = field?.offset ?? member.bitOffset;
    const bitLength = field?.bits ?? sizeOf(btf, member.type) * 8;
    holeBits += gap("hole", bitOffset);
    parts.push({
      kind: "member",
      name: member.name,
      type: member.type,
      bitOffset,
      bitLength,
      bitField: field !== null,
    });
    end = Math.max(end, bitOffset + bitLength);
  }
  const paddingBits = gap("padding", type.size * 8);
  return {
    id,
    kind: type.kind,
    name: type.name,
    size: type.size,
    packed: isPacked(btf, id),
    parts,
    holeBits,
    paddingBits,
    cacheLines: Math.ceil(type.size / CACHE_LINE),
  };
}

/** A layout as text in the manner of `pahole -C`: each member with offset and size, holes and cache line boundaries as comments. */
export function layoutText(btf: Btf, id: number): string {
  const all = layout(btf, id);
  const lines: string[] = [];
  let line = 0;
  for (const part of all.parts) {
    const here = Math.floor(part.bitOffset / 8 / CACHE_LINE);
    if (part.kind === "member" && here > line) {
      line = here;
      const past = (part.bitOffset / 8) % CACHE_LINE;
      const where = past === 0 ? "boundary" : "boundary was";
      const ago = past === 0 ? "" : ` ${Math.floor(past)} bytes ago`;
      lines.push(`\t/* --- cacheline ${line} ${where} (${line * CACHE_LINE} bytes)${ago} --- */`);
    }
    lines.push(part.kind === "member" ? memberLine(btf, part) : gapLine(part));
  }
  const holes = all.parts.filter((part) => part.kind === "hole").length;
  const facts = [
    `size: ${all.size}`,
    `cachelines: ${all.cacheLines}`,
    `members: ${all.parts.filter((p) => p.kind === "member").length}`,
  ];
  lines.push("", `\t/* ${facts.join(", ")} */`);
  if (holes > 0) lines.push(`\t/* holes: ${holes}, sum holes: ${bytesAndBits(all.holeBits)} */`);
  if (all.paddingBits > 0) lines.push(`\t/* padding: ${bytesAndBits(all.paddingBits)} */`);
  const last = all.size % CACHE_LINE;
  if (last !== 0) lines.push(`\t/* last cacheline: ${last} bytes */`);
  const name = all.name === "" ? "" : ` ${identifier(all.name)}`;
  return `${all.kind}${name} {\n${lines.join("\n")}\n}${all.packed ? " __attribute__((__packed__))" : ""};\n`;
}

function memberLine(btf: Btf, part: LayoutPart): string {
  const text = part.name === "" ? typeName(btf, part.type) : declare(btf, part.type, identifier(part.name));
  const declaration = part.bitField ? `${text}:${part.bitLength};` : `${text};`;
  const byte = Math.floor(part.bitOffset / 8);
  const place = part.bitField
    ? `${String(byte).padStart(5)}:${String(part.bitOffset % 8).padStart(2)}`
    : String(byte).padStart(5);
  const size = part.bitField ? `${part.bitLength} bits` : String(part.bitLength / 8).padStart(5);
  return `\t${declaration.padEnd(40)} /* ${place} ${size} */`;
}

function gapLine(part: LayoutPart): string {
  const what = part.kind === "hole" ? "hole, try to pack" : "padding";
  return part.kind === "hole"
    ? `\n\t/* XXX ${bytesAndBits(part.bitLength)} ${what} */\n`
    : `\n\t/* XXX ${bytesAndBits(part.bitLength)} ${what} */`;
}

function bytesAndBits(bits: number): string {
  const bytes = Math.floor(bits / 8);
  const rest = bits % 8;
  const parts = [];
  if (bytes > 0 || rest === 0) parts.push(`${bytes} byte${bytes === 1 ? "" : "s"}`);
  if (rest > 0) parts.push(`${rest} bit${rest === 1 ? "" : "s"}`);
  return parts.join(" ");
}
