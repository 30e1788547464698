import { knownText, parseKernelScalar } from "./record-text.ts";

/** Registers after an instruction (key `12`) or where a jump arrived (key `12>40`), as text by register number. */
export type Answers = Map<string, Map<number, string>>;

function registers(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const match of text.matchAll(/\bR(\d+)(?:_\w+)?=(\S*?\([^()]*(?:\([^()]*\)[^()]*)?\)|\S+)/g)) {
    const known = parseKernelScalar(match[2]!);
    if (known !== null) found.set(Number(match[1]), knownText(known));
  }
  return found;
}

/** What a log of level 2 says of scalars; of an instruction met twice, what was said first. */
export function parseKernelLog(log: string): Answers {
  const answers: Answers = new Map();
  const add = (key: string, text: string) => {
    if ((answers.get(key)?.size ?? 0) === 0) answers.set(key, registers(text));
  };
  for (const line of log.split("\n")) {
    // Where something else was to be said, of precision or of contradictions, the registers come in a line after it.
    const insn = /^(\d+): (?:\([0-9a-f]{2}\) [^;]*)?(?:; )?(R\d.*)?$/.exec(line);
    if (insn !== null) add(insn[1]!, insn[2] ?? "");
    const jump = /^from (\d+) to (\d+): (.*)$/.exec(line);
    if (jump !== null) add(`${jump[1]}>${jump[2]}`, jump[3]!);
  }
  return answers;
}
