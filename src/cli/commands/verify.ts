import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { errnoName } from "../../uapi/index.ts";
import { BpfError, escapeText } from "../../util/index.ts";
import type { Mode } from "../../verifier/index.ts";
import type { Options } from "../command.ts";
import { EXIT_INPUT, EXIT_USAGE } from "../exit.ts";
import { compareJudged } from "../verify/both.ts";
import { compareReports, readBaseline } from "../verify/compare.ts";
import { renderHot } from "../verify/hot.ts";
import { verifyReport } from "../verify/json.ts";
import { type Judged, type Judging, judgeLinux, judgeSimulated, kernelBtf, kernelFacts } from "../verify/judge.ts";
import { renderTable } from "../verify/table.ts";
import { renderVerdicts } from "../verify/text.ts";
import { verifyVector } from "../verify/vectors.ts";

/** `anybpf verify FILE…`, `anybpf verify --vectors FILE`: what the kernel's verifier would say. */
export async function verifyCommand(files: readonly string[], options: Options): Promise<number> {
  const vectors = options["vectors"] as string | undefined;
  const problem = misuse(files, vectors, options);
  if (problem !== null) {
    process.stderr.write(`anybpf verify: ${problem}\n`);
    return EXIT_USAGE;
  }
  return vectors === undefined ? verifyObjects(files, options) : verifyVectors(vectors, options);
}

function misuse(files: readonly string[], vectors: string | undefined, options: Options): string | null {
  if ((files.length === 0) === (vectors === undefined)) return "give objects, or --vectors FILE";
  const level = options["logLevel"];
  if (level !== undefined && !/^[0-7]$/.test(String(level))) return "--log-level takes a number from 0 to 7";
  const budget = options["maxInsns"];
  if (budget !== undefined && !/^\d{1,9}$/.test(String(budget)))
    return "--max-insns takes a number of at most nine digits";
  return conflict(vectors, options);
}

/** One answer at a time. */
const OUTPUTS = ["explain", "json", "sarif", "table", "hot", "compare"] as const;
/** What says something about objects only. */
const OF_OBJECTS = ["prog", "type", "logLevel", ...OUTPUTS, "maxInsns", "compareKernel"] as const;

const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function conflict(vectors: string | undefined, options: Options): string | null {
  const given = (name: string) => options[name] !== undefined && options[name] !== false;
  if (vectors !== undefined) {
    if (options["kernel"] === "linux") return "--vectors goes to the simulated kernel's verifier only";
    const odd = OF_OBJECTS.find((name) => given(name) && name !== "json");
    return odd === undefined ? null : `--vectors does not go with ${flag(odd)}`;
  }
  if (given("jsonLines")) return "--json-lines goes with --vectors";
  if (given("compareKernel")) {
    const odd = ["explain", "sarif", "table", "hot", "compare", "maxInsns"].find(given);
    return odd === undefined ? null : `--compare-kernel does not go with ${flag(odd)}`;
  }
  const wanted = OUTPUTS.filter(given);
  if (wanted.length > 1) return `${flag(wanted[0]!)} and ${flag(wanted[1]!)} are two answers; give one`;
  const kernel = options["kernel"] === "linux";
  if (kernel && (options["mode"] ?? "root") !== "root") return "--mode is for the simulated kernel";
  if (kernel && given("hot")) return "--hot is for the simulated kernel";
  return null;
}

const now = () => performance.now() * 1e6;

async function verifyVectors(path: string, options: Options): Promise<number> {
  const btf = kernelBtf(options["btf"] as string | undefined);
  const settings = { mode: options["mode"] as Mode, now, kernel: kernelFacts(btf) };
  const input = path === "-" ? process.stdin : createReadStream(path);
  let line = 0;
  let out = "";
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      if (text.trim() === "") continue;
      out += `${JSON.stringify(verifyVector(text, line, settings))}\n`;
      if (out.length > 1 << 16) {
        process.stdout.write(out);
        out = "";
      }
    }
  } catch (error) {
    process.stdout.write(out);
    if (error instanceof BpfError) throw error.within(path);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new BpfError("E_FILE_OPEN", `${path}: cannot be read: ${(error as Error).message.split(",")[0]}`, { path });
  }
  process.stdout.write(out);
  return 0;
}

async function verifyObjects(files: readonly string[], options: Options): Promise<number> {
  const text = (name: string) => options[name] as string | undefined;
  const level = text("logLevel");
  const both = options["compareKernel"] === true;
  const wanted: Judging = {
    program: text("prog"),
    type: text("type"),
    logLevel: level === undefined ? (both ? 6 : 0) : Number(level),
    mode: text("mode") as Mode,
    btf: text("btf"),
  };
  const btf = kernelBtf(wanted.btf);
  if (both) return compareKernels(files, wanted, btf, options["json"] === true);
  const kernel = text("kernel") === "linux" ? "linux" : "simulated";
  const results = kernel === "linux" ? await judgeLinux(files, wanted, btf) : judgeSimulated(files, wanted, btf);
  const baseline = text("compare");
  if (baseline !== undefined) {
    const { text: differences, worse } = compareReports(readBaseline(baseline), verifyReport(results, kernel, false));
    process.stdout.write(differences);
    return worse ? EXIT_INPUT : overBudget(results, text("maxInsns"));
  }
  process.stdout.write(await render(results, kernel, options, level !== undefined && level !== "0"));
  const refused = results.some((r) => !r.accepted) ? EXIT_INPUT : 0;
  return refused || overBudget(results, text("maxInsns"));
}

async function render(results: readonly Judged[], kernel: "simulated" | "linux", options: Options, logs: boolean) {
  if (options["json"] === true) return `${JSON.stringify(verifyReport(results, kernel, logs), null, 2)}\n`;
  if (options["sarif"] === true) {
    const { sarif } = await import("../verify/sarif.ts");
    return `${JSON.stringify(sarif(results), null, 2)}\n`;
  }
  if (options["table"] === true) return renderTable(results);
  if (options["hot"] === true) return renderHot(results);
  if (logs && options["explain"] !== true) return renderLogs(results);
  return renderVerdicts(results);
}

/** The logs as the kernel writes them, and nothing else where there is one: tools read them. */
function renderLogs(results: readonly Judged[]): string {
  const log = (r: Judged) => r.log.replace(/[^\n\t]+/g, escapeText);
  if (results.length === 1) return log(results[0]!);
  const ending = ({ accepted, errno }: Judged) => (accepted ? "accepted" : `refused: ${errnoName(errno)}`);
  return results.map((r) => `${escapeText(`${r.file}: ${r.program}: ${ending(r)}`)}\n${log(r)}`).join("\n");
}

function overBudget(results: readonly Judged[], budget: string | undefined): number {
  if (budget === undefined) return 0;
  const over = results.filter(({ processed }) => processed > Number(budget));
  for (const { file, program, processed } of over) {
    const line = `${file}: ${program}: ${processed} instructions processed, more than --max-insns ${budget}`;
    process.stderr.write(`anybpf verify: ${escapeText(line)}\n`);
  }
  return over.length === 0 ? 0 : EXIT_INPUT;
}

async function compareKernels(
  files: readonly string[],
  wanted: Judging,
  btf: ReturnType<typeof kernelBtf>,
  json: boolean,
) {
  const ours = judgeSimulated(files, wanted, btf);
  const kernels = await judgeLinux(files, wanted, btf);
  const { text, report } = compareJudged(ours, kernels);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : text);
  return report.verdictsEqual === report.programs ? 0 : EXIT_INPUT;
}
