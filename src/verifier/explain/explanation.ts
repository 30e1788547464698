import { helperById, programTypeLabel } from "../../uapi/index.ts";
import { Insns } from "../insns.ts";
import type { RejectionKind } from "../kinds.ts";
import type { Failure, LineInfo, ProgramInput, Verdict } from "../types.ts";
import { findCause } from "./cause.ts";
import { branchesOf, LONGEST_PATH } from "./path.ts";
import { rowOf } from "./rows.ts";
import { PathValues } from "./values.ts";
import { inWords } from "./words.ts";

/** An instruction with its source line. */
export interface Place {
  readonly insn: number;
  /** As the log shows it: `(bf) r2 = r10`. */
  readonly text: string;
  readonly line: LineInfo | null;
}

/** The register, stack memory or reference at fault. */
export interface Subject {
  /** `R1`, `fp-16`, `reference 3`. */
  readonly name: string;
  /** In the log's words: `pkt(off=14,r=14)`. */
  readonly known: string;
  /** In plain ones, where the log's need it. */
  readonly words: string | null;
  /** The instruction that made it what it is. */
  readonly since: Place | null;
}

/** A decision on the path. */
export interface Decision {
  readonly place: Place;
  readonly taken: boolean;
  /** Where it leads. */
  readonly to: Place;
  /** In loops: how often it was made. */
  readonly times: number;
}

/** Why a program was refused, for people. */
export interface Explanation {
  readonly kind: RejectionKind;
  /** What is behind it, where the path shows that: a word of the kind's row. */
  readonly cause: string | null;
  /** What is not allowed, in one phrase. */
  readonly title: string;
  /** The kernel's message. */
  readonly message: string;
  /** Where; null where no instruction is at fault. */
  readonly place: Place | null;
  readonly subject: Subject | null;
  /** What on the path has to do with it, oldest first. */
  readonly evidence: readonly { readonly place: Place; readonly what: string }[];
  /** Decisions that led here, oldest first; the last ones of a long path. */
  readonly branches: readonly Decision[];
  /** How many other decisions came before those. */
  readonly branchesBefore: number;
  /** The path is longer than what is told of it: counts are at least so many. */
  readonly pathCut: boolean;
  /** What the rule is for, and what to do. */
  readonly why: string;
  readonly advice: string;
  /** Facts for this very case: which programs may call the helper, which results are allowed. */
  readonly notes: readonly string[];
}

/** Decisions that are told. */
const TOLD = 8;

/** Explains a refusal; null for an accepted program. */
export function explain(input: ProgramInput, verdict: Verdict): Explanation | null {
  const { failure } = verdict;
  if (failure === null) return null;
  const insns = new Insns(input.insns);
  const place = (insn: number): Place => ({ insn, text: verdict.insnText(insn), line: verdict.lineAt(insn) });
  const values = new PathValues(insns, failure.path, input.type, verdict.insnText);
  const reg = registerAtFault(failure);
  const { word, evidence } = findCause(failure, insns, values, reg);
  const branches = branchesOf(insns, failure.path);
  const told = branches.slice(-TOLD);
  const row = rowOf(failure.kind, word);
  return {
    kind: failure.kind,
    cause: word,
    title: row.title,
    message: failure.message,
    place: failure.insn < 0 ? null : place(failure.insn),
    subject: subjectOf(failure, values, reg, place, word),
    evidence: evidence.map(({ insn, what }) => ({ place: place(insn), what })),
    branches: told.map(({ insn, taken, to, times }) => ({ place: place(insn), taken, to: place(to), times })),
    branchesBefore: branches.length - told.length,
    pathCut: failure.path.length >= LONGEST_PATH,
    why: row.why,
    advice: row.repair,
    notes: notesOf(input, failure),
  };
}

/** -1 where no register is. */
function registerAtFault({ data, message, insn }: Failure): number {
  if (insn < 0) return -1;
  const named = typeof data["reg"] === "number" ? data["reg"] : Number(/\bR(\d+)\b/.exec(message)?.[1] ?? -1);
  return named >= 0 && named <= 10 ? named : -1;
}

/** Causes by which a register loses its value without being written. */
const VOIDED: readonly (string | null)[] = ["moved", "released"];

function subjectOf(
  failure: Failure,
  values: PathValues,
  reg: number,
  place: (insn: number) => Place,
  cause: string | null,
): Subject | null {
  const { data, registers, path, kind } = failure;
  const at = (step: number | null) => (step === null || step < 0 ? null : place(path[step]!));
  if (typeof data["allocInsn"] === "number") {
    const known = "acquired and not given back";
    return { name: `reference ${String(data["id"])}`, known, words: null, since: place(data["allocInsn"]) };
  }
  if (kind === "V_STACK_UNINIT" && typeof data["off"] === "number") {
    const { off } = data;
    return { name: `fp${off}`, known: "not written on this path", words: null, since: null };
  }
  if (reg < 0) return null;
  const known = registers[reg] ?? null;
  if (known === null) {
    const emptied = values.emptiedBy(reg);
    const words = emptied === null ? "not written on this path" : "without a value";
    return { name: `R${reg}`, known: words, words: null, since: at(emptied) };
  }
  const since = VOIDED.includes(cause) ? null : at(values.register(reg)?.step ?? null);
  return { name: `R${reg}`, known, words: inWords(known), since };
}

/** Program types that are named. */
const NAMED = 12;

/** Which bytes an access out of bounds wants. */
function bytesNote({ kind, data, message }: Failure): string | null {
  const { off, size, memSize, smin, umax, range } = data;
  if (typeof off !== "number" || typeof size !== "number") return null;
  if (kind === "V_PACKET_BOUNDS" && typeof range === "number") {
    const known = range > 0 ? `the first ${range} are known to exist` : "none is known to exist";
    return `bytes ${off} to ${off + size - 1} are accessed; ${known}`;
  }
  if ((kind !== "V_MAP_VALUE_BOUNDS" && kind !== "V_MEM_BOUNDS") || memSize === undefined) return null;
  const first = off + Number(message.includes("max value") ? umax : smin);
  return `bytes ${first} to ${first + size - 1} may be accessed, of ${String(memSize)}`;
}

function notesOf({ type }: ProgramInput, failure: Failure): string[] {
  const { kind, data } = failure;
  const helper = typeof data["helper"] === "number" ? helperById(data["helper"]) : undefined;
  const bytes = bytesNote(failure);
  const notes = bytes === null ? [] : [bytes];
  if (helper !== undefined && kind !== "V_REFERENCE_MISUSE") {
    const { name, since, allowed } = helper;
    if (kind === "V_HELPER_NOT_ALLOWED" && !allowed.has(type)) {
      const types = [...allowed].map(programTypeLabel);
      const more = types.length > NAMED ? `, and ${types.length - NAMED} more` : "";
      notes.push(
        `${name} exists since Linux ${since}, for ${types.slice(0, NAMED).join(", ")}${more}; this is ${programTypeLabel(type)}`,
      );
    } else notes.push(`${name} exists since Linux ${since}`);
  }
  if (kind === "V_RETURN_VALUE" && typeof data["min"] === "number") {
    const { min, max } = data;
    notes.push(
      min === max ? `the only result allowed here is ${min}` : `results allowed here: ${min} to ${String(max)}`,
    );
  }
  return notes;
}
