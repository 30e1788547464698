import { release } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { runningKernel } from "../../../test/support/linux.ts";
import { skipped } from "../../../test/support/needs.ts";
import { BothVerifiers, kernelBtf } from "../../../test/support/verifier/both.ts";
import { HelperTrials, helperAccess, PROGRAM_KINDS } from "../../../test/support/verifier/helper-trials.ts";

const WHAT = "helper calls against the kernel's verifier";
const btf = kernelBtf();
const usable = btf !== null && release().startsWith("6.18.");
const kernel = usable ? await runningKernel(WHAT) : skipped(WHAT, `Linux ${release()} is not 6.18 with BTF`) && null;

/** Types that a loader without CAP_PERFMON cannot load at all say nothing of helpers. */
const UNTRACED = PROGRAM_KINDS.filter(([, , target, flags]) => target === undefined && flags === undefined);

describe.skipIf(kernel === null)(WHAT, () => {
  afterAll(() => kernel?.[Symbol.dispose]());

  it("who may call what: verdicts and logs", () => {
    const both = new BothVerifiers(kernel!, btf!);
    expect(both.differences(helperAccess(btf!))).toEqual([]);
    console.log(`helpers by program: ${both.compared} programs, ${both.accepted} accepted, logs alike`);
  }, 300_000);

  it("who may call what without CAP_PERFMON", () => {
    const both = new BothVerifiers(kernel!, btf!, { mode: "bpf", logs: false });
    expect(both.differences(helperAccess(btf!, UNTRACED))).toEqual([]);
    console.log(`helpers without CAP_PERFMON: ${both.compared} programs, ${both.accepted} accepted`);
  }, 300_000);

  it("arguments, right and wrong: verdicts and logs", () => {
    const both = new BothVerifiers(kernel!, btf!);
    const step = Number(process.env["ANYBPF_HELPER_STEP"] ?? 4);
    expect(both.differences(new HelperTrials(kernel!, btf!).calls(step))).toEqual([]);
    console.log(`helpers' arguments: ${both.compared} programs, ${both.accepted} accepted, logs alike`);
  }, 600_000);
});
