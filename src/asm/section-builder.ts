import type { Insn } from "../isa/index.ts";
import { ByteWriter } from "../util/index.ts";
import type { Target } from "./matcher.ts";

/** What a reference in code wants its symbol for. */
export type CodeUse = "jump" | "call" | "ll" | "func";

/** An instruction whose operand names a symbol. `order` counts statements, for numeric labels. */
export interface CodeReference {
  readonly slot: number;
  readonly use: CodeUse;
  readonly target: Target;
  readonly order: number;
}

/** A 64-bit word of data that holds a symbol's address. */
export interface DataReference {
  readonly offset: number;
  readonly target: Target;
}

/** Most bytes that `.zero` may put into a text's sections together: a line of text must not cost memory without bound. */
export const MAX_FILL = 16 * 1024 * 1024;

/** A section while its text is read. Its kind is open until the first instruction or datum. */
export class SectionBuilder {
  readonly name: string;
  kind: "code" | "data" | "bss" | null;
  writable: boolean;
  align = 1;
  readonly code: (Insn | null)[] = [];
  readonly lines: number[] = [];
  readonly references: CodeReference[] = [];
  readonly data: ByteWriter;
  readonly dataReferences: DataReference[] = [];
  bssSize = 0;

  constructor(name: string, littleEndian: boolean) {
    this.name = name;
    this.data = new ByteWriter(littleEndian);
    this.kind = null;
    this.writable = false;
    if (/^\.bss(\.|$)/.test(name)) {
      this.kind = "bss";
      this.writable = true;
    } else if (/^\.(data|maps|struct_ops)(\.|$)/.test(name) || name === "maps") {
      this.kind = "data";
      this.writable = true;
    } else if (/^\.(rodata|BTF)/.test(name) || name === "license" || name === "version") {
      this.kind = "data";
    } else if (/^\.text(\.|$)/.test(name)) {
      this.kind = "code";
    }
  }

  /** Bytes so far. */
  get size(): number {
    if (this.kind === "data") return this.data.length;
    return this.kind === "bss" ? this.bssSize : this.code.length * 8;
  }
}
