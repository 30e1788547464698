import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuTime } from "../../test/support/time.ts";
import { decode, encode, FORMS, type Form, type Insn, insn, layOut } from "../isa/index.ts";
import { BpfError, toHex } from "../util/index.ts";
import { assemble, assembleCode, assemblyToElf, disassemble, formatInsn } from "./index.ts";

const register = fc.integer({ min: 0, max: 10 });
const i16 = fc.integer({ min: -32768, max: 32767 });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** Any instruction of a form. */
function anyInsn(f: Form): fc.Arbitrary<Insn> {
  const branch = f.kind === "ja" || f.op === "local" || f.op === "func";
  const wide = f.kind === "ld_imm64" && ["value", "map_value", "btf_id", "map_idx_value"].includes(f.op);
  return fc.record({ dst: register, src: register, off: i16, far: i32, imm: i32, hi: i32 }).map((v) =>
    insn(f, {
      dst: f.fields.includes("dst") ? v.dst : 0,
      src: f.fields.includes("src") ? v.src : 0,
      off: branch ? (f.name === "ja" ? v.off : v.far) : f.fields.includes("off") ? v.off : 0,
      imm: !branch && f.fields.includes("imm") ? v.imm : 0,
      hi: wide ? v.hi : 0,
    }),
  );
}

const hex = (code: Iterable<Insn | null>) => toHex(encode(code));

describe.each(FORMS.map((f) => [f.name, f] as const))("%s", (_name, f) => {
  test("kernel text assembles to the same bytes", () => {
    fc.assert(
      fc.property(anyInsn(f), (i) => {
        const text = formatInsn(i);
        expect(hex(assembleCode(text)), text).toBe(hex([i]));
      }),
      { numRuns: 40 },
    );
  });

  if (f.ubpf !== null)
    test("uBPF text assembles to the same bytes", () => {
      fc.assert(
        fc.property(anyInsn(f), (i) => {
          const text = formatInsn(i, { style: "ubpf" });
          expect(hex(assembleCode(text, { syntax: "ubpf" })), text).toBe(hex([i]));
        }),
        { numRuns: 40 },
      );
    });

  // llvm-objdump prints calls of every kind alike and has no text of its own for pseudo sources.
  const ofLlvm = f.kind === "call" ? f.op === "helper" || f.op === "reg" : f.kind !== "ld_imm64" || f.op === "value";
  if (ofLlvm)
    test("LLVM text assembles to the same bytes", () => {
      fc.assert(
        fc.property(anyInsn(f), fc.boolean(), (i, alu32) => {
          const text = formatInsn(i, { style: "llvm", alu32 });
          expect(hex(assembleCode(text)), text).toBe(hex([i]));
        }),
        { numRuns: 40 },
      );
    });

  // The verifier's text leaves out `ll` and what a call calls.
  if (f.kind !== "ld_imm64" && f.op !== "kfunc")
    test("verifier text assembles to the same bytes", () => {
      fc.assert(
        fc.property(anyInsn(f), (i) => {
          const text = formatInsn(i, { style: "verifier" });
          expect(hex(assembleCode(text)), text).toBe(hex([i]));
        }),
        { numRuns: 40 },
      );
    });
});

const anyForm = fc.constantFrom(...FORMS);
const program = fc.array(anyForm.chain(anyInsn), { maxLength: 30 });

test("whole programs with labels survive the round trip in both syntaxes", () => {
  fc.assert(
    fc.property(program, fc.constantFrom("kernel" as const, "ubpf" as const), (list, syntax) => {
      const usable = syntax === "ubpf" ? list.filter((i) => i.form.ubpf !== null) : list;
      // Displacements within the program, so that labels come into play.
      const near = usable.map((i) => (i.off !== 0 && i.form.kind !== "ldx" ? { ...i, off: i.off % 8 } : i));
      const code = decode(encode(layOut(near)));
      const text = disassemble(code, { style: syntax });
      expect(hex(assembleCode(text, { syntax })), text).toBe(hex(code));
    }),
    { numRuns: 300 },
  );
});

const SAMPLE = `
# counts packets
.license "GPL"
.map flows, type=hash, key=u32, value=u64[2], max_entries=1024
.section "xdp"
.globl count
count:
	r6 = *(u32 *)(r1 + 0)
	*(u32 *)(r10 - 4) = w6
	r2 = r10; r2 += -4 // key
	r1 = flows ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	lock *(u64 *)(r0 + 0) += r6
1:	w0 = w1
	if w0 s> 0x10 goto 1b
	call helper
out:	r0 = 2
	exit
.text
helper: r0 = limit ll
	exit
.section .rodata
limit: .quad 0x1234, -1
	.ascii "a\\n\\x41\\0"
`;
const PIECES = [
  "r0",
  "w1",
  "%r2",
  "=",
  "+=",
  "s>",
  "*(u32 *)",
  "(",
  ")",
  "goto",
  "call",
  "lock",
  ".map",
  ".long",
  "1f",
  "ll",
];
const MORE = [
  ":",
  ";",
  "\n",
  '"',
  "/*",
  "#",
  "0x",
  "99999999999999999999",
  "-",
  "+",
  "[",
  "]",
  "exit",
  "label",
  ".zero 9e9",
  "\u0000",
];

test("mutated text is assembled or refused with BpfError, nothing else, and quickly", () => {
  const edit = fc.record({
    at: fc.nat(SAMPLE.length),
    remove: fc.nat(6),
    insert: fc.oneof(fc.constantFrom(...PIECES, ...MORE), fc.string({ maxLength: 4 })),
  });
  fc.assert(
    fc.property(
      fc.array(edit, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("kernel" as const, "ubpf" as const),
      (edits, syntax) => {
        let text = SAMPLE;
        for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
        try {
          assemblyToElf(assemble(text, { syntax }));
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          expect(error.message).not.toContain("\n");
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test("hostile text is refused in bounded time", () => {
  const cases = [
    "r0 = " + "9".repeat(1_000_000),
    "r0 = 1" + " + 1".repeat(200_000),
    "r0 = 1 +" + "-".repeat(200_000),
    "a".repeat(1_000_000) + ": exit",
    "((((".repeat(200_000),
    ".bss\n.zero 0xffffffff",
    ".data\n.align 65536\n.byte 1\n.zero 9000000\n.zero 9000000",
    "1:\n".repeat(100_000) + "goto 1b\n".repeat(50_000),
    "goto nowhere\n".repeat(100_000),
    "/*".repeat(500_000),
    '.ascii "' + "\\0".repeat(300_000),
  ];
  for (const text of cases) {
    const start = cpuTime();
    try {
      assemble(text);
    } catch (error) {
      expect(error).toBeInstanceOf(BpfError);
    }
    expect(cpuTime() - start, text.slice(0, 20)).toBeLessThan(5000);
  }
});

test("20,000 statements take tens of milliseconds", () => {
  const line = (i: number) => `L${i}: r1 = *(u32 *)(r2 + ${i % 100})\nif r1 > ${i} goto L${Math.max(0, i - 50)}\n`;
  const text = Array.from({ length: 10_000 }, (_, i) => line(i)).join("");
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const start = cpuTime();
    assemble(text);
    best = Math.min(best, cpuTime() - start);
  }
  console.log(`20,000 statements: ${best.toFixed(1)} ms`);
  expect(best).toBeLessThan(2000);
});
