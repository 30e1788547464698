import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { type Explanation, explain, type Place } from "../../verifier/index.ts";
import { count } from "../count.ts";
import type { Judged } from "./judge.ts";

/** One line per accepted program; what is wrong, why, and what to do for every other. */
export function renderVerdicts(results: readonly Judged[]): string {
  return `${results.flatMap(verdictLines).map(escapeText).join("\n")}\n`;
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

const where = ({ line, insn }: Place) => (line === null ? `instruction ${insn}` : `${line.file}:${line.line}`);

function explanationLines(e: Explanation): string[] {
  return [
    `error: ${e.title} [${e.kind}]`,
    ...(e.place === null ? [] : excerpt(e.place)),
    `  the kernel says: ${e.message}`,
    ...subjectLines(e),
    ...pathLines(e),
    ...(e.why === "" ? [] : [`  why: ${e.why}`]),
    ...(e.advice === "" ? [] : [`  what to do: ${e.advice}`]),
  ];
}

/** The source line, if it is known, with the instruction beneath. */
function excerpt(place: Place): string[] {
  const { line } = place;
  const insn = `${place.insn}: ${place.text}`;
  if (line === null) return [`  --> instruction ${insn}`];
  const number = String(line.line);
  const margin = " ".repeat(number.length);
  return [`  --> ${line.file}:${line.line}`, `  ${number} | ${line.source.trimEnd()}`, `  ${margin} |   ${insn}`];
}

function subjectLines({ subject }: Explanation): string[] {
  if (subject === null) return [];
  const { since } = subject;
  const known = `  ${subject.name} is ${subject.known}`;
  return since === null ? [known] : [`${known}, since ${where(since)} (${since.insn}: ${since.text})`];
}

function pathLines({ branches, branchesBefore }: Explanation): string[] {
  if (branches.length === 0) return [];
  const earlier = branchesBefore === 0 ? [] : [`    (${count(branchesBefore)} earlier branches)`];
  const told = branches.map(({ place, taken }) => {
    const source = place.line === null ? place.text : place.line.source.trim();
    return `    ${where(place)}  ${source}  (${place.insn}: ${taken ? "jumps" : "falls through"})`;
  });
  return ["  how it got there:", ...earlier, ...told];
}
