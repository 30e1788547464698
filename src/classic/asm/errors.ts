import { defineErrors } from "../../util/index.ts";

/** Where in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

function at(d: Position): string {
  return `${d.line}:${d.column}:`;
}

/** Refusals of texts. Each carries `line` and `column`. */
export const asmError = defineErrors({
  E_CBPF_CHARACTER: (d: Position & { found: string }) => `${at(d)} "${d.found}" has no place here`,
  E_CBPF_COMMENT: (d: Position) => `${at(d)} comment is not closed`,
  E_CBPF_NUMBER: (d: Position & { found: string }) => `${at(d)} "${d.found}" is no number of 32 bits`,
  E_CBPF_MNEMONIC: (d: Position & { found: string }) => `${at(d)} "${d.found}" is no instruction`,
  E_CBPF_SYNTAX: (d: Position & { wanted: string; found: string }) => `${at(d)} expected ${d.wanted}, found ${d.found}`,
  E_CBPF_EXTENSION: (d: Position & { found: string }) => `${at(d)} "${d.found}" is no extension`,
  E_CBPF_SCRATCH: (d: Position & { k: number }) => `${at(d)} M[${d.k}] is beyond the scratch memory, M[0] to M[15]`,
  E_CBPF_LABEL: (d: Position & { name: string; problem: string }) => `${at(d)} label "${d.name}" ${d.problem}`,
  E_CBPF_LENGTH: (d: Position & { limit: number }) => `${at(d)} more than ${d.limit} instructions`,
  E_CBPF_COUNT: (d: Position & { said: number; found: number }) =>
    `${at(d)} the program says it has ${d.said} instructions, but it has ${d.found}`,
});
