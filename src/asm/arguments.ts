import { asmError, type Place } from "./errors.ts";
import { describe } from "./grammar.ts";
import type { Lexer, Token } from "./lexer.ts";
import type { Matcher, Range } from "./matcher.ts";

/** Reads the arguments of a directive from left to right. */
export class Arguments {
  /** The directive's own token, `.long`. */
  readonly directive: Token;
  readonly #tokens: readonly Token[];
  readonly #lexer: Lexer;
  readonly #matcher: Matcher;
  #at: number;

  constructor(tokens: readonly Token[], at: number, lexer: Lexer, matcher: Matcher) {
    this.directive = tokens[at]!;
    this.#tokens = tokens;
    this.#at = at + 1;
    this.#lexer = lexer;
    this.#matcher = matcher;
  }

  peek(): Token {
    return this.#tokens[this.#at]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  atEnd(): boolean {
    return this.peek().kind === "end";
  }

  place(token: Token = this.peek()): Place {
    return this.#lexer.place(token.at);
  }

  /** Passes over the operator if it comes next. */
  accept(punct: string): boolean {
    const token = this.peek();
    if (token.kind !== "punct" || token.text !== punct) return false;
    this.#at++;
    return true;
  }

  expect(punct: string): void {
    if (!this.accept(punct)) this.refuse(`"${punct}"`);
  }

  /** A name, quoted or not. */
  name(what: string): Token {
    const token = this.peek();
    if (token.kind !== "ident" && token.kind !== "string") this.refuse(what);
    this.#at++;
    return token;
  }

  string(): string {
    const token = this.peek();
    if (token.kind !== "string") this.refuse("a string in double quotes");
    this.#at++;
    return token.text;
  }

  number(range: Range): bigint {
    const { value, end } = this.#matcher.expression(this.#tokens, this.#at, range);
    this.#at = end;
    return value;
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.atEnd()) this.refuse("the end of the statement");
  }

  /** Passes over all that is left. */
  skip(): void {
    while (!this.atEnd()) this.#at++;
  }

  refuse(expected: string): never {
    const token = this.peek();
    throw asmError("E_ASM_SYNTAX", { ...this.place(token), found: describe(token), expected });
  }

  /** Refuses the directive itself. */
  fail(problem: string): never {
    throw asmError("E_ASM_DIRECTIVE", { ...this.place(this.directive), name: this.directive.text, problem });
  }
}
