/** Columns that explanations fit in. */
const WIDTH = 110;

/** A source line on one row: without indentation, cut around `column` where it is long. */
export function trimmed(source: string, column: number, width = WIDTH - 12): string {
  const text = source.trim().replaceAll("\t", " ");
  if (text.length <= width) return text;
  const at = Math.max(0, column - 1 - (source.length - source.trimStart().length));
  if (at + width / 2 <= width) return `${text.slice(0, width - 1)}…`;
  const start = Math.min(at - Math.floor(width / 2), text.length - width + 2);
  const end = start + width - 2;
  return `…${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}

/** Text behind a head, broken at blanks; further rows are indented. */
export function wrapped(head: string, text: string, indent = 6): string[] {
  if (text === "") return [];
  const rows: string[] = [];
  let row = head;
  for (const word of text.split(/[ \n]+/)) {
    if (row.trim() !== "" && row !== head && row.length + 1 + word.length > WIDTH) {
      rows.push(row);
      row = " ".repeat(indent) + word;
    } else row += row === head || row.endsWith(" ") ? word : ` ${word}`;
  }
  return [...rows, row];
}

/** A file's path, from the working directory on where it lies there. */
export function shortPath(path: string): string {
  const here = `${process.cwd().replaceAll("\\", "/")}/`;
  return path.startsWith(here) ? path.slice(here.length) : path.replace(/^\.\//, "");
}
