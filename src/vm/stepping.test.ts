import { expect, test } from "vitest";
import { assembleCode } from "../asm/index.ts";
import { STACK_TOP } from "../runtime/layout.ts";
import { type LoadedProgram, type MemoryAccess, plainImage, Vm } from "./index.ts";

function load(vm: Vm, text: string): LoadedProgram {
  return vm.load(plainImage("probe", assembleCode(text.replaceAll(";", "\n"))), new Map());
}

/** The message of a run's error, without its code. */
function refusal(text: string, prepare: (vm: Vm) => number = () => 0): string {
  const vm = new Vm();
  const context = prepare(vm);
  try {
    vm.run(load(vm, text), "stepping", context);
  } catch (error) {
    return (error as Error).message;
  }
  return "none";
}

const withPacket = (vm: Vm): number => {
  const address = vm.memory.alloc(64);
  vm.memory.addRegion({ start: address, end: address + 60, write: false, name: "packet" });
  return address;
};

test.each([
  ["r1 = 0; r0 = *(u32 *)(r1 + 8); exit", "instruction 1 (ldx32): read of 4 bytes at 0x8", "null pointer"],
  ["r1 = -1; r0 = *(u8 *)(r1 + 0); exit", "read of 1 byte at 0xffffffffffffffff", "a number, no pointer"],
  ["*(u8 *)(r10 - 513) = 1; exit", "write of 1 byte at 0x3fdff", "1 bytes below the stack frame"],
  ["*(u64 *)(r10 - 4) = 1; exit", "write of 8 bytes", "stack (0x20000 to 0x40000), at offset 131068"],
  [
    "*(u64 *)(r10 + 0) = 1; exit",
    "write of 8 bytes at 0x40000",
    "stack (0x20000 to 0x40000), whose end is 0 bytes before",
  ],
])("%s", (text, what, near) => {
  const message = refusal(text);
  expect(message).toContain("program probe");
  expect(message).toContain(what);
  expect(message).toContain(near);
  expect(message).toContain("[E_RUN_ACCESS]");
});

test("accesses are held against the packet's region", () => {
  expect(refusal("r0 = *(u32 *)(r1 + 56); exit", withPacket)).toBe("none");
  expect(refusal("r0 = *(u32 *)(r1 + 57); exit", withPacket)).toContain("packet (0x");
  expect(refusal("*(u8 *)(r1 + 0) = 1; exit", withPacket)).toContain("read-only), at offset 0");
});

test("a callee reaches its caller's stack, a caller not what its callee left", () => {
  expect(refusal("r1 = r10; call f; exit; f: *(u8 *)(r1 - 1) = 1; r0 = 0; exit")).toBe("none");
  expect(refusal("call f; r0 = *(u8 *)(r0 + 0); exit; f: r0 = r10; r0 += -1; exit")).toContain("below the stack frame");
});

test("stepping shows instructions, frames, registers and memory accesses", () => {
  const vm = new Vm();
  const accesses: MemoryAccess[] = [];
  const program = load(vm, "r1 = 5 ll; *(u32 *)(r10 - 4) = r1; call f; exit; f: r0 = *(u32 *)(r10 + 508); exit");
  const run = vm.debug(program, 0, { observe: (access) => accesses.push(access) });
  const trace: (readonly [number, number])[] = [];
  while (!run.done) {
    trace.push([run.pc, run.frames.length]);
    run.step();
  }
  expect(trace).toEqual([
    [0, 1],
    [2, 1],
    [3, 1],
    [5, 2],
    [6, 2],
    [4, 1],
  ]);
  expect(run.result).toBe(5n);
  expect(run.executed).toBe(6n);
  expect(accesses).toEqual([
    { address: STACK_TOP - 4, size: 4, write: true },
    { address: STACK_TOP - 4, size: 4, write: false },
  ]);
});

test("a fault leaves the state before the instruction", () => {
  const vm = new Vm();
  const run = vm.debug(load(vm, "r0 = 3; r0 = *(u8 *)(r0 + 0); exit"), 0);
  run.step();
  expect(() => run.step()).toThrow("E_RUN_ACCESS");
  expect([run.pc, run.registers[0], run.done]).toEqual([1, 3n, false]);
});

test("the fast interpreter names the instruction that reaches for unmapped memory", () => {
  const vm = new Vm();
  const beyond = vm.memory.memory.buffer.byteLength;
  const run = (text: string): (() => bigint) => {
    const program = load(vm, text);
    return () => vm.run(program, "interpreter", 0);
  };
  expect(run("r1 = 8; r0 = *(u8 *)(r1 + 0); exit")).toThrow("instruction 1 (ldx8): access to 0x8, where no");
  expect(run(`r1 = ${beyond - 8}; r0 = *(u64 *)(r1 + 0); exit`)()).toBe(0n);
  expect(run(`r1 = ${beyond - 7}; r0 = *(u64 *)(r1 + 0); exit`)).toThrow("[E_RUN_UNMAPPED]");
  expect(run(`r1 = ${beyond - 1}; r0 = *(u8 *)(r1 + 0); exit`)()).toBe(0n);
  expect(run("r1 = -4; r0 = *(u64 *)(r1 + 0); exit")).toThrow("access to 0xfffffffffffffffc");
  expect(run("r1 = 0x100000000 ll; r0 = *(u64 *)(r1 + 8); exit")).toThrow("[E_RUN_UNMAPPED]");
});
