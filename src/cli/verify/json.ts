import { errnoName } from "../../uapi/index.ts";
import type { Judged } from "./judge.ts";

/** `verify --json` (schema/verify.schema.json), and what `--compare` reads. */
export interface VerifyReport {
  readonly format: 1;
  readonly kernel: "simulated" | "linux";
  readonly accepted: number;
  readonly programs: readonly ProgramReport[];
}

export interface ProgramReport {
  readonly file: string;
  readonly program: string;
  readonly section: string;
  readonly type: string;
  readonly verdict: "accept" | "reject";
  /** Positive, 0 = accepted. */
  readonly errno: number;
  readonly errnoName: string | null;
  readonly processed: number;
  readonly totalStates: number;
  readonly peakStates: number;
  readonly maxStatesPerInsn: number;
  readonly stackDepth: string;
  readonly microseconds: number;
  readonly insns: number;
  readonly failure: FailureReport | null;
  readonly log?: string;
}

export interface FailureReport {
  /** Stable code, `V_…`; null where the running kernel decided. */
  readonly code: string | null;
  readonly message: string;
  /** Slot, -1 = no instruction's. */
  readonly insn: number;
  readonly source: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly text: string;
  } | null;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

function failureReport({ own, message }: Judged): FailureReport {
  if (own === null) return { code: null, message, insn: -1, source: null, data: {} };
  const failure = own.verdict.failure!;
  const line = failure.insn < 0 ? null : own.verdict.lineAt(failure.insn);
  const source =
    line === null ? null : { file: line.file, line: line.line, column: line.column, text: line.source.trim() };
  const data: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(failure.data)) {
    if (value !== undefined) data[name] = typeof value === "bigint" ? value.toString() : value;
  }
  return { code: failure.kind, message, insn: failure.insn, source, data };
}

/** @param logs whether the verifier's logs go in */
export function verifyReport(results: readonly Judged[], kernel: "simulated" | "linux", logs: boolean): VerifyReport {
  return {
    format: 1,
    kernel,
    accepted: results.filter((r) => r.accepted).length,
    programs: results.map((r) => ({
      file: r.file,
      program: r.program,
      section: r.section,
      type: r.type,
      verdict: r.accepted ? "accept" : "reject",
      errno: r.errno,
      errnoName: r.accepted ? null : errnoName(r.errno),
      processed: r.processed,
      totalStates: r.totalStates,
      peakStates: r.peakStates,
      maxStatesPerInsn: r.maxStatesPerInsn,
      stackDepth: r.stackDepth,
      microseconds: r.microseconds,
      insns: r.insns,
      failure: r.accepted ? null : failureReport(r),
      ...(logs ? { log: r.log } : {}),
    })),
  };
}
