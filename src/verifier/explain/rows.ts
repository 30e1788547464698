import type { RejectionKind } from "../kinds.ts";

/** What is told about one kind of refusal. */
export interface KindRow {
  readonly title: string;
  /** What the rule is for. */
  readonly why: string;
  /** What to do. */
  readonly repair: string;
}

const ROWS: Partial<Record<RejectionKind, KindRow>> = {};

/** The row of a kind. */
export function kindRow(kind: RejectionKind): KindRow {
  return ROWS[kind] ?? { title: "not allowed", why: "", repair: "" };
}
