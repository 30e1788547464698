import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { runningKernel } from "../support/linux.ts";
import { missing, skipped } from "../support/needs.ts";
import {
  CPUS,
  type Cpu,
  comparableLines,
  compile,
  equalLines,
  Judges,
  kernelTypes,
  LOG_ALL,
  LOG_STATISTICS,
  TOPICS,
} from "./program-set.ts";

/** The release that verdicts are those of. */
const RELEASE = "6.18.";
/** Logs of longer verifications are not compared: they would count for more than all others together. */
const LONGEST_LOG = 20_000;

type Aspect = "verdict" | "processed" | "log";

/** Differences that are known, with their reasons; each is a row of docs/parity.md too. */
const KNOWN: readonly {
  readonly program: `${string}/${string}`;
  readonly aspect: Aspect;
  readonly cpus: readonly Cpu[];
  readonly reason: string;
}[] = [];

interface Totals {
  programs: number;
  accepted: number;
  verdicts: number;
  processed: number;
  near: number;
  lines: number;
  equalLines: number;
}
const totals = new Map<string, Totals>();

const WHAT = "C programs that verdicts depend on, against the running kernel";
const noCompiler = missing(WHAT, "clang-19");
const release = spawnSync("uname", ["-r"], { encoding: "utf8" }).stdout.trim();
const kernel =
  noCompiler || (!release.startsWith(RELEASE) && skipped(WHAT, `this kernel is ${release}, not ${RELEASE}*`))
    ? null
    : await runningKernel(WHAT);
const types = kernelTypes();
const judges = new Judges(kernel, types);

/** What of a program's verdict is not the kernel's. */
function compare(topic: string, cpu: Cpu, name: string, sum: Totals): Aspect[] {
  const spec = compile(topic, cpu);
  const theirs = judges.theirs(spec, name, LOG_STATISTICS);
  const ours = judges.ours(spec, name, LOG_STATISTICS);
  const differing: Aspect[] = [];
  if (theirs.errno === ours.errno) sum.verdicts++;
  else differing.push("verdict");
  if (theirs.processed === ours.processed) sum.processed++;
  else differing.push("processed");
  if (Math.abs(theirs.processed - ours.processed) <= theirs.processed * 0.05) sum.near++;
  expect(theirs.errno === 0, `${topic}/${name} at ${cpu}: the kernel's verdict`).toBe(name.endsWith("_ok"));
  if (theirs.processed > LONGEST_LOG) return differing;
  const a = comparableLines(judges.theirs(spec, name, LOG_ALL).log);
  const b = comparableLines(judges.ours(spec, name, LOG_ALL).log);
  const equal = equalLines(a, b);
  sum.lines += a.length;
  sum.equalLines += equal;
  if (equal !== a.length || a.length !== b.length) differing.push("log");
  return differing;
}

function programNames(topic: string, cpu: Cpu): string[] {
  return compile(topic, cpu).programs.map((program) => program.name);
}

describe.skipIf(noCompiler)("programs in pairs, one accepted and one refused", () => {
  for (const { name: topic, needsKernelTypes } of TOPICS) {
    const noTypes = needsKernelTypes && types === null && skipped(`programs of ${topic}.c`, "no BTF of the kernel");
    test.skipIf(noTypes)(topic, { timeout: 300_000 }, () => {
      const sum: Totals = { programs: 0, accepted: 0, verdicts: 0, processed: 0, near: 0, lines: 0, equalLines: 0 };
      totals.set(topic, sum);
      const expected: string[] = [];
      const found: string[] = [];
      for (const cpu of CPUS) {
        const names = programNames(topic, cpu);
        const stems = names.map((name) => name.replace(/_(ok|bad)$/, ""));
        for (const stem of stems) expect(names).toEqual(expect.arrayContaining([`${stem}_ok`, `${stem}_bad`]));
        for (const name of names) {
          sum.programs++;
          if (name.endsWith("_ok")) sum.accepted++;
          const program = `${topic}/${name}`;
          const known = KNOWN.filter((row) => row.program === program && row.cpus.includes(cpu));
          if (kernel !== null) {
            expected.push(...known.map((row) => `${program} at ${cpu}: ${row.aspect}`));
            found.push(...compare(topic, cpu, name, sum).map((aspect) => `${program} at ${cpu}: ${aspect}`));
          } else if (!known.some((row) => row.aspect === "verdict")) {
            const { errno, log } = judges.ours(compile(topic, cpu), name, LOG_STATISTICS);
            expect(errno === 0, `${program} at ${cpu}: ${log}`).toBe(name.endsWith("_ok"));
          }
        }
      }
      expect(found.sort(), "differences from the kernel").toEqual(expected.sort());
    });
  }

  test("at least 150 pairs, and known differences that are in the set", () => {
    const names = new Set(TOPICS.flatMap(({ name }) => programNames(name, "v4").map((n) => `${name}/${n}`)));
    expect(names.size).toBeGreaterThanOrEqual(300);
    for (const { program } of KNOWN) expect(names).toContain(program);
  });

  test.skipIf(kernel === null)("at least 95 % of the log's lines are the kernel's", () => {
    const sums = [...totals.values()];
    const lines = sums.reduce((sum, t) => sum + t.lines, 0);
    expect(sums.reduce((sum, t) => sum + t.equalLines, 0)).toBeGreaterThanOrEqual(lines * 0.95);
  });
});

afterAll(() => {
  if (kernel === null || totals.size === 0) return;
  const all = (key: keyof Totals): number => [...totals.values()].reduce((sum, t) => sum + t[key], 0);
  const row = (name: string, get: (key: keyof Totals) => number): string => {
    const percent = ((100 * get("equalLines")) / Math.max(1, get("lines"))).toFixed(2);
    const processed = `processed equal ${get("processed")}, within 5 % ${get("near")}`;
    const lines = `log lines equal ${get("equalLines")} of ${get("lines")} (${percent} %)`;
    return `${name.padEnd(12)} ${get("programs")} programs, ${get("accepted")} accepted: verdict equal ${get("verdicts")}, ${processed}, ${lines}`;
  };
  const rows = [...totals].map(([name, sum]) => row(name, (key) => sum[key]));
  console.log([`Linux ${release}`, ...rows, row("all", all)].join("\n"));
});
