import { asmError, type Position } from "./errors.ts";

/** A word, a number, or one character that stands for itself. */
export interface Token extends Position {
  readonly kind: "word" | "number" | "sign" | "end";
  readonly text: string;
  /** Of a number: its value, up to 2^32 - 1. */
  readonly value: number;
}

const SIGNS = "#%[]()+-*&,:";
const SKIP = /[ \t\r\f\v\n]+|;[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /[0-9][A-Za-z0-9_]*/y;
/** Hexadecimal, binary, octal, decimal, as in C. */
const NUMBERS: readonly (readonly [RegExp, number, number])[] = [
  [/^0[xX][0-9a-fA-F]+$/, 16, 2],
  [/^0[bB][01]+$/, 2, 2],
  [/^0[0-7]*$/, 8, 0],
  [/^[1-9][0-9]*$/, 10, 0],
];

/** The value of an unsigned number as C writes it, or null where it is none or needs more than 32 bits. */
export function parseNumber(text: string): number | null {
  for (const [pattern, base, prefix] of NUMBERS) {
    if (!pattern.test(text)) continue;
    const value = Number.parseInt(text.slice(prefix), base);
    return value <= 0xffff_ffff ? value : null;
  }
  return null;
}

/** Positions of a text by offset. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/**
 * The tokens of a text, an `end` last. Comments lead from `;` to the end of the line, or stand between the marks of C.
 * @throws BpfError `E_CBPF_CHARACTER`, `E_CBPF_COMMENT`, `E_CBPF_NUMBER`
 */
export function tokenize(text: string): Token[] {
  const lines = new Lines(text);
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token["kind"], word: string, value = 0): void => {
    tokens.push({ ...lines.position(at), kind, text: word, value });
    at += word.length;
  };
  while (at < text.length) {
    const skipped = matchAt(SKIP, text, at);
    if (skipped !== null) {
      at += skipped.length;
      continue;
    }
    if (text.startsWith("/*", at)) {
      const close = text.indexOf("*/", at + 2);
      if (close === -1) throw asmError("E_CBPF_COMMENT", lines.position(at));
      at = close + 2;
      continue;
    }
    const word = matchAt(WORD, text, at);
    const digits = word === null ? matchAt(NUMBER, text, at) : null;
    if (word !== null) push("word", word);
    else if (digits !== null) {
      const value = parseNumber(digits);
      if (value === null) throw asmError("E_CBPF_NUMBER", { ...lines.position(at), found: digits });
      push("number", digits, value);
    } else {
      const found = String.fromCodePoint(text.codePointAt(at)!);
      if (!SIGNS.includes(found)) throw asmError("E_CBPF_CHARACTER", { ...lines.position(at), found });
      push("sign", found);
    }
  }
  // What is missing at the end is missing behind the last token, not behind the blanks after it.
  const last = tokens[tokens.length - 1];
  const end = last === undefined ? { line: 1, column: 1 } : { line: last.line, column: last.column + last.text.length };
  tokens.push({ ...end, kind: "end", text: "", value: 0 });
  return tokens;
}
