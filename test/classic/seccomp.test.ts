import fc from "fast-check";
import { expect, test } from "vitest";
import {
  assembleSeccomp,
  disassembleSeccomp,
  emulateSeccomp,
  explainedValue,
  explainSeccomp,
  explanationText,
  seccompProblem,
  syscallByName,
  syscallByNumber,
  syscallsOf,
  termText,
  X32_BIT,
} from "../../src/classic/seccomp/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { filters, seccompData } from "./seccomp-random.ts";

const X86_64 = 0xc000003e;

test("an explanation says what the emulator finds, for random filters and data", () => {
  let conditional = 0;
  fc.assert(
    fc.property(filters, fc.array(seccompData(110, X86_64), { minLength: 20, maxLength: 20 }), (insns, all) => {
      const explained = explainSeccomp(insns);
      if (explained.paths > 1) conditional++;
      for (const data of all) expect(explainedValue(explained, data)).toBe(emulateSeccomp(insns, data).value);
    }),
    { numRuns: 600 },
  );
  expect(conditional).toBeGreaterThan(200);
});

test("listing and text of a filter assemble to the same instructions", () => {
  fc.assert(
    fc.property(filters, (insns) => {
      expect(assembleSeccomp(disassembleSeccomp(insns))).toEqual(insns);
      const again = assembleSeccomp(disassembleSeccomp(insns, { style: "asm" }));
      // Operands that an instruction has no use for are not written.
      expect(disassembleSeccomp(again, { style: "asm" })).toBe(disassembleSeccomp(insns, { style: "asm" }));
    }),
    { numRuns: 500 },
  );
});

const LIBSECCOMP = `# check if arch is X86_64
A = arch
A == ARCH_X86_64 ? next : dead
A = sys_number
A >= 0x40000000 ? dead : next
A == write ? ok : next
A == close ? ok : next
if (A != mmap) goto no
A = args[0] >> 32
if (A != 0) goto no
A = args[0]
if (!(A & 0xfff)) goto ok
no: return ERRNO(5)
ok:
return ALLOW
dead:
return KILL
`;

test("a filter is listed as seccomp-tools lists it", () => {
  expect(disassembleSeccomp(assembleSeccomp(LIBSECCOMP))).toBe(` line  CODE  JT   JF      K
=================================
 0000: 0x20 0x00 0x00 0x00000004  A = arch
 0001: 0x15 0x00 0x0b 0xc000003e  if (A != ARCH_X86_64) goto 0013
 0002: 0x20 0x00 0x00 0x00000000  A = sys_number
 0003: 0x35 0x09 0x00 0x40000000  if (A >= 0x40000000) goto 0013
 0004: 0x15 0x07 0x00 0x00000001  if (A == write) goto 0012
 0005: 0x15 0x06 0x00 0x00000003  if (A == close) goto 0012
 0006: 0x15 0x00 0x04 0x00000009  if (A != mmap) goto 0011
 0007: 0x20 0x00 0x00 0x00000014  A = addr >> 32 # mmap(addr, length, prot, flags, fd, offset)
 0008: 0x15 0x00 0x02 0x00000000  if (A != 0x0) goto 0011
 0009: 0x20 0x00 0x00 0x00000010  A = addr # mmap(addr, length, prot, flags, fd, offset)
 0010: 0x45 0x00 0x01 0x00000fff  if (!(A & 0xfff)) goto 0012
 0011: 0x06 0x00 0x00 0x00050005  return ERRNO(5)
 0012: 0x06 0x00 0x00 0x7fff0000  return ALLOW
 0013: 0x06 0x00 0x00 0x00000000  return KILL
`);
});

test("a filter is explained as a table", () => {
  expect(explanationText(explainSeccomp(assembleSeccomp(LIBSECCOMP)))).toBe(`architecture  x86_64
  write, close  ALLOW
  mmap          ALLOW         (addr & 0xffffffff00000fff) == 0
                ERRNO(5) EIO  otherwise
  0x40000000..  KILL
  every other   ERRNO(5) EIO

architecture  other architectures
  every system call  KILL
`);
});

const CONDITIONS: readonly (readonly [filter: string, texts: readonly string[]])[] = [
  ["A = args[1]\nif (A == 5) goto ok\nreturn KILL\nok: return ALLOW", ["(u32)b == 5"]],
  [
    "A = args[1] >> 32\nif (A != 0) goto no\nA = args[1]\nif (A >= 5) goto no\nreturn ALLOW\nno: return KILL",
    ["b <= 4"],
  ],
  [
    "A = args[1] >> 32\nif (A > 1) goto ok\nif (A != 1) goto no\nA = args[1]\nif (A > 2) goto ok\nno: return KILL\nok: return ALLOW",
    ["b >= 0x100000003"],
  ],
  [
    "A = args[1] >> 32\nA &= 0xf0\nif (A != 0x10) goto no\nA = args[1]\nA &= 0xf\nif (A == 1) goto ok\nno: return KILL\nok: return ALLOW",
    ["(b & 0xf00000000f) == 0x1000000001"],
  ],
  ["A = args[0]\nX = A\nA = args[1]\nif (A > X) goto ok\nreturn KILL\nok: return ALLOW", ["((u32)b > (u32)a) == 1"]],
  ["A = args[0]\nA >>= 4\nif (A == 2) goto ok\nreturn KILL\nok: return ALLOW", ["(u32)a in 32..47"]],
];

test.each(CONDITIONS)("conditions are told on whole arguments: %s", (filter, texts) => {
  const explanation = explainSeccomp(assembleSeccomp(filter));
  const { outcomes } = explanation.architectures[0]!.rest;
  const first = outcomes.find((o) => o.action === "ALLOW")!;
  expect(first.terms.map((t) => termText(t, ["a", "b"]))).toEqual(texts);
});

test("instructions that nothing reaches are named", () => {
  const filter = "A = args[0]\nif (A == 1) goto x\nif (A == 1) goto y\nreturn KILL\nx: return ALLOW\ny: return TRAP";
  expect(explainSeccomp(assembleSeccomp(filter)).unreachable).toEqual([5]);
});

test("names mean the architecture that was compared at that place", () => {
  const text = `A = arch
if (A == ARCH_AARCH64) goto arm
A = sys_number
if (A == openat) goto yes
return KILL
arm: A = sys_number
if (A == openat) goto yes
if (A == i386.open) goto yes
return KILL
yes: return ALLOW`;
  const insns = assembleSeccomp(text);
  expect([insns[3]!.k, insns[6]!.k, insns[7]!.k]).toEqual([257, 56, 5]);
  expect(disassembleSeccomp(insns)).toContain("0006: 0x15 0x02 0x00 0x00000038  if (A == openat) goto 0009");
});

const WRONG: readonly (readonly [text: string, code: string, line: number, column: number])[] = [
  ["A = foo\nreturn ALLOW", "E_SECCOMP_NAME", 1, 5],
  ["return FOO", "E_SECCOMP_SYNTAX", 1, 8],
  ["return ERRNO(65536)", "E_SECCOMP_NUMBER", 1, 14],
  ["A == 5 ? x : next\nreturn ALLOW", "E_SECCOMP_LABEL", 1, 10],
  ["x: A = 1\ngoto x\nreturn 0", "E_SECCOMP_LABEL", 2, 6],
  ["mem[16] = A\nreturn 0", "E_SECCOMP_NUMBER", 1, 5],
  ["goto 7\nreturn 0", "E_SECCOMP_TARGET", 1, 6],
  ["A = 1\n  A = $", "E_SECCOMP_SYNTAX", 2, 7],
  ["return 0\n A = data[3]\nreturn 0", "E_SECCOMP_OFFSET", 2, 2],
  ["A = 1", "E_SECCOMP_END", 1, 1],
  ["A %= 3\nreturn 0", "E_SECCOMP_CODE", 1, 1],
  [`A == 1 ? far : next\n${"A = 1\n".repeat(300)}far: return 0`, "E_SECCOMP_FAR", 1, 10],
];

test.each(WRONG)("wrong text is refused with its place: %j", (text, code, line, column) => {
  let found: unknown = null;
  try {
    assembleSeccomp(text);
  } catch (error) {
    found = error;
  }
  expect(found).toBeInstanceOf(BpfError);
  const { code: actual, data } = found as BpfError;
  expect([actual, data["line"], data["column"]]).toEqual([code, line, column]);
});

test("too many instructions, and words of all kinds, are refused", () => {
  expect(() => assembleSeccomp("A = 1\n".repeat(5000))).toThrow(/4096 are allowed/);
  const word = fc.constantFrom(
    ..."A X mem [ ] ( ) = == != & if goto else return next x : ? 5 0x7 arch openat ALLOW ERRNO ! \n".split(" "),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      try {
        assembleSeccomp(words.join(" "));
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("any instructions are listed, and refused or explained", () => {
  const insn = fc.record({
    code: fc.integer({ min: 0, max: 0xffff }),
    jt: fc.integer({ min: 0, max: 255 }),
    jf: fc.integer({ min: 0, max: 255 }),
    k: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 0xffffffff })),
  });
  fc.assert(
    fc.property(fc.array(insn, { maxLength: 12 }), (insns) => {
      const listing = disassembleSeccomp(insns);
      expect(listing.split("\n").length).toBe(Math.max(insns.length, 1) + 3);
      if (seccompProblem(insns) === null) explainSeccomp(insns);
    }),
    { numRuns: 2000 },
  );
});

test("a filter whose ways multiply is given up in time", () => {
  // Twelve arguments' halves, each asked bit by bit: 2^32 ways for each.
  const asks = Array.from(
    { length: 384 },
    (_, n) => `A = data[${16 + 4 * (n % 12)}]\nif (A & ${2 ** (n % 31)}) goto next\nA = mem[0]\nA += ${n}\nmem[0] = A`,
  );
  const jumps = asks.map((a) => a.replace("goto next", "goto 2"));
  expect(() => explainSeccomp(assembleSeccomp(`mem[0] = A\n${jumps.join("\n")}\nA = mem[0]\nreturn A`))).toThrow(
    /E_SECCOMP_PATHS/,
  );
});

test("system calls have the numbers of their architectures", () => {
  const numbers = (name: string) =>
    (["x86_64", "x32", "i386", "arm64", "riscv64"] as const).map((table) => syscallByName(table, name)?.nr);
  expect(numbers("openat")).toEqual([257, X32_BIT + 257, 295, 56, 56]);
  expect(numbers("execve")).toEqual([59, X32_BIT + 520, 11, 221, 221]);
  expect(numbers("open")).toEqual([2, X32_BIT + 2, 5, undefined, undefined]);
  expect(numbers("mseal")).toEqual([462, X32_BIT + 462, 462, 462, 462]);
  expect(numbers("riscv_hwprobe")).toEqual([undefined, undefined, undefined, undefined, 258]);
  expect(syscallByNumber("x86_64", X32_BIT)?.name).toBe("x32_read");
  for (const table of ["x86_64", "x32", "i386", "arm64", "riscv64"] as const) {
    const calls = syscallsOf(table);
    expect(new Set(calls.map((c) => c.nr)).size).toBe(calls.length);
    expect(calls.every((c) => c.args.length <= 6)).toBe(true);
  }
});
