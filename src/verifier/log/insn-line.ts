import type { VerifierEnv } from "../env.ts";
import type { LineInfo } from "../types.ts";
import { insnText } from "./insn-text.ts";
import { isScratched, printInsnState } from "./state-text.ts";

/** The record of line_info that covers a slot: the last one at or before it. */
export function lineAt(lines: readonly LineInfo[], insn: number): LineInfo | null {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.insn <= insn) low = middle + 1;
    else high = middle;
  }
  return lines[low - 1] ?? null;
}

/** The source line, where it is another than the last one shown: `; return 0; @ a.c:7` (verbose_linfo). */
export function printSourceLine(env: VerifierEnv, insn: number, prefix: string): void {
  if (env.log.level === 0) return;
  const line = lineAt(env.lines, insn);
  const last = env.log.lastLine;
  if (line === null || line === last) return;
  if (last !== null && line.file === last.file && line.line === last.line) return;
  const file = line.file.slice(line.file.lastIndexOf("/") + 1);
  env.verbose(`${prefix}${line.source.trimStart()} @ ${file}:${line.line}\n`);
  env.log.lastLine = line;
}

/** The line of the instruction at `env.insnIdx`, after what the one before changed and the source line. */
export function printInsn(env: VerifierEnv): void {
  const { log } = env;
  if (!log.states) return;
  if (isScratched(env)) printInsnState(env, env.state, env.state.curframe);
  printSourceLine(env, env.insnIdx, "; ");
  const start = log.position;
  env.verbose(`${env.insnIdx}: ${insnText(env, env.insnIdx)}\n`);
  log.insnEnd = log.position;
  log.insnLength = log.position - start;
}
