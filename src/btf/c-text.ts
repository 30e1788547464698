import { CNames, identifier } from "./c-names.ts";
import { declare } from "./declare.ts";
import { btfError } from "./errors.ts";
import { ownIds } from "./raw-text.ts";
import type { Btf, BtfComposite, BtfEnum } from "./types.ts";
import { MAX_DEPTH } from "./validate.ts";
import { alignOf, bitField, isPacked, sizeOf } from "./walk.ts";

const HEAD = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif
`;

const TAIL = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;

/**
 * The types as a C header (a `vmlinux.h`) in an order that compiles, equal in layout to the originals: what must be known by value comes before,
 * what is behind pointers is declared forward, holes that alignment does not explain are unnamed bit fields, `packed` stands where it must.
 * All types of the BTF (without its base's) unless ids are given; those bring along what they need.
 * @throws BpfError `E_BTF_DEPTH`, `E_BTF_TEXT` for types made to exhaust memory
 */
export function btfToC(btf: Btf, ids?: Iterable<number>): string {
  return new CText(btf).header(ids);
}

/** Lines that the text may have: the kernel's own types need 150,000. */
const MAX_LINES = 1_500_000;

/** How far a definition may lead to another that must come first. */
const MAX_ORDER = 1000;

/** Typedefs that compilers bring along. */
const BUILTIN_TYPEDEFS: ReadonlySet<string> = new Set(["__builtin_va_list"]);

class CText {
  readonly #btf: Btf;
  readonly #names: CNames;
  readonly #out: string[] = [];
  readonly #defined = new Set<number>();
  readonly #declared = new Set<string>();
  /** Types whose needs by value, or behind a pointer, are met or being met. */
  readonly #byValue = new Set<number>();
  readonly #behind = new Set<number>();
  #lines = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#names = new CNames(btf);
  }

  header(ids: Iterable<number> | undefined): string {
    const wanted = ids ?? ownIds(this.#btf);
    const inlined = ids === undefined ? this.#inlinedEnums() : new Set<number>();
    for (const id of wanted) {
      const kind = this.#btf.kindOf(id);
      const anonymous = this.#btf.nameOf(id) === "";
      if (kind === "func" || kind === "var" || kind === "datasec" || kind === "decl_tag" || kind === "void") continue;
      if (!anonymous) this.#need(id, true, 0);
      else if ((kind === "enum" || kind === "enum64") && !inlined.has(id)) this.#define(id);
      else if (ids !== undefined && (kind === "struct" || kind === "union")) this.#define(id);
    }
    return `${HEAD}\n${this.#out.join("")}${TAIL}`;
  }

  /** Nameless enums that a typedef or member spells out. Those left over only name constants. */
  #inlinedEnums(): Set<number> {
    const seen = new Set<number>();
    const see = (id: number): void => {
      for (let at = id; at !== 0; ) {
        const kind = this.#btf.kindOf(at);
        if (kind === "enum" || kind === "enum64") seen.add(at);
        const type = this.#btf.type(at);
        if (kind === "typedef" && at !== id) return;
        if (!("type" in type) || kind === "func_proto") return;
        at = type.type;
      }
    };
    for (const id of ownIds(this.#btf)) {
      const type = this.#btf.type(id);
      if (type.kind === "struct" || type.kind === "union") for (const member of type.members) see(member.type);
      else if (type.kind === "func_proto") {
        see(type.type);
        for (const param of type.params) see(param.type);
      } else if ("type" in type) see(id);
    }
    return seen;
  }

  #emit(text: string): void {
    this.#out.push(text);
  }

  #count(lines: number): void {
    this.#lines += lines;
    if (this.#lines > MAX_LINES) throw btfError("E_BTF_TEXT", { limit: MAX_LINES });
  }

  /** Writes what must stand before a type can be named (behind a pointer) or used (by value). */
  #need(id: number, byValue: boolean, depth: number): void {
    if (id === 0) return;
    const met = byValue ? this.#byValue : this.#behind;
    if (met.has(id) || (!byValue && this.#byValue.has(id) && this.#defined.has(id))) return;
    met.add(id);
    if (depth > MAX_ORDER) {
      throw btfError("E_BTF_DEPTH", { what: "BTF", id, kind: this.#btf.kindOf(id), limit: MAX_ORDER });
    }
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "struct":
      case "union":
        if (type.name !== "" && !byValue) {
          this.#forward(id);
          break;
        }
        for (const member of type.members) this.#need(member.type, true, depth + 1);
        if (type.name !== "") this.#define(id);
        break;
      case "enum":
      case "enum64":
        if (type.name !== "") this.#define(id);
        break;
      case "fwd":
        this.#forward(id);
        break;
      case "typedef":
        this.#need(type.type, byValue, depth + 1);
        this.#define(id);
        break;
      case "ptr":
        this.#need(type.type, false, depth + 1);
        break;
      case "array":
        // Even behind a pointer, elements of an array must be complete.
        this.#need(type.type, true, depth + 1);
        break;
      case "func_proto":
        this.#need(type.type, false, depth + 1);
        for (const param of type.params) this.#need(param.type, false, depth + 1);
        break;
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#need(type.type, byValue, depth + 1);
        break;
      default:
    }
  }

  #forward(id: number): void {
    const tag = this.#names.tag(id);
    if (this.#declared.has(tag)) return;
    this.#declared.add(tag);
    this.#count(2);
    this.#emit(`${tag};\n\n`);
  }

  #define(id: number): void {
    if (this.#defined.has(id)) return;
    this.#defined.add(id);
    const type = this.#btf.type(id);
    if (type.kind === "typedef") {
      if (BUILTIN_TYPEDEFS.has(type.name)) return;
      this.#count(2);
      this.#emit(`typedef ${this.#declare(type.type, this.#names.typedef(id), 0, [])};\n\n`);
      return;
    }
    if (type.name !== "") this.#declared.add(this.#names.tag(id));
    this.#emit(`${this.#definition(id, 0, [])};\n\n`);
  }

  #declare(id: number, name: string, indent: number, inside: readonly number[]): string {
    return declare(this.#btf, id, name, {
      base: (end) => this.#base(end, indent, inside),
      name: identifier,
    });
  }

  /** The text of the type at the end of a declarator: its name, or its whole body where it has none. */
  #base(id: number, indent: number, inside: readonly number[]): string {
    switch (this.#btf.kindOf(id)) {
      case "void":
        return "void";
      case "typedef":
        return BUILTIN_TYPEDEFS.has(this.#btf.nameOf(id)) ? this.#btf.nameOf(id) : this.#names.typedef(id);
      case "struct":
      case "union":
      case "enum":
      case "enum64":
        return this.#btf.nameOf(id) === "" ? this.#definition(id, indent, inside) : this.#names.tag(id);
      case "fwd":
        return this.#names.tag(id);
      default:
        return this.#btf.nameOf(id).replace(/[^\w $]/g, "_");
    }
  }

  #definition(id: number, indent: number, inside: readonly number[]): string {
    const type = this.#btf.type(id);
    if (type.kind === "enum" || type.kind === "enum64") return this.#enumText(id, type, indent);
    if (inside.includes(id)) throw btfError("E_BTF_CYCLE", { what: "BTF", id, kind: type.kind });
    if (inside.length > MAX_DEPTH) {
      throw btfError("E_BTF_DEPTH", { what: "BTF", id, kind: type.kind, limit: MAX_DEPTH });
    }
    return this.#compositeText(id, type as BtfComposite, indent, [...inside, id]);
  }

  #enumText(id: number, type: BtfEnum, indent: number): string {
    const tag = type.name === "" ? "enum" : this.#names.tag(id);
    if (type.values.length === 0) return tag;
    this.#count(type.values.length + 2);
    const suffix = type.kind === "enum64" ? (type.signed ? "LL" : "ULL") : "";
    const tabs = "\t".repeat(indent + 1);
    const lines = type.values.map(
      ({ name, value }) => `${tabs}${this.#names.enumerator(name)} = ${literal(value, suffix)},\n`,
    );
    const mode = ENUM_MODES.get(type.size) ?? "";
    return `${tag} {\n${lines.join("")}${"\t".repeat(indent)}}${mode}`;
  }

  #compositeText(id: number, type: BtfComposite, indent: number, inside: readonly number[]): string {
    const tag = type.name === "" ? type.kind : this.#names.tag(id);
    const packed = isPacked(this.#btf, id);
    const tabs = "\t".repeat(indent + 1);
    const lines: string[] = [];
    const add = (text: string): void => {
      this.#count(1);
      lines.push(`${tabs}${text};\n`);
    };
    let end = 0;
    for (const member of type.members) {
      const name = member.name === "" ? "" : identifier(member.name);
      const field = bitField(this.#btf, member);
      const offset = field?.offset ?? member.bitOffset;
      if (type.kind === "struct") {
        const natural = this.#natural(end, member.type, field?.bits ?? null, packed);
        if (natural < offset) for (const text of this.#padding(end, offset)) add(text);
        end = offset + (field?.bits ?? sizeOf(this.#btf, member.type) * 8);
      }
      const text = this.#declare(member.type, name, indent + 1, inside);
      add(field === null ? text : `${text}: ${field.bits}`);
    }
    const align = packed ? 1 : alignOf(this.#btf, id);
    if (type.kind === "struct") {
      const natural = Math.ceil(end / (align * 8)) * align * 8;
      if (natural < type.size * 8) for (const text of this.#padding(end, type.size * 8)) add(text);
    } else if (this.#largest(type, align) < type.size) {
      // Bit fields of a union lie over each other; a struct of them has their sum as size and no name to be seen by.
      add(`struct { ${[...this.#padding(0, type.size * 8)].join("; ")}; }`);
    }
    this.#count(2);
    const body = lines.length === 0 ? "{}" : `{\n${lines.join("")}${"\t".repeat(indent)}}`;
    return `${tag} ${body}${packed ? " __attribute__((packed))" : ""}`;
  }

  /** Counted before it is made: a struct that claims 4 GB would be 67 million lines. */
  #padding(from: number, to: number): Iterable<string> {
    this.#count(Math.ceil((to - from) / 64));
    return padding(from, to);
  }

  /** The size that C gives a union of these members. */
  #largest(type: BtfComposite, align: number): number {
    let largest = 0;
    for (const member of type.members) {
      const field = bitField(this.#btf, member);
      largest = Math.max(largest, field === null ? sizeOf(this.#btf, member.type) : Math.ceil(field.bits / 8));
    }
    return Math.ceil(largest / align) * align;
  }

  /** Where C puts the next member by itself, in bits. */
  #natural(end: number, member: number, bits: number | null, packed: boolean): number {
    if (bits === null) {
      const align = packed ? 8 : alignOf(this.#btf, member) * 8;
      return Math.ceil(end / align) * align;
    }
    const unit = sizeOf(this.#btf, member) * 8;
    return packed || (end % unit) + bits <= unit ? end : Math.ceil(end / unit) * unit;
  }
}

/** How an enum says its size; 4 needs no word. */
const ENUM_MODES: ReadonlyMap<number, string> = new Map([
  [1, " __attribute__((mode(byte)))"],
  [2, " __attribute__((mode(HI)))"],
  [8, " __attribute__((mode(word)))"],
]);

/** `-9223372036854775808LL` is a minus before a number that has no type. */
const literal = (value: bigint, suffix: string): string =>
  value === -(1n << 63n) ? "(-9223372036854775807LL - 1)" : `${value}${suffix}`;

const PADS = [
  { bits: 64, type: "long" },
  { bits: 32, type: "int" },
  { bits: 16, type: "short" },
  { bits: 8, type: "char" },
] as const;

/** Unnamed bit fields from one bit to another. Each lies in a unit of its own type, so it goes nowhere else; none aligns its struct. */
function* padding(from: number, to: number): Generator<string> {
  for (let at = from; at < to; ) {
    const pad = PADS.find(({ bits }) => at % bits === 0 && to - at >= bits);
    const bits = pad?.bits ?? Math.min(8 - (at % 8), to - at);
    yield `${pad?.type ?? "char"}: ${bits}`;
    at += bits;
  }
}
