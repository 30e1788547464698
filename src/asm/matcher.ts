import type { Form } from "../isa/index.ts";
import { asmError } from "./errors.ts";
import { describe, expectation, type Node, type OperandEdge } from "./grammar.ts";
import type { Lexer, Token } from "./lexer.ts";

/** A symbol that an operand names: a jump target, function, map or variable. */
export interface Target {
  readonly name: string;
  readonly addend: number;
  /** The token that names it. */
  readonly token: Token;
}

/** One instruction statement as read; `target` stands for `off` (jumps) or the immediate (calls, 64-bit loads) when not null. */
export interface Statement {
  readonly form: Form;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  readonly hi: number;
  readonly target: Target | null;
}

/** Bounds of a number, and what it is for. */
export interface Range {
  readonly what: string;
  readonly low: bigint;
  readonly high: bigint;
}
const RANGES = {
  imm: { what: "a 32-bit immediate", low: -(2n ** 31n), high: 2n ** 32n - 1n },
  imm64: { what: "a 64-bit immediate", low: -(2n ** 63n), high: 2n ** 64n - 1n },
  off: { what: "a 16-bit offset", low: -(2n ** 15n), high: 2n ** 15n - 1n },
  // Signed 32 bits for gotol and calls; 16-bit forms are checked when the form is known.
  jump: { what: "a 32-bit displacement", low: -(2n ** 31n), high: 2n ** 31n - 1n },
  space: { what: "an address space", low: 0n, high: 65535n },
} as const satisfies Record<string, Range>;

/** Names that can only be mistaken registers: r11, w32. */
const NO_REGISTER = /^[rw][0-9]+$/;

/** Reads statements of one syntax; `constants` holds values of `.equ` names. */
export class Matcher {
  readonly #root: Node;
  readonly #lexer: Lexer;
  readonly #constants: ReadonlyMap<string, bigint>;
  #tokens: readonly Token[] = [];
  #dst = 0;
  #src = 0;
  #off = 0;
  #imm = 0;
  #hi = 0;
  #target: Target | null = null;
  /** Value and end of the expression read last. */
  #value = 0;
  #big: bigint | null = null;
  #end = 0;
  #furthest = 0;
  #stuck: Node[] = [];
  /** A number that was read but does not fit; refused only if no other reading of the statement succeeds. */
  #unfit: { readonly at: number; readonly value: string; readonly range: Range } | null = null;

  constructor(root: Node, lexer: Lexer, constants: ReadonlyMap<string, bigint>) {
    this.#root = root;
    this.#lexer = lexer;
    this.#constants = constants;
  }

  /** Reads the instruction that starts at token `from`. @throws BpfError `E_ASM_SYNTAX`, `E_ASM_NUMBER`. */
  read(tokens: readonly Token[], from: number): Statement {
    this.#tokens = tokens;
    this.#furthest = from;
    this.#stuck.length = 0;
    this.#target = null;
    this.#unfit = null;
    // Templates without an operand leave its field at zero.
    this.#off = 0;
    this.#imm = 0;
    this.#hi = 0;
    const form = this.#walk(this.#root, from);
    if (form === null) {
      this.#refuseNumber();
      const token = tokens[this.#furthest]!;
      throw asmError("E_ASM_SYNTAX", {
        ...this.#lexer.place(token.at),
        found: describe(token),
        expected: expectation(this.#stuck),
      });
    }
    const { fields, kind } = form;
    return {
      form,
      dst: fields.includes("dst") ? this.#dst : 0,
      src: fields.includes("src") ? this.#src : 0,
      off: fields.includes("off") || kind === "ja" || kind === "call" || kind === "ld_imm64" ? this.#off : 0,
      imm: fields.includes("imm") ? this.#imm : 0,
      hi: kind === "ld_imm64" ? this.#hi : 0,
      target: this.#target,
    };
  }

  #walk(node: Node, at: number): Form | null {
    const token = this.#tokens[at]!;
    if (token.kind === "end") {
      if (node.form !== null) return node.form;
    } else {
      const literal = token.kind === "string" ? undefined : node.literals.get(token.text);
      if (literal !== undefined) {
        const found = this.#walk(literal, at + 1);
        if (found !== null) return found;
      }
    }
    for (const edge of node.operands) {
      const next = this.#operand(edge, token, at);
      if (next < 0) continue;
      const found = this.#walk(edge.next, next);
      if (found !== null) return found;
    }
    if (at >= this.#furthest) {
      if (at > this.#furthest) this.#stuck.length = 0;
      this.#furthest = at;
      this.#stuck.push(node);
    }
    return null;
  }

  /** Reads one operand; the index after it, or -1 where there is none. */
  #operand(edge: OperandEdge, token: Token, at: number): number {
    switch (edge.kind) {
      case "reg64":
      case "reg32":
      case "ureg":
        return this.#register(edge, token, at);
      case "imm":
        return this.#number(at, RANGES.imm) ? this.#keep("imm") : -1;
      case "plus_imm":
        return this.#signed(token, at, RANGES.imm, "imm");
      case "off":
        return this.#signed(token, at, RANGES.off, "off");
      case "hi":
        if (!this.#number(at, RANGES.imm)) return -1;
        this.#hi = this.#value | 0;
        return this.#end;
      case "off16":
        return this.#number(at, RANGES.off) ? this.#keep("off") : -1;
      case "as_dst":
      case "as_src":
        if (!this.#number(at, RANGES.space)) return -1;
        if (edge.kind === "as_dst") this.#imm = this.#value << 16;
        else this.#imm |= this.#value;
        return this.#end;
      case "imm64":
        return this.#imm64(token, at);
      case "jump":
        return this.#jump(token, at);
      case "callee":
        return this.#callee(token, at);
    }
  }

  #keep(field: "imm" | "off"): number {
    if (field === "imm") this.#imm = this.#value | 0;
    else this.#off = this.#value;
    this.#target = null;
    return this.#end;
  }

  #register(edge: OperandEdge, token: Token, at: number): number {
    if (token.kind !== edge.kind) return -1;
    if (edge.field === "dst") {
      if (edge.repeated && token.value !== this.#dst) return -1;
      this.#dst = token.value;
    } else {
      if (edge.repeated && token.value !== this.#src) return -1;
      this.#src = token.value;
    }
    return at + 1;
  }

  /** `+ number`, `- number` or nothing at all. */
  #signed(token: Token, at: number, range: Range, field: "imm" | "off"): number {
    if (token.kind === "punct" && (token.text === "+" || token.text === "-")) {
      // The verifier prints `r10 +-8`: a plus sign belongs to the text, not the number.
      const next = this.#tokens[at + 1]!;
      const from = token.text === "+" && next.kind === "punct" && next.text === "-" ? at + 1 : at;
      return this.#number(from, range) ? this.#keep(field) : -1;
    }
    this.#value = 0;
    this.#end = at;
    return this.#keep(field);
  }

  #imm64(token: Token, at: number): number {
    if (token.kind === "ident" && !this.#constants.has(token.text)) {
      if (NO_REGISTER.test(token.text)) return -1;
      const next = this.#tokens[at + 1]!;
      let addend = 0;
      let end = at + 1;
      if (next.kind === "punct" && (next.text === "+" || next.text === "-")) {
        if (!this.#number(end, RANGES.jump)) return -1;
        addend = this.#value;
        end = this.#end;
      }
      this.#target = { name: token.text, addend, token };
      this.#imm = 0;
      this.#hi = 0;
      return end;
    }
    if (!this.#number(at, RANGES.imm64)) return -1;
    const big = this.#big ?? BigInt(this.#value);
    this.#imm = Number(BigInt.asIntN(32, big));
    this.#hi = Number(BigInt.asIntN(32, big >> 32n));
    this.#target = null;
    return this.#end;
  }

  #jump(token: Token, at: number): number {
    if (token.kind === "ident" && token.text !== "pc") {
      this.#target = { name: token.text, addend: 0, token };
      this.#off = 0;
      return this.#passNote(at + 1);
    }
    if (token.kind === "local") {
      this.#target = { name: token.text, addend: 0, token };
      this.#off = 0;
      return at + 1;
    }
    if (!this.#number(token.kind === "ident" ? at + 1 : at, RANGES.jump)) return -1;
    this.#keep("off");
    return this.#passNote(this.#end);
  }

  /** Passes over the `<label+0x8>` that llvm-objdump prints after a displacement. */
  #passNote(at: number): number {
    if (this.#tokens[at]!.text !== "<" || this.#tokens[at]!.kind !== "punct") return at;
    let i = at + 1;
    for (; this.#tokens[i]!.kind !== "end"; i++) if (this.#tokens[i]!.text === ">") return i + 1;
    return at;
  }

  #callee(token: Token, at: number): number {
    if (token.kind === "ident" && !this.#constants.has(token.text)) {
      const next = this.#tokens[at + 1]!;
      // `call pc+3` is a local call by displacement; the name "pc" marks it.
      if (token.text === "pc" && next.kind === "punct" && this.#number(at + 1, RANGES.jump)) {
        this.#off = this.#value;
        this.#target = { name: "pc", addend: this.#value, token };
        return this.#end;
      }
      this.#target = { name: token.text, addend: 0, token };
      this.#imm = 0;
      return at + 1;
    }
    return this.#number(at, RANGES.imm) ? this.#keep("imm") : -1;
  }

  /** Reads a sum of numbers and constants from `at`; false where there is none that fits. */
  #number(at: number, range: Range): boolean {
    const tokens = this.#tokens;
    let i = at;
    let sum = 0;
    let big: bigint | null = null;
    for (let terms = 0; ; terms++) {
      let negative = false;
      let token = tokens[i]!;
      let signs = 0;
      while (token.kind === "punct" && (token.text === "-" || token.text === "+")) {
        if (token.text === "-") negative = !negative;
        if (++signs > 2) return false;
        token = tokens[++i]!;
      }
      if (terms > 0 && signs === 0) break;
      let value: number;
      let exact: bigint | null = null;
      if (token.kind === "number") {
        value = token.value;
        exact = token.big;
      } else if (token.kind === "ident" && this.#constants.has(token.text)) {
        exact = this.#constants.get(token.text)!;
        value = Number(exact);
      } else return false;
      if (big !== null || exact !== null || Math.abs(sum) + Math.abs(value) > Number.MAX_SAFE_INTEGER) {
        const term = exact ?? BigInt(value);
        big = (big ?? BigInt(sum)) + (negative ? -term : term);
      } else {
        sum += negative ? -value : value;
      }
      i++;
      const next = tokens[i]!;
      if (next.kind !== "punct" || (next.text !== "+" && next.text !== "-")) break;
    }
    const outside =
      big === null ? sum < Number(range.low) || sum > Number(range.high) : big < range.low || big > range.high;
    if (outside) {
      this.#unfit = { at, value: String(big ?? sum), range };
      return false;
    }
    this.#value = big === null ? sum : Number(BigInt.asIntN(53, big));
    this.#big = big;
    this.#end = i;
    return true;
  }

  /** Throws if the furthest reading ended at a number too large for its place. */
  #refuseNumber(): void {
    const unfit = this.#unfit;
    // Past the number only `ll` or nothing can have been missed.
    if (unfit === null || unfit.at + 2 < this.#furthest) return;
    throw asmError("E_ASM_NUMBER", {
      ...this.#lexer.place(this.#tokens[unfit.at]!.at),
      value: unfit.value,
      what: unfit.range.what,
      low: String(unfit.range.low),
      high: String(unfit.range.high),
    });
  }

  /** Reads a number expression on its own (for directives). @throws BpfError `E_ASM_SYNTAX`, `E_ASM_NUMBER`. */
  expression(tokens: readonly Token[], at: number, range: Range): { value: bigint; end: number } {
    this.#tokens = tokens;
    this.#unfit = null;
    this.#furthest = at;
    if (!this.#number(at, range)) {
      this.#refuseNumber();
      const token = tokens[at]!;
      throw asmError("E_ASM_SYNTAX", {
        ...this.#lexer.place(token.at),
        found: describe(token),
        expected: "a number",
      });
    }
    return { value: this.#big ?? BigInt(this.#value), end: this.#end };
  }
}
