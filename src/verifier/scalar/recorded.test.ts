import { describe, expect, it } from "vitest";
import { differences } from "../../../test/support/scalar/compare.ts";
import { readRecorded } from "../../../test/support/scalar/recorded.ts";
import { walkProgram } from "../../../test/support/scalar/walk.ts";
import { StateMemory } from "../memory.ts";

describe("scalars against what Linux 6.18.44 answered", () => {
  const recorded = readRecorded();
  it.each(recorded.map((_, n) => n))("program %d", (n) => {
    const { program, kernel } = recorded[n]!;
    expect(differences(walkProgram(StateMemory.take(), program), kernel)).toEqual([]);
  });
});
