import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { btfToC } from "../../src/btf/index.ts";
import { compareJudged } from "../../src/cli/verify/both.ts";
import { judgeLinux, judgeSimulated } from "../../src/cli/verify/judge.ts";
import { runningKernel } from "../support/linux.ts";
import { missing, skipped } from "../support/needs.ts";
import { kernelBtf } from "../support/verifier/both.ts";

/** C programs with kernel functions, iterators, collections, locks and global functions: both verifiers say the same, line by line. */

const WHAT = "programs with kernel functions in both verifiers";
const SOURCES = fileURLToPath(new URL("./kfuncs", import.meta.url));
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;
const skip = kernel === null || missing(WHAT, "clang-19");

/** The kernel open-codes bpf_loop after the walk, and its last lines count the stack of that. */
const OPEN_CODED_LOOPS: ReadonlySet<string> = new Set(["l17", "l18"]);

const dir = mkdtempSync(join(tmpdir(), "anybpf-kfuncs-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe.skipIf(skip)("programs with kernel functions", () => {
  if (!skip) writeFileSync(join(dir, "vmlinux.h"), btfToC(btf!));
  const judging = { program: undefined, type: undefined, logLevel: 6, mode: "root", btf: undefined } as const;

  it.each(["iterators", "graphs", "objects", "functions", "dynptrs", "loops"])(
    "%s",
    async (name) => {
      for (const cpu of ["v3", "v4"]) {
        const object = join(dir, `${name}-${cpu}.o`);
        const args = ["-target", "bpf", "-O2", "-g", `-mcpu=${cpu}`, "-w", `-I${dir}`, `-I${SOURCES}`];
        execFileSync("clang-19", [...args, "-c", join(SOURCES, `${name}.c`), "-o", object], { stdio: "pipe" });
        const linux = await judgeLinux([object], judging, btf);
        const { report, text } = compareJudged(judgeSimulated([object], judging, btf), linux);
        console.log(`${name}, ${cpu}: ${text.trimEnd().split("\n").at(-1)}`);
        expect(report.verdictsEqual).toBe(report.programs);
        expect(report.processedEqual).toBe(report.programs);
        const parting = report.differences.filter(({ program }) => !OPEN_CODED_LOOPS.has(program));
        expect(parting).toEqual([]);
      }
    },
    300_000,
  );
});
