import { describe, expect, test } from "vitest";
import { encode } from "../isa/index.ts";
import { toHex } from "../util/index.ts";
import {
  type AssembleOptions,
  assemble,
  assembleBytes,
  assembleCode,
  codeToC,
  codeToHex,
  disassemble,
} from "./index.ts";

const hex = (text: string, options?: AssembleOptions) =>
  toHex(assembleBytes(text, options)).replace(/(.{16})(?=.)/g, "$1 ");

test.each([
  ["r0 = 010", "b700000008000000"],
  ["r0 = 0xffffffff", "b7000000ffffffff"],
  ["r0 = 1 + 2 - 0x10", "b7000000f3ffffff"],
  [".set N, 7\nr0 = N + 1", "b700000008000000"],
  ["r0 = 1; exit // end", "b700000001000000 9500000000000000"],
  ["r0 = 1 # one\n/* two\n lines */ exit", "b700000001000000 9500000000000000"],
  ["1: goto 1f\ngoto 1b\n1: exit", "0500010000000000 0500feff00000000 9500000000000000"],
  ["if r1>5 goto+3", "2501030005000000"],
  ["if r1 > 0x5 goto pc+2", "2501020005000000"],
  ["if r1 > 0x5 goto +0x3 <L1+0x28>", "2501030005000000"],
  ["call bpf_map_lookup_elem", "8500000001000000"],
  ["call bpf_map_lookup_elem#1", "8500000001000000"],
  ["call 12", "850000000c000000"],
  ["call pc+2", "8510000002000000"],
  ["call f\nexit\nf: exit", "8510000001000000 9500000000000000 9500000000000000"],
  ["r1 = f ll\nf: exit", null],
  ["r0 = *(u16 *)skb[12]", "280000000c000000"],
  ["r0 = *(u16 *)skb[r3 + 12]", "480300000c000000".replace("4803", "4830")],
  ["*(u32 *)(r10-4)=r1", "631afcff00000000"],
  ["*(u32 *)(r10 -4) = w1", "631afcff00000000"],
  ["r1 = 0x123456789abcdef0 ll", "18010000f0debc9a 0000000078563412"],
  ["r1 = -1 ll", "18010000ffffffff 00000000ffffffff"],
  ["r2 = w3", "bc32000000000000"],
])("kernel syntax: %j", (text, expected) => {
  if (expected === null) expect(() => hex(text)).toThrow("E_ASM_LINK");
  else expect(hex(text)).toBe(expected);
});

test.each([
  ["mov %r0, -1", "b7000000ffffffff"],
  ["lock fetch add32 [%r1], %r2", "c321000001000000"],
  ["swap16 %r3", "d703000010000000"],
  ["jne %r0, 1, exit\nexit\nmov %r0, 1\nexit", "5500020001000000 9500000000000000 b700000001000000 9500000000000000"],
  ["ldxdw %r0, [%r1+8]", "7910080000000000"],
  ["call local f\nexit\nf: exit", "8510000001000000 9500000000000000 9500000000000000"],
  ["call %r2", "8d02000000000000"],
  ["jeq %r1, 0x80000000, +1", "1501010000000080"],
])("uBPF syntax: %j", (text, expected) => expect(hex(text, { syntax: "ubpf" })).toBe(expected));

describe("errors name file, line and column", () => {
  test.each([
    ["r0 = 2\n r0 + 3", 'a.s:2:5: found "+", expected an operator such as = or += [E_ASM_SYNTAX]'],
    ["r0 = r11", 'a.s:1:6: found "r11", expected'],
    [
      "r0 = 0x100000000",
      "a.s:1:6: 4294967296 does not fit a 32-bit immediate (-2147483648 to 4294967295) [E_ASM_NUMBER]",
    ],
    ["*(u8 *)(r1 + 32768) = 1", "a.s:1:12: 32768 does not fit a 16-bit offset (-32768 to 32767) [E_ASM_NUMBER]"],
    ["again: goto agian", 'a.s:1:13: label "agian" is not defined; did you mean "again"? [E_ASM_LABEL]'],
    ["a:\na: exit", 'a.s:2:1: "a" is already defined on line 1 [E_ASM_DUPLICATE]'],
    [
      "call bpf_lookup",
      'a.s:1:6: "bpf_lookup" is not defined; .extern declares what other objects define [E_ASM_SYMBOL]',
    ],
    [".gloabl x", "a.s:1:1: .gloabl: unknown directive; did you mean .globl? [E_ASM_DIRECTIVE]"],
    [".map m, key=4", "a.s:1:1: .map: attribute type=… is missing [E_ASM_DIRECTIVE]"],
    [".data\n.byte 256", "a.s:2:7: 256 does not fit 8 bits (-128 to 255) [E_ASM_NUMBER]"],
    [".data\nx: exit", 'a.s:2:4: section ".data" holds data; instructions need a section of their own [E_ASM_SECTION]'],
    ["/* open", 'a.s:1:1: "/*" opens a comment that is never closed [E_ASM_TOKEN]'],
    ["r0 = 1\n\tr0 = 09x", 'a.s:2:7: "09x" is no number (decimal, 0x hexadecimal or 0b binary) [E_ASM_TOKEN]'],
    ["goto 2f", 'a.s:1:6: label "2f" does not follow in this section [E_ASM_LABEL]'],
  ])("%j", (text, message) => {
    expect(() => assemble(text, { file: "a.s" })).toThrow(message);
  });

  test("a jump too far says what to use", () => {
    const text = `goto end\n${"exit\n".repeat(32769)}end: exit`;
    expect(() => assemble(text, { file: "a.s" })).toThrow(
      'a.s:1:6: jump to "end" spans 32769 slots, beyond 16 bits; use gotol [E_ASM_JUMP]',
    );
  });
});

test("raw code needs everything resolved, in one section", () => {
  expect(() => assembleCode(".map m, type=array, key=4, value=4, max_entries=1\nr1 = m ll")).toThrow("E_ASM_LINK");
  expect(() => assembleCode('.section "a"\nexit\n.section "b"\nexit')).toThrow("E_ASM_SECTIONS");
  expect(toHex(assembleBytes("r1 = m ll", { maps: { m: 7 } }))).toBe("18110000070000000000000000000000");
});

test("sections, symbols and maps", () => {
  const made = assemble(`
    .license "Dual BSD/GPL"
    .map m, type=lru_hash, key=u8[6], value=8, max_entries=16, flags=2, pinning=by_name
    .section kprobe/do_unlinkat
    exit
    .data
    .globl a
    a: .long 1, 2
    b: .asciz "x\\n"
    .bss
    c: .zero 16`);
  expect(made.license).toBe("Dual BSD/GPL");
  expect(made.maps[0]).toMatchObject({
    name: "m",
    type: 9,
    keySize: 6,
    valueSize: 8,
    maxEntries: 16,
    flags: 2,
    pinning: 1,
  });
  expect(made.sections.map((s) => [s.name, s.kind, s.size])).toEqual([
    ["kprobe/do_unlinkat", "code", 8],
    [".data", "data", 11],
    [".bss", "bss", 16],
  ]);
  expect(made.symbols.map((s) => [s.name, s.section, s.value, s.size, s.type, s.bind])).toEqual([
    ["m", -1, 0, 0, "object", "global"],
    ["a", 1, 0, 8, "object", "global"],
    ["b", 1, 8, 3, "object", "local"],
    ["c", 2, 0, 16, "object", "local"],
    ["kprobe_do_unlinkat", 0, 0, 8, "func", "global"],
  ]);
});

test("disassembled source has labels", () => {
  const text = "\tr1 = 3\nL1:\n\tr1 += -1\n\tif r1 != 0 goto L1\n\tcall L5\n\texit\nL5:\n\tr0 = 0x5 ll\n\texit\n";
  expect(disassemble(assembleCode(text))).toBe(text);
});

test("hexadecimal and C text", () => {
  const code = assembleCode("r1 = 5 ll\n*(u32 *)(r10 - 4) = r1");
  expect(codeToHex(code)).toBe("18010000050000000000000000000000\n631afcff00000000\n");
  expect(codeToC(code, "prog")).toContain(
    "\t{ .code = 0x63, .dst_reg = 10, .src_reg = 1, .off = -4, .imm = 0 }, /* *(u32 *)(r10 - 4) = w1 */",
  );
  expect(encode(code)).toHaveLength(24);
});
