import { describe, expect, test } from "vitest";
import { type EngineName, runConformance } from "../../src/vm/index.ts";
import { skipped } from "../support/needs.ts";
import { conformanceDir, readConformanceCases } from "./cases.ts";

const ENGINES: readonly EngineName[] = ["stepping", "interpreter", "jit"];
const cases = readConformanceCases();

if (cases.length === 0) {
  const absent = skipped("ISA conformance vectors", `none in ${conformanceDir()} (set ANYBPF_CONFORMANCE)`);
  test.skipIf(absent)("the ISA conformance vectors", () => undefined);
}

for (const engine of cases.length === 0 ? [] : ENGINES) {
  describe(engine, () => {
    test.each(cases)("$name", ({ code, memory, result, error }) => {
      const run = () => runConformance(code, memory, engine, { budget: 1_000_000n });
      if (error !== null) expect(run).toThrow();
      else expect(run()).toBe(result);
    });
  });
}
