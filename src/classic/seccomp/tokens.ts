import { defineErrors } from "../../util/index.ts";

export const seccompTextError = defineErrors({
  E_SECCOMP_SYNTAX: (d: { line: number; column: number; found: string; wanted: string }) =>
    `${d.line}:${d.column}: ${d.found} where ${d.wanted} was expected`,
  E_SECCOMP_NAME: (d: { line: number; column: number; name: string; arch: string }) =>
    `${d.line}:${d.column}: "${d.name}" is no system call of ${d.arch}, no architecture and no number`,
  E_SECCOMP_NUMBER: (d: { line: number; column: number; number: string; limit: string }) =>
    `${d.line}:${d.column}: ${d.number} is not in the range ${d.limit}`,
  E_SECCOMP_LABEL: (d: { line: number; column: number; label: string; why: string }) =>
    `${d.line}:${d.column}: label "${d.label}" ${d.why}`,
  E_SECCOMP_FAR: (d: { line: number; column: number; label: string; distance: number }) =>
    `${d.line}:${d.column}: "${d.label}" is ${d.distance} instructions away; a condition jumps over 255 at most`,
  E_SECCOMP_TARGET: (d: { line: number; column: number; label: string; length: number }) =>
    `${d.line}:${d.column}: jump to "${d.label}" is out of range (the filter has ${d.length} instructions)`,
});

export interface Token {
  readonly kind: "name" | "number" | "sign" | "end";
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const TOKEN =
  /([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)|(0[xX][0-9a-fA-F]+|[0-9]+)|(<<=|>>=|<<|>>|[=!<>]=|[-+*/%|&^]=|[-+*/%|&^=!<>?:()[\]])/y;

/** Lines that stand above a listing. */
const HEAD = /^\s*(line\s+CODE\s+JT\s+JF\s+K|=+)\s*$/;

/** Words of a filter's text; `#` and `//` begin comments. @throws BpfError `E_SECCOMP_SYNTAX` */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const lines = source.split(/\r?\n/);
  lines.forEach((text, index) => {
    if (HEAD.test(text)) return;
    const line = index + 1;
    for (let at = 0; at < text.length; ) {
      if (/\s/.test(text[at]!)) {
        at++;
        continue;
      }
      if (text[at] === "#" || text.startsWith("//", at)) break;
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      const column = at + 1;
      if (match === null)
        throw seccompTextError("E_SECCOMP_SYNTAX", {
          line,
          column,
          found: `"${text[at]}"`,
          wanted: "a name, a number or an operator",
        });
      const kind = match[1] !== undefined ? "name" : match[2] !== undefined ? "number" : "sign";
      tokens.push({ kind, text: match[0], line, column });
      at += match[0].length;
    }
  });
  tokens.push({ kind: "end", text: "", line: lines.length, column: (lines[lines.length - 1]?.length ?? 0) + 1 });
  return tokens;
}
