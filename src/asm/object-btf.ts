import { BtfBuilder, type BtfFuncInfo, type BtfLineInfo, encodeBtfExt } from "../btf/index.ts";
import type { AsmMap, AsmSection, AsmSymbol, Assembly, ScalarType } from "./assembly.ts";

/**
 * The BTF of an assembled object: `.maps` definitions as libbpf reads them (`__uint(max_entries, N)` is a pointer to an array of
 * N ints), functions, variables by size, and a source line for every instruction.
 */

const POINTER_BYTES = 8;

class ObjectBtf {
  readonly #builder: BtfBuilder;
  readonly #assembly: Assembly;
  readonly #made = new Map<string, number>();

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
    this.#builder = new BtfBuilder({ littleEndian: assembly.littleEndian });
  }

  #once(key: string, make: () => number): number {
    let id = this.#made.get(key);
    if (id === undefined) this.#made.set(key, (id = make()));
    return id;
  }

  #int(name: string, bits: number, signed: boolean): number {
    return this.#once(name, () =>
      this.#builder.add({
        kind: "int",
        name,
        size: bits / 8,
        signed,
        char: false,
        bool: false,
        bits,
        bitOffset: 0,
      }),
    );
  }

  #array(type: number, count: number): number {
    return this.#once(`${type}[${count}]`, () => {
      const indexType = this.#int("__ARRAY_SIZE_TYPE__", 32, false);
      return this.#builder.add({ kind: "array", name: "", type, indexType, count });
    });
  }

  #pointer(type: number): number {
    return this.#once(`*${type}`, () => this.#builder.add({ kind: "ptr", name: "", type }));
  }

  #scalar({ bits, signed, count }: ScalarType): number {
    const type = this.#int(`${signed ? "s" : "u"}${bits}`, bits, signed);
    return count === null ? type : this.#array(type, count);
  }

  /** A type of that many bytes: an unsigned integer or an array of bytes. */
  #ofSize(size: number): number {
    if (size === 1 || size === 2 || size === 4 || size === 8) return this.#int(`u${size * 8}`, size * 8, false);
    return this.#array(this.#int("u8", 8, false), size);
  }

  #map(map: AsmMap): number {
    const members: { name: string; type: number }[] = [];
    const number = (name: string, value: number) => {
      members.push({ name, type: this.#pointer(this.#array(this.#int("int", 32, true), value)) });
    };
    number("type", map.type);
    if (map.keyType !== null) members.push({ name: "key", type: this.#pointer(this.#scalar(map.keyType)) });
    else if (map.keySize > 0) number("key_size", map.keySize);
    if (map.valueType !== null) members.push({ name: "value", type: this.#pointer(this.#scalar(map.valueType)) });
    else if (map.valueSize > 0) number("value_size", map.valueSize);
    if (map.maxEntries > 0) number("max_entries", map.maxEntries);
    if (map.flags > 0) number("map_flags", map.flags);
    if (map.pinning > 0) number("pinning", map.pinning);
    const struct = this.#builder.add({
      kind: "struct",
      name: "",
      size: members.length * POINTER_BYTES,
      members: members.map((m, i) => ({ ...m, bitOffset: i * POINTER_BYTES * 8, bitSize: 0 })),
    });
    return this.#builder.add({ kind: "var", name: map.name, type: struct, linkage: "global" });
  }

  #maps(): void {
    const vars: { type: number; offset: number; size: number }[] = [];
    let offset = 0;
    for (const map of this.#assembly.maps) {
      const type = this.#map(map);
      const size = mapBytes(map);
      vars.push({ type, offset, size });
      offset += size;
    }
    if (vars.length > 0) this.#builder.add({ kind: "datasec", name: ".maps", size: offset, vars });
  }

  #variables(): void {
    for (const [index, section] of this.#assembly.sections.entries()) {
      if (section.kind === "code" || !/^\.(data|rodata|bss)(\.|$)/.test(section.name)) continue;
      const vars = this.#assembly.symbols
        .filter((s) => s.section === index && s.type === "object" && s.size > 0)
        .sort((a, b) => a.value - b.value)
        .map((s) => {
          const linkage = s.bind === "local" ? ("static" as const) : ("global" as const);
          const type = this.#builder.add({ kind: "var", name: s.name, type: this.#ofSize(s.size), linkage });
          return { type, offset: s.value, size: s.size };
        });
      if (vars.length > 0) this.#builder.add({ kind: "datasec", name: section.name, size: section.size, vars });
    }
  }

  #function(section: AsmSection, symbol: AsmSymbol): BtfFuncInfo {
    // The kernel verifies functions of global linkage by their parameter types, which a text does not tell: all but entries are static.
    const isEntry = section.name !== ".text" && symbol.bind !== "local";
    const int = this.#int("int", 32, true);
    const params = isEntry ? [{ name: "ctx", type: this.#pointer(0) }] : [];
    const type = this.#builder.add({ kind: "func_proto", name: "", type: int, params });
    const linkage = isEntry ? ("global" as const) : ("static" as const);
    return { offset: symbol.value, type: this.#builder.add({ kind: "func", name: symbol.name, type, linkage }) };
  }

  finish(): { btf: Uint8Array; ext: Uint8Array } {
    this.#maps();
    this.#variables();
    const funcs = new Map<string, BtfFuncInfo[]>();
    const lines = new Map<string, BtfLineInfo[]>();
    const text = this.#assembly.source.split("\n");
    for (const [index, section] of this.#assembly.sections.entries()) {
      if (section.kind !== "code") continue;
      const functions = this.#assembly.symbols
        .filter((s) => s.section === index && s.type === "func")
        .sort((a, b) => a.value - b.value)
        // Two names of one place are one function to the kernel.
        .filter((s, i, all) => i === 0 || all[i - 1]!.value !== s.value);
      // Function records must begin at the section's first instruction, as the kernel demands of a program.
      if (functions[0]?.value !== 0) continue;
      funcs.set(
        section.name,
        functions.map((f) => this.#function(section, f)),
      );
      lines.set(section.name, this.#lines(section, text));
    }
    const ext = encodeBtfExt({ funcs, lines, coreRelos: new Map() }, this.#builder);
    return { btf: this.#builder.finish(), ext };
  }

  #lines(section: AsmSection, text: readonly string[]): BtfLineInfo[] {
    const out: BtfLineInfo[] = [];
    for (const [slot, line] of section.lines.entries()) {
      if (line === 0) continue;
      // Strings of BTF must be printable.
      const source = (text[line - 1] ?? "").trim().replaceAll(/[^\x20-\x7e]/g, " ");
      out.push({ offset: slot * 8, file: this.#assembly.file, source, line, column: 1 });
    }
    return out;
  }
}

/** Bytes that a map's definition takes in `.maps`: one pointer per member. */
export function mapBytes(map: AsmMap): number {
  const optional = [
    map.keyType !== null || map.keySize > 0,
    map.valueType !== null || map.valueSize > 0,
    map.maxEntries > 0,
    map.flags > 0,
    map.pinning > 0,
  ];
  return (1 + optional.filter(Boolean).length) * POINTER_BYTES;
}

/** Contents of `.BTF` and `.BTF.ext`. */
export function objectBtf(assembly: Assembly): { btf: Uint8Array; ext: Uint8Array } {
  return new ObjectBtf(assembly).finish();
}
