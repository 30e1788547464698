import { defineErrors } from "../util/error.ts";

/** Where in a source text something stands: file name, line and column from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

const at = (d: Place): string => `${d.file}:${d.line}:${d.column}`;

/** Errors of assembler text and of what is made from it. */
export const asmError = defineErrors({
  E_ASM_SYNTAX: (d: Place & { found: string; expected: string }) =>
    `${at(d)}: found ${d.found}, expected ${d.expected}`,
  E_ASM_TOKEN: (d: Place & { found: string; problem: string }) => `${at(d)}: "${d.found}" ${d.problem}`,
  E_ASM_NUMBER: (d: Place & { value: string; what: string; low: string; high: string }) =>
    `${at(d)}: ${d.value} does not fit ${d.what} (${d.low} to ${d.high})`,
  E_ASM_LABEL: (d: Place & { name: string; problem: string }) => `${at(d)}: label "${d.name}" ${d.problem}`,
  E_ASM_DUPLICATE: (d: Place & { name: string; first: number }) =>
    `${at(d)}: "${d.name}" is already defined on line ${d.first}`,
  E_ASM_SYMBOL: (d: Place & { name: string; problem: string }) => `${at(d)}: "${d.name}" ${d.problem}`,
  E_ASM_JUMP: (d: Place & { name: string; distance: number; limit: string; advice: string }) =>
    `${at(d)}: jump to "${d.name}" spans ${d.distance} slots, beyond ${d.limit}${d.advice}`,
  E_ASM_DIRECTIVE: (d: Place & { name: string; problem: string }) => `${at(d)}: ${d.name}: ${d.problem}`,
  E_ASM_SECTION: (d: Place & { section: string; problem: string }) => `${at(d)}: section "${d.section}" ${d.problem}`,
  E_ASM_LINK: (d: { file: string; section: string; slot: number; symbol: string }) =>
    `${d.file}: section "${d.section}" instruction ${d.slot}: the reference to "${d.symbol}" needs an object file; write ELF instead`,
  E_ASM_CODE: (d: { file: string; section: string; reason: string }) =>
    `${d.file}: section "${d.section}": ${d.reason}`,
  E_ASM_NO_SECTION: (d: { file: string; section: string; names: string }) =>
    `${d.file}: no section "${d.section}" with code (there is: ${d.names})`,
  E_ASM_SECTIONS: (d: { file: string; count: number; names: string; advice: string }) =>
    `${d.file}: ${d.count} sections with code (${d.names}); ${d.advice}`,
});
