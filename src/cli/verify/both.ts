import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { plural } from "../count.ts";
import type { Judged } from "./judge.ts";

/** Where the two verifiers part, program by program. */
export interface BothReport {
  readonly format: 1;
  readonly programs: number;
  readonly verdictsEqual: number;
  readonly processedEqual: number;
  readonly lines: number;
  readonly linesEqual: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly file: string;
  readonly program: string;
  readonly errno: readonly [simulated: number, linux: number];
  readonly message: readonly [simulated: string, linux: string];
  readonly processed: readonly [simulated: number, linux: number];
  readonly lines: number;
  readonly linesEqual: number;
  /** The first line of the logs that differs. */
  readonly firstLine: readonly [number: number, simulated: string, linux: string] | null;
}

/** Addresses of maps and times are nobody's to foresee. */
function comparable(log: string): string[] {
  return log
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("verification time"))
    .map((line) => line.replace(/(\(18\) r\d+ = )0x(ffff[0-9a-f]{12}|0)(?=\s|$)/, "$1<address>"));
}

function difference(ours: Judged, linux: Judged): Difference {
  const [a, b] = [comparable(ours.log), comparable(linux.log)];
  const longer = Math.max(a.length, b.length);
  let equal = 0;
  let first = -1;
  for (let i = 0; i < longer; i++) {
    if (a[i] === b[i]) equal++;
    else if (first < 0) first = i;
  }
  return {
    file: ours.file,
    program: ours.program,
    errno: [ours.errno, linux.errno],
    message: [ours.message, linux.message],
    processed: [ours.processed, linux.processed],
    lines: b.length,
    linesEqual: equal,
    firstLine: first < 0 ? null : [first + 1, a[first] ?? "", b[first] ?? ""],
  };
}

const parts = (d: Difference) => d.errno[0] !== d.errno[1] || d.processed[0] !== d.processed[1] || d.firstLine !== null;
const word = (errno: number) => (errno === 0 ? "accepted" : errnoName(errno));

function lines(d: Difference): string[] {
  const out = [`${d.file}: ${d.program}`];
  if (d.errno[0] !== d.errno[1]) {
    out.push(`  verdict: simulated ${word(d.errno[0])}, linux ${word(d.errno[1])}`);
    for (const [n, who] of ["simulated", "linux"].entries())
      if (d.message[n] !== "") out.push(`    ${who}: ${d.message[n]}`);
  }
  if (d.processed[0] !== d.processed[1]) out.push(`  processed: simulated ${d.processed[0]}, linux ${d.processed[1]}`);
  if (d.firstLine !== null) {
    out.push(`  log: ${d.linesEqual} of ${d.lines} lines equal; line ${d.firstLine[0]} is the first that differs`);
    out.push(`    simulated: ${d.firstLine[1]}`, `    linux:     ${d.firstLine[2]}`);
  }
  return out;
}

/** Both lists hold the same programs in the same order. */
export function compareJudged(ours: readonly Judged[], linux: readonly Judged[]): { text: string; report: BothReport } {
  const all = ours.map((judged, n) => difference(judged, linux[n]!));
  const report: BothReport = {
    format: 1,
    programs: all.length,
    verdictsEqual: all.filter((d) => d.errno[0] === d.errno[1]).length,
    processedEqual: all.filter((d) => d.processed[0] === d.processed[1]).length,
    lines: all.reduce((sum, d) => sum + d.lines, 0),
    linesEqual: all.reduce((sum, d) => sum + d.linesEqual, 0),
    differences: all.filter(parts),
  };
  const share = report.lines === 0 ? "" : ` (${((100 * report.linesEqual) / report.lines).toFixed(2)}%)`;
  const totals =
    `${plural(report.programs, "program")}: verdict and errno equal for ${report.verdictsEqual}, ` +
    `processed count for ${report.processedEqual}, log lines ${report.linesEqual} of ${report.lines}${share}`;
  const text = [...report.differences.flatMap(lines), totals].map(escapeText).join("\n");
  return { text: `${text}\n`, report };
}
