export type { AssembleOptions } from "./assembler.ts";
export { assemble, assembleBytes, assembleCode, codeOf } from "./assembler.ts";
export type { AsmMap, AsmRelocation, AsmSection, AsmSymbol, Assembly, ScalarType } from "./assembly.ts";
export type { Syntax } from "./grammar.ts";
