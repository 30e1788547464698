import { expect, test } from "vitest";
import { type Insn, insn, layOut } from "../../isa/index.ts";
import { STACK_TOP } from "../../runtime/layout.ts";
import { GuestMemory } from "../memory.ts";
import { plainImage } from "../plain-image.ts";
import { createRuntime } from "../runtime.ts";
import { compileProgram } from "./index.ts";

// Shapes that overflow stacks, nest deeply or take quadratic time in compilers that are not careful.

const memory = new GuestMemory();
const runtime = createRuntime(memory, { call_helper: () => undefined, call_function: () => 0n });
/** Holds 0: what the programs' branches depend on. */
const ctx = memory.alloc(64);

const MOV = (dst: number, imm: number): Insn => insn("mov64_imm", { dst, imm });
const ADD = (dst: number, imm: number): Insn => insn("add64_imm", { dst, imm });
const EXIT = insn("exit");
const LOAD = insn("ldx32", { dst: 2, src: 1 });

function times(count: number, make: (n: number) => Insn[]): Insn[] {
  const list: Insn[] = [];
  for (let n = 0; n < count; n++) list.push(...make(n));
  return list;
}

const SHAPES: Record<string, () => { list: Insn[]; expected: bigint }> = {
  "200,000 additions in a row": () => ({
    list: [MOV(0, 0), ...times(200_000, () => [ADD(0, 1)]), EXIT],
    expected: 200_000n,
  }),
  "50,000 jumps to one exit": () => ({
    list: [
      LOAD,
      MOV(0, 7),
      ...times(50_000, (n) => [
        insn("jne32_imm", { dst: 2, imm: n + 1, off: 1 }),
        insn("ja32", { off: 2 * (49_999 - n) }),
      ]),
      EXIT,
    ],
    expected: 7n,
  }),
  "50,000 diamonds": () => ({
    list: [
      LOAD,
      MOV(0, 0),
      ...times(50_000, (n) => [
        insn("jeq32_imm", { dst: 2, imm: n & 1, off: 2 }),
        ADD(0, 1),
        insn("ja", { off: 1 }),
        insn("add32_imm", { dst: 0, imm: 2 }),
      ]),
      EXIT,
    ],
    expected: 75_000n,
  }),
  "5,000 nested loops": () => ({
    list: [
      MOV(0, 0),
      ...times(5_000, () => [ADD(0, 1)]),
      ...times(5_000, (n) => [insn("jgt64_imm", { dst: 0, imm: -1, off: -2 - 2 * n })]),
      EXIT,
    ],
    expected: 5_000n,
  }),
  "a switch of 10,000 cases": () => ({
    list: [
      LOAD,
      MOV(0, 0),
      ...times(10_000, (n) => [insn("jeq32_imm", { dst: 2, imm: n + 1, off: 9_999 + n })]),
      ...times(10_000, () => [ADD(0, 1), ADD(0, 1)]),
      EXIT,
    ],
    expected: 20_000n,
  }),
  "20,000 loops entered in the middle": () => ({
    list: [
      LOAD,
      MOV(0, 0),
      insn("jeq32_imm", { dst: 2, imm: 0, off: 2 }),
      ...times(20_000, (n) => [
        ADD(0, 1),
        insn("jeq32_imm", { dst: 2, imm: n + 5, off: 1 }),
        ADD(0, 2),
        insn("jeq32_imm", { dst: 2, imm: n + 6, off: -4 }),
      ]),
      EXIT,
    ],
    expected: 20_000n * 3n - 1n,
  }),
};

test.each(Object.keys(SHAPES))("%s", (name) => {
  const { list, expected } = SHAPES[name]!();
  const env = { runtime, helpers: new Map(), slot: 1, functionSlot: () => 2 };
  compileProgram(plainImage("large", layOut(list)), env).install();
  expect((runtime.table.get(1) as (ctx: number, fp: number) => bigint)(ctx, STACK_TOP)).toBe(expected);
});

test("a program beyond the size of one wasm function runs in segments", () => {
  const rounds = 3;
  const body = times(600_000, (n) => [
    insn(n % 2 === 0 ? "add64_reg" : "xor64_imm", {
      dst: 3 + (n % 5),
      src: n % 2 === 0 ? 4 : 0,
      imm: n % 2 === 0 ? 0 : n,
    }),
  ]);
  const list = [
    ...times(8, (n) => [MOV(n + 2, n)]),
    MOV(0, 0),
    ...body,
    ADD(0, 1),
    insn("jge64_imm", { dst: 0, imm: rounds, off: 1 }),
    insn("ja32", { off: -body.length - 3 }),
    ...times(5, (n) => [insn("add64_reg", { dst: 0, src: 3 + n })]),
    EXIT,
  ];
  const r = [0n, 0n, 0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n];
  for (let round = 0; round < rounds; round++) {
    for (const i of body) {
      if (i.form.name === "add64_reg") r[i.dst] = BigInt.asUintN(64, r[i.dst]! + r[i.src]!);
      else r[i.dst] = r[i.dst]! ^ BigInt(i.imm);
    }
  }
  const expected = BigInt.asUintN(64, BigInt(rounds) + r[3]! + r[4]! + r[5]! + r[6]! + r[7]!);
  const env = { runtime, helpers: new Map(), slot: 1, functionSlot: () => 2 };
  const compiled = compileProgram(plainImage("large", layOut(list)), env);
  expect(compiled.bytes.length).toBeGreaterThan(4_100_000);
  compiled.install();
  const result = (runtime.table.get(1) as (ctx: number, fp: number) => bigint)(ctx, STACK_TOP);
  expect(BigInt.asUintN(64, result)).toBe(expected);
});
