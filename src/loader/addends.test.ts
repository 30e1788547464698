import { describe, expect, test } from "vitest";
import {
  buildElf,
  parseElf,
  SHF_ALLOC,
  SHF_EXECINSTR,
  STB_GLOBAL,
  STT_FUNC,
  STT_OBJECT,
  writeElf,
} from "../elf/index.ts";
import { encode, insn } from "../isa/index.ts";
import { readObject } from "./index.ts";

const CODE = SHF_ALLOC | SHF_EXECINSTR;

/** A program that loads the addresses of `low` (at 0), `high` (at 16) and `high + 4`, and calls `second`, the function at 16 of .text. */
function object(
  low: number,
  high: number,
  higher: number,
  call: number,
  extra: readonly string[],
  littleEndian = true,
) {
  const load = (imm: number) => [insn("ld_imm64", { dst: 1, imm }), null];
  const exit = [insn("mov64_imm"), insn("exit")];
  const program = [...load(low), ...load(high), ...load(higher), insn("call_local", { off: call }), insn("exit")];
  const code = encode(program, littleEndian);
  return writeElf(
    buildElf({
      littleEndian,
      sections: [
        { name: ".text", flags: CODE, data: encode([...exit, ...exit], littleEndian) },
        {
          ...{ name: "xdp", flags: CODE, data: code },
          relocations: [
            { offset: 0, type: 1, symbol: 0 },
            { offset: 16, type: 1, symbol: 1 },
            { offset: 32, type: 1, symbol: 1 },
            { offset: 48, type: 10, symbol: 2 },
          ],
        },
        { name: ".data", flags: SHF_ALLOC | 1, data: new Uint8Array(48), align: 8 },
        ...extra.map((name) => ({
          name,
          data: new TextEncoder().encode(name === ".comment" ? "clang version 19" : ""),
        })),
      ],
      symbols: [
        { name: "low", type: STT_OBJECT, bind: STB_GLOBAL, section: 3, value: 0, size: 16 },
        { name: "high", type: STT_OBJECT, bind: STB_GLOBAL, section: 3, value: 16, size: 32 },
        { name: "second", type: STT_FUNC, bind: STB_GLOBAL, section: 1, value: 16, size: 16 },
        { name: "first", type: STT_FUNC, bind: STB_GLOBAL, section: 1, value: 0, size: 16 },
        { name: "main", type: STT_FUNC, bind: STB_GLOBAL, section: 2, value: 0, size: code.length },
      ],
    }),
  );
}

/** The same object with the relocations of `xdp` as SHT_RELA, behind all else in the file. */
function asRela(bytes: Uint8Array, addends: readonly bigint[], littleEndian: boolean): Uint8Array {
  const file = parseElf(bytes, "rel.o");
  const data = new Uint8Array(addends.length * 24);
  const sections = file.sections.map((section) => {
    if (section.name !== ".relxdp") return section;
    addends.forEach((addend, i) => {
      data.set(section.data.subarray(i * 16, i * 16 + 16), i * 24);
      new DataView(data.buffer).setBigInt64(i * 24 + 16, addend, littleEndian);
    });
    return { ...section, type: 4, entsize: 24, data, size: data.length, offset: bytes.length };
  });
  return writeElf({ ...file, sections });
}

const places = (bytes: Uint8Array) =>
  readObject(bytes)
    .sections.find((s) => s.name === "xdp")!
    .references.map((r) => (r.kind === "map_value" ? r.offset : r.kind === "call" ? `call ${r.target}` : r.kind));

describe.each([true, false])("places that relocations mean, little-endian %s", (littleEndian) => {
  const want = [0, 16, 20, "call 2"];
  test("LLVM: addends alone", () => expect(places(object(0, 0, 4, -1, [], littleEndian))).toEqual(want));
  test("GNU before 2.41: the symbol's value too, in bytes for calls", () =>
    expect(places(object(0, 16, 20, 15, [".shstrtab"], littleEndian))).toEqual(want));
  test("GNU since 2.41: addends alone", () =>
    expect(places(object(0, 0, 4, -1, [".shstrtab"], littleEndian))).toEqual(want));
  test("SHT_RELA: the record's addend, not the field's", () => {
    const bytes = object(99, 99, 99, 99, [], littleEndian);
    expect(places(asRela(bytes, [0n, 0n, 4n, 0n], littleEndian))).toEqual(want);
    expect(() => places(asRela(bytes, [0n, 0n, 1n << 62n, 0n], littleEndian))).toThrow(/E_RELOC_DATA/);
    expect(() => places(asRela(bytes, [0n, 0n, 0n, -64n], littleEndian))).toThrow(/E_RELOC_FUNCTION/);
  });
  test("clang's object, rewritten by GNU strip: addends, even such as look like sums", () =>
    expect(places(object(0, 16, 20, -1, [".shstrtab", ".comment"], littleEndian))).toEqual([0, 32, 36, "call 2"]));
});
