import { errnoName } from "../../uapi/index.ts";
import { type Explanation, explain, type Place } from "../../verifier/index.ts";
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
  /** What the path shows to be behind it, a word as stable as the code. */
  readonly cause: string | null;
  readonly message: string;
  /** Slot, -1 = no instruction's. */
  readonly insn: number;
  readonly source: SourceReport | null;
  readonly data: Readonly<Record<string, string | number | boolean>>;
  /** Null where the running kernel decided. */
  readonly explanation: ExplanationReport | null;
}

export interface SourceReport {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface PlaceReport {
  readonly insn: number;
  /** As the verifier's log shows it. */
  readonly text: string;
  readonly source: SourceReport | null;
}

export interface ExplanationReport {
  readonly title: string;
  readonly why: string;
  readonly repair: string;
  readonly notes: readonly string[];
  readonly subject: {
    readonly name: string;
    readonly known: string;
    readonly words: string | null;
    readonly since: PlaceReport | null;
  } | null;
  readonly evidence: readonly (PlaceReport & { readonly what: string })[];
  /** Decisions, oldest first. */
  readonly path: readonly (PlaceReport & { readonly taken: boolean; readonly to: number; readonly times: number })[];
  readonly earlierDecisions: number;
}

function placeReport({ insn, text, line }: Place): PlaceReport {
  const source =
    line === null ? null : { file: line.file, line: line.line, column: line.column, text: line.source.trim() };
  return { insn, text, source };
}

function explanationReport(e: Explanation): ExplanationReport {
  const { title, why, advice, notes, subject, evidence, branches, branchesBefore } = e;
  return {
    title,
    why,
    repair: advice,
    notes,
    subject:
      subject === null ? null : { ...subject, since: subject.since === null ? null : placeReport(subject.since) },
    evidence: evidence.map(({ place, what }) => ({ what, ...placeReport(place) })),
    path: branches.map(({ place, taken, to, times }) => ({ ...placeReport(place), taken, to: to.insn, times })),
    earlierDecisions: branchesBefore,
  };
}

function failureReport({ own, message }: Judged): FailureReport {
  const explanation = own === null ? null : explain(own.input, own.verdict);
  if (own === null || explanation === null) {
    return { code: null, cause: null, message, insn: -1, source: null, data: {}, explanation: null };
  }
  const data: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(own.verdict.failure!.data)) {
    if (value !== undefined) data[name] = typeof value === "bigint" ? value.toString() : value;
  }
  const { kind, cause, place } = explanation;
  return {
    code: kind,
    cause,
    message,
    insn: place?.insn ?? -1,
    source: place === null ? null : placeReport(place).source,
    data,
    explanation: explanationReport(explanation),
  };
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
