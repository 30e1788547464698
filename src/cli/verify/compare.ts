import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { columns } from "../columns.ts";
import { readJson } from "../run/files.ts";
import { verifyError } from "./errors.ts";
import type { ProgramReport, VerifyReport } from "./json.ts";

/** An earlier `verify --json`. @throws BpfError `E_FILE_OPEN`, `E_RUN_JSON`, `E_VERIFY_BASELINE` */
export function readBaseline(path: string): VerifyReport {
  const json = readJson(path) as Partial<VerifyReport> | null;
  if (json === null || json.format !== 1 || !Array.isArray(json.programs)) {
    throw verifyError("E_VERIFY_BASELINE", { path, problem: "format 1 with a list of programs is wanted" });
  }
  const odd = json.programs.findIndex((p) => typeof p?.program !== "string" || typeof p.processed !== "number");
  if (odd >= 0) throw verifyError("E_VERIFY_BASELINE", { path, problem: `programs[${odd}] has no name or no count` });
  return json as VerifyReport;
}

const baseName = (file: string) => file.slice(file.lastIndexOf("/") + 1);
const key = (p: ProgramReport) => `${baseName(p.file)}\0${p.program}`;
const word = (p: ProgramReport | undefined) =>
  p === undefined ? "-" : p.verdict === "accept" ? "success" : `failure ${errnoName(p.errno)}`;

function change(before: number, after: number): string {
  const percent =
    before === 0 ? "" : ` (${after >= before ? "+" : ""}${((100 * (after - before)) / before).toFixed(1)}%)`;
  return `${after - before >= 0 ? "+" : ""}${after - before}${percent}`;
}

/** What changed since; `worse`: a program that was accepted is not any more. */
export function compareReports(old: VerifyReport, fresh: VerifyReport): { text: string; worse: boolean } {
  const before = new Map(old.programs.map((p) => [key(p), p]));
  const after = new Map(fresh.programs.map((p) => [key(p), p]));
  const rows: string[][] = [];
  for (const k of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(k), after.get(k)];
    const same = a?.verdict === b?.verdict && a?.errno === b?.errno && a?.processed === b?.processed;
    if (same && a?.totalStates === b?.totalStates) continue;
    const { file, program } = (b ?? a)!;
    const insns = a === undefined || b === undefined ? "" : change(a.processed, b.processed);
    const states = a === undefined || b === undefined ? "" : change(a.totalStates, b.totalStates);
    rows.push([
      baseName(file),
      program,
      word(a),
      word(b),
      String(a?.processed ?? "-"),
      String(b?.processed ?? "-"),
      insns,
      states,
    ]);
  }
  const head = [
    "File",
    "Program",
    "Verdict (A)",
    "Verdict (B)",
    "Insns (A)",
    "Insns (B)",
    "Insns (DIFF)",
    "States (DIFF)",
  ];
  const worse = fresh.programs.some((p) => p.verdict === "reject" && before.get(key(p))?.verdict === "accept");
  const text = rows.length === 0 ? ["nothing changed"] : columns([head, ...rows], [4, 5, 6, 7]);
  return { text: `${text.map(escapeText).join("\n")}\n`, worse };
}
