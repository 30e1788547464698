import { ANCILLARY, ANCILLARY_START } from "../ancillary.ts";
import * as c from "../insn.ts";
import { type ClassicInsn, classic } from "../insn.ts";
import { asmError, type Position } from "./errors.ts";
import { type Token, tokenize } from "./tokens.ts";

/** A program and where in the text each of its instructions stands. */
export interface ClassicAssembly {
  readonly program: ClassicInsn[];
  readonly positions: readonly Position[];
}

/**
 * Assembles the language of bpf_asm (Documentation/networking/filter.rst). What comes out is as the text says it; whether Linux
 * would take it is for `checkClassic` to tell.
 * @throws BpfError `E_CBPF_*` with `line` and `column`
 */
export function assembleClassic(text: string): ClassicAssembly {
  return new Assembler(tokenize(text)).assemble();
}

/** An operand: its addressing mode, with the bits that it adds to the code, and k. */
interface Operand {
  readonly bits: number;
  readonly k: number;
}

type ReadOperand = (parser: Assembler) => Operand;

/** A label's name as a jump uses it. */
interface Reference {
  readonly name: Token;
  readonly insn: number;
}

/** What an operand begins with, and how it goes on. Tried in order. */
interface Mode {
  readonly begins: (parser: Assembler) => boolean;
  readonly read: ReadOperand;
  /** In words, for what is expected. */
  readonly wanted: string;
}

const EXTENSIONS = new Map(ANCILLARY.flatMap((row) => (row.name === null ? [] : [[row.name, row.offset]])));
/** The name that some versions of bpf_asm have for vlan_avail. */
EXTENSIONS.set("vlan_pr", 48);

const LITERAL: Mode = {
  begins: (p) => p.is("#") && !p.isWord(1),
  read: (p) => {
    p.expect("#");
    return { bits: c.BPF_IMM, k: p.number() };
  },
  wanted: "#k",
};

/** As `LITERAL`; the mark may be left out. */
const PLAIN: Mode = {
  begins: (p) => p.is("#") || p.isNumber(),
  read: (p) => {
    if (p.is("#")) p.next();
    return { bits: c.BPF_IMM, k: p.number() };
  },
  wanted: "#k",
};

const PACKET: Mode = {
  begins: (p) => p.is("["),
  read: (p) => {
    p.expect("[");
    let bits = c.BPF_ABS;
    let k = 0;
    if (p.isX()) {
      p.skipX();
      bits = c.BPF_IND;
      if (p.is("+")) p.next();
      if (!p.is("]")) k = p.number();
    } else k = p.number();
    p.expect("]");
    return { bits, k };
  },
  wanted: "[k] or [x + k]",
};

const SCRATCH: Mode = {
  begins: (p) => p.peek().text === "M",
  read: (p) => {
    p.next();
    p.expect("[");
    const at = p.peek();
    const k = p.number();
    if (k >= c.BPF_MEMWORDS) throw asmError("E_CBPF_SCRATCH", { line: at.line, column: at.column, k });
    p.expect("]");
    return { bits: c.BPF_MEM, k };
  },
  wanted: "M[k]",
};

const HEADER_LENGTH: Mode = {
  begins: (p) => p.isNumber(),
  read: (p) => {
    p.literal(4);
    for (const sign of ["*", "(", "["]) p.expect(sign);
    const k = p.number();
    for (const sign of ["]", "&"]) p.expect(sign);
    p.literal(0xf);
    p.expect(")");
    return { bits: c.BPF_B | c.BPF_MSH, k };
  },
  wanted: "4*([k]&0xf)",
};

const LENGTH: Mode = {
  begins: (p) => p.word() === "len",
  read: (p) => {
    p.skipWord();
    return { bits: c.BPF_LEN, k: 0 };
  },
  wanted: "len",
};

const EXTENSION: Mode = {
  begins: (p) => p.word() !== null,
  read: (p) => {
    const name = p.skipWord();
    const offset = EXTENSIONS.get(name.text);
    if (offset === undefined) {
      throw asmError("E_CBPF_EXTENSION", { line: name.line, column: name.column, found: name.text });
    }
    return { bits: c.BPF_ABS, k: ANCILLARY_START + offset };
  },
  wanted: "an extension",
};

const INDEX: Mode = {
  begins: (p) => p.isX(),
  read: (p) => {
    p.skipX();
    return { bits: c.BPF_X, k: 0 };
  },
  wanted: "x",
};

const ACCUMULATOR: Mode = {
  begins: (p) => p.isRegister("a"),
  read: (p) => {
    p.skipRegister();
    return { bits: c.BPF_A, k: 0 };
  },
  wanted: "a",
};

/** What follows a mnemonic: nothing, an operand, a label, or an operand and labels. */
interface Mnemonic {
  readonly code: number;
  readonly modes?: readonly Mode[];
  readonly jump?: "always" | "if" | "unless";
}

const COMPARED = [LITERAL, INDEX];

// biome-ignore format: one row per word reads as a table
const MNEMONICS: Readonly<Record<string, Mnemonic>> = {
  ld:   { code: c.BPF_LD,  modes: [PACKET, SCRATCH, LITERAL, LENGTH, EXTENSION] },
  ldi:  { code: c.BPF_LD,  modes: [PLAIN] },
  ldh:  { code: c.BPF_LD | c.BPF_H, modes: [PACKET, EXTENSION] },
  ldb:  { code: c.BPF_LD | c.BPF_B, modes: [PACKET, EXTENSION] },
  ldx:  { code: c.BPF_LDX, modes: [SCRATCH, LITERAL, LENGTH, HEADER_LENGTH] },
  ldxi: { code: c.BPF_LDX, modes: [PLAIN] },
  ldxb: { code: c.BPF_LDX, modes: [HEADER_LENGTH] },
  jmp:  { code: c.BPF_JMP | c.BPF_JA, jump: "always" },
  ja:   { code: c.BPF_JMP | c.BPF_JA, jump: "always" },
  jeq:  { code: c.BPF_JMP | c.BPF_JEQ,  modes: COMPARED, jump: "if" },
  jgt:  { code: c.BPF_JMP | c.BPF_JGT,  modes: COMPARED, jump: "if" },
  jge:  { code: c.BPF_JMP | c.BPF_JGE,  modes: COMPARED, jump: "if" },
  jset: { code: c.BPF_JMP | c.BPF_JSET, modes: COMPARED, jump: "if" },
  jne:  { code: c.BPF_JMP | c.BPF_JEQ,  modes: COMPARED, jump: "unless" },
  jneq: { code: c.BPF_JMP | c.BPF_JEQ,  modes: COMPARED, jump: "unless" },
  jlt:  { code: c.BPF_JMP | c.BPF_JGE,  modes: COMPARED, jump: "unless" },
  jle:  { code: c.BPF_JMP | c.BPF_JGT,  modes: COMPARED, jump: "unless" },
  add:  { code: c.BPF_ALU | c.BPF_ADD, modes: COMPARED },
  sub:  { code: c.BPF_ALU | c.BPF_SUB, modes: COMPARED },
  mul:  { code: c.BPF_ALU | c.BPF_MUL, modes: COMPARED },
  div:  { code: c.BPF_ALU | c.BPF_DIV, modes: COMPARED },
  mod:  { code: c.BPF_ALU | c.BPF_MOD, modes: COMPARED },
  and:  { code: c.BPF_ALU | c.BPF_AND, modes: COMPARED },
  or:   { code: c.BPF_ALU | c.BPF_OR,  modes: COMPARED },
  xor:  { code: c.BPF_ALU | c.BPF_XOR, modes: COMPARED },
  lsh:  { code: c.BPF_ALU | c.BPF_LSH, modes: COMPARED },
  rsh:  { code: c.BPF_ALU | c.BPF_RSH, modes: COMPARED },
  neg:  { code: c.BPF_ALU | c.BPF_NEG },
  tax:  { code: c.BPF_MISC | c.BPF_TAX },
  txa:  { code: c.BPF_MISC | c.BPF_TXA },
  ret:  { code: c.BPF_RET, modes: [LITERAL, ACCUMULATOR] },
};

/** Stores have their mode in the mnemonic. */
const STORES: Readonly<Record<string, number>> = { st: c.BPF_ST, stx: c.BPF_STX };

/** Largest number of instructions that jt and jf can skip. */
const FAR = 255;

class Assembler {
  readonly #tokens: readonly Token[];
  #at = 0;
  readonly #labels = new Map<string, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  assemble(): ClassicAssembly {
    const program: ClassicInsn[] = [];
    const positions: Position[] = [];
    const pending: { readonly insn: number; readonly field: "jt" | "jf" | "k"; readonly name: Token }[] = [];
    const refer = (field: "jt" | "jf" | "k"): void => {
      pending.push({ insn: program.length, field, name: this.#labelName() });
    };
    while (this.peek().kind !== "end") {
      if (this.#isLabel()) {
        this.#defineLabel(program.length);
        continue;
      }
      const token = this.next();
      const where = { line: token.line, column: token.column };
      if (program.length >= c.BPF_MAXINSNS) throw asmError("E_CBPF_LENGTH", { ...where, limit: c.BPF_MAXINSNS });
      const store = Object.hasOwn(STORES, token.text) ? STORES[token.text] : undefined;
      const row = Object.hasOwn(MNEMONICS, token.text) ? MNEMONICS[token.text] : undefined;
      let made: ClassicInsn;
      if (store !== undefined) made = classic(store, this.#operand([SCRATCH]).k);
      else if (row === undefined) throw asmError("E_CBPF_MNEMONIC", { ...where, found: token.text });
      else {
        const { bits, k } = row.modes === undefined ? { bits: 0, k: 0 } : this.#operand(row.modes);
        made = classic(row.code | bits, k);
        if (row.jump === "always") refer("k");
        else if (row.jump !== undefined) {
          this.expect(",");
          refer(row.jump === "if" ? "jt" : "jf");
          if (row.jump === "if" && this.is(",")) {
            this.next();
            refer("jf");
          }
        }
      }
      program.push(made);
      positions.push(where);
    }
    for (const { insn, field, name } of pending) {
      program[insn] = { ...program[insn]!, [field]: this.#distance({ name, insn }, field, program.length) };
    }
    return { program, positions };
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }
  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }
  is(sign: string): boolean {
    const token = this.peek();
    return token.kind === "sign" && token.text === sign;
  }
  isWord(ahead = 0): boolean {
    return this.peek(ahead).kind === "word";
  }
  isNumber(): boolean {
    return this.peek().kind === "number" || this.is("-") || this.is("+");
  }
  expect(sign: string): void {
    if (!this.is(sign)) throw this.#wanted(`"${sign}"`);
    this.next();
  }

  /** A number with or without sign, as 32 bits. */
  number(): number {
    const first = this.peek();
    const negative = this.is("-");
    if (negative || this.is("+")) this.next();
    const token = this.peek();
    if (token.kind !== "number") throw this.#wanted("a number");
    this.next();
    if (negative && token.value > 0x8000_0000) {
      throw asmError("E_CBPF_NUMBER", { line: first.line, column: first.column, found: `-${token.text}` });
    }
    return (negative ? -token.value : token.value) >>> 0;
  }
  /** This number and no other. */
  literal(value: number): void {
    const token = this.peek();
    if (token.kind !== "number" || token.value !== value) throw this.#wanted(value > 9 ? "0xf" : String(value));
    this.next();
  }

  isRegister(name: string): boolean {
    return this.peek(this.is("%") ? 1 : 0).text === name;
  }
  skipRegister(): void {
    if (this.is("%")) this.next();
    this.next();
  }
  isX(): boolean {
    return this.isRegister("x");
  }
  skipX(): void {
    this.skipRegister();
  }

  /** The word here, with or without the mark of a literal before it. */
  word(): string | null {
    const token = this.peek(this.is("#") ? 1 : 0);
    return token.kind === "word" ? token.text : null;
  }
  skipWord(): Token {
    if (this.is("#")) this.next();
    return this.next();
  }

  #operand(modes: readonly Mode[]): Operand {
    const mode = modes.find((m) => m.begins(this));
    if (mode === undefined) throw this.#wanted(modes.map((m) => m.wanted).join(", "));
    return mode.read(this);
  }

  #isLabel(): boolean {
    const colon = this.peek(1);
    return this.peek().kind === "word" && colon.kind === "sign" && colon.text === ":";
  }
  #defineLabel(insn: number): void {
    const { text: name, line, column } = this.next();
    this.next();
    if (this.#labels.has(name)) throw asmError("E_CBPF_LABEL", { line, column, name, problem: "is defined twice" });
    this.#labels.set(name, insn);
  }
  #labelName(): Token {
    const token = this.peek();
    if (token.kind !== "word") throw this.#wanted("a label");
    return this.next();
  }

  #distance({ name, insn }: Reference, field: string, length: number): number {
    const target = this.#labels.get(name.text);
    const refuse = (problem: string) =>
      asmError("E_CBPF_LABEL", { line: name.line, column: name.column, name: name.text, problem });
    if (target === undefined) throw refuse("is not defined");
    const skip = target - insn - 1;
    if (target >= length) throw refuse("stands behind the last instruction");
    if (skip < 0) throw refuse("stands before the jump; classic BPF jumps forward only");
    if (field !== "k" && skip > FAR) throw refuse(`is ${skip} instructions away, at most ${FAR} can be skipped`);
    return skip;
  }

  #wanted(wanted: string) {
    const { line, column, kind, text } = this.peek();
    return asmError("E_CBPF_SYNTAX", { line, column, wanted, found: kind === "end" ? "the end" : `"${text}"` });
  }
}
