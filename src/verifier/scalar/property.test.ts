import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Known, knownOf } from "../../../test/support/scalar/record-text.ts";
import { REVERSE } from "../../../test/support/scalar/walk.ts";
import { type Reg, StateMemory } from "../memory.ts";

/*
 * Each register has one real value beside what is known of it. Whatever constraint, operation or comparison the value goes through, the
 * register must still have room for it.
 */
const m = StateMemory.take();
const { ops } = m;
const A: Reg = m.scratch(4);
const B: Reg = m.scratch(5);
const OTHER_A: Reg = m.scratch(6);
const OTHER_B: Reg = m.scratch(7);
const OPERAND: Reg = m.scratch(8);

const u64 = (x: bigint) => BigInt.asUintN(64, x);
const s64 = (x: bigint) => BigInt.asIntN(64, x);
const u32 = (x: bigint) => BigInt.asUintN(32, x);
const s32 = (x: bigint) => BigInt.asIntN(32, x);

function outside(known: Known, x: bigint): string[] {
  const holds: Record<string, boolean> = {
    tnum: (x & u64(~known.mask)) === known.value,
    unsigned: x >= known.umin && x <= known.umax,
    signed: s64(x) >= known.smin && s64(x) <= known.smax,
    "unsigned half": u32(x) >= known.umin32 && u32(x) <= known.umax32,
    "signed half": s32(x) >= known.smin32 && s32(x) <= known.smax32,
  };
  return Object.keys(holds).filter((name) => !holds[name]);
}

function expectInside(reg: Reg, x: bigint, what: string): void {
  expect(outside(knownOf(m, reg), x), `${what}: ${x}`).toEqual([]);
}

const ARITHMETIC: Readonly<Record<number, (a: bigint, b: bigint, bits: bigint) => bigint>> = {
  0: (a, b) => a + b,
  16: (a, b) => a - b,
  32: (a, b) => a * b,
  64: (a, b) => a | b,
  80: (a, b) => a & b,
  96: (a, b, bits) => a << (b & (bits - 1n)),
  112: (a, b, bits) => a >> (b & (bits - 1n)),
  128: (a) => -a,
  160: (a, b) => a ^ b,
  192: (a, b, bits) => BigInt.asIntN(Number(bits), a) >> (b & (bits - 1n)),
  48: (a, b) => (b === 0n ? 0n : a / b),
  144: (a, b) => (b === 0n ? a : a % b),
};
const COMPARISONS: Readonly<Record<number, (a: bigint, b: bigint, sa: bigint, sb: bigint) => boolean>> = {
  16: (a, b) => a === b,
  32: (a, b) => a > b,
  48: (a, b) => a >= b,
  64: (a, b) => (a & b) !== 0n,
  80: (a, b) => a !== b,
  96: (_a, _b, a, b) => a > b,
  112: (_a, _b, a, b) => a >= b,
  160: (a, b) => a < b,
  176: (a, b) => a <= b,
  192: (_a, _b, a, b) => a < b,
  208: (_a, _b, a, b) => a <= b,
};

function setConstant(reg: Reg, x: bigint): void {
  ops.mark_known(reg, Number(s32(x)), Number(s32(x >> 32n)));
}

/** What is done to one register and its value. */
interface Step {
  readonly kind: "alu" | "compare" | "cast";
  readonly pick: number;
  readonly is32: boolean;
  readonly operand: bigint;
}

function compute(op: number, is32: boolean, a: bigint, b: bigint): bigint {
  const run = ARITHMETIC[op]!;
  return is32 ? u32(run(u32(a), u32(b), 32n)) : u64(run(a, b, 64n));
}

function compare(op: number, is32: boolean, a: bigint, b: bigint): boolean {
  const test = COMPARISONS[op]!;
  return is32 ? test(u32(a), u32(b), s32(a), s32(b)) : test(a, b, s64(a), s64(b));
}

/** Applies a step; answers the value after it. */
function apply(reg: Reg, x: bigint, { kind, pick, is32, operand }: Step): bigint {
  const wide = is32 ? 1 : 0;
  if (kind === "cast") {
    const bytes = [1, 2, 4][pick % 3]!;
    const bits = bytes * 8;
    if (pick % 2 === 0) {
      ops.truncate(reg, bytes);
      return BigInt.asUintN(bits, x);
    }
    ops.sign_extend(reg, bytes, wide);
    const extended = BigInt.asIntN(bits, x);
    return is32 ? u32(extended) : u64(extended);
  }
  setConstant(OPERAND, operand);
  if (kind === "alu") {
    const codes = Object.keys(ARITHMETIC).map(Number);
    const op = codes[pick % codes.length]!;
    ops.alu(reg, op === 0x80 ? reg : OPERAND, op, wide, 0);
    return compute(op, is32, x, operand);
  }
  const codes = Object.keys(COMPARISONS).map(Number);
  const op = codes[pick % codes.length]!;
  const truth = compare(op, is32, x, operand);
  const taken = ops.branch_taken(reg, OPERAND, op, wide);
  if (taken >= 0) expect(taken === 1, `outcome of comparison 0x${op.toString(16)}`).toBe(truth);
  else ops.refine(reg, OPERAND, truth ? op : REVERSE.get(op)!, wide);
  return x;
}

const edge = fc
  .tuple(fc.constantFrom(0n, 7n, 8n, 16n, 31n, 32n, 33n, 63n), fc.bigInt(-3n, 3n))
  .map(([bit, d]) => u64((1n << bit) + d));
const word = fc.oneof(
  fc.bigInt(-20n, 80n).map(u64),
  edge,
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.bigInt(0n, (1n << 32n) - 1n),
);
const step = fc.record({
  kind: fc.constantFrom("alu" as const, "compare" as const, "compare" as const, "cast" as const),
  pick: fc.nat(1000),
  is32: fc.boolean(),
  operand: word,
});
const start = fc.tuple(word, fc.array(step, { maxLength: 6 }));
const RUNS = { numRuns: 3000 };

function build(reg: Reg, [value, steps]: readonly [bigint, readonly Step[]]): bigint {
  ops.mark_unknown(reg);
  let x = value;
  for (const one of steps) {
    x = apply(reg, x, one);
    expectInside(reg, x, `${one.kind} ${one.pick} ${one.is32} ${one.operand}`);
  }
  return x;
}

describe("scalars of 64 bits beside the numbers they stand for", () => {
  it("keep them through arithmetic", () => {
    fc.assert(
      fc.property(
        start,
        start,
        fc.constantFrom(...Object.keys(ARITHMETIC).map(Number)),
        fc.boolean(),
        (a, b, op, is32) => {
          const x = build(A, a);
          const y = build(B, b);
          ops.alu(A, op === 0x80 ? A : B, op, is32 ? 1 : 0, 0);
          expectInside(A, compute(op, is32, x, y), `0x${op.toString(16)} of ${x} and ${y}`);
          expect(ops.bounds_sane(A)).toBe(1);
        },
      ),
      RUNS,
    );
  });

  it("keep them on the side of a comparison where it holds, and know no outcome that is not", () => {
    fc.assert(
      fc.property(start, start, fc.constantFrom(...REVERSE.keys()), fc.boolean(), (a, b, op, is32) => {
        const x = build(A, a);
        const y = build(B, b);
        const wide = is32 ? 1 : 0;
        const truth = compare(op, is32, x, y);
        const taken = ops.branch_taken(A, B, op, wide);
        if (taken >= 0) expect(taken === 1).toBe(truth);
        ops.copy_reg(OTHER_A, A);
        ops.copy_reg(OTHER_B, B);
        ops.refine(OTHER_A, OTHER_B, truth ? op : REVERSE.get(op)!, wide);
        expectInside(OTHER_A, x, `0x${op.toString(16)} left`);
        expectInside(OTHER_B, y, `0x${op.toString(16)} right`);
      }),
      RUNS,
    );
  });

  it("keep them through byte swaps, moves of the half and copies with a constant added", () => {
    fc.assert(
      fc.property(start, fc.constantFrom(16, 32, 64), fc.boolean(), fc.integer(), (a, bits, little, constant) => {
        const x = build(A, a);
        ops.copy_reg(B, A);
        ops.byte_swap(B, bits, little ? 1 : 0);
        const low = BigInt.asUintN(bits, x);
        const bytes = low
          .toString(16)
          .padStart(bits / 4, "0")
          .match(/../g)!;
        expectInside(B, little ? low : BigInt(`0x${bytes.reverse().join("")}`), `${bits} bits`);
        ops.copy_reg(B, A);
        ops.zext32(B);
        expectInside(B, u32(x), "half");
        ops.add_const(A, constant, constant >> 31);
        expectInside(A, u64(x + BigInt(constant)), "sum");
      }),
      RUNS,
    );
  });
});
