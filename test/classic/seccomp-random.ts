import fc from "fast-check";
import { type ClassicInsn, classic } from "../../src/classic/index.ts";
import type { SeccompData } from "../../src/classic/seccomp/index.ts";

/** Numbers that comparisons and data draw from, few enough that comparisons often hold. */
export const interesting = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 3, 7, 8, 0x40, 0x7fffffff, 0x80000000, 0xffffffff) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) },
);

const RETURNS = [0x7fff0000, 0x00050000 + 1, 0x00050000 + 13, 0x00050000 + 38];

interface Draft {
  readonly code: number;
  readonly k: number;
  readonly jt: number;
  readonly jf: number;
}

const word = fc.integer({ min: 4, max: 15 }).map((n) => n * 4);

/** Instructions without jumps' targets; `packed` draws arguments only, so that the caller's system call stays what it is. */
const plain: fc.Arbitrary<Draft> = fc
  .oneof(
    { weight: 6, arbitrary: word.map((k) => ({ code: 0x20, k })) },
    { weight: 1, arbitrary: fc.constantFrom(0x80, 0x81, 0x07, 0x87, 0x84).map((code) => ({ code, k: 0 })) },
    { weight: 1, arbitrary: fc.record({ code: fc.constantFrom(0x00, 0x01), k: interesting }) },
    {
      weight: 1,
      arbitrary: fc.record({ code: fc.constantFrom(0x02, 0x03, 0x60, 0x61), k: fc.integer({ min: 0, max: 3 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ code: fc.constantFrom(0x54, 0x54, 0x44, 0xa4, 0x04, 0x14, 0x24), k: interesting }),
    },
    { weight: 1, arbitrary: fc.record({ code: fc.constantFrom(0x64, 0x74), k: fc.integer({ min: 0, max: 31 }) }) },
    { weight: 1, arbitrary: interesting.map((k) => ({ code: 0x34, k: k === 0 ? 3 : k })) },
    { weight: 1, arbitrary: fc.constantFrom(0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0xac).map((code) => ({ code, k: 0 })) },
  )
  .map(({ code, k }) => ({ code, k, jt: 0, jf: 0 }));

const jump: fc.Arbitrary<Draft> = fc.record({
  code: fc.constantFrom(0x15, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d),
  k: interesting,
  jt: fc.integer({ min: 0, max: 5 }),
  jf: fc.integer({ min: 0, max: 5 }),
});

const leave: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...RETURNS).map((k) => ({ code: 0x06, k, jt: 0, jf: 0 })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((k) => ({ code: 0x05, k, jt: 0, jf: 0 })) },
);

const draft = (code: number, k: number): Draft => ({ code, k, jt: 0, jf: 0 });

/** A load, perhaps masked, and a comparison: what filters are made of. */
const check: fc.Arbitrary<Draft[]> = fc
  .tuple(word, fc.option(interesting, { freq: 3 }), jump)
  .map(([k, mask, test]) => [draft(0x20, k), ...(mask === null ? [] : [draft(0x54, mask)]), test]);

const one = (arbitrary: fc.Arbitrary<Draft>) => arbitrary.map((d) => [d]);

/** Valid filters over arguments: scratch words set first, jumps inside the program, a return at its end. */
export const filters: fc.Arbitrary<ClassicInsn[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: check },
      { weight: 2, arbitrary: one(plain) },
      { weight: 2, arbitrary: one(jump) },
      { weight: 2, arbitrary: one(leave) },
    ),
    { minLength: 1, maxLength: 16 },
  )
  .map((pieces) => {
    const all = [...[0, 1, 2, 3].map((k) => draft(0x02, k)), draft(0x20, 0x10), ...pieces.flat()];
    const last = all.length;
    const insns = all.map(({ code, k, jt, jf }, n) => {
      const room = last - n - 1;
      return classic(code, code === 0x05 ? Math.min(k, room) : k, Math.min(jt, room), Math.min(jf, room));
    });
    return [...insns, classic(0x06, 0x7fff0000)];
  });

const halves = fc.tuple(interesting, interesting).map(([high, low]) => (BigInt(high) << 32n) | BigInt(low));

export const sixArguments = fc.array(halves, { minLength: 6, maxLength: 6 });

export const seccompData = (nr: number, arch: number): fc.Arbitrary<SeccompData> =>
  sixArguments.map((args) => ({ nr, arch, instructionPointer: 0n, args }));
