import { btfError } from "./errors.ts";
import { KINDS } from "./kinds.ts";
import type { BtfStrings } from "./strings.ts";
import type { Btf, BtfKind, BtfType } from "./types.ts";

/** A checked BTF section: the parts that `parseBtf` found. */
export interface BtfParts {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly words: Uint32Array;
  readonly starts: Uint32Array;
  readonly strings: BtfStrings;
  readonly base: Btf | null;
}

const LINKAGES = ["static", "global", "extern"] as const;
const KIND_NAMES: readonly (BtfKind | "void")[] = ["void", ...KINDS.map((row) => row.kind)];

/** Types of a checked section, decoded when first asked for. */
export class BtfTable implements Btf {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly base: Btf | null;
  readonly count: number;
  readonly stringSize: number;
  readonly #what: string;
  readonly #words: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #strings: BtfStrings;
  readonly #firstId: number;
  readonly #baseStrings: number;
  readonly #types: (BtfType | undefined)[] = [];
  #names: Map<string, number[]> | null = null;

  constructor(parts: BtfParts) {
    this.bytes = parts.bytes;
    this.littleEndian = parts.littleEndian;
    this.base = parts.base;
    this.#what = parts.what;
    this.#words = parts.words;
    this.#starts = parts.starts;
    this.#strings = parts.strings;
    this.#firstId = parts.base === null ? 1 : parts.base.count;
    this.#baseStrings = parts.base === null ? 0 : parts.base.stringSize;
    this.count = this.#firstId + parts.starts.length;
    this.stringSize = this.#baseStrings + parts.strings.size;
  }

  /** Index of the first word of a type of this section; of the base's when negative. */
  #start(id: number): number {
    if (!(Number.isInteger(id) && id >= 0 && id < this.count)) {
      throw btfError("E_BTF_TYPE_ID", { what: this.#what, id, count: this.count });
    }
    return id < this.#firstId ? -1 : this.#starts[id - this.#firstId]!;
  }

  type(id: number): BtfType {
    const at = this.#start(id);
    if (id === 0) throw btfError("E_BTF_TYPE_ID", { what: this.#what, id, count: this.count });
    if (at < 0) return this.base!.type(id);
    const slot = id - this.#firstId;
    const known = this.#types[slot];
    if (known !== undefined) return known;
    const type = this.#decode(at);
    this.#types[slot] = type;
    return type;
  }

  kindOf(id: number): BtfKind | "void" {
    const at = this.#start(id);
    if (at < 0) return id === 0 ? "void" : this.base!.kindOf(id);
    return KIND_NAMES[(this.#words[at + 1]! >>> 24) & 31]!;
  }

  nameOf(id: number): string {
    const at = this.#start(id);
    if (at < 0) return id === 0 ? "" : this.base!.nameOf(id);
    return this.string(this.#words[at]!);
  }

  string(offset: number): string {
    if (offset < this.#baseStrings) return this.base!.string(offset);
    if (!(offset < this.stringSize)) {
      if (offset === 0) return "";
      throw btfError("E_BTF_STRING", { what: this.#what, offset, limit: this.stringSize });
    }
    return this.#strings.at(offset - this.#baseStrings);
  }

  find(name: string, kind?: BtfKind): readonly number[] {
    this.#names ??= this.#index();
    const inherited = this.base === null ? [] : this.base.find(name);
    const own = this.#names.get(name) ?? [];
    const all = inherited.length === 0 ? own : [...inherited, ...own];
    return kind === undefined ? all : all.filter((id) => this.kindOf(id) === kind);
  }

  /** Ids by name, anonymous types left out. Strings are looked up once for each offset, since many types share one. */
  #index(): Map<string, number[]> {
    const byOffset = new Map<number, number[]>();
    const words = this.#words;
    const starts = this.#starts;
    for (let i = 0; i < starts.length; i++) {
      const offset = words[starts[i]!]!;
      if (offset === 0) continue;
      const ids = byOffset.get(offset);
      if (ids === undefined) byOffset.set(offset, [this.#firstId + i]);
      else ids.push(this.#firstId + i);
    }
    // Hashing costs the length of the names; overlapping strings could make that the square of the table.
    let budget = 16 * this.#strings.size + 1_000_000;
    const names = new Map<string, number[]>();
    for (const [offset, ids] of byOffset) {
      const name = this.string(offset);
      if (offset >= this.#baseStrings && (budget -= name.length) < 0) {
        throw btfError("E_BTF_STRINGS", { what: this.#what });
      }
      const same = names.get(name);
      if (same === undefined) names.set(name, ids);
      else
        names.set(
          name,
          [...same, ...ids].sort((a, b) => a - b),
        );
    }
    return names;
  }

  #decode(at: number): BtfType {
    const words = this.#words;
    const info = words[at + 1]!;
    const kind = KIND_NAMES[(info >>> 24) & 31] as BtfKind;
    const vlen = info & 0xffff;
    const flag = info >>> 31 !== 0;
    const third = words[at + 2]!;
    const body = at + 3;
    const name = this.string(words[at]!);
    switch (kind) {
      case "int": {
        const encoding = words[body]!;
        const flags = (encoding >>> 24) & 15;
        return {
          kind,
          name,
          size: third,
          signed: (flags & 1) !== 0,
          char: (flags & 2) !== 0,
          bool: (flags & 4) !== 0,
          bits: encoding & 0xff,
          bitOffset: (encoding >>> 16) & 0xff,
        };
      }
      case "ptr":
        return { kind, name: "", type: third };
      case "array":
        return { kind, name: "", type: words[body]!, indexType: words[body + 1]!, count: words[body + 2]! };
      case "struct":
      case "union": {
        const members = [];
        for (let i = 0; i < vlen; i++) {
          const word = body + 3 * i;
          const place = words[word + 2]!;
          members.push({
            name: this.string(words[word]!),
            type: words[word + 1]!,
            bitOffset: flag ? place & 0xffffff : place,
            bitSize: flag ? place >>> 24 : 0,
          });
        }
        return { kind, name, size: third, members };
      }
      case "enum": {
        const values = [];
        for (let i = 0; i < vlen; i++) {
          const word = words[body + 2 * i + 1]!;
          values.push({ name: this.string(words[body + 2 * i]!), value: BigInt(flag ? word | 0 : word) });
        }
        return { kind, name, size: third, signed: flag, values };
      }
      case "enum64": {
        const values = [];
        for (let i = 0; i < vlen; i++) {
          const bits = (BigInt(words[body + 3 * i + 2]!) << 32n) | BigInt(words[body + 3 * i + 1]!);
          values.push({ name: this.string(words[body + 3 * i]!), value: flag ? BigInt.asIntN(64, bits) : bits });
        }
        return { kind, name, size: third, signed: flag, values };
      }
      case "fwd":
        return { kind, name, union: flag };
      case "typedef":
        return { kind, name, type: third };
      case "type_tag":
        return flag ? { kind, name, type: third, attribute: true } : { kind, name, type: third };
      case "volatile":
      case "const":
      case "restrict":
        return { kind, name: "", type: third };
      case "func":
        return { kind, name, type: third, linkage: LINKAGES[vlen] ?? "static" };
      case "func_proto": {
        const params = [];
        for (let i = 0; i < vlen; i++) {
          params.push({ name: this.string(words[body + 2 * i]!), type: words[body + 2 * i + 1]! });
        }
        return { kind, name: "", type: third, params };
      }
      case "var":
        return { kind, name, type: third, linkage: LINKAGES[words[body]!] ?? "static" };
      case "datasec": {
        const vars = [];
        for (let i = 0; i < vlen; i++) {
          const word = body + 3 * i;
          vars.push({ type: words[word]!, offset: words[word + 1]!, size: words[word + 2]! });
        }
        return { kind, name, size: third, vars };
      }
      case "float":
        return { kind, name, size: third };
      case "decl_tag":
        return flag
          ? { kind, name, type: third, component: words[body]! | 0, attribute: true }
          : { kind, name, type: third, component: words[body]! | 0 };
    }
  }
}
