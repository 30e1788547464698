import { asmError, type Place } from "./errors.ts";

/**
 * `reg64` is `r0` to `r10`, `reg32` `w0` to `w10`, `ureg` `%r0` to `%r10`; `local` refers to a numeric label (`1f`, `2b`);
 * `punct` is an operator or bracket; `end` closes a statement.
 */
export type TokenKind = "ident" | "reg64" | "reg32" | "ureg" | "number" | "local" | "string" | "punct" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The characters as written; of a string, its contents. */
  readonly text: string;
  /** Value of a number (rounded beyond 2^53, see `big`), number of a register or numeric label. */
  readonly value: number;
  /** Exact value of a number beyond 2^53, else null. */
  readonly big: bigint | null;
  /** Character offset in the source. */
  readonly at: number;
}

const LETTER = 1;
const DIGIT = 2;
const SPACE = 4;
const CLASS = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.$@") CLASS[c.charCodeAt(0)] = LETTER;
for (const c of "0123456789") CLASS[c.charCodeAt(0)] = DIGIT;
for (const c of " \t\r\f\v") CLASS[c.charCodeAt(0)] = SPACE;

function classOf(code: number): number {
  // Letters beyond ASCII may stand in names, as LLVM allows in quoted ones.
  return code < 128 ? CLASS[code]! : LETTER;
}

// Longest first within a first character.
const OPERATORS = ["<<=", ">>=", "+=", "-=", "*=", "/=", "|=", "&=", "%=", "^=", "==", "!=", ">=", "<="];
const SINGLE = "=<>&+-*/()[],:|~%";
/** Operators by their first character's code. */
const byFirst: string[][] = Array.from({ length: 128 }, () => []);
for (const op of [...OPERATORS, ...SINGLE]) byFirst[op.charCodeAt(0)]!.push(op);
/** Operators on signed operands begin with the letter s. */
const SIGNED = ["s>>=", "s>=", "s<=", "s>", "s<", "s/=", "s%="];

const REGISTERS = new Map<string, { kind: TokenKind; value: number }>();
for (let i = 0; i <= 10; i++) {
  REGISTERS.set(`r${i}`, { kind: "reg64", value: i });
  REGISTERS.set(`w${i}`, { kind: "reg32", value: i });
}
const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, b: 8, f: 12, "\\": 92, '"': 34 };
/** Longest number or name that is read; longer ones are refused before any work on them. */
const MAX_WORD = 512;

/** Splits assembler text into statements of tokens: a line, or a part of one between semicolons. */
export class Lexer {
  readonly file: string;
  readonly text: string;
  /** Line, from 1, on which the last statement began. */
  line = 1;
  #at = 0;
  #nextLine = 1;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** Line and column of a character offset. */
  place(at: number): Place {
    let line = 1;
    let start = 0;
    for (let i = this.text.indexOf("\n"); i >= 0 && i < at; i = this.text.indexOf("\n", start)) {
      line++;
      start = i + 1;
    }
    return { file: this.file, line, column: at - start + 1 };
  }

  /**
   * The next statement's tokens, the last of kind `end`; null when the text is used up.
   * @throws BpfError `E_ASM_TOKEN` where no token can be read.
   */
  statement(): Token[] | null {
    const { text } = this;
    const tokens: Token[] = [];
    for (;;) {
      const at = this.#at;
      if (at >= text.length) {
        if (tokens.length === 0) return null;
        tokens.push({ kind: "end", text: "end of line", value: 0, big: null, at });
        return tokens;
      }
      const code = text.charCodeAt(at);
      const cls = classOf(code);
      if (cls === SPACE) {
        this.#at++;
        continue;
      }
      if (code === 10 || code === 59) {
        this.#at++;
        const line = this.#nextLine;
        if (code === 10) this.#nextLine++;
        if (tokens.length === 0) continue;
        if (code === 59 && tokens.length > 0) this.line = line;
        tokens.push({ kind: "end", text: "end of line", value: 0, big: null, at });
        return tokens;
      }
      if (this.#comment(code)) continue;
      if (tokens.length === 0) this.line = this.#nextLine;
      tokens.push(this.#token(code, cls));
    }
  }

  /** Passes over a comment: `#` and `//` to the end of the line, `/* … *​/` over lines. */
  #comment(code: number): boolean {
    const { text } = this;
    const at = this.#at;
    const slash = code === 47 ? text.charCodeAt(at + 1) : 0;
    if (code === 35 || slash === 47) {
      const end = text.indexOf("\n", at);
      this.#at = end < 0 ? text.length : end;
      return true;
    }
    if (slash !== 42) return false;
    const end = text.indexOf("*/", at + 2);
    if (end < 0) this.#refuse(at, "/*", "opens a comment that is never closed");
    // Not by indexOf, which would look beyond the comment each time.
    for (let i = at; i < end; i++) if (text.charCodeAt(i) === 10) this.#nextLine++;
    this.#at = end + 2;
    return true;
  }

  #refuse(at: number, found: string, problem: string): never {
    throw asmError("E_ASM_TOKEN", { ...this.place(at), found: found.slice(0, 40), problem });
  }

  #token(code: number, cls: number): Token {
    if (cls === LETTER) return this.#word();
    if (cls === DIGIT) return this.#number();
    if (code === 34) return this.#string();
    if (code === 37) {
      const register = this.#ubpfRegister();
      if (register !== null) return register;
    }
    const { text } = this;
    const at = this.#at;
    const operators = code < 128 ? byFirst[code]! : [];
    for (let i = 0; i < operators.length; i++) {
      const op = operators[i]!;
      if (op.length > 1 && !text.startsWith(op, at)) continue;
      this.#at += op.length;
      return { kind: "punct", text: op, value: 0, big: null, at };
    }
    return this.#refuse(at, String.fromCodePoint(text.codePointAt(at)!), "is no part of this language");
  }

  /** The end of the letters and digits from `from` on. */
  #wordEnd(from: number): number {
    const { text } = this;
    let end = from;
    while (end < text.length && (classOf(text.charCodeAt(end)) & (LETTER | DIGIT)) !== 0) end++;
    if (end - from > MAX_WORD)
      this.#refuse(from, text.slice(from, from + 40), `… is longer than ${MAX_WORD} characters`);
    return end;
  }

  #word(): Token {
    const { text } = this;
    const at = this.#at;
    let end = this.#wordEnd(at);
    if (end === at + 1 && text.charCodeAt(at) === 115) {
      for (const op of SIGNED) {
        if (!text.startsWith(op, at)) continue;
        this.#at = at + op.length;
        return { kind: "punct", text: op, value: 0, big: null, at };
      }
    }
    // The verifier writes the id of a helper after its name: bpf_map_lookup_elem#1.
    if (text.charCodeAt(end) === 35) {
      const digits = text.charCodeAt(end + 1) === 45 ? end + 2 : end + 1;
      if (classOf(text.charCodeAt(digits)) === DIGIT) end = this.#wordEnd(digits);
    }
    this.#at = end;
    const word = text.slice(at, end);
    if (end - at <= 3) {
      const register = REGISTERS.get(word);
      if (register !== undefined) return { kind: register.kind, text: word, value: register.value, big: null, at };
    }
    return { kind: "ident", text: word, value: 0, big: null, at };
  }

  #ubpfRegister(): Token | null {
    const at = this.#at;
    const end = this.#wordEnd(at + 1);
    const register = REGISTERS.get(this.text.slice(at + 1, end));
    if (register === undefined || register.kind !== "reg64") return null;
    this.#at = end;
    return { kind: "ureg", text: this.text.slice(at, end), value: register.value, big: null, at };
  }

  #number(): Token {
    const { text } = this;
    const at = this.#at;
    const end = this.#wordEnd(at);
    const word = text.slice(at, end);
    this.#at = end;
    if (end - at <= 15 && (end === at + 1 || text.charCodeAt(at) !== 48)) {
      // Most numbers: plain decimal digits.
      let value = 0;
      let i = at;
      for (; i < end; i++) {
        const digit = text.charCodeAt(i) - 48;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      if (i === end) return { kind: "number", text: word, value, big: null, at };
    }
    if (/^[0-9]+[fb]$/.test(word)) {
      return { kind: "local", text: word, value: Number(word.slice(0, -1)), big: null, at };
    }
    if (!/^(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)$/.test(word)) {
      // `0000000000000000 <name>:` and the like end up here as well.
      this.#refuse(at, word, "is no number (decimal, 0x hexadecimal or 0b binary)");
    }
    // GNU as and LLVM read a leading zero as octal.
    const octal = /^0[0-7]+$/.test(word) ? `0o${word.slice(1)}` : word;
    const value = Number(octal);
    return { kind: "number", text: word, value, big: value > Number.MAX_SAFE_INTEGER ? BigInt(octal) : null, at };
  }

  #string(): Token {
    const { text } = this;
    const at = this.#at;
    let out = "";
    let i = at + 1;
    for (;;) {
      const c = text[i];
      if (c === undefined || c === "\n") this.#refuse(at, '"', "opens a string that is never closed");
      i++;
      if (c === '"') break;
      if (c !== "\\") {
        out += c;
        continue;
      }
      const octal = /^[0-7]{1,3}/.exec(text.slice(i, i + 3))?.[0];
      const hex = /^x[0-9a-fA-F]{1,2}/.exec(text.slice(i, i + 3))?.[0];
      const simple = ESCAPES[text[i] ?? ""];
      if (octal !== undefined) out += String.fromCharCode(Number.parseInt(octal, 8) & 255);
      else if (hex !== undefined) out += String.fromCharCode(Number.parseInt(hex.slice(1), 16));
      else if (simple !== undefined) out += String.fromCharCode(simple);
      else this.#refuse(i - 1, text.slice(i - 1, i + 1), "is no escape sequence");
      i += octal?.length ?? hex?.length ?? 1;
    }
    this.#at = i;
    return { kind: "string", text: out, value: 0, big: null, at };
  }
}
