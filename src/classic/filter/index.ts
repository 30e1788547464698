export type { Arithmetic, Expression, Id, Qualifiers, Special } from "./ast.ts";
export type { FilterOptions, FilterProgram } from "./compile.ts";
export { compileExpression } from "./compile.ts";
export { parseFilter } from "./parser.ts";
