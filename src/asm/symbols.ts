import { asmError } from "./errors.ts";
import type { Lexer, Token } from "./lexer.ts";
import type { SectionBuilder } from "./section-builder.ts";

/** A name while its text is read. */
export interface SymbolEntry {
  readonly name: string;
  /** Where it is defined, null while (or if) it is not. */
  section: SectionBuilder | null;
  /** Bytes from the start of the section. */
  value: number;
  line: number;
  /** Defined by `.map` or declared by `.extern`, so that it needs no label. */
  external: boolean;
  bind: "local" | "global" | "weak";
  /** Whether `.local` said so, which `.comm` heeds. */
  keptLocal: boolean;
  hidden: boolean;
  /** From `.type`, or from how it is used; null = by its section. */
  type: "func" | "object" | "notype" | null;
  /** From `.size`, null = up to the next symbol. */
  size: number | null;
}

/** Whether a name stays out of the object's symbol table, as LLVM keeps `.L` names private. */
export function isPrivate(name: string): boolean {
  return name.startsWith(".L") || name.startsWith("L__");
}

/** The names of one text. Numeric labels may be defined any number of times. */
export class SymbolTable {
  readonly entries = new Map<string, SymbolEntry>();
  readonly #numeric = new Map<number, { section: SectionBuilder; slot: number; order: number }[]>();
  readonly #lexer: Lexer;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
  }

  /** The entry of a name, made when it is new. */
  entry(name: string): SymbolEntry {
    let found = this.entries.get(name);
    if (found === undefined) {
      found = {
        name,
        section: null,
        value: 0,
        line: 0,
        external: false,
        bind: "local",
        keptLocal: false,
        hidden: false,
        type: null,
        size: null,
      };
      this.entries.set(name, found);
    }
    return found;
  }

  /** Defines a label here. @throws BpfError `E_ASM_DUPLICATE`. */
  define(token: Token, section: SectionBuilder, line: number): void {
    const entry = this.entry(token.text);
    if (entry.section !== null || (entry.external && entry.line > 0)) {
      throw asmError("E_ASM_DUPLICATE", { ...this.#lexer.place(token.at), name: token.text, first: entry.line });
    }
    entry.section = section;
    entry.value = section.size;
    entry.line = line;
  }

  /** Defines a numeric label (`1:`) before the instruction at `slot`. */
  defineNumeric(value: number, section: SectionBuilder, slot: number, order: number): void {
    const list = this.#numeric.get(value);
    if (list === undefined) this.#numeric.set(value, [{ section, slot, order }]);
    else list.push({ section, slot, order });
  }

  /** The slot that `1f` or `1b` in statement `order` means, or null. */
  numeric(token: Token, section: SectionBuilder, order: number): number | null {
    const list = this.#numeric.get(token.value) ?? [];
    // First definition after the statement, by bisection: texts may hold thousands of the same number.
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]!.order > order) high = middle;
      else low = middle + 1;
    }
    const found = token.text.endsWith("f") ? list[low] : list[low - 1];
    return found !== undefined && found.section === section ? found.slot : null;
  }
}
