import type { Options } from "../command.ts";
import { EXIT_USAGE } from "../exit.ts";
import { inputOf, NO_INPUT } from "../run/input.ts";
import { runJob } from "../run/job.ts";
import { renderReport, reportJson } from "../run/report.ts";

function usage(text: string): number {
  process.stderr.write(`anybpf run: ${text}\n`);
  return EXIT_USAGE;
}

function positive(text: unknown): number | null {
  const n = Number(text);
  return Number.isInteger(n) && n >= 1 && n <= 2 ** 32 ? n : null;
}

/** Entries of one map that people get to see. */
const SHOWN_ENTRIES = 16;

/** `anybpf run FILE`: the main job. */
export async function run(args: readonly string[], options: Options): Promise<number> {
  const text = (name: string) => options[name] as string | undefined;
  const repeat = positive(text("repeat") ?? "1");
  const cpus = positive(text("cpus") ?? "1");
  const budget = options["budget"] === undefined ? undefined : positive(options["budget"]);
  const input = inputOf(args[0]!, options);
  if (input === null) return usage(NO_INPUT);
  if (repeat === null) return usage(`--repeat takes a whole number from 1, not "${text("repeat")}"`);
  if (cpus === null || cpus > 1024) return usage(`--cpus takes a whole number from 1 to 1024, not "${text("cpus")}"`);
  if (budget === null) return usage(`--budget takes a whole number from 1, not "${text("budget")}"`);
  if (options["kernel"] === "linux" && (text("engine") !== "jit" || budget !== undefined)) {
    return usage("--engine and --budget belong to the simulated kernel; Linux runs programs its own way");
  }
  const verify = options["verify"] !== false;
  if (!verify && (options["kernel"] === "linux" || (text("engine") ?? "jit") === "interpreter")) {
    return usage("--no-verify is for the simulated kernel, whose engine stepping then checks every access");
  }
  const report = await runJob({
    ...input,
    ...(verify ? {} : { engine: "stepping" }),
    verify,
    repeat,
    kernel: text("kernel") as "simulated" | "linux",
    cpus,
    budget: budget === undefined ? undefined : BigInt(budget),
    progress: options["progress"] === true,
    mapEntries: options["json"] === true ? Number.POSITIVE_INFINITY : SHOWN_ENTRIES,
  });
  process.stdout.write(options["json"] === true ? `${reportJson(report)}\n` : renderReport(report));
  return 0;
}
