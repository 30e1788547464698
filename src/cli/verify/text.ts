import { errnoName } from "../../uapi/index.ts";
import { escapeText } from "../../util/index.ts";
import { count } from "../count.ts";
import type { Judged } from "./judge.ts";

/** One line per accepted program; what is wrong, and why, for every other. */
export function renderVerdicts(results: readonly Judged[]): string {
  return `${results.flatMap(verdictLines).map(escapeText).join("\n")}\n`;
}

function verdictLines(result: Judged): string[] {
  const { file, program, type } = result;
  const head = `${file}: ${program} (${type})`;
  if (result.accepted) return [`${head}: accepted; ${cost(result)}`];
  return [`${head}: refused with ${errnoName(result.errno)}`, `  ${result.message}`, `  ${cost(result)}`];
}

function cost({ processed, stackDepth, microseconds }: Judged): string {
  const stack = stackDepth === "" ? "" : `, stack ${stackDepth} bytes`;
  return `${count(processed)} instructions processed${stack}, ${(microseconds / 1000).toFixed(1)} ms`;
}
