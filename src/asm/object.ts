import {
  buildElf,
  type ElfSectionParts,
  type ElfSymbolParts,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
  SHT_PROGBITS,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_NOTYPE,
  STT_OBJECT,
  STT_SECTION,
  STV_DEFAULT,
  STV_HIDDEN,
  writeElf,
} from "../elf/index.ts";
import { encode } from "../isa/index.ts";
import type { AsmRelocation, AsmSection, AsmSymbol, Assembly } from "./assembly.ts";
import { mapBytes, objectBtf } from "./object-btf.ts";

// The kernel's Documentation/bpf/llvm_reloc.rst.
const R_BPF = { ll: 1, abs: 2, call: 10 } as const;
const TYPE = { notype: STT_NOTYPE, func: STT_FUNC, object: STT_OBJECT } as const;
const BIND = { local: STB_LOCAL, global: STB_GLOBAL, weak: STB_WEAK } as const;

export interface ObjectOptions {
  /** Write `.BTF` and `.BTF.ext` (maps, functions, variables, source lines); true by default. Without it, maps cannot be declared. */
  readonly btf?: boolean;
}

/** A section's code as an object file holds it: calls that a relocation names say so with displacement -1, as LLVM writes them. */
function codeBytes(section: AsmSection, littleEndian: boolean): Uint8Array {
  const code = [...section.code];
  for (const { kind, offset, resolved } of section.relocations) {
    if (kind === "call" && resolved) code[offset / 8] = { ...code[offset / 8]!, off: -1 };
  }
  return encode(code, littleEndian);
}

class ObjectWriter {
  readonly #assembly: Assembly;
  readonly #sections: ElfSectionParts[] = [];
  readonly #symbols: ElfSymbolParts[] = [];

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  write(options: ObjectOptions): Uint8Array {
    const { sections, symbols, maps, license, littleEndian } = this.#assembly;
    const mapsIndex = sections.length + 1;
    const symbolPlace = symbols.map((s) => this.#symbol(s, mapsIndex));
    const sectionPlace = new Map<number, number>();
    const place = (r: AsmRelocation): number => {
      if (r.symbol >= 0) return symbolPlace[r.symbol]!;
      let at = sectionPlace.get(r.section);
      if (at === undefined) sectionPlace.set(r.section, (at = this.#sectionSymbol(r.section)));
      return at;
    };
    for (const section of sections) this.#section(section, place);
    if (maps.length > 0) {
      const size = maps.reduce((sum, m) => sum + mapBytes(m), 0);
      this.#sections.push({ name: ".maps", flags: SHF_WRITE | SHF_ALLOC, align: 8, data: new Uint8Array(size) });
    }
    if (license !== null) {
      const data = new TextEncoder().encode(`${license}\0`);
      this.#sections.push({ name: "license", flags: SHF_WRITE | SHF_ALLOC, data });
    }
    if (options.btf ?? true) {
      const { btf, ext } = objectBtf(this.#assembly);
      this.#sections.push({ name: ".BTF", align: 4, data: btf }, { name: ".BTF.ext", align: 4, data: ext });
    }
    return writeElf(buildElf({ littleEndian, sections: this.#sections, symbols: this.#symbols }));
  }

  #section(section: AsmSection, place: (r: AsmRelocation) => number): void {
    const { name, kind } = section;
    const isCode = kind === "code";
    const access = isCode ? SHF_EXECINSTR : section.writable ? SHF_WRITE : 0;
    this.#sections.push({
      name,
      type: kind === "bss" ? SHT_NOBITS : SHT_PROGBITS,
      flags: SHF_ALLOC | access,
      data: isCode ? codeBytes(section, this.#assembly.littleEndian) : section.data,
      size: section.size,
      align: section.align,
      relocations: section.relocations.map((r) => ({ offset: r.offset, type: R_BPF[r.kind], symbol: place(r) })),
    });
  }

  #symbol(symbol: AsmSymbol, mapsIndex: number): number {
    const { maps } = this.#assembly;
    const mapAt = symbol.section < 0 ? maps.findIndex((m) => m.name === symbol.name) : -1;
    const isMap = mapAt >= 0;
    this.#symbols.push({
      name: symbol.name,
      type: TYPE[symbol.type],
      bind: BIND[symbol.bind],
      visibility: symbol.hidden ? STV_HIDDEN : STV_DEFAULT,
      section: isMap ? mapsIndex : symbol.section + 1,
      value: isMap ? maps.slice(0, mapAt).reduce((sum, m) => sum + mapBytes(m), 0) : symbol.value,
      size: isMap ? mapBytes(maps[mapAt]!) : symbol.size,
    });
    return this.#symbols.length - 1;
  }

  #sectionSymbol(index: number): number {
    this.#symbols.push({ name: "", type: STT_SECTION, bind: STB_LOCAL, section: index + 1, value: 0, size: 0 });
    return this.#symbols.length - 1;
  }
}

/**
 * A complete relocatable BPF object of an assembled text: code, data, BTF-defined maps, license, symbols, relocations.
 * @throws BpfError `E_ELF_WRITE`, `E_BTF_BUILD` for more than the formats can hold.
 */
export function assemblyToElf(assembly: Assembly, options: ObjectOptions = {}): Uint8Array {
  return new ObjectWriter(assembly).write(options);
}
