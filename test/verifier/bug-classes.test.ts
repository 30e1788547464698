import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EngineName } from "../../src/vm/index.ts";
import { runConformance } from "../../src/vm/index.ts";
import { withoutPerfmon } from "../differential/privilege.ts";
import { runningKernel } from "../support/linux.ts";
import { ClassKernel, classProgram, ourErrno } from "./bug-class-programs.ts";
import { BUG_CLASSES, type BugClass, ELSEWHERE, RESULTS } from "./bug-classes.ts";

const ENGINES: readonly EngineName[] = ["stepping", "interpreter", "jit"];
const running = await runningKernel("bug classes of verifiers, against the running kernel");
const kernel = running === null ? null : new ClassKernel(running);

const programOf = (row: BugClass, constant: string | number) =>
  classProgram(row.text.replaceAll("$K", String(constant)), row.type);

for (const row of BUG_CLASSES) {
  const mode = row.mode ?? "root";
  const verdicts = [
    { verdict: "reject", program: programOf(row, row.reject) },
    { verdict: "accept", program: programOf(row, row.accept) },
  ] as const;
  for (const { verdict, program } of verdicts) {
    test(`${row.name}_${verdict}`, () => {
      const errno = ourErrno(program, 0, { mode });
      expect(errno === 0 ? "accept" : "reject").toBe(verdict);
      // Without loops the verdict cannot depend on where states are kept.
      const prunings = row.loops ? [] : (["off", 1, 2, 3] as const);
      for (const pruning of prunings) expect(ourErrno(program, 0, { mode, pruning })).toBe(errno);
      if (mode !== "root") expect(ourErrno(program)).toBe(0);
      if (row.unsoundFlags !== undefined) expect(ourErrno(program, row.unsoundFlags) === 0).toBe(verdict === "accept");
    });
    test.skipIf(kernel === null)(`${row.name}_${verdict}: the kernel`, () => {
      if (kernel === null) return;
      const theirs = mode === "bpf" ? withoutPerfmon(() => kernel.errno(program)) : kernel.errno(program);
      expect(ourErrno(program, 0, { mode })).toBe(theirs);
      if (mode !== "root") expect(kernel.errno(program)).toBe(0);
    });
  }
  if (row.unsoundFlags !== undefined && kernel !== null) {
    test(`${row.name}: the kernel with flags ${row.unsoundFlags} accepts what we refuse`, () => {
      expect(kernel.errno(verdicts[0].program, row.unsoundFlags)).toBe(0);
    });
  }
}

describe("results", () => {
  for (const { name, text, r0 } of RESULTS) {
    test(name, () => {
      const program = classProgram(text);
      expect(ourErrno(program)).toBe(0);
      for (const engine of ENGINES) expect(runConformance(program.insns, new Uint8Array(), engine)).toBe(r0);
      if (kernel !== null) expect(kernel.run(program)).toBe(Number(r0 & 0xffffffffn));
    });
  }
});

test.each(ELSEWHERE)("$name is tested in $file", ({ file }) => {
  expect(existsSync(new URL(`../../${file}`, import.meta.url))).toBe(true);
});
