import type { Options } from "../command.ts";
import { compareJob } from "../compare/job.ts";
import { renderComparison } from "../compare/text.ts";
import { EXIT_USAGE } from "../exit.ts";
import { inputOf, NO_INPUT } from "../run/input.ts";

/** Exit status: the two kernels differ. */
const EXIT_DIFFERENT = 1;

/** Differing packets, entries and records that are reported: for people, as JSON. */
const SHOWN = 5;
const REPORTED = 100;

/** `anybpf compare FILE`: the same program and input in the simulated and in the running kernel. */
export async function compare(args: readonly string[], options: Options): Promise<number> {
  const input = inputOf(args[0]!, options);
  if (input === null) {
    process.stderr.write(`anybpf compare: ${NO_INPUT}\n`);
    return EXIT_USAGE;
  }
  const json = options["json"] === true;
  const report = await compareJob({ ...input, keep: json ? REPORTED : SHOWN });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderComparison(report));
  return report.equal ? 0 : EXIT_DIFFERENT;
}
