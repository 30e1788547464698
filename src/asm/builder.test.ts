import { expect, test } from "vitest";
import { encode, FORMS } from "../isa/index.ts";
import { toHex } from "../util/index.ts";
import { asm, assembleCode, build, label, R0, R1, R2, R10 } from "./index.ts";

test("builds the same code as the text", () => {
  const built = build([
    asm.mov64(R2, R10),
    asm.add64(R2, -8),
    asm.st64(R10, -8, 0),
    asm.ld_imm64_map_fd(R1, 5),
    asm.call_helper("bpf_map_lookup_elem"),
    label("again"),
    asm.jeq64(R0, 0, "out"),
    asm.ldx32(R1, R0, 4),
    asm.fetch_add64(R0, 0, R1),
    asm.jslt32(R1, R2, "again"),
    asm.ja32("again"),
    label("out"),
    asm.ld_imm64(R0, 0xfedcba9876543210n),
    asm.exit(),
  ]);
  const text = `
    r2 = r10
    r2 += -8
    *(u64 *)(r10 - 8) = 0
    r1 = map ll
    call bpf_map_lookup_elem
  again:
    if r0 == 0 goto out
    r1 = *(u32 *)(r0 + 4)
    r1 = atomic_fetch_add((u64 *)(r0 + 0), r1)
    if w1 s< w2 goto again
    gotol again
  out:
    r0 = 0xfedcba9876543210 ll
    exit`;
  expect(toHex(encode(built))).toBe(toHex(encode(assembleCode(text, { maps: { map: 5 } }))));
});

test("has a function for every row of the table", () => {
  for (const f of FORMS) expect(asm).toHaveProperty(f.name.replace(/^((?!call).*)_(imm|reg)$/, "$1"));
});

test("refuses what does not fit", () => {
  expect(() => asm.mov64(R0, 2 ** 32)).toThrow("E_ASM_BUILD_RANGE");
  expect(() => asm.ldx8(R0, R1, 32768)).toThrow("E_ASM_BUILD_RANGE");
  expect(() => asm.call_helper("bpf_nothing")).toThrow("E_ASM_BUILD_HELPER");
  expect(() => build([asm.ja("nowhere")])).toThrow('label "nowhere" is not defined [E_ASM_BUILD_LABEL]');
  expect(() => build([label("a"), label("a")])).toThrow("is defined twice");
  const long = Array.from({ length: 32769 }, () => asm.exit());
  expect(() => build([asm.ja("end"), ...long, label("end")])).toThrow("E_ASM_BUILD_RANGE");
});
