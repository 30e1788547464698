import { describe, expect, it } from "vitest";
import { buildVerifier } from "../../../test/support/scalar/build.ts";

/** The domain's sources at another width, with the checks beside them. */
async function checksAt(bits: number): Promise<Record<string, (...args: number[]) => number>> {
  const wasm = await buildVerifier("checks/index.ts", { bits });
  const memory = new WebAssembly.Memory({ initial: 512, maximum: 65536 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm!), { env: { memory } });
  return instance.exports as Record<string, (...args: number[]) => number>;
}

const ALU = { add: 0x00, sub: 0x10, mul: 0x20, or: 0x40, and: 0x50, xor: 0xa0 } as const;
const SHIFTS = { lsh: 0x60, rsh: 0x70, arsh: 0xc0 } as const;
/** "not jset" is the side of jset on which no bit is set; no jump is called so, nothing is decided about it. */
const COMPARE = {
  jeq: 0x10, jgt: 0x20, jge: 0x30, jset: 0x40, "not jset": 0x48, jne: 0x50, jsgt: 0x60, jsge: 0x70, jlt: 0xa0, jle: 0xb0, jslt: 0xc0, jsle: 0xd0,
} as const; // biome-ignore format: a table
const WIDTHS = [0, 1] as const;
/** Of the pairs at 4 bits one in so many; ANYBPF_EXHAUSTIVE=1 takes all. */
const STRIDE = process.env["ANYBPF_EXHAUSTIVE"] === "1" ? 1 : 13;

describe("scalars of 8 bits, all of them", async () => {
  const checks = await checksAt(8);

  it.each(Object.entries(ALU))("every pair of tnums: %s", (_, op) => {
    expect(checks["check_tnums"]!(op)).toBe(0);
  });

  it("the least tnum of every range, and every tnum's next member", () => {
    expect(checks["check_range"]!()).toBe(0);
    expect(checks["check_next"]!()).toBe(0);
  });

  it("every tnum and every range, of the word and of its half, through moves, casts, negation and shifts", () => {
    expect(checks["prepare"]!(0)).toBe(0);
    expect(checks["records"]!()).toBeGreaterThan(50_000);
    expect(checks["check_unary"]!()).toBe(0);
  });
});

describe("scalars of 6 bits, all of them", async () => {
  const checks = await checksAt(6);

  it("through moves, casts, negation and shifts", () => {
    expect(checks["prepare"]!(0)).toBe(0);
    expect(checks["check_unary"]!()).toBe(0);
  });
});

describe("scalars of 4 bits of which two things are known, and all of which one is", async () => {
  const checks = await checksAt(4);
  const lost = checks["prepare"]!(1);

  it("keep their members when brought into agreement", () => {
    expect(lost).toBe(0);
    expect(checks["check_unary"]!()).toBe(0);
    expect(checks["check_relations"]!()).toBe(0);
  });

  it.each(Object.entries({ ...ALU, ...SHIFTS }))("as operands of %s", (_, op) => {
    for (const is32 of WIDTHS) expect(checks["check_binary"]!(op, is32, STRIDE)).toBe(0);
  });

  it.each(Object.entries(COMPARE))("on both sides of %s", (_, op) => {
    for (const is32 of WIDTHS) expect(checks["check_compare"]!(op, is32, STRIDE)).toBe(0);
  });
});
