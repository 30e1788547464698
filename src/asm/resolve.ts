import { type Form, form, type Insn } from "../isa/index.ts";
import { helperByName } from "../uapi/index.ts";
import type { Assembler } from "./assembler.ts";
import type { AsmRelocation, AsmSection, AsmSymbol, Assembly } from "./assembly.ts";
import { asmError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type { CodeReference, SectionBuilder } from "./section-builder.ts";
import { isPrivate, type SymbolEntry } from "./symbols.ts";

/**
 * Gives every name its meaning once the whole text is read.
 *
 * What a linker must do is left as relocations just as LLVM leaves it: local symbols of other sections as section plus
 * addend, global ones by name, calls of global functions always by name (`resolved` when the displacement is known too).
 */

const HELPER = form("call_helper");

interface Relocation {
  readonly kind: AsmRelocation["kind"];
  readonly offset: number;
  readonly entry: SymbolEntry;
  readonly bySection: boolean;
  readonly addend: number;
  readonly resolved: boolean;
}

class Resolver {
  readonly #asm: Assembler;
  readonly #helper: (name: string) => number | undefined;
  readonly relocations = new Map<SectionBuilder, Relocation[]>();

  constructor(asm: Assembler) {
    this.#asm = asm;
    this.#helper = asm.options.helper ?? ((name) => helperByName(name)?.id);
  }

  run(): void {
    for (const section of this.#asm.sections.values()) {
      this.relocations.set(section, []);
      for (const reference of section.references) this.#reference(section, reference);
      for (const { offset, target } of section.dataReferences) {
        const entry = this.#entry(target.name, target.token.at);
        const bySection = this.#bySection(entry);
        const addend = target.addend + (bySection ? entry.value : 0);
        section.data.setU64(offset, BigInt(addend));
        this.relocations.get(section)!.push({ kind: "abs", offset, entry, bySection, addend, resolved: false });
      }
    }
  }

  #reference(section: SectionBuilder, reference: CodeReference): void {
    if (reference.use === "jump" || reference.use === "func") this.#jump(section, reference);
    else if (reference.use === "call") this.#call(section, reference);
    else this.#load(section, reference);
  }

  #bySection(entry: SymbolEntry): boolean {
    return entry.section !== null && entry.bind === "local";
  }

  #entry(name: string, at: number): SymbolEntry {
    const entry = this.#asm.symbols.entries.get(name);
    if (entry !== undefined && (entry.section !== null || entry.external)) return entry;
    if (this.#asm.options.allowUndefined === true || (entry !== undefined && entry.bind !== "local")) {
      const made = this.#asm.symbols.entry(name);
      made.external = true;
      if (made.bind === "local") made.bind = "global";
      return made;
    }
    const near = nearest(name, this.#asm.symbols.entries.keys());
    const problem = `is not defined${near === null || near === name ? "; .extern declares what other objects define" : `; did you mean "${near}"?`}`;
    throw asmError("E_ASM_SYMBOL", { ...this.#asm.lexer.place(at), name, problem });
  }

  #replace(section: SectionBuilder, slot: number, change: Partial<Insn>): void {
    section.code[slot] = { ...section.code[slot]!, ...change };
  }

  /** Jumps, and addresses of functions of the same section: the displacement in slots. */
  #jump(section: SectionBuilder, { slot, target, use, order }: CodeReference): void {
    const { token, name } = target;
    const { form: f } = section.code[slot]!;
    const place = () => this.#asm.lexer.place(token.at);
    let to: number | null;
    if (token.kind === "local") {
      to = this.#asm.symbols.numeric(token, section, order);
      if (to === null) {
        const problem = token.text.endsWith("f")
          ? "does not follow in this section"
          : "does not stand before it in this section";
        throw asmError("E_ASM_LABEL", { ...place(), name, problem });
      }
    } else {
      const entry = this.#asm.symbols.entries.get(name);
      if (entry === undefined || entry.section === null) {
        to = this.#exitLabel(section, name);
        if (to === null) {
          const labels = [...this.#asm.symbols.entries.values()].filter((e) => e.section !== null).map((e) => e.name);
          const near = nearest(name, labels);
          const problem = near === null ? "is not defined" : `is not defined; did you mean "${near}"?`;
          throw asmError("E_ASM_LABEL", { ...place(), name, problem });
        }
      } else if (entry.section !== section) {
        throw asmError("E_ASM_LABEL", {
          ...place(),
          name,
          problem: `lies in another section, "${entry.section.name}"`,
        });
      } else to = entry.value / 8;
      if (use === "func" && entry !== undefined) entry.type ??= "func";
    }
    const off = to - (slot + 1);
    this.#checkJump(f, off, name, place);
    this.#replace(section, slot, { off });
  }

  #checkJump(f: Form, off: number, name: string, place: () => { file: string; line: number; column: number }): void {
    if (f.fields.includes("off") && (off < -32768 || off > 32767)) {
      const advice = f.kind === "ja" ? "; use gotol" : "; jump around a gotol";
      throw asmError("E_ASM_JUMP", { ...place(), name, distance: off, limit: "16 bits", advice });
    }
  }

  /** In the uBPF syntax `exit` may stand for the section's last exit instruction. */
  #exitLabel(section: SectionBuilder, name: string): number | null {
    if (name !== "exit" || this.#asm.options.syntax !== "ubpf") return null;
    const slot = section.code.findLastIndex((i) => i?.form.kind === "exit");
    return slot < 0 ? null : slot;
  }

  #call(section: SectionBuilder, { slot, target }: CodeReference): void {
    const defined = this.#asm.symbols.entries.get(target.name);
    if (defined === undefined || (defined.section === null && !defined.external)) {
      const id = this.#helper(target.name);
      if (id !== undefined) {
        this.#replace(section, slot, { form: HELPER, off: 0, imm: id });
        return;
      }
    }
    const entry = this.#entry(target.name, target.token.at);
    if (entry.section !== null && entry.section.kind !== "code") {
      const problem = `is data in section "${entry.section.name}", no function`;
      throw asmError("E_ASM_SYMBOL", { ...this.#asm.lexer.place(target.token.at), name: target.name, problem });
    }
    entry.type ??= "func";
    const here = entry.section === section;
    const bySection = this.#bySection(entry);
    const to = entry.value / 8;
    const off = here ? to - (slot + 1) : bySection ? to - 1 : -1;
    this.#replace(section, slot, { off });
    if (here && bySection) return;
    this.relocations
      .get(section)!
      .push({ kind: "call", offset: slot * 8, entry, bySection, addend: off, resolved: here });
  }

  #load(section: SectionBuilder, { slot, target }: CodeReference): void {
    const entry = this.#entry(target.name, target.token.at);
    if (entry.section?.kind === "code") entry.type ??= "func";
    const bySection = this.#bySection(entry);
    const addend = target.addend + (bySection ? entry.value : 0);
    this.#replace(section, slot, { imm: addend | 0 });
    this.relocations.get(section)!.push({ kind: "ll", offset: slot * 8, entry, bySection, addend, resolved: false });
  }
}

/** Entry functions: a section with code but `.text` starts with one, whatever the text calls it. */
function nameEntries(asm: Assembler): void {
  for (const section of asm.sections.values()) {
    if (section.kind !== "code" || section.code.length === 0 || section.name === ".text") continue;
    const entries = [...asm.symbols.entries.values()].filter((e) => e.section === section && !isPrivate(e.name));
    if (entries.some((e) => isFunction(e))) continue;
    let entry = entries.find((e) => e.value === 0);
    if (entry === undefined) {
      let name = section.name.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=[0-9])/, "_");
      while (asm.symbols.entries.has(name)) name += "_";
      entry = asm.symbols.entry(name);
      entry.section = section;
      entry.line = section.lines[0]!;
    }
    entry.type = "func";
    entry.bind = "global";
  }
}

function isFunction(entry: SymbolEntry): boolean {
  if (entry.section?.kind !== "code") return false;
  return entry.type === "func" || (entry.type === null && entry.bind !== "local");
}

function symbolType(entry: SymbolEntry): AsmSymbol["type"] {
  if (entry.section === null) return entry.type ?? "notype";
  if (entry.section.kind === "code") return isFunction(entry) ? "func" : "notype";
  return entry.type ?? "object";
}

/** Sizes of functions and variables: up to the next one, or the section's end. */
function symbolSizes(entries: readonly SymbolEntry[]): Map<SymbolEntry, number> {
  const sizes = new Map<SymbolEntry, number>();
  const bySection = new Map<SectionBuilder, SymbolEntry[]>();
  for (const entry of entries) {
    if (entry.section === null) continue;
    const list = bySection.get(entry.section);
    if (list === undefined) bySection.set(entry.section, [entry]);
    else list.push(entry);
  }
  for (const [section, list] of bySection) {
    const measured = list.filter((e) => symbolType(e) !== "notype").sort((a, b) => b.value - a.value);
    let end = section.size;
    let start = section.size;
    for (const entry of measured) {
      if (entry.value < start) {
        end = start;
        start = entry.value;
      }
      sizes.set(entry, entry.size ?? Math.max(0, end - entry.value));
    }
  }
  return sizes;
}

/** Completes a text that has been read. */
export function finish(asm: Assembler): Assembly {
  const resolver = new Resolver(asm);
  resolver.run();
  nameEntries(asm);
  const builders = [...asm.sections.values()].filter((s) => s.size > 0);
  const indexOf = new Map(builders.map((s, i) => [s, i]));
  const entries = [...asm.symbols.entries.values()].filter(
    (e) => !isPrivate(e.name) && (e.external || (e.section !== null && indexOf.has(e.section))),
  );
  const sizes = symbolSizes(entries);
  const symbolIndex = new Map(entries.map((e, i) => [e, i]));
  const symbols = entries.map(
    (e): AsmSymbol => ({
      name: e.name,
      section: e.section === null ? -1 : indexOf.get(e.section)!,
      value: e.value,
      size: sizes.get(e) ?? 0,
      type: symbolType(e),
      bind: e.bind,
      hidden: e.hidden,
      line: e.line,
    }),
  );
  const sections = builders.map(
    (s): AsmSection => ({
      name: s.name,
      kind: s.kind ?? "data",
      code: s.code,
      data: s.kind === "data" ? s.data.finish() : new Uint8Array(0),
      size: s.size,
      align: s.kind === "code" ? 8 : s.align,
      writable: s.writable,
      relocations: resolver.relocations.get(s)!.map((r) => ({
        kind: r.kind,
        offset: r.offset,
        symbol: r.bySection ? -1 : symbolIndex.get(r.entry)!,
        section: r.bySection ? indexOf.get(r.entry.section!)! : -1,
        addend: r.addend,
        resolved: r.resolved,
      })),
      lines: s.lines,
    }),
  );
  return {
    file: asm.lexer.file,
    source: asm.lexer.text,
    littleEndian: asm.littleEndian,
    sections,
    symbols,
    maps: asm.maps,
    license: asm.license,
  };
}
