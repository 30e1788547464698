import * as L from "../../../src/runtime/verifier-layout.ts";
import { StateMemory } from "../../../src/verifier/memory.ts";
import { Random } from "../../differential/random.ts";

const WORDS = [L.REG_UMIN, L.REG_UMAX, L.REG_SMIN, L.REG_SMAX, L.REG_VALUE, L.REG_MASK];
const HALVES = [L.REG_U32_MIN, L.REG_U32_MAX, L.REG_S32_MIN, L.REG_S32_MAX];

/** Pairs of records that differ in no field, or in one, by little; the field may contradict the others. */
export function relationCases(): [Uint8Array, Uint8Array][] {
  const m = StateMemory.take();
  const { ops } = m;
  const random = new Random(7);
  const [a, b] = [m.scratch(0), m.scratch(1)];
  const cases: [Uint8Array, Uint8Array][] = [];
  const bytes = (reg: number) => m.u8.slice(reg, reg + L.REG_SIZE);
  for (let n = 0; n < 60; n++) {
    ops.mark_unknown(a);
    const low = random.u32() >> random.below(32);
    ops.mark_known(b, low, random.chance(50) ? low >> 31 : random.u32() >> random.below(32));
    if (n % 5 === 0) ops.copy_reg(a, b);
    else if (n % 5 === 1) ops.set_known32(a, low);
    else if (n % 5 !== 2) {
      ops.refine(a, b, random.pick([0x20, 0x30, 0xa0, 0xb0, 0x60, 0x70, 0xc0, 0xd0]), random.below(2));
      ops.refine(a, b, random.pick([0x20, 0x30, 0x60, 0x70, 0xc0]), random.below(2));
    }
    const plain = bytes(a);
    cases.push([plain, plain]);
    for (const step of [-1n, 1n, -3n, 1n << 31n, 1n << 63n]) {
      for (const field of [...WORDS, ...HALVES]) {
        m.u8.set(plain, a);
        if (WORDS.includes(field)) m.i64[(a + field) >> 3] = BigInt.asIntN(64, m.i64[(a + field) >> 3]! + step);
        else m.set(a, field, m.get(a, field) + Number(BigInt.asIntN(32, step)));
        // Bits are known or unknown, never both.
        m.i64[(a + L.REG_VALUE) >> 3] = m.i64[(a + L.REG_VALUE) >> 3]! & ~m.i64[(a + L.REG_MASK) >> 3]!;
        cases.push([bytes(a), plain], [plain, bytes(a)]);
      }
    }
  }
  return cases;
}
