import { describe, expect, test } from "vitest";
import { assembleCode } from "../asm/index.ts";
import type { HelperBinding, ProgramImage } from "../isa/index.ts";
import {
  MAP_DATA,
  MAP_DESCRIPTOR_SIZE,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  SKB_CONTEXT_SIZE,
  SKB_DATA,
  SKB_HEAD,
  SKB_LEN,
  SKB_MAC_HEADER,
  SKB_NETWORK_HEADER,
} from "../runtime/layout.ts";
import { BpfError } from "../util/index.ts";
import { type EngineName, type LoadedProgram, ProgramEnd, plainImage, Vm } from "./index.ts";

const ENGINES: readonly EngineName[] = ["stepping", "interpreter", "jit"];

function helpersFor(vm: Vm): Map<number, HelperBinding> {
  const callFunction = vm.runtime.exports["call_function"]!;
  const list: HelperBinding[] = [
    { id: 501, name: "pass_u64", args: ["u64"], ret: "u64", call: (x: bigint) => x },
    { id: 502, name: "negative", args: [], ret: "int", call: () => -5 },
    { id: 503, name: "high_pointer", args: [], ret: "ptr", call: () => 0xf0000000 | 0 },
    { id: 504, name: "nothing", args: ["u32"], ret: "void", call: () => undefined },
    { id: 505, name: "pass_flags", args: ["flags"], ret: "int", call: (x: number) => x },
    {
      id: 506,
      name: "sum",
      args: ["s32", "s32", "s32", "s32", "s32"],
      ret: "int",
      call: (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e,
    },
    {
      id: 507,
      name: "call_thrice",
      args: ["ptr", "u64"],
      ret: "int",
      callback: true,
      call: (handle: number, context: bigint, frame: number) => {
        for (let n = 0; n < 3; n++) {
          if ((callFunction(handle, BigInt(n), context, 0n, 0n, 0n, frame) as bigint) !== 0n) return n + 1;
        }
        return 3;
      },
    },
    {
      id: 508,
      name: "end",
      args: ["u64"],
      ret: "void",
      call: (x: bigint) => {
        throw new ProgramEnd(x);
      },
    },
    { id: 12, name: "bpf_tail_call", args: ["ptr", "ptr", "u32"], ret: "void", call: unused, intrinsic: "tail_call" },
    { id: 181, name: "bpf_loop", args: ["u32", "ptr", "u64", "u64"], ret: "int", call: unused, intrinsic: "loop" },
  ];
  return new Map(list.map((h) => [h.id, h]));
}

function unused(): never {
  throw new Error("an intrinsic was called");
}

interface Machine {
  readonly vm: Vm;
  load(text: string, more?: Partial<ProgramImage>): LoadedProgram;
  region(bytes: Uint8Array, write?: boolean): number;
}

function machine(): Machine {
  const vm = new Vm();
  const helpers = helpersFor(vm);
  let count = 0;
  return {
    vm,
    load: (text, more) => vm.load(plainImage(`p${count++}`, assembleCode(text), more), helpers),
    region: (bytes, write = true) => {
      const address = vm.memory.alloc(bytes.length);
      vm.memory.u8.set(bytes, address);
      vm.memory.addRegion({ start: address, end: address + bytes.length, write, name: "data" });
      return address;
    },
  };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BpfError) return error.code;
    throw error;
  }
  return "none";
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly result?: bigint;
  readonly error?: string;
  /** Engines that do not promise this, and why. */
  readonly except?: { readonly engine: EngineName; readonly why: string };
  readonly budget?: bigint;
}

const INT_MIN = "0x8000000000000000";
const NOT_CHECKED = { engine: "jit", why: "it runs verified programs only" } as const;

const CASES: readonly Case[] = [
  { name: "division by zero is 0", text: "r0 = 7; r1 = 0; r0 /= r1; exit", result: 0n },
  { name: "modulo by zero leaves the register", text: "r0 = -7; r1 = 0; r0 %= r1; exit", result: 0xfffffffffffffff9n },
  { name: "32-bit modulo by zero still cuts", text: "r0 = -7; w1 = 0; w0 %= w1; exit", result: 0xfffffff9n },
  { name: "signed division by zero is 0", text: "r0 = -7; r1 = 0; r0 s/= r1; exit", result: 0n },
  { name: "32-bit signed modulo by zero still cuts", text: "r0 = -7; w1 = 0; w0 s%= w1; exit", result: 0xfffffff9n },
  { name: "INT_MIN s/ -1", text: `r0 = ${INT_MIN} ll; r1 = -1; r0 s/= r1; exit`, result: 1n << 63n },
  { name: "INT_MIN s% -1", text: `r0 = ${INT_MIN} ll; r1 = -1; r0 s%= r1; exit`, result: 0n },
  { name: "32-bit INT_MIN s/ -1", text: "w0 = 0x80000000; w0 s/= -1; exit", result: 0x80000000n },
  { name: "signed division truncates", text: "r0 = -7; r0 s/= 2; exit", result: 0xfffffffffffffffdn },
  { name: "signed modulo has the dividend's sign", text: "r0 = -7; r0 s%= 4; exit", result: 0xfffffffffffffffdn },
  { name: "unsigned division by a sign-extended immediate", text: "r0 = -1; r0 /= -2; exit", result: 1n },
  { name: "shift amounts are masked, 64 bits", text: "r0 = 1; r1 = 65; r0 <<= r1; exit", result: 2n },
  { name: "shift amounts are masked, 32 bits", text: "r0 = 1; r1 = 33; w0 <<= w1; exit", result: 2n },
  { name: "32-bit arithmetic shift", text: "w0 = 0x80000000; w0 s>>= 4; exit", result: 0xf8000000n },
  { name: "32-bit operations zero the upper half", text: "r0 = -1; w0 += 0; exit", result: 0xffffffffn },
  { name: "32-bit moves of negative immediates zero the upper half", text: "w0 = -1; exit", result: 0xffffffffn },
  { name: "sign-extending move", text: "r1 = 0x1280; r0 = (s8)r1; exit", result: 0xffffffffffffff80n },
  { name: "32-bit sign-extending move", text: "r1 = 0x8000; w0 = (s16)w1; exit", result: 0xffff8000n },
  { name: "be32", text: "r0 = 0x1122334455667788 ll; r0 = be32 r0; exit", result: 0x88776655n },
  { name: "le16 cuts", text: "r0 = 0x11223344; r0 = le16 r0; exit", result: 0x3344n },
  { name: "bswap64", text: "r0 = 0x1122334455667788 ll; r0 = bswap64 r0; exit", result: 0x8877665544332211n },
  {
    name: "32-bit jumps compare halves",
    text: "r1 = 0x100000001 ll; r0 = 1; if w1 == 1 goto +1; r0 = 0; exit",
    result: 1n,
  },
  { name: "signed jump", text: "r1 = -1; r0 = 1; if r1 s< 0 goto +1; r0 = 0; exit", result: 1n },
  {
    name: "sign-extending load",
    text: "*(u8 *)(r10 - 1) = 0x80; r0 = *(s8 *)(r10 - 1); exit",
    result: 0xffffffffffffff80n,
  },
  {
    name: "32-bit cmpxchg zero-extends",
    text: "*(u64 *)(r10 - 8) = -1; r0 = -1; r1 = 5; w0 = cmpxchg32_32(r10 - 8, w0, w1); exit",
    result: 0xffffffffn,
  },
  {
    name: "load-acquire and store-release",
    text: "r1 = 77; store_release((u32 *)(r10 - 4), w1); w0 = load_acquire((u32 *)(r10 - 4)); exit",
    result: 77n,
  },
  {
    name: "a subprogram keeps r6 to r9 and has a stack of its own",
    text: `
      r6 = 3
      *(u64 *)(r10 - 8) = 40
      call sub
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      r0 += r6
      exit
    sub:
      r6 = 100
      *(u64 *)(r10 - 8) = 1
      r0 = *(u64 *)(r10 - 8)
      exit`,
    result: 44n,
  },
  {
    name: "eight frames",
    text: "r1 = 7; call sub; exit; sub: r0 = 1; if r1 == 1 goto out; r1 += -1; call sub; r0 += 1; out: exit",
    result: 7n,
  },
  {
    name: "nine frames",
    text: "r1 = 8; call sub; exit; sub: r0 = 1; if r1 == 1 goto out; r1 += -1; call sub; r0 += 1; out: exit",
    error: "E_RUN_FRAMES",
    except: NOT_CHECKED,
  },
  { name: "u64 through a helper", text: "r1 = 0x8877665544332211 ll; call 501; exit", result: 0x8877665544332211n },
  { name: "an int result is sign-extended", text: "call 502; exit", result: 0xfffffffffffffffbn },
  { name: "a pointer result is zero-extended", text: "call 503; exit", result: 0xf0000000n },
  { name: "a void helper leaves 0", text: "r0 = 5; r1 = 1; call 504; exit", result: 0n },
  { name: "flags of 32 bits", text: "r1 = 7; call 505; exit", result: 7n },
  { name: "flags beyond 32 bits", text: "r1 = 0x100000007 ll; call 505; exit", result: 0xffffffffffffffffn },
  {
    name: "five arguments",
    text: "r1 = 1; r2 = 20; r3 = 300; r4 = 4000; r5 = -50000; call 506; exit",
    result: BigInt.asUintN(64, -45679n),
  },
  {
    name: "a helper that calls back",
    text: `
      r6 = 9
      *(u64 *)(r10 - 8) = 100
      r1 = func(add) ll
      r2 = r10
      r2 += -8
      call 507
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      r0 += r6
      exit
    add:
      r6 = *(u64 *)(r2 + 0)
      r6 += r1
      *(u64 *)(r2 + 0) = r6
      r0 = 0
      exit`,
    result: 115n,
  },
  {
    name: "a callback that stops",
    text: "r1 = func(stop) ll; r2 = 0; call 507; exit; stop: r0 = r1; exit",
    result: 2n,
  },
  {
    name: "a helper that ends the program",
    text: "call sub; r0 = 1; exit; sub: r1 = 42; call 508; r0 = 2; exit",
    result: 42n,
  },
  { name: "a helper that does not exist", text: "r0 = 0; call 99; exit", error: "E_RUN_HELPER", except: NOT_CHECKED },
  {
    name: "bpf_loop",
    text: `
      *(u64 *)(r10 - 8) = 0
      r1 = 1000
      r2 = func(add) ll
      r3 = r10
      r3 += -8
      r4 = 0
      call 181
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      exit
    add:
      r3 = *(u64 *)(r2 + 0)
      r3 += r1
      *(u64 *)(r2 + 0) = r3
      r0 = 0
      exit`,
    result: 500500n,
  },
  {
    name: "bpf_loop that stops",
    text: "r1 = 1000; r2 = func(f) ll; r3 = 5; r4 = 0; call 181; exit; f: r0 = 0; if r1 != r2 goto +1; r0 = 1; exit",
    result: 6n,
  },
  {
    name: "bpf_loop of nothing",
    text: "r1 = 0; r2 = func(f) ll; r3 = 0; r4 = 0; call 181; exit; f: r0 = 1; exit",
    result: 0n,
  },
  {
    name: "bpf_loop with flags",
    text: "r1 = 1; r2 = func(f) ll; r3 = 0; r4 = 1; call 181; exit; f: r0 = 1; exit",
    result: BigInt.asUintN(64, -22n),
  },
  {
    name: "bpf_loop beyond its limit",
    text: "r1 = 8388609; r2 = func(f) ll; r3 = 0; r4 = 0; call 181; exit; f: r0 = 1; exit",
    result: 0xffff_fff9n,
  },
  {
    name: "bpf_loop in bpf_loop",
    text: `
      *(u64 *)(r10 - 8) = 0
      r1 = 10
      r2 = func(outer) ll
      r3 = r10
      r3 += -8
      r4 = 0
      call 181
      r0 = *(u64 *)(r10 - 8)
      exit
    outer:
      r3 = r2
      r1 = 7
      r2 = func(inner) ll
      r4 = 0
      call 181
      r0 = 0
      exit
    inner:
      r3 = 1
      lock *(u64 *)(r2 + 0) += r3
      r0 = 0
      exit`,
    result: 70n,
  },
  {
    name: "a loop without end",
    text: "r0 = 0; again: r0 += 1; goto again; exit",
    error: "E_RUN_BUDGET",
    budget: 100000n,
  },
  {
    name: "a call without end",
    text: "again: call sub; goto again; exit; sub: r0 = 1; exit",
    error: "E_RUN_BUDGET",
    budget: 100000n,
  },
  {
    name: "bpf_loop beyond the budget",
    text: "r1 = 100000; r2 = func(f) ll; r3 = 0; r4 = 0; call 181; exit; f: r0 = 0; exit",
    error: "E_RUN_BUDGET",
    budget: 1000n,
  },
  {
    name: "a budget that just suffices",
    text: "r1 = 10; r2 = 1 ll; again: r1 += -1; if r1 != 0 goto again; r0 = 1; exit",
    result: 1n,
    budget: 24n,
  },
  {
    name: "a budget one short",
    text: "r1 = 10; r2 = 1 ll; again: r1 += -1; if r1 != 0 goto again; r0 = 1; exit",
    error: "E_RUN_BUDGET",
    budget: 23n,
    except: { engine: "jit", why: "it counts by blocks" },
  },
  { name: "running beyond the end", text: "r0 = 1; goto +1; exit", error: "E_RUN_INSN", except: NOT_CHECKED },
  {
    name: "may_goto",
    text: "r0 = 0; again: may_goto out; r0 += 1; if r0 != 1000 goto again; out: exit",
    result: 1000n,
  },
];

for (const engine of ENGINES) {
  describe(engine, () => {
    for (const c of CASES.filter(({ except }) => except?.engine !== engine)) {
      test(c.name, () => {
        const { vm, load } = machine();
        const program = load(c.text.replaceAll(";", "\n"));
        const options = c.budget === undefined ? {} : { budget: c.budget };
        if (c.error !== undefined) expect(codeOf(() => vm.run(program, engine, 0, options))).toBe(c.error);
        else expect(vm.run(program, engine, 0, options)).toBe(c.result);
        // The machine is as good as new after a run that failed.
        expect(vm.run(load("r0 = 3\nexit"), engine, 0)).toBe(3n);
      });
    }

    // The stepping engine needs minutes for it.
    if (engine !== "stepping")
      test("may_goto ends a loop after 8,388,608 rounds", () => {
        const { vm, load } = machine();
        const program = load("r0 = 0\nagain: may_goto +2\nr0 += 1\ngoto again\nexit");
        expect(vm.run(program, engine, 0)).toBe(8388608n);
      });

    test("tail calls: limit, index, empty element, subprogram", () => {
      const { vm, load } = machine();
      const map = programArray(vm, 4);
      const call = `r2 = ${map.address} ll\ncall 12\n`;
      // Counts in its context how often it runs; falls through after 33 tail calls.
      const self = load(
        `r2 = *(u64 *)(r1 + 0)\nr2 += 1\n*(u64 *)(r1 + 0) = r2\nr6 = r1\nr3 = 0\n${call}r0 = *(u64 *)(r6 + 0)\nexit`,
      );
      map.set(0, self.slot);
      const context = vm.memory.alloc(8);
      vm.memory.addRegion({ start: context, end: context + 8, write: true, name: "context" });
      expect(vm.run(self, engine, context)).toBe(34n);
      vm.memory.view.setBigUint64(context, 0n, true);
      expect(vm.run(self, engine, context)).toBe(34n);

      map.set(1, load("r0 = 55\nexit").slot);
      expect(vm.run(load(`r3 = 1\n${call}r0 = 1\nexit`), engine, 0)).toBe(55n);
      expect(vm.run(load(`r3 = 2\n${call}r0 = 1\nexit`), engine, 0)).toBe(1n);
      expect(vm.run(load(`r3 = 4\n${call}r0 = 1\nexit`), engine, 0)).toBe(1n);
      expect(vm.run(load(`call sub\nr0 += 1\nexit\nsub: r3 = 1\n${call}r0 = 1\nexit`), engine, 0)).toBe(56n);
    });

    test("packet loads", () => {
      const { vm, load, region } = machine();
      const packet = region(Uint8Array.from({ length: 20 }, (_, n) => n + 1));
      const skb = region(new Uint8Array(SKB_CONTEXT_SIZE));
      for (const [field, value] of [
        [SKB_HEAD, packet],
        [SKB_MAC_HEADER, packet],
        [SKB_DATA, packet + 4],
        [SKB_NETWORK_HEADER, packet + 8],
        [SKB_LEN, 16],
      ] as const) {
        vm.memory.view.setUint32(skb + field, value, true);
      }
      const run = (text: string): bigint =>
        vm.run(load(`r6 = r1\nr7 = 3\n${text}\nr0 += r7\nexit`, { skb: true }), engine, skb);
      expect(run("r0 = *(u32 *)skb[0]")).toBe(0x0506070bn);
      expect(run("r0 = *(u16 *)skb[14]")).toBe(0x1317n);
      expect(run("r7 = 2\nr0 = *(u8 *)skb[r7 + 1]")).toBe(10n);
      expect(run("r0 = *(u16 *)skb[15]")).toBe(0n);
      expect(run("r7 = -1\nr0 = *(u8 *)skb[r7 + 0]")).toBe(0n);
      expect(run("r0 = *(u8 *)skb[-0x100000]")).toBe(12n);
      expect(run("r0 = *(u8 *)skb[-0x200000]")).toBe(4n);
      expect(run("call sub\nr0 += 9\nexit\nsub: r0 = *(u8 *)skb[100]\nr0 = 7")).toBe(9n);
    });

    test("a helper of the runtime module", () => {
      const { vm, region } = machine();
      const helper: HelperBinding = {
        id: 900,
        name: "packet_address",
        args: ["ptr", "s32", "u32"],
        ret: "ptr",
        call: vm.runtime.exports["packet_address"]!,
      };
      const skb = region(new Uint8Array(SKB_CONTEXT_SIZE));
      const packet = region(new Uint8Array(16));
      vm.memory.view.setUint32(skb + SKB_DATA, packet, true);
      vm.memory.view.setUint32(skb + SKB_LEN, 16, true);
      const code = assembleCode("r2 = 3\nr3 = 2\ncall 900\nexit");
      expect(vm.run(vm.load(plainImage("p", code), new Map([[900, helper]])), engine, skb)).toBe(BigInt(packet + 3));
    });

    test("unloading gives memory and slots back", () => {
      const { vm, load } = machine();
      const text = "r1 = 3\nr2 = func(f) ll\nr3 = 0\nr4 = 0\ncall 181\nexit\nf: r0 = 0\nexit";
      const first = load(text);
      vm.run(first, engine, 0);
      vm.unload(first);
      const { used } = vm.memory;
      for (let n = 0; n < 50; n++) {
        const program = load(text);
        expect(vm.run(program, engine, 0)).toBe(3n);
        expect(program.slot).toBeLessThan(8);
        vm.unload(program);
      }
      expect(vm.memory.used).toBe(used);
    });
  });
}

function programArray(vm: Vm, entries: number): { address: number; set: (index: number, slot: number) => void } {
  const address = vm.memory.alloc(MAP_DESCRIPTOR_SIZE);
  const data = vm.memory.alloc(entries * 4);
  vm.memory.view.setUint32(address + MAP_MAX_ENTRIES, entries, true);
  vm.memory.view.setUint32(address + MAP_DATA, data, true);
  vm.memory.view.setUint32(address + MAP_STRIDE, 4, true);
  return { address, set: (index, slot) => vm.memory.view.setUint32(data + 4 * index, slot, true) };
}
