import { type Code, encode, type Form, form, type Insn } from "../isa/index.ts";
import { Arguments } from "./arguments.ts";
import type { AsmMap, Assembly } from "./assembly.ts";
import { directive } from "./directives.ts";
import { asmError } from "./errors.ts";
import { CALL_FORMS, grammar, type Syntax } from "./grammar.ts";
import { Lexer, type Token } from "./lexer.ts";
import { Matcher, type Statement, type Target } from "./matcher.ts";
import { finish } from "./resolve.ts";
import { type CodeUse, SectionBuilder } from "./section-builder.ts";
import { SymbolTable } from "./symbols.ts";

/** How a text is to be read. */
export interface AssembleOptions {
  /** Name of the text in errors; "<asm>" by default. */
  readonly file?: string;
  /** `kernel` (the default): what LLVM and the verifier print; `ubpf`: `mov %r0, 1`. */
  readonly syntax?: Syntax;
  /** Byte order of data words, true by default. */
  readonly littleEndian?: boolean;
  /** Number of the helper that `call NAME` means, undefined for a name that is none. By default the helpers of Linux 6.18. */
  readonly helper?: (name: string) => number | undefined;
  /** File descriptors (or fd_array-independent numbers) of maps: `r1 = NAME ll` then becomes a load by descriptor. */
  readonly maps?: Readonly<Record<string, number>> | ReadonlyMap<string, number>;
  /** Names that nothing defines become external symbols, as in LLVM; by default they are refused. */
  readonly allowUndefined?: boolean;
}

const MAP_FD = form("ld_imm64_map_fd");
const FUNC = form("ld_imm64_func");
const LOCAL_CALL_BY_DISPLACEMENT = "pc";

/** Reads a text statement by statement; `resolve.ts` then gives every name its meaning. */
export class Assembler {
  readonly lexer: Lexer;
  readonly symbols: SymbolTable;
  readonly sections = new Map<string, SectionBuilder>();
  readonly constants = new Map<string, bigint>();
  readonly maps: AsmMap[] = [];
  readonly littleEndian: boolean;
  readonly options: AssembleOptions;
  license: string | null = null;
  section: SectionBuilder;
  /** Line of the statement that is read, and how many came before it. */
  line = 0;
  order = 0;
  /** Bytes that `.zero` and `.align` have put in so far. */
  filled = 0;
  readonly #matcher: Matcher;
  readonly #mapFds: ReadonlyMap<string, number>;

  constructor(text: string, options: AssembleOptions) {
    this.options = options;
    this.littleEndian = options.littleEndian ?? true;
    this.lexer = new Lexer(text, options.file ?? "<asm>");
    this.symbols = new SymbolTable(this.lexer);
    this.#matcher = new Matcher(grammar(options.syntax ?? "kernel"), this.lexer, this.constants);
    const maps = options.maps ?? {};
    this.#mapFds = maps instanceof Map ? maps : new Map(Object.entries(maps));
    this.section = this.enter(".text");
  }

  /** Continues in the section of that name, which is made when it is new. */
  enter(name: string): SectionBuilder {
    let found = this.sections.get(name);
    if (found === undefined) {
      found = new SectionBuilder(name, this.littleEndian);
      this.sections.set(name, found);
    }
    this.section = found;
    return found;
  }

  /** The current section, which must be able to hold data (or zeros only). */
  dataSection(args: Arguments, zeros = false): SectionBuilder {
    const { section } = this;
    section.kind ??= "data";
    if (section.kind === "code")
      args.fail(`section "${section.name}" holds instructions; data needs a section of its own`);
    if (section.kind === "bss" && !zeros)
      args.fail(`section "${section.name}" has no contents; only .zero may stand here`);
    return section;
  }

  addMap(map: AsmMap, token: Token): void {
    const entry = this.symbols.entry(map.name);
    if (entry.section !== null || entry.external) {
      throw asmError("E_ASM_DUPLICATE", { ...this.lexer.place(token.at), name: map.name, first: entry.line });
    }
    entry.external = true;
    entry.bind = "global";
    entry.type = "object";
    entry.line = map.line;
    this.maps.push(map);
  }

  setLicense(text: string, args: Arguments): void {
    if (this.license !== null) args.fail("a license is given already");
    this.license = text;
  }

  run(): Assembly {
    for (;;) {
      const tokens = this.lexer.statement();
      if (tokens === null) return finish(this);
      this.line = this.lexer.line;
      this.order++;
      this.#statement(tokens);
    }
  }

  #statement(tokens: readonly Token[]): void {
    let at = 0;
    for (;;) {
      const token = tokens[at]!;
      const colon = tokens[at + 1];
      if (colon === undefined || colon.kind !== "punct" || colon.text !== ":") break;
      if (token.kind === "number") {
        this.symbols.defineNumeric(token.value, this.section, this.section.code.length, this.order);
      } else if (token.kind === "ident" || token.kind === "string") {
        this.symbols.define(token, this.section, this.line);
      } else break;
      // A numeric label counts as before its own statement's backward references.
      at += 2;
    }
    const first = tokens[at]!;
    if (first.kind === "end") return;
    if (first.kind === "ident" && first.text.startsWith(".")) {
      const args = new Arguments(tokens, at, this.lexer, this.#matcher);
      directive(first.text)(this, args);
      return;
    }
    this.#instruction(this.#matcher.read(tokens, at), first);
  }

  #instruction(statement: Statement, first: Token): void {
    const { section } = this;
    section.kind ??= "code";
    if (section.kind !== "code") {
      throw asmError("E_ASM_SECTION", {
        ...this.lexer.place(first.at),
        section: section.name,
        problem: "holds data; instructions need a section of their own",
      });
    }
    const { target } = statement;
    const { kind, op } = statement.form;
    if (kind === "jmp" || kind === "ja" || kind === "may_goto") {
      if (target !== null) this.#refer("jump", target);
      else this.#checkDisplacement(statement.form, statement.off, first, String(statement.off));
      this.#emit(statement);
    } else if (kind === "call" && (op === "helper" || op === "local")) {
      this.#call(statement);
    } else if (kind === "ld_imm64" && target !== null) {
      const fd = op === "value" ? this.#mapFds.get(target.name) : undefined;
      if (fd !== undefined) this.#emit({ ...statement, form: MAP_FD, imm: fd | 0 });
      else {
        this.#refer(statement.form === FUNC ? "func" : "ll", target);
        this.#emit(statement);
      }
    } else this.#emit(statement);
  }

  #call(statement: Statement): void {
    const { target } = statement;
    const isLocal = statement.form === CALL_FORMS.local;
    if (target === null) {
      this.#emit(statement);
    } else if (!isLocal && target.name === LOCAL_CALL_BY_DISPLACEMENT) {
      this.#emit({ ...statement, form: CALL_FORMS.local, off: target.addend, imm: 0 });
    } else {
      const hash = target.name.lastIndexOf("#");
      if (!isLocal && hash > 0) {
        this.#emit({ ...statement, imm: Number(target.name.slice(hash + 1)) | 0 });
        return;
      }
      this.#refer("call", target);
      this.#emit({ ...statement, form: CALL_FORMS.local, off: 0, imm: 0 });
    }
  }

  #refer(use: CodeUse, target: Target): void {
    const { section, order } = this;
    section.references.push({ slot: section.code.length, use, target, order });
  }

  #emit(statement: Statement): void {
    const { code, lines } = this.section;
    const { form: f, dst, src, off, imm, hi } = statement;
    const insn: Insn = { form: f, dst, src, off, imm, hi };
    code.push(insn);
    lines.push(this.line);
    if (f.kind === "ld_imm64") {
      code.push(null);
      lines.push(0);
    }
  }

  /** Refuses a displacement that the form's field cannot hold. */
  #checkDisplacement(f: Form, off: number, token: Token, name: string): void {
    if (f.name === "ja32" || (off >= -32768 && off <= 32767)) return;
    throw asmError("E_ASM_JUMP", {
      ...this.lexer.place(token.at),
      name,
      distance: off,
      limit: "16 bits",
      advice: f.kind === "ja" ? "; use gotol" : "",
    });
  }
}

/**
 * Assembles a text.
 * @throws BpfError `E_ASM_…` with file, line and column of what is wrong.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembly {
  return new Assembler(text, options).run();
}

/** The one section with code of an assembled text, complete without a loader. @throws BpfError `E_ASM_SECTIONS`, `E_ASM_LINK`. */
export function codeOf(assembly: Assembly): Code {
  const withCode = assembly.sections.filter((s) => s.kind === "code" && s.code.length > 0);
  if (withCode.length !== 1) {
    if (withCode.length === 0) return [];
    throw asmError("E_ASM_SECTIONS", {
      file: assembly.file,
      count: withCode.length,
      names: withCode.map((s) => s.name).join(", "),
      advice: "raw code is one section; write ELF instead",
    });
  }
  const section = withCode[0]!;
  const open = section.relocations.find((r) => !r.resolved);
  if (open !== undefined) {
    const symbol = open.symbol >= 0 ? assembly.symbols[open.symbol]!.name : assembly.sections[open.section]!.name;
    throw asmError("E_ASM_LINK", { file: assembly.file, section: section.name, slot: open.offset / 8, symbol });
  }
  return section.code;
}

/** Assembles a text of one section into instructions. @throws BpfError as `assemble` and `codeOf`. */
export function assembleCode(text: string, options: AssembleOptions = {}): Code {
  return codeOf(assemble(text, options));
}

/** Assembles a text of one section into bytes. @throws BpfError as `assemble` and `codeOf`. */
export function assembleBytes(text: string, options: AssembleOptions = {}): Uint8Array {
  return encode(assembleCode(text, options), options.littleEndian ?? true);
}
