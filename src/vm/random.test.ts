import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FORMS,
  type Form,
  type HelperBinding,
  type Insn,
  insn,
  layOut,
  loadImm64,
  type PointerRule,
} from "../isa/index.ts";
import { FRAME_SIZE, STACK_TOP } from "../runtime/layout.ts";
import { BpfError } from "../util/index.ts";
import { type EngineName, plainImage, Vm } from "./index.ts";

// Random programs of every form without calls: values go in by ld_imm64, jumps go forwards, memory is the stack, all registers come out.

const ENGINES: readonly EngineName[] = ["stepping", "interpreter", "jit"];
const KINDS = "alu mov movsx neg end ldx ldxs st stx atomic load_acquire store_release ja jmp".split(" ");
const POOL = FORMS.filter((f) => KINDS.includes(f.kind));
/** Bytes at the frame's end that programs read and write; the registers are stored below them at the end. */
const ARENA = 64;
const LENGTH = 40;

const SPECIAL = [0n, 1n, -1n, 31n, 32n, 63n, 64n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 63n, (1n << 63n) - 1n];
const value = fc.oneof(fc.constantFrom(...SPECIAL), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const immediate = fc.oneof(fc.constantFrom(0, 1, -1, 31, 63, 64, -2147483648, 2147483647), fc.integer());
const register = fc.integer({ min: 0, max: 9 });

interface Draw {
  readonly form: Form;
  readonly dst: number;
  readonly src: number;
  readonly imm: number;
  readonly skip: number;
}

const draw: fc.Arbitrary<Draw> = fc.record({
  form: fc.constantFrom(...POOL),
  dst: register,
  src: register,
  imm: immediate,
  skip: fc.integer({ min: 0, max: LENGTH }),
});

function place({ form, dst, src, imm, skip }: Draw, rest: number): Insn {
  const bytes = form.width >> 3;
  const cell = -ARENA + ((skip * bytes) % ARENA);
  switch (form.kind) {
    case "ldx":
    case "ldxs":
    case "load_acquire":
      return insn(form, { dst, src: 10, off: cell });
    case "st":
      return insn(form, { dst: 10, off: cell, imm });
    case "stx":
    case "atomic":
    case "store_release":
      return insn(form, { dst: 10, src, off: cell });
    case "ja":
      return insn(form, { off: skip % (rest + 1) });
    case "jmp":
      return insn(form, {
        dst,
        src: form.source === "reg" ? src : 0,
        imm: form.source === "imm" ? imm : 0,
        off: skip % (rest + 1),
      });
    case "end":
      return insn(form, { dst });
    default:
      return insn(form, { dst, src: form.source === "reg" ? src : 0, imm: form.source === "imm" ? imm : 0 });
  }
}

function storeRegisters(): Insn[] {
  return Array.from({ length: 10 }, (_, r) => insn("stx64", { dst: 10, src: r, off: -ARENA - 80 + 8 * r }));
}

const vm = new Vm();

test("random programs leave the same registers and stack on every engine", () => {
  const program = fc.tuple(
    fc.array(value, { minLength: 10, maxLength: 10 }),
    fc.array(draw, { minLength: 1, maxLength: LENGTH }),
  );
  fc.assert(
    fc.property(program, ([values, draws]) => {
      const code = layOut([
        ...values.map((v, r) => loadImm64(r, v)),
        ...draws.map((d, at) => place(d, draws.length - 1 - at)),
        ...storeRegisters(),
        insn("exit"),
      ]);
      const program = vm.load(plainImage("random", code), new Map());
      const outcomes = ENGINES.map((engine) => {
        vm.memory.u8.fill(0, STACK_TOP - FRAME_SIZE, STACK_TOP);
        const result = vm.run(program, engine, 0);
        return { result, stack: vm.memory.u8.slice(STACK_TOP - FRAME_SIZE, STACK_TOP) };
      });
      vm.unload(program);
      expect(outcomes[1]).toEqual(outcomes[0]);
      expect(outcomes[2]).toEqual(outcomes[0]);
    }),
    { numRuns: 400 },
  );
}, 120_000);

const MAP: PointerRule = { arg: 2, what: "map", target: { kind: "map" }, nullable: false };

test("code that nobody verified returns or ends with a BpfError", () => {
  const any = fc.record({
    form: fc.constantFrom(...FORMS),
    dst: fc.integer({ min: 0, max: 10 }),
    src: fc.integer({ min: 0, max: 10 }),
    off: fc.integer({ min: -12, max: 12 }),
    imm: fc.integer({ min: -20, max: 20 }),
  });
  const helpers = new Map<number, HelperBinding>([
    [1, { id: 1, name: "tail", args: [], ret: "void", call: () => 0, intrinsic: "tail_call", pointers: [MAP] }],
    [2, { id: 2, name: "loop", args: [], ret: "int", call: () => 0, intrinsic: "loop" }],
    [3, { id: 3, name: "pointer", args: ["u64"], ret: "u64", call: () => BigInt(STACK_TOP - 8) }],
  ]);
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 25 }), fc.boolean(), (draws, skb) => {
      const code = layOut(draws.map(({ form, ...operands }) => insn(form, operands)));
      for (const engine of ["stepping", "interpreter"] as const) {
        const fresh = new Vm();
        const program = fresh.load(plainImage("any", code, { skb }), helpers);
        try {
          fresh.run(program, engine, STACK_TOP - 64, { budget: 3000n });
        } catch (error) {
          expect(error).toBeInstanceOf(BpfError);
        }
      }
    }),
    { numRuns: 500 },
  );
}, 120_000);
