import { BpfError } from "../../util/index.ts";
import {
  BPF_A,
  BPF_ABS,
  BPF_ALU,
  BPF_IMM,
  BPF_JA,
  BPF_JMP,
  BPF_JSET,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_MAXINSNS,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_NEG,
  BPF_RET,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_TXA,
  BPF_W,
  BPF_X,
  type ClassicInsn,
  classic,
} from "../insn.ts";
import { actionByName } from "./actions.ts";
import {
  ARCHITECTURES,
  type ArchitectureName,
  architectureByAudit,
  architectureByLabel,
  architectureByName,
} from "./architectures.ts";
import { seccompCheckError, seccompProblem } from "./check.ts";
import { DATA_BYTES, WORD_ARCH, WORD_ARGS, WORD_IP, WORD_NR } from "./data.ts";
import { ALU_SIGNS, COMPARISONS } from "./disassemble.ts";
import { knownBefore } from "./flow.ts";
import { syscallByName } from "./syscalls.ts";
import { seccompTextError, type Token, tokenize } from "./tokens.ts";

export interface AssembleOptions {
  /** Whose system calls names mean where the filter has not compared the architecture. Default x86_64. */
  readonly arch?: ArchitectureName;
}

/** An operand: a number, a name whose number depends on the architecture at that place, or X. */
type Value = { readonly number: number } | { readonly name: Token } | "X";

interface Line {
  /** Where its statement begins. */
  at: Token;
  code: number;
  k: number;
  jt: number;
  jf: number;
  /** A system call's name to be looked up for k. */
  name: Token | null;
  /** Where a jump leads: for `goto` only `yes`. */
  yes: Token | null;
  no: Token | null;
}

const NEXT = "next";

/** Reads statements of seccomp-tools' language one after another into lines. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #start: Token;
  readonly lines: Line[] = [];
  readonly labels = new Map<string, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#start = tokens[0]!;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #peek(ahead = 1): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  #wrong(wanted: string, token = this.#token): never {
    const { line, column, text, kind } = token;
    const found = kind === "end" ? "the end of the text" : `"${text}"`;
    throw seccompTextError("E_SECCOMP_SYNTAX", { line, column, found, wanted });
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  #is(text: string): boolean {
    return this.#token.text === text;
  }

  #skip(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#take();
    return true;
  }

  #expect(text: string): Token {
    if (!this.#is(text)) this.#wrong(`"${text}"`);
    return this.#take();
  }

  #number(limit = 0xffffffff): number {
    const token = this.#token;
    const negative = this.#skip("-");
    const digits = this.#take();
    if (digits.kind !== "number") this.#wrong("a number", digits);
    const value = Number(digits.text);
    const { line, column } = token;
    const number = `${negative ? "-" : ""}${digits.text}`;
    if (negative ? value > 0x80000000 || limit !== 0xffffffff : value > limit)
      throw seccompTextError("E_SECCOMP_NUMBER", { line, column, number, limit: `0 … ${limit}` });
    return (negative ? -value : value) >>> 0;
  }

  #index(limit: number): number {
    this.#expect("[");
    const at = this.#token;
    const value = this.#number();
    if (value > limit) {
      const { line, column, text } = at;
      throw seccompTextError("E_SECCOMP_NUMBER", { line, column, number: text, limit: `0 … ${limit}` });
    }
    this.#expect("]");
    return value;
  }

  #emit(code: number, k = 0, more: Partial<Line> = {}): void {
    if (this.lines.length >= BPF_MAXINSNS)
      throw seccompCheckError("E_SECCOMP_LENGTH", { length: this.lines.length + 1 });
    this.lines.push({ at: this.#start, code, k, jt: 0, jf: 0, name: null, yes: null, no: null, ...more });
  }

  #value(): Value {
    if (this.#skip("X")) return "X";
    if (this.#token.kind === "name") return { name: this.#take() };
    return { number: this.#number() };
  }

  /** Adds an instruction whose operand is K or X. */
  #emitValue(code: number, value: Value, more: Partial<Line> = {}): void {
    if (value === "X") this.#emit(code | BPF_X, 0, more);
    else if ("number" in value) this.#emit(code | BPF_K, value.number, more);
    else this.#emit(code | BPF_K, 0, { ...more, name: value.name });
  }

  #label(): Token {
    const token = this.#take();
    if (token.kind !== "name" && token.kind !== "number") this.#wrong("a label", token);
    return token;
  }

  parse(): void {
    while (this.#token.kind !== "end") {
      if (this.#peek().text === ":" && (this.#token.kind === "name" || this.#token.kind === "number")) this.#mark();
      else this.#statement();
    }
  }

  #mark(): void {
    const token = this.#take();
    this.#expect(":");
    const { text: label, line, column } = token;
    const again = this.labels.has(label) || label === NEXT;
    if (again) throw seccompTextError("E_SECCOMP_LABEL", { line, column, label, why: "stands here already" });
    this.labels.set(label, this.lines.length);
    if (this.#token.kind === "number" && this.#token.line === line) this.#raw();
  }

  /** The four numbers of a listing's line; the statement beside them says the same. */
  #raw(): void {
    this.#start = this.#token;
    const { line } = this.#start;
    const code = this.#number(0xffff);
    const jt = this.#number(0xff);
    const jf = this.#number(0xff);
    const k = this.#number();
    this.#emit(code, k, { jt, jf });
    while (this.#token.kind !== "end" && this.#token.line === line) this.#take();
  }

  #statement(): void {
    this.#start = this.#token;
    const { text } = this.#start;
    if (text === "return") this.#return();
    else if (text === "goto") {
      this.#take();
      this.#emit(BPF_JMP | BPF_JA, 0, { yes: this.#label() });
    } else if (text === "if") this.#if();
    else if (text === "A" && /^([=!<>]=|[<>&?])$/.test(this.#peek().text)) this.#ternary();
    else if (text === "A") this.#assignA();
    else if (text === "X") this.#assignX();
    else if (text === "mem") {
      this.#take();
      const index = this.#index(BPF_MEMWORDS - 1);
      this.#expect("=");
      const from = this.#take();
      if (from.text !== "A" && from.text !== "X") this.#wrong('"A" or "X"', from);
      this.#emit(from.text === "A" ? BPF_ST : BPF_STX, index);
    } else this.#wrong("a statement or a label");
  }

  #return(): void {
    this.#take();
    if (this.#skip("A")) {
      this.#emit(BPF_RET | BPF_A);
      return;
    }
    if (this.#token.kind === "number" || this.#is("-")) {
      this.#emit(BPF_RET | BPF_K, this.#number());
      return;
    }
    const token = this.#take();
    const action = actionByName(token.text.replace(/^SECCOMP_RET_/, ""));
    if (action === undefined)
      this.#wrong("an action (ALLOW, KILL, KILL_PROCESS, ERRNO(n), TRAP, TRACE, LOG, …)", token);
    let data = 0;
    if (this.#skip("(")) {
      data = this.#number(0xffff);
      this.#expect(")");
    }
    this.#emit(BPF_RET | BPF_K, (action.value | data) >>> 0);
  }

  /** A comparison, `not` telling whether what was written is its opposite. */
  #condition(): { code: number; value: Value; not: boolean } {
    if (this.#skip("!")) {
      this.#expect("(");
      const inner = this.#condition();
      this.#expect(")");
      return { ...inner, not: !inner.not };
    }
    if (this.#skip("(")) {
      const inner = this.#condition();
      this.#expect(")");
      return inner;
    }
    this.#expect("A");
    const sign = this.#take();
    if (sign.text === "&") return { code: BPF_JSET, value: this.#value(), not: false };
    const row = COMPARISONS.find((c) => c.holds === sign.text || c.fails === sign.text);
    if (row === undefined) this.#wrong("a comparison", sign);
    return { code: row.code, value: this.#value(), not: row.fails === sign.text };
  }

  #if(): void {
    this.#take();
    this.#expect("(");
    const condition = this.#condition();
    this.#expect(")");
    this.#expect("goto");
    const yes = this.#label();
    let no: Token | null = null;
    if (this.#skip("else")) {
      this.#expect("goto");
      no = this.#label();
    }
    this.#branch(condition, yes, no);
  }

  #ternary(): void {
    const condition = this.#condition();
    this.#expect("?");
    const yes = this.#label();
    this.#expect(":");
    this.#branch(condition, yes, this.#label());
  }

  #branch(condition: { code: number; value: Value; not: boolean }, yes: Token, no: Token | null): void {
    const { code, value, not } = condition;
    this.#emitValue(BPF_JMP | code, value, not ? { yes: no, no: yes } : { yes, no });
  }

  /** `sys_number`, `args[1] >> 32`, … as an offset; null where something else stands. */
  #field(): number | null {
    const { text } = this.#token;
    const wide = (word: number) => {
      if (!this.#skip(">>")) return word;
      const at = this.#token;
      if (this.#number() !== 32) this.#wrong('"32"', at);
      return word + 1;
    };
    switch (text) {
      case "sys_number":
        this.#take();
        return WORD_NR * 4;
      case "arch":
        this.#take();
        return WORD_ARCH * 4;
      case "instruction_pointer":
        this.#take();
        return wide(WORD_IP) * 4;
      case "args":
        this.#take();
        return wide(WORD_ARGS + this.#index(5) * 2) * 4;
      case "args_h":
        this.#take();
        return (WORD_ARGS + this.#index(5) * 2 + 1) * 4;
      case "data":
        this.#take();
        return this.#index(DATA_BYTES - 4);
      default:
        return null;
    }
  }

  #assignA(): void {
    this.#take();
    const sign = this.#take();
    if (sign.text !== "=") {
      const op = sign.text.endsWith("=") ? ALU_SIGNS.get(sign.text.slice(0, -1)) : undefined;
      if (op === undefined) this.#wrong("an assignment or a comparison", sign);
      this.#emitValue(BPF_ALU | op, this.#value());
      return;
    }
    if (this.#is("-") && this.#peek().text === "A") {
      this.#take();
      this.#take();
      this.#emit(BPF_ALU | BPF_NEG);
      return;
    }
    if (this.#skip("A")) {
      const by = this.#take();
      const op = ALU_SIGNS.get(by.text);
      if (op === undefined) this.#wrong("an operator", by);
      this.#emitValue(BPF_ALU | op, this.#value());
      return;
    }
    const field = this.#field();
    if (field !== null) this.#emit(BPF_LD | BPF_W | BPF_ABS, field);
    else if (this.#skip("X")) this.#emit(BPF_MISC | BPF_TXA);
    else this.#load(BPF_LD);
  }

  #assignX(): void {
    this.#take();
    this.#expect("=");
    if (this.#skip("A")) this.#emit(BPF_MISC | BPF_TAX);
    else this.#load(BPF_LDX);
  }

  /** What both registers can be loaded with. */
  #load(register: number): void {
    if (this.#skip("len")) this.#emit(register | BPF_W | BPF_LEN);
    else if (this.#skip("mem")) this.#emit(register | BPF_MEM, this.#index(BPF_MEMWORDS - 1));
    else if (this.#is("X")) this.#wrong("a value");
    else {
      const value = this.#value();
      if (value !== "X") this.#emitValue(register | BPF_IMM, value);
    }
  }
}

/** The distance from the line after `n` to a label: `next` is 0, a number that is no label counts lines. */
function distance(parser: Parser, n: number, label: Token): number {
  const { text, line, column } = label;
  if (text === NEXT) return 0;
  const target = parser.labels.get(text);
  if (target === undefined) {
    if (label.kind === "name")
      throw seccompTextError("E_SECCOMP_LABEL", { line, column, label: text, why: "stands nowhere" });
    const by = Number(text);
    if (n + 1 + by >= parser.lines.length)
      throw seccompTextError("E_SECCOMP_TARGET", { line, column, label: text, length: parser.lines.length });
    return by;
  }
  if (target <= n)
    throw seccompTextError("E_SECCOMP_LABEL", { line, column, label: text, why: "is behind; jumps lead forward only" });
  if (target >= parser.lines.length)
    throw seccompTextError("E_SECCOMP_TARGET", { line, column, label: text, length: parser.lines.length });
  return target - n - 1;
}

function near(parser: Parser, n: number, label: Token | null): number {
  if (label === null) return 0;
  const by = distance(parser, n, label);
  const { text, line, column } = label;
  if (by > 255) throw seccompTextError("E_SECCOMP_FAR", { line, column, label: text, distance: by });
  return by;
}

/** The number of a name: an architecture's, or a system call's of the architecture known at that place (or given: `i386.open`). */
function lookUp(token: Token, arch: ArchitectureName): number {
  const audit = architectureByLabel(token.text);
  if (audit !== undefined) return audit;
  const [first, second] = token.text.split(".") as [string, string?];
  const given = second === undefined ? undefined : architectureByName(first);
  const call =
    second !== undefined && given === undefined ? undefined : syscallByName(given?.name ?? arch, second ?? first);
  if (call === undefined) {
    const { line, column, text: name } = token;
    throw seccompTextError("E_SECCOMP_NAME", { line, column, name, arch: given?.name ?? arch });
  }
  return call.nr;
}

/** A refusal of the checker, told by the place in the text. */
function positioned(problem: BpfError, { line, column }: Token): BpfError {
  const { message, code, data } = problem.within(`${line}:${column}`);
  return new BpfError(code, message.slice(0, -` [${code}]`.length), { ...data, line, column }, { cause: problem });
}

/**
 * Assembles seccomp-tools' language. `#` begins a comment, `goto next` is the next line, a name means a system call of the
 * architecture that the filter has compared with at that place. Also reads its own listing back.
 * @throws BpfError `E_SECCOMP_*`; those about the text carry `line` and `column` from 1 on
 */
export function assembleSeccomp(source: string, options: AssembleOptions = {}): ClassicInsn[] {
  const parser = new Parser(tokenize(source));
  parser.parse();
  const insns = parser.lines.map(({ code, k, jt, jf, yes, no }, n) => {
    if (code === (BPF_JMP | BPF_JA) && yes !== null) return classic(code, distance(parser, n, yes));
    return classic(code, k, yes === null ? jt : near(parser, n, yes), no === null ? jf : near(parser, n, no));
  });
  // Names of architectures first: which one holds where decides what the names of system calls mean.
  const resolve = (only: (token: Token) => boolean) => {
    const known = knownBefore(insns);
    parser.lines.forEach(({ name }, n) => {
      if (name === null || !only(name)) return;
      const audit = known[n]?.arch ?? null;
      const arch = audit === null ? undefined : architectureByAudit(audit)?.name;
      insns[n] = { ...insns[n]!, k: lookUp(name, arch ?? options.arch ?? ARCHITECTURES[0].name) };
    });
  };
  const isArchitecture = (token: Token) => architectureByLabel(token.text) !== undefined;
  resolve(isArchitecture);
  resolve((token) => !isArchitecture(token));
  const problem = seccompProblem(insns);
  if (problem === null) return insns;
  const at = parser.lines[Number(problem.data["insn"])]?.at;
  throw at === undefined ? problem : positioned(problem, at);
}
