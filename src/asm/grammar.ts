import { FORMS, type Form, form } from "../isa/index.ts";
import type { Token } from "./lexer.ts";
import { kernelSpellings, ubpfSpellings } from "./spelling.ts";

/**
 * The statements of a syntax as a tree over tokens, compiled from the text templates of the instruction table.
 * An edge is either a literal token or an operand; a walk from the root to a node with a form is an instruction.
 */

export type Syntax = "kernel" | "ubpf";

/** What an operand edge reads. `same_*` is a register that must repeat an earlier one. */
export type OperandKind =
  | "reg64"
  | "reg32"
  | "ureg"
  | "imm"
  | "imm64"
  | "hi"
  | "off"
  | "plus_imm"
  | "off16"
  | "jump"
  | "callee"
  | "as_dst"
  | "as_src";

export interface OperandEdge {
  readonly kind: OperandKind;
  /** Field of a register operand. */
  readonly field: "dst" | "src";
  /** A register that was read before on this path and must be the same. */
  readonly repeated: boolean;
  readonly next: Node;
}

export interface Node {
  readonly literals: Map<string, Node>;
  readonly operands: OperandEdge[];
  /** The instruction that is complete here. */
  form: Form | null;
}

const PIECE =
  /(%r|r|w)\{(dst|src)\}|\{(\+?\w+)\}|s(?:>>=|>=|<=|>|<|\/=|%=)|[A-Za-z_][A-Za-z0-9_]*|<<=|>>=|[-+*/|&%^=!<>]=|[-+*/&=<>()[\],]|\s+/g;

/** One piece of a template: literal text or an operand. */
export type Piece =
  | { readonly literal: string }
  | { readonly operand: OperandKind; readonly field: "dst" | "src"; readonly prefix: string };

const OPERANDS: Readonly<Record<string, OperandKind>> = {
  imm: "imm",
  imm64: "imm64",
  hi: "hi",
  off: "off",
  "+imm": "plus_imm",
  off16: "off16",
  jump: "jump",
  callee: "callee",
  as_dst: "as_dst",
  as_src: "as_src",
};
const REGISTER_KINDS: Readonly<Record<string, OperandKind>> = { r: "reg64", w: "reg32", "%r": "ureg" };

/** A template as literals and operands; white space is a literal of its own, for printing. */
export function pieces(template: string): Piece[] {
  const out: Piece[] = [];
  for (const match of template.matchAll(PIECE)) {
    const [text, prefix, field, operand] = match;
    if (prefix !== undefined) {
      out.push({ operand: REGISTER_KINDS[prefix]!, field: field as "dst" | "src", prefix });
    } else if (operand !== undefined) {
      out.push({ operand: OPERANDS[operand]!, field: "dst", prefix: "" });
    } else {
      out.push({ literal: text });
    }
  }
  return out;
}

function newNode(): Node {
  return { literals: new Map(), operands: [], form: null };
}

function addTemplate(root: Node, f: Form, template: string): void {
  let node = root;
  const seen = new Set<string>();
  for (const piece of pieces(template)) {
    if ("literal" in piece) {
      if (piece.literal.trim() === "") continue;
      let next = node.literals.get(piece.literal);
      if (next === undefined) node.literals.set(piece.literal, (next = newNode()));
      node = next;
      continue;
    }
    const isRegister = piece.prefix !== "";
    const repeated = isRegister && seen.has(piece.field);
    if (isRegister) seen.add(piece.field);
    let edge = node.operands.find(
      (e) => e.kind === piece.operand && e.field === piece.field && e.repeated === repeated,
    );
    if (edge === undefined) {
      edge = { kind: piece.operand, field: piece.field, repeated, next: newNode() };
      node.operands.push(edge);
    }
    node = edge.next;
  }
  node.form ??= f;
}

function buildGrammar(syntax: Syntax): Node {
  const root = newNode();
  const spellings = syntax === "kernel" ? kernelSpellings : ubpfSpellings;
  for (const f of FORMS) for (const template of spellings(f)) addTemplate(root, f, template);
  return root;
}

const grammars = new Map<Syntax, Node>();

/** The tree of a syntax, made on first use. */
export function grammar(syntax: Syntax): Node {
  let root = grammars.get(syntax);
  if (root === undefined) grammars.set(syntax, (root = buildGrammar(syntax)));
  return root;
}

const DESCRIPTIONS: Readonly<Record<OperandKind, string>> = {
  reg64: "a register r0 to r10",
  reg32: "a register w0 to w10",
  ureg: "a register %r0 to %r10",
  imm: "a number",
  imm64: "a number or symbol",
  hi: "a number",
  off: "an offset such as + 8",
  plus_imm: "an offset such as + 8",
  off16: "a number",
  jump: "a label or displacement",
  callee: "a function or helper",
  as_dst: "an address space",
  as_src: "an address space",
};

/** More words than these are summed up. */
const MAX_EXPECTED = 6;

/** What may come next at these nodes, for an error message. */
export function expectation(nodes: readonly Node[]): string {
  const words: string[] = [];
  const operator = nodes.some((node) => node.literals.has("+="));
  const add = (word: string) => words.includes(word) || words.push(word);
  for (const node of nodes) {
    if (node.form !== null) add("the end of the statement");
    for (const edge of node.operands) add(DESCRIPTIONS[edge.kind]);
    const literals = [...node.literals.keys()];
    if (node.literals.has("+=")) add("an operator such as = or +=");
    else if (node.literals.has("==")) add("a comparison such as == or s>");
    else if (literals.length > MAX_EXPECTED) add("an instruction");
    else if (!operator) for (const literal of literals) add(`"${literal}"`);
  }
  return words.length === 0 ? "nothing" : words.join(", ").replace(/, ([^,]*)$/, " or $1");
}

/** How a token is named in an error message. */
export function describe(token: Token): string {
  return token.kind === "end" ? "the end of the statement" : `"${token.text.slice(0, 40)}"`;
}

/** The rows that calls turn into once it is known what they call. */
export const CALL_FORMS = { helper: form("call_helper"), local: form("call_local"), kfunc: form("call_kfunc") };
