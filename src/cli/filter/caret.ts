import type { BpfError } from "../../util/index.ts";

/** The expression, and below it the place that an error tells of; nothing where it tells none. */
export function caretLines(expression: string, error: BpfError): string {
  const { column, length } = error.data;
  if (typeof column !== "number" || typeof length !== "number") return "";
  // One cell per character, whatever the terminal makes of it.
  const shown = expression.replace(/[\p{Cc}\p{Cf}]/gu, " ");
  const width = Math.max(1, Math.min(length, shown.length - column + 1));
  return `  ${shown}\n  ${" ".repeat(column - 1)}^${"~".repeat(width - 1)}\n`;
}
