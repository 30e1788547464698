import * as L from "../../../src/runtime/verifier-layout.ts";
import type { Reg, StateMemory } from "../../../src/verifier/memory.ts";
import type { Random } from "../../differential/random.ts";

const HALF = 1n << 32n;
const SEAMS = [
  0n, 1n << 31n, HALF - (1n << 31n), HALF, -HALF, -(1n << 31n), 1n << 63n, (1n << 63n) + HALF, (1n << 63n) - HALF,
]; // biome-ignore format: a list of numbers
const IDENTITY = [
  L.REG_OFF, L.REG_A, L.REG_B, L.REG_C, L.REG_D, L.REG_ID, L.REG_REF, L.REG_FRAME, L.REG_PRECISE,
]; // biome-ignore format: a list of words

/** A number at or near an end of a width, or where its upper half changes. */
function near(random: Random): bigint {
  return random.pick(SEAMS) + BigInt(random.chance(70) ? random.between(-4, 4) : random.between(-300, 300));
}

/** Ends of a range; some ranges are empty. */
function ends(random: Random, order: (x: bigint) => bigint): [bigint, bigint] {
  const a = order(near(random));
  const b = random.chance(20) ? a : order(near(random));
  return a <= b || random.chance(15) ? [a, b] : [b, a];
}

function anyRanges(m: StateMemory, reg: Reg, random: Random): void {
  for (const [least, most, signed] of [
    [L.REG_SMIN, L.REG_SMAX, true],
    [L.REG_UMIN, L.REG_UMAX, false],
  ] as const) {
    if (random.chance(30)) continue;
    const [a, b] = ends(random, (x) => (signed ? BigInt.asIntN(64, x) : BigInt.asUintN(64, x)));
    m.i64[(reg + least) >> 3] = a;
    m.i64[(reg + most) >> 3] = b;
  }
  for (const [least, most, signed] of [
    [L.REG_S32_MIN, L.REG_S32_MAX, true],
    [L.REG_U32_MIN, L.REG_U32_MAX, false],
  ] as const) {
    if (random.chance(30)) continue;
    const [a, b] = ends(random, (x) => (signed ? BigInt.asIntN(32, x) : BigInt.asUintN(32, x)));
    m.set(reg, least, Number(a));
    m.set(reg, most, Number(b));
  }
}

/** A record whose fields know nothing of each other; some say nothing, some are one value. Identity fields are set. */
export function anyRecord(m: StateMemory, reg: Reg, random: Random): void {
  m.u8.fill(0, reg, reg + L.REG_SIZE);
  m.ops.mark_unknown(reg);
  // All ranges one value, whatever the bits are; or each its own.
  if (random.chance(5)) m.ops.set_known(reg, random.chance(70) ? 0 : random.u32(), 0);
  else anyRanges(m, reg, random);
  if (random.chance(70)) {
    const mask = random.chance(25) ? 0n : random.chance(50) ? (1n << BigInt(random.below(64))) - 1n : near(random);
    m.i64[(reg + L.REG_MASK) >> 3] = BigInt.asIntN(64, mask);
    m.i64[(reg + L.REG_VALUE) >> 3] = random.chance(30) ? 0n : BigInt.asIntN(64, near(random) & ~mask);
  }
  for (const field of IDENTITY) m.set(reg, field, 1 + random.below(100));
}
