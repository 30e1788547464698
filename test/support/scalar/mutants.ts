import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = "src/runtime/assembly/verifier";
/** The scalar domain; the folder has parts that are none of it. */
const SOURCES = [
  "alu", "arithmetic", "bitwise", "bounds", "branch", "casts", "operations", "record", "refine", "shifts", "tnum", "width",
]; // biome-ignore format: a list of words

/** A source with one operator or constant changed. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  readonly source: string;
  /** The line as it was. */
  readonly text: string;
}

const OPERATORS: Readonly<Record<string, string>> = {
  "+": "-", "-": "+", "*": "+", "/": "*", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&": "|", "|": "&", "^": "|",
  "<<": ">>", ">>": "<<", "&&": "||", "||": "&&", "~": "", "!": "", "&=": "|=", "|=": "&=", ">>=": "<<=", "-=": "+=", "+=": "-=",
}; // biome-ignore format: a table

const NAMES: Readonly<Record<string, string>> = {
  smin: "smax", smax: "smin", umin: "umax", umax: "umin", smin32: "smax32", smax32: "smin32", umin32: "umax32", umax32: "umin32",
  WORD_SMIN: "WORD_SMAX", WORD_SMAX: "WORD_SMIN", HALF_SMIN: "HALF_SMAX", HALF_SMAX: "HALF_SMIN", WORD_UMAX: "WORD_SMAX", HALF_UMAX: "HALF_SMAX",
  LOW_BITS: "WORD_SMAX", HALF: "BITS", BITS: "HALF", u64: "i64", u32: "i32", true: "false", false: "true", ALWAYS: "NEVER", NEVER: "ALWAYS",
  UNKNOWN: "NEVER", REG_SMIN: "REG_SMAX", REG_SMAX: "REG_SMIN", REG_UMIN: "REG_UMAX", REG_UMAX: "REG_UMIN", REG_S32_MIN: "REG_S32_MAX",
  REG_S32_MAX: "REG_S32_MIN", REG_U32_MIN: "REG_U32_MAX", REG_U32_MAX: "REG_U32_MIN", REG_VALUE: "REG_MASK", REG_MASK: "REG_VALUE",
}; // biome-ignore format: a table

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"|import [\s\S]*?;|@\w+|0x[0-9a-f]+|\d+|[A-Za-z_$][\w$]*|>>=|<<=|&&|\|\||==|!=|<=|>=|<<|>>|[-+&|]=|[-+*/<>&|^~!]|\S/g;

function change(token: string, source: string, at: number): string | undefined {
  const after = source[at + token.length] ?? "";
  const before = source[at - 1] ?? "";
  if (/^\d|^0x/.test(token)) return token === "0" ? "1" : token === "1" ? "0" : `${Number(token) + 1}`;
  if (token in NAMES) {
    // Types stay: annotations (x: u32), parameters (load<u64>(…)); functions under these names are what is called.
    if ((token === "u64" || token === "u32") && after !== "(")
      return before === "<" && /load$/.test(source.slice(0, at - 1)) && token === "u32" ? "i32" : undefined;
    if (/^[su](min|max)/.test(token) && (after !== "(" || /function $/.test(source.slice(0, at)))) return undefined;
    if (/(const|let) $/.test(source.slice(0, at))) return undefined;
    return NAMES[token];
  }
  // Angle brackets of types: word before, no space.
  if ((token === "<" && /\w/.test(before)) || (token === ">" && /\w/.test(before))) return undefined;
  return OPERATORS[token];
}

/** Every operator and constant of the scalar sources, changed one at a time. */
export function mutants(): Mutant[] {
  const all: Mutant[] = [];
  for (const name of SOURCES) {
    const file = `${FOLDER}/${name}.ts`;
    const source = readFileSync(join(ROOT, file), "utf8");
    const lines = source.split("\n");
    for (const match of source.matchAll(TOKEN)) {
      const [token] = match;
      const to = change(token, source, match.index);
      if (to === undefined || to === token) continue;
      const line = source.slice(0, match.index).split("\n").length;
      const changed = source.slice(0, match.index) + to + source.slice(match.index + token.length);
      all.push({ file, line, from: token, to, source: changed, text: lines[line - 1]!.trim() });
    }
  }
  return all;
}
