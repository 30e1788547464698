import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linkProgram, readObject } from "../../src/loader/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { cpuTime } from "../support/time.ts";
import { fixture } from "./compilers.ts";

/** Reads and links; an error that is no BpfError fails the test, and so does taking more than a second. */
function survives(bytes: Uint8Array): void {
  const start = cpuTime();
  try {
    const spec = readObject(bytes, { name: "mutated.o" });
    for (const program of spec.programs.slice(0, 4)) {
      linkProgram(spec, program, { targetBtf: spec.btf, externs: () => ({ kind: "value", value: 1n }) });
    }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    expect(error.message).not.toMatch(/[\n\r\u001b]/);
  }
  expect(cpuTime() - start).toBeLessThan(1000);
}

const OBJECTS = ["maps", "data", "legacy", "iproute2", "core", "extern", "data-be"];

/** Values that break arithmetic. */
const NASTY = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

describe("mutated objects are read or refused", () => {
  for (const name of OBJECTS) {
    const original = fixture(name);
    const place = fc.nat(original.length - 1);
    test(`${name}: bytes, words and lengths changed`, () => {
      const change = fc.record({
        at: place,
        value: fc.oneof(fc.constantFrom(...NASTY), fc.nat(0xffffffff)),
        size: fc.constantFrom(1, 2, 4),
      });
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
          const bytes = original.slice();
          const view = new DataView(bytes.buffer);
          for (const { at, value, size } of changes) {
            if (at + size > bytes.length) continue;
            if (size === 1) view.setUint8(at, value & 255);
            else if (size === 2) view.setUint16(at, value & 0xffff, true);
            else view.setUint32(at, value >>> 0, true);
          }
          survives(bytes);
        }),
        { numRuns: 400 },
      );
    });

    test(`${name}: cut off anywhere`, () => {
      for (let length = 0; length < original.length; length += 13) survives(original.slice(0, length));
    });
  }

  test("every 32-bit word of one object replaced by each nasty value", () => {
    const original = fixture("legacy");
    for (let at = 0; at + 4 <= original.length; at += 4) {
      for (const value of [0, 1, 0x7fffffff, 0xffffffff]) {
        const bytes = original.slice();
        new DataView(bytes.buffer).setUint32(at, value, true);
        survives(bytes);
      }
    }
  });
});
