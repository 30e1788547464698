import { describe, expect, it } from "vitest";
import { type Known, knownOf } from "../../../test/support/scalar/record-text.ts";
import { relationCases } from "../../../test/support/scalar/relations.ts";
import { StateMemory } from "../memory.ts";

function within(a: Known, b: Known): boolean {
  return (
    a.umin <= b.umin && a.umax >= b.umax && a.smin <= b.smin && a.smax >= b.smax &&
    a.umin32 <= b.umin32 && a.umax32 >= b.umax32 && a.smin32 <= b.smin32 && a.smax32 >= b.smax32 &&
    (b.mask & ~a.mask) === 0n && (b.value & ~a.mask) === a.value
  ); // biome-ignore format: a list of conditions
}

/** 1 for a range without members, 2 for a constant that its ranges do not say, 3 for one of the lower half. */
function violation(k: Known): number {
  if (k.umin > k.umax || k.smin > k.smax || k.umin32 > k.umax32 || k.smin32 > k.smax32) return 1;
  const s = BigInt.asIntN(64, k.value);
  if (k.mask === 0n && (k.umin !== k.value || k.umax !== k.value || k.smin !== s || k.smax !== s)) return 2;
  const half = BigInt.asUintN(32, k.value);
  const s32 = BigInt.asIntN(32, k.value);
  const low = BigInt.asUintN(32, k.mask) === 0n;
  return low && (k.umin32 !== half || k.umax32 !== half || k.smin32 !== s32 || k.smax32 !== s32) ? 3 : 0;
}

describe("relations of scalars", () => {
  const m = StateMemory.take();
  const [a, b] = [m.scratch(0), m.scratch(1)];
  const cases = relationCases();

  it("inclusion, each field alone in the way", () => {
    let included = 0;
    for (const [left, right] of cases) {
      m.u8.set(left, a);
      m.u8.set(right, b);
      const expected = within(knownOf(m, a), knownOf(m, b));
      if (expected) included++;
      expect(m.ops.scalar_within(a, b)).toBe(expected ? 1 : 0);
    }
    expect(included).toBeGreaterThan(cases.length / 20);
  });

  it("contradictions, each field alone", () => {
    const found = new Set<number>();
    for (const [left] of cases) {
      m.u8.set(left, a);
      const expected = violation(knownOf(m, a));
      found.add(expected);
      expect(m.ops.bounds_violation(a)).toBe(expected);
      expect(m.ops.bounds_sane(a)).toBe(expected === 0 ? 1 : 0);
    }
    expect([...found].sort()).toEqual([0, 1, 2, 3]);
  });
});
