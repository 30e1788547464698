import type { TestRunAttr } from "../../src/kernel/index.ts";
import { toHex } from "../../src/util/index.ts";
import { type Difference, judge, type Report } from "./campaign.ts";
import type { Generated } from "./generate.ts";
import { type Trial, textOf } from "./program.ts";
import { shrink } from "./shrink.ts";
import { steadiness } from "./steadiness.ts";
import type { Subject } from "./subject.ts";

/** Does something with less privilege; the verifier then refuses programs whose results depend on addresses or old stack bytes. */
export type Confine = <T>(run: () => T) => T;

/** Without the privilege the verifier follows wrongly predicted branches too, which takes minutes for long programs with loops. */
const CONFINED_LENGTH = 60;

/** A failure made small. */
export interface Shrunk extends Trial {
  readonly differences: readonly Difference[];
}

/** Who differs in what: the return value, the packet, a map. */
function kindsOf({ subject, lines }: Difference): string[] {
  return lines.map((line) => `${subject} ${line.replace(/^input \d+: /, "").split(/[:[]/)[0]}`);
}

/** Looks for the smallest program and the single input on which the subjects still differ as they did. */
export function shrinkFailure(
  subjects: readonly Subject[],
  program: Generated,
  differences: readonly Difference[],
  confine: Confine,
): Shrunk | null {
  const kinds = new Set(differences.flatMap(kindsOf));
  const runsEnd = !differences.some(({ lines }) => lines.some((line) => line.startsWith("error:")));
  // Another kind of difference is another failure; so are runs without end.
  const differ = (trial: Trial): readonly Difference[] => {
    const found = judge(subjects, trial).differences;
    if (runsEnd && found.some(({ lines }) => lines.some((line) => line.startsWith("error:")))) return [];
    return found.filter((d) => kindsOf(d).some((kind) => kinds.has(kind)));
  };
  const steady = steadiness();
  const { kind } = program;
  const guarded = steady(program);
  const fails = (trial: Trial): boolean => (!guarded || steady(trial)) && differ(trial).length > 0;
  if (!fails(program)) return null;
  const single = program.inputs.map((input) => ({ ...program, inputs: [input] })).find(fails);
  const { inputs } = single ?? program;
  const items = shrink(program.items, (candidate) => {
    const trial = { kind, items: candidate, inputs };
    return candidate.length > CONFINED_LENGTH ? fails(trial) : confine(() => fails(trial));
  });
  return { kind, items, inputs, differences: differ({ kind, items, inputs }) };
}

function inputText({ dataIn, ctxIn }: TestRunAttr, n: number): string {
  return `input ${n}: ${toHex(dataIn!)}${ctxIn === undefined ? "" : `, context ${toHex(ctxIn)}`}`;
}

const indent = (text: string): string => text.replace(/^/gm, "  ");

export function failureText(
  seed: number,
  program: Generated,
  differences: readonly Difference[],
  shrunk: Shrunk | null,
) {
  const lines = (list: readonly Difference[]) =>
    list.map((d) => `${d.subject}:\n${indent(d.lines.slice(0, 8).join("\n"))}`).join("\n");
  const again = `npm run differential -- --seed ${seed} --from ${program.number} --programs 1`;
  if (shrunk === null) {
    return `program ${program.number} of seed ${seed} differed once and not again:\n${lines(differences)}\n${again}`;
  }
  return [
    `${program.kind.name} program ${program.number} of seed ${seed} (${again}), shrunk from ${program.items.length} instructions to ${shrunk.items.length}:`,
    indent(textOf(shrunk.items)),
    ...shrunk.inputs.map(inputText),
    lines(shrunk.differences),
  ].join("\n");
}

const ms = (value: number): string => `${(value / 1000).toFixed(1)} s`;
const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

/** The figures of a campaign, in a few lines. */
export function reportText(report: Report, subjects: readonly Subject[]): string {
  const { accepted, generated, insns, total } = report;
  const kinds = [...report.kinds].map(([name, count]) => `${count} ${name}`).join(", ");
  const refusals = [...report.refusals].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return [
    `seed ${report.seed}: ${accepted} programs (${kinds}) × 4 inputs on ${subjects.map((s) => s.name).join(", ")}; ` +
      `${percent(accepted, generated)} of ${generated} were accepted, ${(insns / Math.max(1, accepted)).toFixed(0)} instructions on average, ` +
      `${report.forms.size} instruction forms`,
    `${ms(total)}, ${((1000 * accepted) / total).toFixed(0)} programs per second: generating ${ms(report.generating)}; ` +
      subjects
        .map(({ name, times }) => `${name} load ${ms(times.load)}, runs ${ms(times.run)}, maps ${ms(times.maps)}`)
        .join("; "),
    ...refusals.map(([reason, count]) => `refused ${count} times: ${reason}`),
  ].join("\n");
}
