import { escapeText } from "../util/index.ts";
import { kindNumber, kindRow } from "./kinds.ts";
import type { Btf, BtfType } from "./types.ts";

const named = (name: string): string => `'${name === "" ? "(anon)" : escapeText(name)}'`;

/** The types as `bpftool btf dump` prints them: one line each, members on indented lines. */
export function* btfToRaw(btf: Btf, ids?: Iterable<number>): Generator<string> {
  for (const id of ids ?? ownIds(btf)) yield rawType(btf, id);
}

/** Ids of a BTF without those of its base, ascending. */
export function* ownIds(btf: Btf): Generator<number> {
  for (let id = btf.base === null ? 1 : btf.base.count; id < btf.count; id++) yield id;
}

function rawType(btf: Btf, id: number): string {
  const type = btf.type(id);
  const head = `[${id}] ${kindRow(kindNumber(type.kind))!.raw} ${named(type.name)}`;
  const [line, ...items] = rawParts(btf, type);
  return [`${head} ${line}`, ...items].join("\n\t");
}

function rawParts(btf: Btf, type: BtfType): string[] {
  switch (type.kind) {
    case "int": {
      const encoding = type.signed ? "SIGNED" : type.char ? "CHAR" : type.bool ? "BOOL" : "(none)";
      return [`size=${type.size} bits_offset=${type.bitOffset} nr_bits=${type.bits} encoding=${encoding}`];
    }
    case "array":
      return [`type_id=${type.type} index_type_id=${type.indexType} nr_elems=${type.count}`];
    case "struct":
    case "union":
      return [
        `size=${type.size} vlen=${type.members.length}`,
        ...type.members.map((member) => {
          const width = member.bitSize > 0 ? ` bitfield_size=${member.bitSize}` : "";
          return `${named(member.name)} type_id=${member.type} bits_offset=${member.bitOffset}${width}`;
        }),
      ];
    case "enum":
    case "enum64": {
      const suffix = type.kind === "enum" ? "" : type.signed ? "LL" : "ULL";
      return [
        `encoding=${type.signed ? "SIGNED" : "UNSIGNED"} size=${type.size} vlen=${type.values.length}`,
        ...type.values.map(({ name, value }) => `${named(name)} val=${value}${suffix}`),
      ];
    }
    case "fwd":
      return [`fwd_kind=${type.union ? "union" : "struct"}`];
    case "func":
      return [`type_id=${type.type} linkage=${type.linkage}`];
    case "func_proto":
      return [
        `ret_type_id=${type.type} vlen=${type.params.length}`,
        ...type.params.map((param) => `${named(param.name)} type_id=${param.type}`),
      ];
    case "var":
      return [`type_id=${type.type}, linkage=${type.linkage}`];
    case "datasec":
      return [
        `size=${type.size} vlen=${type.vars.length}`,
        ...type.vars.map((v) => {
          const what = `${btf.kindOf(v.type) === "func" ? "FUNC" : "VAR"} ${named(btf.nameOf(v.type))}`;
          return `type_id=${v.type} offset=${v.offset} size=${v.size} (${what})`;
        }),
      ];
    case "float":
      return [`size=${type.size}`];
    case "decl_tag":
      return [`type_id=${type.type} component_idx=${type.component}`];
    default:
      return [`type_id=${type.type}`];
  }
}
