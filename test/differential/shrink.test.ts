import { expect, test } from "vitest";
import { insn } from "../../src/isa/index.ts";
import { judge, simulatedSubjects } from "./campaign.ts";
import { type Generated, generate } from "./generate.ts";
import { type Items, textOf } from "./program.ts";
import { shrink, without } from "./shrink.ts";

function firstWith(form: string): Generated {
  for (let number = 0; ; number++) {
    const program = generate(1, number);
    if (has(program.items, form)) return program;
  }
}

function has(items: Items, form: string): boolean {
  return items.some(({ insn }) => insn.form.name === form);
}

test("a number and a seed give the same program again", () => {
  expect(textOf(generate(5, 17).items)).toBe(textOf(generate(5, 17).items));
  expect(textOf(generate(5, 17).items)).not.toBe(textOf(generate(6, 17).items));
});

test("branches keep their targets when instructions go", () => {
  const items = [
    { insn: insn("ja"), target: 3 },
    { insn: insn("neg64") },
    { insn: insn("neg32") },
    { insn: insn("exit") },
  ];
  expect(without(items, 1, 2).map((i) => i.target)).toEqual([2, undefined, undefined]);
  expect(without(items, 2, 4).map((i) => i.target)).toEqual([2, undefined]);
});

test("what fails shrinks to the instruction at fault", () => {
  const [stepping] = simulatedSubjects();
  for (const form of ["bswap32", "movsx16_64"]) {
    const program = firstWith(form);
    const fails = (items: Items): boolean => {
      const { refusal, differences } = judge([stepping!], items, program.packets);
      return refusal === null && differences.length === 0 && has(items, form);
    };
    expect(program.items.length).toBeGreaterThan(10);
    expect(shrink(program.items, fails).map(({ insn }) => insn.form.name)).toEqual([form, "exit"]);
  }
});
