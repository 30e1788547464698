import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { columns } from "../columns.ts";
import type { Judged } from "./judge.ts";

const HEAD = [
  "File",
  "Program",
  "Verdict",
  "Duration (us)",
  "Insns",
  "States",
  "Peak states",
  "Max states/insn",
  "Stack depth",
  "Program size",
];
const NUMBERS = [3, 4, 5, 6, 7, 8, 9];

export function verdictWord({ accepted, errno }: Judged): string {
  return accepted ? "success" : `failure ${errnoName(errno)}`;
}

/** One line per program, as veristat prints it. */
export function renderTable(results: readonly Judged[]): string {
  const rows = results.map((r) => [
    r.file.slice(r.file.lastIndexOf("/") + 1),
    r.program,
    verdictWord(r),
    String(r.microseconds),
    String(r.processed),
    String(r.totalStates),
    String(r.peakStates),
    String(r.maxStatesPerInsn),
    r.stackDepth,
    String(r.insns),
  ]);
  const rule = HEAD.map((title, c) => "-".repeat(Math.max(title.length, ...rows.map((row) => row[c]!.length))));
  const accepted = results.filter((r) => r.accepted).length;
  const lines = [...columns([HEAD, rule, ...rows], NUMBERS), "", `${accepted} of ${results.length} programs accepted`];
  return `${lines.map(escapeText).join("\n")}\n`;
}
