import type { EngineName } from "../../vm/index.ts";
import type { Options } from "../command.ts";
import { compareJob } from "../compare/job.ts";
import { renderComparison } from "../compare/text.ts";
import { EXIT_USAGE } from "../exit.ts";

/** Exit status: the two kernels differ. */
const EXIT_DIFFERENT = 1;

/** Differing packets, entries and records that are reported: for people, as JSON. */
const SHOWN = 5;
const REPORTED = 100;

/** `anybpf compare FILE`: the same program and input in the simulated and in the running kernel. */
export async function compare(args: readonly string[], options: Options): Promise<number> {
  const text = (name: string) => options[name] as string | undefined;
  if ((options["pcap"] === undefined) === (options["packet"] === undefined)) {
    process.stderr.write("anybpf compare: give the packets: either --pcap FILE or --packet HEX|FILE\n");
    return EXIT_USAGE;
  }
  const json = options["json"] === true;
  const report = await compareJob({
    file: args[0]!,
    program: text("prog"),
    section: text("section"),
    type: text("type"),
    pcap: text("pcap"),
    packet: text("packet"),
    pcapOut: text("pcapOut"),
    engine: text("engine") as EngineName,
    maps: (options["map"] ?? []) as readonly string[],
    ctx: text("ctx"),
    keep: json ? REPORTED : SHOWN,
  });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderComparison(report));
  return report.equal ? 0 : EXIT_DIFFERENT;
}
