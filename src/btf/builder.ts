import { ByteWriter } from "../util/index.ts";
import { btfError } from "./errors.ts";
import { kindNumber } from "./kinds.ts";
import { BTF_HEADER_SIZE, BTF_MAGIC, BTF_VERSION } from "./parse.ts";
import type { Btf, BtfType } from "./types.ts";

/** Byte order of the result, and the BTF that it continues, if any. */
export interface BtfBuilderOptions {
  readonly littleEndian?: boolean;
  readonly base?: Btf;
}

const LINKAGES = ["static", "global", "extern"];

/**
 * Makes a `.BTF` section: add types, get their ids, refer to them by id in further types. Ids count up from 1 (or from the base's `count`),
 * so a type may refer to one that comes later; `finish` does not check references, `parseBtf` of the result does.
 */
export class BtfBuilder {
  readonly littleEndian: boolean;
  readonly #types: BtfType[] = [];
  readonly #firstId: number;
  readonly #baseStrings: number;
  readonly #offsets = new Map<string, number>([["", 0]]);
  readonly #strings: ByteWriter;

  constructor(options: BtfBuilderOptions = {}) {
    this.littleEndian = options.littleEndian ?? options.base?.littleEndian ?? true;
    this.#firstId = options.base?.count ?? 1;
    this.#baseStrings = options.base?.stringSize ?? 0;
    this.#strings = new ByteWriter();
    if (options.base === undefined) this.#strings.u8(0);
  }

  /** The id that the next added type gets. */
  get nextId(): number {
    return this.#firstId + this.#types.length;
  }

  /** Adds a type and returns its id. Its strings are interned now. */
  add(type: BtfType): number {
    for (const text of namesOf(type)) this.intern(text);
    this.#types.push(type);
    return this.nextId - 1;
  }

  /** Replaces a type added before, for example a placeholder of a struct that its members refer to. */
  set(id: number, type: BtfType): void {
    if (!(id >= this.#firstId && id < this.nextId)) throw btfError("E_BTF_BUILD", { what: `there is no type ${id}` });
    for (const text of namesOf(type)) this.intern(text);
    this.#types[id - this.#firstId] = type;
  }

  /** The offset of a string in the string table, where it is put unless it is there already. */
  intern(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw btfError("E_BTF_BUILD", { what: `string "${text}" contains a NUL` });
    const offset = this.#baseStrings + this.#strings.length;
    this.#offsets.set(text, offset);
    this.#strings.cstring(text);
    return offset;
  }

  /** The bytes of the section as it is now. */
  finish(): Uint8Array {
    const types = new ByteWriter(this.littleEndian);
    for (const type of this.#types) this.#encode(types, type);
    const out = new ByteWriter(this.littleEndian);
    out.u16(BTF_MAGIC).u8(BTF_VERSION).u8(0).u32(BTF_HEADER_SIZE);
    out.u32(0).u32(types.length).u32(types.length).u32(this.#strings.length);
    return out.append(types.finish()).append(this.#strings.finish()).finish();
  }

  #encode(out: ByteWriter, type: BtfType): void {
    const head = (vlen: number, flag: boolean, third: number): void => {
      if (vlen > 0xffff) throw btfError("E_BTF_BUILD", { what: `${type.kind} "${type.name}" has ${vlen} items` });
      const info = ((flag ? 0x80000000 : 0) | (kindNumber(type.kind) << 24) | vlen) >>> 0;
      out.u32(this.intern(type.name)).u32(info).u32(third);
    };
    switch (type.kind) {
      case "int": {
        const flags = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
        head(0, false, type.size);
        out.u32((flags << 24) | (type.bitOffset << 16) | type.bits);
        break;
      }
      case "float":
        head(0, false, type.size);
        break;
      case "array":
        head(0, false, 0);
        out.u32(type.type).u32(type.indexType).u32(type.count);
        break;
      case "struct":
      case "union": {
        const flag = type.members.some((member) => member.bitSize > 0);
        head(type.members.length, flag, type.size);
        for (const member of type.members) {
          const place = flag ? (member.bitSize << 24) | member.bitOffset : member.bitOffset;
          out
            .u32(this.intern(member.name))
            .u32(member.type)
            .u32(place >>> 0);
        }
        break;
      }
      case "enum":
        head(type.values.length, type.signed, type.size);
        for (const { name, value } of type.values) {
          out.u32(this.intern(name)).u32(Number(BigInt.asUintN(32, value)));
        }
        break;
      case "enum64":
        head(type.values.length, type.signed, type.size);
        for (const { name, value } of type.values) {
          out.u32(this.intern(name)).u32(Number(BigInt.asUintN(32, value)));
          out.u32(Number(BigInt.asUintN(32, value >> 32n)));
        }
        break;
      case "fwd":
        head(0, type.union, 0);
        break;
      case "func":
        head(LINKAGES.indexOf(type.linkage), false, type.type);
        break;
      case "func_proto":
        head(type.params.length, false, type.type);
        for (const param of type.params) out.u32(this.intern(param.name)).u32(param.type);
        break;
      case "var":
        head(0, false, type.type);
        out.u32(LINKAGES.indexOf(type.linkage));
        break;
      case "datasec":
        head(type.vars.length, false, type.size);
        for (const v of type.vars) out.u32(v.type).u32(v.offset).u32(v.size);
        break;
      case "decl_tag":
        head(0, type.attribute === true, type.type);
        out.u32(type.component >>> 0);
        break;
      case "type_tag":
        head(0, type.attribute === true, type.type);
        break;
      default:
        head(0, false, type.type);
    }
  }
}

function namesOf(type: BtfType): string[] {
  const names = [type.name];
  if (type.kind === "struct" || type.kind === "union") for (const { name } of type.members) names.push(name);
  if (type.kind === "enum" || type.kind === "enum64") for (const { name } of type.values) names.push(name);
  if (type.kind === "func_proto") for (const { name } of type.params) names.push(name);
  return names;
}

/** The bytes of a `.BTF` section with these types, the first of which gets id 1 (or the base's `count`). */
export function encodeBtf(types: Iterable<BtfType>, options: BtfBuilderOptions = {}): Uint8Array {
  const builder = new BtfBuilder(options);
  for (const type of types) builder.add(type);
  return builder.finish();
}
