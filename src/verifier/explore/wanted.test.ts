import { expect, test } from "vitest";
import { linkedFrame, linkedIndex, linkedIsReg, linkedReg } from "./linked.ts";
import { Wanted } from "./wanted.ts";

test("registers and slots are wanted by frame", () => {
  const want = new Wanted();
  want.frame = 1;
  expect(want.empty).toBe(true);
  want.addReg(3);
  want.addFrameReg(0, 9);
  want.addSlot(0, 2);
  want.addSlot(1, 63);
  want.addSlot(1, 31);
  expect(want.regsText(1)).toBe("r3");
  expect(want.regsText(0)).toBe("r9");
  expect(want.slotsText(0)).toBe("-24");
  expect(want.slotsText(1)).toBe("-256,-512");
  expect(want.hasReg(3)).toBe(true);
  expect(want.hasFrameReg(0, 3)).toBe(false);
  expect(want.anySlot).toBe(true);
  want.dropReg(3);
  want.dropFrameReg(0, 9);
  want.dropSlot(0, 2);
  want.dropSlot(1, 63);
  expect(want.empty).toBe(false);
  want.dropSlot(1, 31);
  expect(want.empty).toBe(true);
});

test("frames above the current one do not count", () => {
  const want = new Wanted();
  want.addFrameReg(2, 1);
  expect(want.empty).toBe(true);
  want.frame = 2;
  expect(want.empty).toBe(false);
  want.reset();
  want.frame = 2;
  expect(want.empty).toBe(true);
});

test("a linked scalar is one number", () => {
  for (const frame of [0, 7]) {
    for (const index of [0, 9, 63]) {
      for (const isReg of [true, false]) {
        const linked = linkedReg(frame, index, isReg);
        expect([linkedFrame(linked), linkedIndex(linked), linkedIsReg(linked)]).toEqual([frame, index, isReg]);
      }
    }
  }
});
