import { escapeText } from "../../util/index.ts";
import { columns } from "../columns.ts";
import { count } from "../count.ts";
import type { Judged } from "./judge.ts";

/** Source lines shown per program. */
const SHOWN = 20;

/** How often the verifier processed the instructions of each source line, most first. */
export function renderHot(results: readonly Judged[]): string {
  return results
    .flatMap((result) => ["", ...hotLines(result)])
    .map(escapeText)
    .join("\n")
    .slice(1)
    .concat("\n");
}

function hotLines({ file, program, processed, own }: Judged): string[] {
  const head = `${file}: ${program}: ${count(processed)} instructions processed`;
  if (own === null) return [head];
  const { verdict } = own;
  const bySource = new Map<string, { visits: number; source: string }>();
  verdict.stats.visits.forEach((visits, insn) => {
    if (visits === 0) return;
    const line = verdict.lineAt(insn);
    const place = line === null ? `instruction ${insn}` : `${line.file}:${line.line}`;
    const entry = bySource.get(place) ?? { visits: 0, source: line?.source.trim() ?? "" };
    entry.visits += visits;
    bySource.set(place, entry);
  });
  const hottest = [...bySource].sort(([, a], [, b]) => b.visits - a.visits).slice(0, SHOWN);
  const share = (visits: number) => `${((100 * visits) / Math.max(processed, 1)).toFixed(1)}%`;
  const rows = hottest.map(([place, { visits, source }]) => [count(visits), share(visits), place, source]);
  return [head, ...columns(rows, [0, 1], "  ")];
}
