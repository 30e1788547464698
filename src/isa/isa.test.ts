import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, FORMS, type Form, form, insn, layOut, loadImm64, matchForm, readRaw } from "./index.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 });

/** Operands that a form's fields can hold: those moved into `off` (32-bit branches) take the wide range. */
function operandsOf(f: Form) {
  const wideBranch = f.name === "ja32" || f.name === "call_local" || f.name === "ld_imm64_func";
  const has = (field: Form["fields"][number]) => f.fields.includes(field);
  return fc.record({
    dst: has("dst") ? fc.integer({ min: 0, max: 10 }) : fc.constant(0),
    src: has("src") ? fc.integer({ min: 0, max: 10 }) : fc.constant(0),
    off: wideBranch ? int32 : has("off") ? int16 : fc.constant(0),
    imm: has("imm") && !wideBranch ? int32 : fc.constant(0),
    hi: f.kind === "ld_imm64" ? int32 : fc.constant(0),
  });
}

describe("the instruction table", () => {
  it("has unique names and rows that tell every encoding apart", () => {
    expect(new Set(FORMS.map((f) => f.name)).size).toBe(FORMS.length);
    for (const f of FORMS) {
      const { dst = 0, src = 0, off = 0, imm = 0 } = f.fixed;
      expect(matchForm({ opcode: f.opcode, dst, src, off, imm })?.name).toBe(f.name);
    }
  });

  it("encodes the examples of RFC 9669 as the kernel reads them", () => {
    expect([...encode([insn("mov64_imm", { dst: 0, imm: 2 })])]).toEqual([0xb7, 0, 0, 0, 2, 0, 0, 0]);
    expect([...encode([insn("exit")])]).toEqual([0x95, 0, 0, 0, 0, 0, 0, 0]);
    expect([...encode([insn("stx32", { dst: 10, src: 1, off: -4 })])]).toEqual([0x63, 0x1a, 0xfc, 0xff, 0, 0, 0, 0]);
    expect([...encode([insn("sdiv64_reg", { dst: 1, src: 2 })])]).toEqual([0x3f, 0x21, 1, 0, 0, 0, 0, 0]);
    expect([...encode([loadImm64(1, 0x1122334455667788n)])]).toEqual([
      0x18, 1, 0, 0, 0x88, 0x77, 0x66, 0x55, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11,
    ]);
  });

  it("swaps register nibbles and fields in big-endian objects", () => {
    const bytes = encode([insn("ldx32", { dst: 1, src: 2, off: 4 })], false);
    expect([...bytes]).toEqual([0x61, 0x12, 0, 4, 0, 0, 0, 0]);
    expect(decode(bytes, false)[0]).toMatchObject({ dst: 1, src: 2, off: 4 });
  });
});

describe("decode and encode", () => {
  it("are inverse for every instruction in both byte orders", () => {
    const anyInsn = fc.constantFrom(...FORMS).chain((f) => operandsOf(f).map((o) => insn(f, o)));
    fc.assert(
      fc.property(fc.array(anyInsn, { maxLength: 20 }), fc.boolean(), (list, littleEndian) => {
        const bytes = encode(list, littleEndian);
        const code = decode(bytes, littleEndian);
        expect(code).toEqual(layOut(list));
        expect(encode(code, littleEndian)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("decide every opcode, register, offset and immediate class without failing otherwise", () => {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const regs of [0x00, 0x01, 0x10, 0x6a, 0xaa, 0xbb, 0xff]) {
        for (const off of [0, 1, 8, 16, 32, -1]) {
          for (const imm of [0, 1, 16, 0xe1, 0xf1, 0x100, 0x110, -1]) {
            const bytes = new Uint8Array(16);
            const view = new DataView(bytes.buffer);
            view.setUint8(0, opcode);
            view.setUint8(1, regs);
            view.setInt16(2, off, true);
            view.setInt32(4, imm, true);
            if (matchForm(readRaw(view, 0))?.kind !== "ld_imm64") view.setUint8(8, 0x95);
            try {
              expect(encode(decode(bytes))).toEqual(bytes);
            } catch (error) {
              expect((error as { code?: string }).code).toMatch(/^E_INSN_/);
            }
          }
        }
      }
    }
  });

  it("name the slot of what they refuse", () => {
    const bad = encode([insn("mov64_imm", { imm: 1 }), insn("exit")]);
    bad[8] = 0xff;
    expect(() => decode(bad)).toThrow(
      "instruction 1: opcode 0xff with these fields is no BPF instruction [E_INSN_OPCODE]",
    );
    expect(() => decode(new Uint8Array(9))).toThrow(/E_INSN_LENGTH/);
    expect(() => decode(encode([loadImm64(0, 1n)]).subarray(0, 8))).toThrow(/E_INSN_CUT/);
    expect(() => form("nonsense")).toThrow(RangeError);
  });
});
