import type { RejectionKind } from "../kinds.ts";
import { CALLS } from "./rows/calls.ts";
import { MEMORY } from "./rows/memory.ts";
import { PROGRAM } from "./rows/program.ts";
import type { CauseRow, KindRow } from "./rows/row.ts";
import { SECTIONS } from "./rows/sections.ts";
import { STRUCTURE } from "./rows/structure.ts";
import { VALUES } from "./rows/values.ts";

export type { CauseRow, KindRow } from "./rows/row.ts";

/** Every kind with what people are told of it. */
export const KIND_ROWS: Readonly<Record<RejectionKind, KindRow>> = {
  ...STRUCTURE,
  ...VALUES,
  ...MEMORY,
  ...CALLS,
  ...SECTIONS,
  ...PROGRAM,
};

/** Titles of the groups, and the kinds of each, as `docs/verifier-errors.md` lists them. */
export const KIND_GROUPS: readonly (readonly [title: string, rows: Readonly<Record<string, KindRow>>])[] = [
  ["Structure of the program", STRUCTURE],
  ["Registers and values", VALUES],
  ["Memory", MEMORY],
  ["Calls", CALLS],
  ["References and sections", SECTIONS],
  ["The program and where it is loaded", PROGRAM],
];

/** What is told of a refusal: of its cause where the path shows one, else of its kind. */
export function rowOf(kind: RejectionKind, cause: string | null): CauseRow {
  const row = KIND_ROWS[kind];
  return (cause === null ? undefined : row.causes?.[cause]) ?? row;
}
