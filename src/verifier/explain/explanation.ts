import { Insns } from "../insns.ts";
import type { RejectionKind } from "../kinds.ts";
import type { LineInfo, ProgramInput, Verdict } from "../types.ts";
import { branchesOf, lastWriter } from "./path.ts";
import { kindRow } from "./rows.ts";

/** An instruction with its source line. */
export interface Place {
  readonly insn: number;
  /** As the log shows it: `(bf) r2 = r10`. */
  readonly text: string;
  readonly line: LineInfo | null;
}

/** Why a program was refused, for people. */
export interface Explanation {
  readonly kind: RejectionKind;
  /** What is not allowed, in one phrase. */
  readonly title: string;
  /** The kernel's message. */
  readonly message: string;
  /** Where; null where no instruction is at fault. */
  readonly place: Place | null;
  /** The register at fault, what was known of it, and the instruction that made it what it is. */
  readonly subject: { readonly name: string; readonly known: string; readonly since: Place | null } | null;
  /** Decisions that led here, oldest first, each with its source line; the last ones of a long path. */
  readonly branches: readonly { readonly place: Place; readonly taken: boolean }[];
  /** How many earlier decisions are not told. */
  readonly branchesBefore: number;
  /** What the rule is for, and what to do. */
  readonly why: string;
  readonly advice: string;
}

/** Decisions that are told. */
const TOLD = 8;

/** Explains a refusal; null for an accepted program. */
export function explain(input: ProgramInput, verdict: Verdict): Explanation | null {
  const { failure } = verdict;
  if (failure === null) return null;
  const insns = new Insns(input.insns);
  const place = (insn: number): Place => ({ insn, text: verdict.insnText(insn), line: verdict.lineAt(insn) });
  const branches = branchesOf(insns, failure.path);
  const told = branches.slice(-TOLD);
  const row = kindRow(failure.kind);
  return {
    kind: failure.kind,
    title: row.title,
    message: failure.message,
    place: failure.insn < 0 ? null : place(failure.insn),
    subject: subjectOf(insns, verdict, place),
    branches: told.map(({ insn, taken }) => ({ place: place(insn), taken })),
    branchesBefore: branches.length - told.length,
    why: row.why,
    advice: row.repair,
  };
}

function subjectOf(insns: Insns, { failure }: Verdict, place: (insn: number) => Place): Explanation["subject"] {
  const { path, data, message, registers } = failure!;
  const named = typeof data["reg"] === "number" ? data["reg"] : Number(/\bR(\d+)\b/.exec(message)?.[1] ?? Number.NaN);
  if (!(named >= 0 && named <= 10)) return null;
  const writer = lastWriter(insns, path, named);
  const known = registers[named];
  return {
    name: `R${named}`,
    known: known ?? "nothing: it was never written",
    since: writer < 0 ? null : place(writer),
  };
}
