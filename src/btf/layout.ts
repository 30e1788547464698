import { identifier } from "./c-names.ts";
import { declare, spelling } from "./declare.ts";
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
  /** Of a bit field; of a hole that is the unused rest of a bit field's storage. */
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
  // Where the storage of the last member ends, if that was a bit field.
  let storageEnd = 0;
  const gap = (kind: "hole" | "padding", to: number): number => {
    if (to <= end || type.kind === "union") return 0;
    const common = { kind, name: "", type: 0 } as const;
    const ofBits = Math.min(storageEnd, to);
    if (ofBits > end) parts.push({ ...common, bitOffset: end, bitLength: ofBits - end, bitField: true });
    const from = Math.max(end, ofBits);
    if (to > from) parts.push({ ...common, bitOffset: from, bitLength: to - from, bitField: (to - from) % 8 !== 0 });
    return to - end;
  };
  for (const member of type.members) {
    const field = bitField(btf, member);
    const size = sizeOf(btf, member.type) * 8;
    const bitOffset = field?.offset ?? member.bitOffset;
    const bitLength = field?.bits ?? size;
    holeBits += gap("hole", bitOffset);
    const isBitField = field !== null;
    parts.push({ kind: "member", name: member.name, type: member.type, bitOffset, bitLength, bitField: isBitField });
    end = Math.max(end, bitOffset + bitLength);
    storageEnd = isBitField && size > 0 ? Math.ceil(end / size) * size : 0;
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

/** Anonymous structs beyond this many members of them, or nested deeper, are not shown: pairs within pairs would double with each level. */
const MAX_SHOWN_MEMBERS = 5000;
const MAX_SHOWN_DEPTH = 16;

/**
 * A layout as text in the manner of `pahole -C`: each member with offset and size, anonymous structs and unions with what is in them, holes
 * and cache line boundaries as comments.
 */
export function layoutText(btf: Btf, id: number): string {
  const all = layout(btf, id);
  const writer = new LayoutWriter(btf);
  const name = all.name === "" ? "" : ` ${identifier(all.name)}`;
  const body = writer.members(all, 0, 1);
  return `${all.kind}${name} {\n${body}\n${summary(all)}}${all.packed ? " __attribute__((__packed__))" : ""};\n`;
}

function summary(all: Layout): string {
  const of = (kind: LayoutPart["kind"], bits: boolean) =>
    all.parts.filter((p) => p.kind === kind && p.bitField === bits);
  const sum = (parts: readonly LayoutPart[]) => parts.reduce((total, part) => total + part.bitLength, 0);
  const [holes, bitHoles] = [of("hole", false), of("hole", true)];
  const bitFields = of("member", true);
  const count = of("member", false).length + bitFields.length;
  const lines = [`size: ${all.size}, cachelines: ${all.cacheLines}, members: ${count}`];
  const memberBits = sum(of("member", false));
  if (all.holeBits > 0 && memberBits > 0) {
    const byteHoles = holes.length === 0 ? "" : `, holes: ${holes.length}, sum holes: ${sum(holes) / 8}`;
    lines.push(`sum members: ${memberBits / 8}${byteHoles}`);
  }
  if (all.holeBits > 0 && bitFields.length > 0) {
    const bits = sum(bitFields);
    const rest =
      bitHoles.length === 0
        ? ` (${bits / 8} bytes)`
        : `, bit holes: ${bitHoles.length}, sum bit holes: ${sum(bitHoles)} bits`;
    lines.push(`sum bitfield members: ${bits} bits${rest}`);
  }
  const [padding, bitPadding] = [sum(of("padding", false)), sum(of("padding", true))];
  if (padding > 0) lines.push(`padding: ${padding / 8}`);
  if (bitPadding > 0) lines.push(`bit_padding: ${bitPadding} bits`);
  if (all.size % CACHE_LINE !== 0) lines.push(`last cacheline: ${all.size % CACHE_LINE} bytes`);
  return lines.map((line) => `\t/* ${line} */\n`).join("");
}

/** Writes members; cache lines are counted through nested ones. */
class LayoutWriter {
  readonly #btf: Btf;
  #line = 0;
  #shown = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** The members of a struct that begins at a bit of the outermost one, a line or block each. */
  members(all: Layout, base: number, depth: number): string {
    let text = "";
    this.#shown += all.parts.length;
    for (const [at, part] of all.parts.entries()) {
      if (part.kind === "member") {
        const boundary = all.kind === "struct" ? this.#boundary(base + part.bitOffset, depth) : "";
        text += boundary + this.#member(part, base, depth);
      } else if (part.kind === "hole") {
        const [amount, unit] = part.bitField ? [part.bitLength, "bit"] : [part.bitLength / 8, "byte"];
        text += `\n${"\t".repeat(depth)}/* XXX ${amount} ${unit}${amount === 1 ? "" : "s"} hole, try to pack */\n`;
        if (!part.bitField || all.parts[at + 1]?.kind !== "hole") text += "\n";
      }
    }
    return text;
  }

  #boundary(bitOffset: number, depth: number): string {
    const byte = Math.floor(bitOffset / 8);
    const line = Math.floor(byte / CACHE_LINE);
    if (line <= this.#line) return "";
    this.#line = line;
    const past = byte % CACHE_LINE;
    const ago = past === 0 ? "" : `was ${past} bytes ago `;
    return `${"\t".repeat(depth)}/* --- cacheline ${line} boundary (${line * CACHE_LINE} bytes) ${ago}--- */\n`;
  }

  #member(part: LayoutPart, base: number, depth: number): string {
    const btf = this.#btf;
    const indent = "\t".repeat(depth);
    const size = sizeOf(btf, part.type);
    const nested = anonymousIn(btf, part.type);
    const shown = (id: number) =>
      id !== 0 && id === nested ? this.#anonymous(id, base + part.bitOffset, depth) : spelling(btf, id);
    const declared = declare(btf, part.type, part.name === "" ? "" : identifier(part.name), { base: shown });
    const text = `${declared}${part.bitField ? `:${part.bitLength}` : ""};`;
    // The width of the last line, where the comment stands.
    const width = text.length - text.lastIndexOf("\n") - 1 - (nested === 0 ? 0 : depth);
    const pad = " ".repeat(Math.max(1, 49 - 8 * depth - width));
    return `${indent}${text}${pad}/* ${place(part, base, size)} ${String(size).padStart(5)} */\n`;
  }

  /** A nameless struct, union or enum with what is in it. */
  #anonymous(id: number, base: number, depth: number): string {
    const type = this.#btf.type(id);
    if (depth >= MAX_SHOWN_DEPTH || this.#shown > MAX_SHOWN_MEMBERS) return spelling(this.#btf, id);
    const indent = "\t".repeat(depth);
    const inner =
      type.kind === "enum" || type.kind === "enum64"
        ? type.values.map(({ name, value }) => `${indent}\t${identifier(name)} = ${value},\n`).join("")
        : this.members(layout(this.#btf, id), base, depth + 1);
    return `${type.kind.replace("64", "")} {\n${inner}${indent}}`;
  }
}

/** Where a member begins; of a bit field the byte where its storage begins, and the bit in it. */
function place(part: LayoutPart, base: number, size: number): string {
  const bit = base + part.bitOffset;
  if (!part.bitField) return String(bit / 8).padStart(5);
  const unit = Math.max(1, size) * 8;
  const from = Math.floor(part.bitOffset / unit) * unit;
  const within = part.bitOffset + part.bitLength <= from + unit ? part.bitOffset - from : part.bitOffset % 8;
  return `${String((bit - within) / 8).padStart(5)}:${String(within).padStart(2)}`;
}

/** The nameless struct, union or enum that a type is, or is an array of; 0 where there is none. */
function anonymousIn(btf: Btf, id: number): number {
  for (let at = id; at !== 0; ) {
    const type = btf.type(at);
    switch (type.kind) {
      case "struct":
      case "union":
      case "enum":
      case "enum64":
        return type.name === "" ? at : 0;
      case "array":
      case "const":
      case "volatile":
        at = type.type;
        break;
      default:
        return 0;
    }
  }
  return 0;
}
