import { expect, test } from "vitest";
import { runningKernel } from "../support/linux.ts";
import { ALL_GENERATORS, compareVerdicts } from "./campaign.ts";
import { KernelVerdicts } from "./kernel-verdict.ts";

/** Random programs to both verifiers: one verdict. `npm run verdicts -- --programs N --seed S` runs more of them. */

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const PROGRAMS = number("ANYBPF_VERDICTS", 3000);
const SEED = number("ANYBPF_SEED", 1);
const FROM = number("ANYBPF_FROM", 0);
const kernel = await runningKernel("random programs to both verifiers");

test.skipIf(kernel === null)(
  `${PROGRAMS} random programs: both verifiers say the same`,
  () => {
    const campaign = { programs: PROGRAMS, seed: SEED, from: FROM, generators: ALL_GENERATORS };
    const report = compareVerdicts(new KernelVerdicts(kernel!), campaign, ({ name, what }) => {
      console.log(`${name}: ${what}`);
    });
    const each = report.programs / ALL_GENERATORS.length;
    const rates = ALL_GENERATORS.map((name) => (100 * (report.acceptedBy[name] ?? 0)) / each);
    const share = (n: number) => `${((100 * n) / report.programs).toFixed(3)}%`;
    console.log(
      `${report.programs} programs of seed ${SEED}; accepted ${ALL_GENERATORS.map((name, n) => `${name} ${rates[n]!.toFixed(0)}%`).join(", ")}; ` +
        `verdict and errno equal ${share(report.verdictsEqual)}, processed count ${share(report.processedEqual)}; ` +
        `kernel ${(report.kernelTime / 1000).toFixed(1)} s, anybpf ${(report.ownTime / 1000).toFixed(1)} s`,
    );
    expect(report.partings).toEqual([]);
    expect(report.processedEqual / report.programs).toBeGreaterThan(0.98);
    for (const rate of rates) expect(rate).toBeGreaterThan(each < 300 ? 0 : 20);
    for (const rate of rates) expect(rate).toBeLessThan(80);
  },
  36_000_000,
);
