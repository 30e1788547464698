import type { BpfError } from "../util/index.ts";

/** Characters of a source line that are shown at most, and how many of them before the caret. */
const WIDTH = 100;
const BEFORE = 60;

/** The line of a text and a caret under the column, each on a line of its own; both count from 1. */
export function pointAt(text: string, line: number, column: number): string {
  const source = (text.split("\n", line)[line - 1] ?? "").replace(/[^\x20-\x7e\u00a0-\ud7ff]/g, " ");
  const from = Math.max(0, column - 1 - BEFORE);
  return `  ${source.slice(from, from + WIDTH)}\n  ${" ".repeat(column - 1 - from)}^\n`;
}

/** The message of a refusal of `file`, and the place in its text if it names one. */
export function describe(error: BpfError, file: string, text: string): string {
  const { line, column } = error.data;
  if (typeof line !== "number" || typeof column !== "number") return `${error.within(file).message}\n`;
  return `${file}:${error.message}\n${pointAt(text, line, column)}`;
}

/** The expression, and below it the place that an error tells of; nothing where it tells none. */
export function caretLines(expression: string, error: BpfError): string {
  const { column, length } = error.data;
  if (typeof column !== "number" || typeof length !== "number") return "";
  // One cell per character, whatever the terminal makes of it.
  const shown = expression.replace(/[\p{Cc}\p{Cf}]/gu, " ");
  const width = Math.max(1, Math.min(length, shown.length - column + 1));
  return `  ${shown}\n  ${" ".repeat(column - 1)}^${"~".repeat(width - 1)}\n`;
}
