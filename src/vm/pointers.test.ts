import { describe, expect, test } from "vitest";
import { assembleCode } from "../asm/index.ts";
import type { HelperBinding, PointerRule, PointerTarget } from "../isa/index.ts";
import { MAP_DESCRIPTOR_SIZE, MAP_KEY_SIZE, MAP_VALUE_SIZE, STACK_TOP } from "../runtime/layout.ts";
import { BpfError } from "../util/index.ts";
import { type EngineName, plainImage, Vm } from "./index.ts";

/** A machine with a map descriptor (keys of 4 bytes, values of 8), read-only text and a helper that follows the rules given. */
function machine(rules: readonly PointerRule[], call: HelperBinding["call"] = () => 7) {
  const vm = new Vm();
  const map = vm.memory.alloc(MAP_DESCRIPTOR_SIZE);
  vm.memory.maps.add(map);
  vm.memory.view.setUint32(map + MAP_KEY_SIZE, 4, true);
  vm.memory.view.setUint32(map + MAP_VALUE_SIZE, 8, true);
  const text = vm.memory.alloc(16);
  vm.memory.u8.set(new TextEncoder().encode("hello\0unending\0!"), text);
  // The region ends within the second text.
  vm.memory.addRegion({ start: text, end: text + 10, write: false, name: "text" });
  const helper: HelperBinding = {
    id: 900,
    name: "helper",
    args: ["ptr", "ptr", "ptr", "u32"],
    ret: "int",
    call,
    pointers: rules,
  };
  const run = (code: string, engine: EngineName = "stepping"): bigint => {
    const lines = code.replaceAll("MAP", `${map}`).replaceAll("TEXT", `${text}`).replaceAll(";", "\n");
    const image = plainImage("p", assembleCode(`${lines}\ncall 900\nexit`));
    return vm.run(vm.load(image, new Map([[900, helper]])), engine, STACK_TOP - 64);
  };
  return { vm, run, map, text };
}

const rule = (arg: number, what: string, target: PointerTarget, nullable = false): PointerRule => ({
  arg,
  what,
  target,
  nullable,
});

const MAP = rule(1, "map", { kind: "map" });
const KEY = rule(2, "key", { kind: "memory", write: false, size: { kind: "map_key", arg: 1 } });
const VALUE = rule(3, "value", { kind: "memory", write: false, size: { kind: "map_value", arg: 1 } });
const SIZED = rule(3, "memory", { kind: "memory", write: true, size: { kind: "arg", arg: 4, zero: true } }, true);
const SOME = rule(3, "memory", { kind: "memory", write: true, size: { kind: "arg", arg: 4, zero: false } });
const FIXED = rule(1, "memory", { kind: "memory", write: true, size: { kind: "fixed", bytes: 8 } });
const FIXED_OR_NULL = { ...FIXED, nullable: true };
const CONTEXT = rule(1, "context", { kind: "context" });
const CONTEXT_OR_NULL = { ...CONTEXT, nullable: true };
const STRING = rule(1, "string", { kind: "string" });
const RECORD = rule(1, "record", { kind: "ringbuf_record" });

/** The message of the error that a run ends with, or null. */
function refusal(rules: readonly PointerRule[], code: string): string | null {
  try {
    expect(machine(rules).run(code)).toBe(7n);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(BpfError);
    return (error as BpfError).message;
  }
}

describe("pointer arguments in reach", () => {
  test.each<[string, PointerRule[], string]>([
    ["a map", [MAP], "r1 = MAP"],
    ["key and value", [MAP, KEY, VALUE], "r1 = MAP; r2 = r10; r2 += -4; r3 = r10; r3 += -8"],
    ["a buffer with its size", [SIZED], "r3 = r10; r3 += -16; r4 = 16"],
    ["null with size 0", [SIZED], "r3 = 0; r4 = 0"],
    ["no bytes at the stack's end", [SIZED], "r3 = r10; r4 = 0"],
    ["a fixed size", [FIXED], "r1 = r10; r1 += -8"],
    ["null where allowed", [FIXED_OR_NULL], "r1 = 0"],
    ["the context", [CONTEXT], "r0 = 0"],
    ["null for a context where allowed", [CONTEXT_OR_NULL], "r1 = 0"],
    ["text", [STRING], "r1 = TEXT"],
    ["a reserved record", [RECORD], "r1 = 0x80000000 ll; *(u64 *)(r10 - 16) = r1; r1 = r10; r1 += -8"],
  ])("%s", (_name, rules, code) => expect(refusal(rules, code)).toBeNull());
});

describe("pointer arguments out of reach", () => {
  test.each<[string, PointerRule[], string, string]>([
    ["a number as map", [MAP], "r1 = 64", "helper argument 1 (map): 0x40 is no map"],
    ["the middle of a map", [MAP], "r1 = MAP; r1 += 16", "is no map"],
    ["high bits in a map pointer", [MAP], "r1 = MAP; r2 = 1; r2 <<= 32; r1 += r2", "is no map"],
    [
      "a wild key",
      [MAP, KEY],
      "r1 = MAP; r2 = 64",
      "program p, instruction 2 (call_helper): helper argument 2 (key): read of 4 bytes at 0x40 is outside of what the program may reach; that is a null pointer",
    ],
    ["a value across the stack's top", [MAP, VALUE], "r1 = MAP; r3 = r10; r3 += -4", "argument 3 (value): read of 8"],
    ["memory below the frame", [FIXED], "r1 = r10; r1 += -520", "8 bytes below the stack frame"],
    ["a write to read-only memory", [FIXED], "r1 = TEXT", "argument 1 (memory): write of 8 bytes"],
    ["null with a size", [SIZED], "r3 = 0; r4 = 1", "argument 3 (memory): write of 1 byte at 0x0"],
    ["null of a fixed size", [FIXED], "r1 = 0", "write of 8 bytes at 0x0"],
    ["no bytes of wild memory", [SIZED], "r3 = -64; r4 = 0", "argument 3 (memory): write of 0 bytes"],
    ["no bytes where there must be some", [SOME], "r3 = r10; r3 += -8; r4 = 0", "its size, argument 4, is 0"],
    ["a negative size", [SIZED], "r3 = r10; r3 += -8; r4 = -1", "write of 18446744073709551615 bytes"],
    ["a size beyond 32 bits", [SIZED], "r3 = r10; r3 += -8; r4 = 0x100000001 ll", "write of 4294967297 bytes"],
    ["another context", [CONTEXT], "r1 += 8", "is not the context of this run (0x3ffc0)"],
    ["null for a context", [CONTEXT], "r1 = 0", "argument 1 (context): 0x0 is not the context"],
    ["no text", [STRING], "r1 = 5", "argument 1 (string): read of 1 byte at 0x5"],
    ["text without an end in reach", [STRING], "r1 = TEXT; r1 += 6", "has no NUL: read of 5 bytes"],
    ["no record", [RECORD], "r1 = 3", "argument 1 (record): write of 8 bytes at 0xfffffffffffffffb"],
    ["a record that is not reserved", [RECORD], "*(u64 *)(r10 - 16) = 0; r1 = r10; r1 += -8", "is no reserved record"],
  ])("%s", (_name, rules, code, message) => {
    const text = refusal(rules, code);
    expect(text).toContain(message);
    expect(text).toContain("[E_RUN_ARGUMENT]");
  });
});

test("a refused call leaves the state before it; fast engines ask nothing", () => {
  let called = 0;
  const { run } = machine([MAP, KEY], () => {
    called++;
    return 7;
  });
  expect(() => run("r1 = MAP; r2 = 64")).toThrow("E_RUN_ARGUMENT");
  expect(called).toBe(0);
  expect(run("r1 = MAP; r2 = 64", "interpreter")).toBe(7n);
  expect(run("r1 = MAP; r2 = 64", "jit")).toBe(7n);
});

test("a helper that traps is named with its instruction", () => {
  const { vm } = machine([]);
  const call = vm.runtime.exports["ringbuf_submit"]!;
  const unchecked: HelperBinding = { id: 133, name: "bpf_ringbuf_submit", args: ["ptr", "u32"], ret: "void", call };
  const program = vm.load(
    plainImage("p", assembleCode("r1 = -4\nr2 = 0\ncall 133\nexit")),
    new Map([[133, unchecked]]),
  );
  const stepper = vm.debug(program, 0);
  const failed = () => stepper.run();
  expect(failed).toThrow(/^program p, instruction 2 \(call_helper\): bpf_ringbuf_submit trapped: .*\[E_RUN_TRAP\]$/);
  expect(stepper.pc).toBe(2);
});
