import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compareJob } from "../../src/cli/compare/job.ts";
import type { CompareReport } from "../../src/cli/compare/report.ts";
import { renderComparison } from "../../src/cli/compare/text.ts";
import { readObject } from "../../src/loader/index.ts";
import { root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";
import { missing } from "../support/needs.ts";

/** Programs of fixtures/, at each -mcpu, through `compare`: each helper and map type at least once. */

const WHAT = "fixtures in both kernels";
const kernel = missing(WHAT, "clang-19") ? null : await runningKernel(WHAT);
kernel?.[Symbol.dispose]();

const FIXTURES = `${root}test/compare/fixtures/`;
const CAPTURE = `${root}examples/parser/traffic.pcap`;
const COMPILED = ["-O2", "-O1"].flatMap((level) =>
  (["v1", "v2", "v3", "v4"] as const).map((version) => [level, version] as const),
);
/** Each engine of the simulated kernel gets its share. */
const ENGINES = { v1: "jit", v2: "interpreter", v3: "stepping", v4: "jit" } as const;

/** Programs whose result is nobody's to foresee; for each, what may differ. */
const DIFFERENT: Readonly<Record<string, (report: CompareReport) => void>> = {
  random_verdict: (report) => expect(report.packetDifferences.count).toBeGreaterThan(0),
  // The running kernel's key is random.
  flow_hash: (report) => expect(differingPlaces(report)).toEqual(["0"]),
  // The simulated kernel has every interface, the running one has no number 2147483647.
  clone_nowhere: (report) => expect(differingPlaces(report)).toEqual(["0"]),
};

/** The numbers in `found` that differ, where nothing else does. */
function differingPlaces(report: CompareReport): string[] {
  expect(report.packetDifferences.count).toBe(0);
  return report.maps.flatMap((map) => map.first.map(({ key }) => (map.name === "found" ? key : `${map.name} ${key}`)));
}

const dir = mkdtempSync(join(tmpdir(), "anybpf-compare-"));
let compared = 0;
afterAll(() => {
  rmSync(dir, { recursive: true });
  if (kernel !== null) console.log(`${compared} compiled programs compared in both kernels`);
});

function compile(file: string, level: string, version: string): string {
  const out = join(dir, `${file}${level}.${version}.o`);
  const include = ["-I/usr/include/x86_64-linux-gnu", "-I/usr/include/aarch64-linux-gnu"];
  const flags = [level, "-g", "--target=bpf", `-mcpu=${version}`, ...include];
  const { status, stderr } = spawnSync("clang-19", [...flags, "-c", `${FIXTURES}${file}`, "-o", out], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return out;
}

const files = readdirSync(FIXTURES).filter((name) => name.endsWith(".c"));

describe.skipIf(kernel === null).each(kernel === null ? [] : files)("%s", (file) => {
  test.each(COMPILED)("%s -mcpu=%s", { timeout: 120_000 }, async (level, version) => {
    const object = compile(file, level, version);
    const { programs } = readObject(readFileSync(object));
    const wrong: string[] = [];
    for (const { name } of programs) {
      compared++;
      const report = await compareJob({
        file: object,
        program: name,
        section: undefined,
        type: undefined,
        pcap: CAPTURE,
        packet: undefined,
        pcapOut: undefined,
        engine: ENGINES[version],
        maps: [],
        ctx: undefined,
        keep: 3,
      }).catch((error: Error) => error);
      if (report instanceof Error) wrong.push(`${name}: ${report.message}`);
      else if (DIFFERENT[name] !== undefined) DIFFERENT[name](report);
      else if (!report.equal) wrong.push(renderComparison(report));
    }
    expect(wrong.join("\n")).toBe("");
  });
});
