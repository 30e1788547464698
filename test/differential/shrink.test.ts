import { expect, test } from "vitest";
import { insn } from "../../src/isa/index.ts";
import { SimulatedKernel, type TestRunAttr } from "../../src/kernel/index.ts";
import { BUDGET, judge, simulatedSubjects } from "./campaign.ts";
import { type Generated, generate } from "./generate.ts";
import { type Items, textOf } from "./program.ts";
import { failureText, shrinkFailure } from "./report.ts";
import { shrink, without } from "./shrink.ts";
import { steadiness } from "./steadiness.ts";
import { type Loaded, type Outcome, Subject } from "./subject.ts";

function firstWith(form: string): Generated {
  for (let number = 0; ; number++) {
    const program = generate(1, number);
    // What jumps backwards shrinks to loops without end, which nobody refuses here.
    const forward = program.items.every(({ target }, n) => target === undefined || target > n);
    if (forward && has(program.items, form)) return program;
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
  // Without verification: what is left need not be a program that the verifier accepts.
  const stepping = new Subject("stepping", new SimulatedKernel({ verify: false, budget: BUDGET }));
  for (const form of ["bswap32", "movsx16_64"]) {
    const program = firstWith(form);
    const fails = (items: Items): boolean => {
      const { refusal, differences } = judge([stepping], { ...program, items });
      return refusal === null && differences.length === 0 && has(items, form);
    };
    expect(program.items.length).toBeGreaterThan(10);
    expect(shrink(program.items, fails).map(({ insn }) => insn.form.name)).toEqual([form, "exit"]);
  }
});

/** An engine that gets the return value wrong wherever an instruction occurs. */
class Faulty extends Subject {
  readonly #form: string;
  constructor(form: string) {
    super("faulty", new SimulatedKernel());
    this.#form = form;
  }
  override run(program: Loaded, inputs: readonly TestRunAttr[]): Outcome {
    const outcome = super.run(program, inputs);
    return has(program.items, this.#form) ? { ...outcome, retvals: outcome.retvals.map((v) => v ^ 1) } : outcome;
  }
}

test("a failure is told with its program, input and results", () => {
  const program = firstWith("bswap32");
  const subjects = [...simulatedSubjects(), new Faulty("bswap32")];
  const { differences } = judge(subjects, program);
  const shrunk = shrinkFailure(subjects, program, differences, (run) => run());
  expect(shrunk?.items.length).toBeLessThan(15);
  expect(shrunk?.inputs.length).toBe(1);
  const text = failureText(1, program, differences, shrunk);
  expect(text).toContain("bswap32");
  expect(text).toContain(`--seed 1 --from ${program.number}`);
  expect(text).toMatch(/faulty:\n {2}input 0: return value: \d+ \| \d+/);
});

test("results of programs depend neither on where maps lie nor on what was on the stack", () => {
  const steady = steadiness();
  const unsteady: number[] = [];
  for (let number = 0; number < 400; number++) {
    if (!steady(generate(3, number))) unsteady.push(number);
  }
  expect(unsteady).toEqual([]);
});
