import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { type Decision, type Explanation, explain, type Place } from "../../verifier/index.ts";
import { count } from "../count.ts";
import type { Judged } from "./judge.ts";
import { shortPath, trimmed, wrapped } from "./layout.ts";

/** One line per accepted program; what is wrong, why, and what to do for every other. */
export function renderVerdicts(results: readonly Judged[]): string {
  return `${results.flatMap(verdictLines).map(escapeText).join("\n").trimEnd()}\n`;
}

function verdictLines(result: Judged): string[] {
  const { file, program, type } = result;
  const head = `${file}: ${program} (${type})`;
  if (result.accepted) return [`${head}: accepted; ${cost(result)}`];
  const { own } = result;
  const explanation = own === null ? null : explain(own.input, own.verdict);
  const told = explanation === null ? [`  ${result.message}`] : explanationLines(explanation);
  return [`${head}: refused with ${errnoName(result.errno)}`, ...told, ""];
}

function cost({ processed, stackDepth, microseconds }: Judged): string {
  const stack = stackDepth === "" ? "" : `, stack ${stackDepth} bytes`;
  return `${count(processed)} instructions processed${stack}, ${(microseconds / 1000).toFixed(1)} ms`;
}

const code = ({ kind, cause }: Explanation) => (cause === null ? kind : `${kind}: ${cause}`);
const where = ({ line, insn }: Place) =>
  line === null ? `instruction ${insn}` : `${shortPath(line.file)}:${line.line}`;

function explanationLines(e: Explanation): string[] {
  return [
    `error: ${e.title} [${code(e)}]`,
    ...(e.place === null ? [] : excerpt(e.place)),
    ...(e.message === "" ? [] : wrapped("  the kernel says: ", e.message)),
    ...subjectLines(e),
    ...evidenceLines(e),
    ...pathLines(e),
    ...wrapped("  why: ", e.why),
    ...wrapped("  what to do: ", e.advice),
    ...e.notes.flatMap((note) => wrapped("  note: ", note)),
  ];
}

/** The source line, if it is known, with the instruction beneath. */
function excerpt(place: Place): string[] {
  const { line } = place;
  const insn = `${place.insn}: ${place.text}`;
  if (line === null) return [`  --> instruction ${insn}`];
  const number = String(line.line);
  const margin = " ".repeat(number.length);
  return [
    `  --> ${shortPath(line.file)}:${line.line}:${line.column}`,
    `  ${margin} |`,
    `  ${number} | ${trimmed(line.source, line.column)}`,
    `  ${margin} |   ${insn}`,
  ];
}

function subjectLines({ subject, place }: Explanation): string[] {
  if (subject === null) return [];
  const { since, name, known, words } = subject;
  const lines = wrapped("  ", `${name} is ${known}${words === null ? "" : `: ${words}`}`, 4);
  if (since === null || since.insn === place?.insn) return lines;
  return [...lines, ...sourced("      since ", since)];
}

function evidenceLines({ evidence, subject }: Explanation): string[] {
  const others = evidence.filter(
    ({ place }) => place.insn !== subject?.since?.insn || subject.known.startsWith("scalar"),
  );
  return others.flatMap(({ place, what }) => [`  ${what}:`, ...sourced("      ", place)]);
}

/** One line: place, source, instruction. */
function sourced(head: string, place: Place, tail = ""): string[] {
  const { line, insn, text } = place;
  const source = line === null ? "" : `  ${trimmed(line.source, line.column, 50)}`;
  const at = line === null ? "" : where(place);
  return [`${head}${at}${source}${line === null ? "" : "  "}(${insn}: ${text})${tail}`];
}

/** Whether the path leaves the straight line, and where to. */
function outcome({ taken, to, place, times }: Decision, pathCut: boolean): string {
  const target = to.line === null || to.line.line === place.line?.line ? `to ${to.insn}` : `to line ${to.line.line}`;
  const often = times === 1 ? "" : `, ${pathCut ? "at least " : ""}${count(times)} times`;
  return ` ${taken ? "jumps" : "goes on"} ${target}${often}`;
}

function pathLines({ branches, branchesBefore, pathCut }: Explanation): string[] {
  if (branches.length === 0) return [];
  const earlier = branchesBefore === 0 ? [] : [`      (${count(branchesBefore)} earlier)`];
  const told = branches.flatMap((branch) => sourced("      ", branch.place, outcome(branch, pathCut)));
  return ["  how it got there:", ...earlier, ...told];
}
