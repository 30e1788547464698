/** Columns side by side, each as wide as its widest cell; `right` lists those that align to the right. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = [], indent = ""): string[] {
  const width = (c: number) => Math.max(...rows.map((row) => row[c]!.length));
  const widths = Array.from({ length: rows[0]?.length ?? 0 }, (_, c) => width(c));
  const cell = (text: string, c: number) => (right.includes(c) ? text.padStart(widths[c]!) : text.padEnd(widths[c]!));
  return rows.map((row) => (indent + row.map(cell).join("  ")).trimEnd());
}
