import { describe, expect, it } from "vitest";
import {
  type HelperBinding,
  type Insn,
  insn,
  layOut,
  loadImm64,
  type MapRef,
  type ProgramImage,
} from "../../isa/index.ts";
import * as L from "../../runtime/layout.ts";
import { GuestMemory } from "../memory.ts";
import { findSubprograms, plainImage } from "../plain-image.ts";
import { createRuntime, type Runtime } from "../runtime.ts";
import { compileProgram } from "./index.ts";

const MOV = (dst: number, imm: number): Insn => insn("mov64_imm", { dst, imm });
const EXIT = insn("exit");
const CALL = (imm: number): Insn => insn("call_helper", { imm });

interface Bench {
  runtime: Runtime;
  memory: GuestMemory;
  load(slot: number, image: ProgramImage, helpers?: HelperBinding[], budget?: boolean): Uint8Array;
  run(slot: number, ctx?: number): bigint;
}

function bench(): Bench {
  const memory = new GuestMemory();
  const runtime = createRuntime(memory, { call_helper: () => undefined, call_function: () => 0n });
  return {
    runtime,
    memory,
    load(slot, image, helpers = [], budget = false) {
      const compiled = compileProgram(image, {
        runtime,
        helpers: new Map(helpers.map((h) => [h.id, h])),
        slot,
        functionSlot: (start) => 32 + start,
        budget,
      });
      expect(WebAssembly.validate(compiled.bytes)).toBe(true);
      compiled.install();
      return compiled.bytes;
    },
    run(slot, ctx = 0) {
      memory.view.setUint32(L.TAIL_CALLS, 0, true);
      return (runtime.table.get(slot) as (ctx: number, fp: number) => bigint)(ctx, L.STACK_TOP);
    },
  };
}

const image = (list: Insn[], more: Partial<ProgramImage> = {}): ProgramImage => {
  const code = layOut(list);
  return { ...plainImage("test", code), subprogs: findSubprograms(code), ...more };
};

const helper = (row: Partial<HelperBinding> & Pick<HelperBinding, "id">): HelperBinding => ({
  name: "test",
  args: [],
  ret: "int",
  call: () => 0,
  ...row,
});

function arrayMap(memory: GuestMemory, entries: number, more: Partial<MapRef> = {}): MapRef {
  const base = memory.alloc(entries * 8);
  const address = memory.alloc(L.MAP_DESCRIPTOR_SIZE);
  memory.view.setUint32(address + L.MAP_DATA, base, true);
  memory.view.setUint32(address + L.MAP_STRIDE, 8, true);
  memory.view.setUint32(address + L.MAP_MAX_ENTRIES, entries, true);
  return {
    address,
    name: "map",
    type: 2,
    keySize: 4,
    valueSize: 8,
    maxEntries: entries,
    direct: { base, stride: 8, cpuStride: 0 },
    exports: {},
    ...more,
  };
}

describe("calls", () => {
  it("passes arguments and results as their conventions say", () => {
    const t = bench();
    const seen: unknown[] = [];
    const call = (...args: unknown[]): number => {
      seen.push(...args);
      return -5;
    };
    t.load(
      1,
      image([loadImm64(1, 0x1_0000_0002n), MOV(2, -1), MOV(3, -3), loadImm64(4, 1n << 40n), MOV(5, 9), CALL(7), EXIT]),
      [helper({ id: 7, args: ["u64", "ptr", "s32", "flags", "u32"], call })],
    );
    expect(t.run(1)).toBe(-5n);
    expect(seen).toEqual([0x1_0000_0002n, -1, -3, -1, 9]);
  });

  it.each([
    ["int", -1, -1n],
    ["ptr", -1, 0xffffffffn],
    ["u64", -1n, -1n],
    ["void", undefined, 0n],
  ] as const)("extends a result of kind %s", (ret, value, expected) => {
    const t = bench();
    t.load(1, image([MOV(0, 77), CALL(7), EXIT]), [helper({ id: 7, ret, call: () => value })]);
    expect(t.run(1)).toBe(expected);
  });

  it("faults on a helper that is not there", () => {
    const t = bench();
    t.load(1, image([MOV(0, 0), CALL(99), EXIT]));
    expect(() => t.run(1)).toThrow(WebAssembly.RuntimeError);
    const { view } = t.memory;
    expect([L.FAULT_CODE, L.FAULT_PROGRAM, L.FAULT_SLOT, L.FAULT_VALUE].map((at) => view.getUint32(at, true))).toEqual([
      L.FAULT_HELPER,
      1,
      1,
      99,
    ]);
  });

  it("calls subprograms with frames of their own", () => {
    const t = bench();
    t.load(
      1,
      image([
        insn("st64", { dst: 10, off: -8, imm: 5 }),
        MOV(1, 20),
        MOV(6, 1),
        insn("call_local", { off: 3 }),
        insn("ldx64", { dst: 1, src: 10, off: -8 }),
        insn("add64_reg", { dst: 0, src: 1 }),
        EXIT,
        insn("st64", { dst: 10, off: -8, imm: 100 }),
        insn("mov64_reg", { dst: 0, src: 1 }),
        MOV(6, 1000),
        EXIT,
      ]),
    );
    expect(t.run(1)).toBe(25n);
  });

  it("hands function pointers to helpers that call back", () => {
    const t = bench();
    const call = (pointer: number, frame: number): number => {
      const callback = t.runtime.table.get(pointer) as (...args: unknown[]) => bigint;
      return Number(callback(4n, 0n, 0n, 0n, 0n, frame));
    };
    t.load(
      1,
      image([
        insn("ld_imm64_func", { dst: 1, off: 3 }),
        CALL(7),
        EXIT,
        insn("mov64_reg", { dst: 0, src: 1 }),
        insn("mul64_imm", { dst: 0, imm: 11 }),
        EXIT,
      ]),
      [helper({ id: 7, args: ["ptr"], callback: true, call: call as never })],
    );
    expect(t.run(1)).toBe(44n);
  });

  it.each([
    [10, 0, 100, 10n],
    [10, 0, 4, 5n],
    [(1 << 23) + 1, 0, 0, 0xffff_fff9n],
    [10, 1, 0, -22n],
    [0, 0, 0, 0n],
  ])("bpf_loop: %i rounds, flags %i, stop at %i → %i", (rounds, flags, stop, expected) => {
    const t = bench();
    // The callback stops in round `stop`: return index >= stop.
    t.load(
      1,
      image([
        MOV(1, rounds),
        insn("ld_imm64_func", { dst: 2, off: 5 }),
        MOV(3, 0),
        MOV(4, flags),
        CALL(181),
        EXIT,
        MOV(0, 0),
        insn("jlt64_imm", { dst: 1, imm: stop, off: 1 }),
        MOV(0, 1),
        EXIT,
      ]),
      [helper({ id: 181, intrinsic: "loop" })],
    );
    expect(t.run(1)).toBe(expected);
  });
});

describe("tail calls", () => {
  const tail = helper({ id: 12, intrinsic: "tail_call" });
  const chain = (map: MapRef, index: number): ProgramImage =>
    image([loadImm64(2, BigInt(map.address)), MOV(3, index), CALL(12), MOV(0, 9), EXIT], { maps: new Map([[0, map]]) });

  it.each([true, false])("go on in the element's program (direct: %s)", (direct) => {
    const t = bench();
    const { direct: how, ...rest } = arrayMap(t.memory, 4);
    const map: MapRef = direct ? { ...rest, direct: how! } : rest;
    t.memory.view.setUint32(how!.base + 8, 2, true);
    t.load(1, chain(map, 1), [tail]);
    t.load(2, image([MOV(0, 42), EXIT]));
    expect(t.run(1)).toBe(42n);
  });

  it("fall through for empty elements and indices beyond the map", () => {
    const t = bench();
    const map = arrayMap(t.memory, 4);
    t.load(1, chain(map, 2), [tail]);
    expect(t.run(1)).toBe(9n);
    t.load(1, chain(map, 4), [tail]);
    expect(t.run(1)).toBe(9n);
    expect(t.memory.view.getUint32(L.TAIL_CALLS, true)).toBe(0);
  });

  it("end after 33", () => {
    const t = bench();
    const map = arrayMap(t.memory, 4);
    t.memory.view.setUint32(map.direct!.base, 1, true);
    const counter = t.memory.alloc(8);
    const count = [
      loadImm64(6, BigInt(counter)),
      insn("ldx64", { dst: 7, src: 6 }),
      insn("add64_imm", { dst: 7, imm: 1 }),
      insn("stx64", { dst: 6, src: 7 }),
    ];
    const list = [...count, loadImm64(2, BigInt(map.address)), MOV(3, 0), CALL(12), MOV(0, 9), EXIT];
    t.load(1, image(list, { maps: new Map([[5, map]]) }), [tail]);
    expect(t.run(1)).toBe(9n);
    expect(t.memory.view.getUint32(counter, true)).toBe(34);
  });
});

describe("map lookups", () => {
  const lookup = helper({ id: 1, name: "bpf_map_lookup_elem", args: ["ptr", "ptr"], ret: "ptr", call: () => 0x1234 });
  const program = (map: MapRef, store: Insn[]): ProgramImage =>
    image(
      [
        ...store,
        insn("mov64_reg", { dst: 2, src: 10 }),
        insn("add64_imm", { dst: 2, imm: -4 }),
        loadImm64(1, BigInt(map.address)),
        CALL(1),
        EXIT,
      ],
      { maps: new Map([[store.length + 2, map]]) },
    );

  it("are inlined for arrays, with known and unknown keys", () => {
    const t = bench();
    const map = arrayMap(t.memory, 4);
    const { base } = map.direct!;
    for (const [key, expected] of [
      [3, base + 24],
      [4, 0],
      [-1, 0],
    ] as const) {
      t.load(1, program(map, [insn("st32", { dst: 10, off: -4, imm: key })]), [lookup]);
      expect(t.run(1)).toBe(BigInt(expected));
      const ctx = t.memory.alloc(16);
      t.memory.view.setInt32(ctx, key, true);
      const copy = [insn("ldx32", { dst: 3, src: 1 }), insn("stx32", { dst: 10, src: 3, off: -4 })];
      t.load(1, program(map, copy), [lookup]);
      expect(t.run(1, ctx)).toBe(BigInt(expected));
    }
  });

  it("add the CPU's offset for per-CPU arrays", () => {
    const t = bench();
    const plain = arrayMap(t.memory, 8);
    const map = { ...plain, maxEntries: 4, direct: { ...plain.direct!, cpuStride: 32 } };
    t.memory.view.setUint32(L.CPU_ID, 1, true);
    t.load(1, program(map, [insn("st32", { dst: 10, off: -4, imm: 2 })]), [lookup]);
    expect(t.run(1)).toBe(BigInt(map.direct.base + 16 + 32));
  });

  it("call the map type's own export, else the helper", () => {
    const t = bench();
    const { direct, ...rest } = arrayMap(t.memory, 4);
    const store = [insn("st32", { dst: 10, off: -4, imm: 2 })];
    t.load(1, program({ ...rest, exports: { bpf_map_lookup_elem: "array_lookup" } }, store), [lookup]);
    expect(t.run(1)).toBe(BigInt(direct!.base + 16));
    t.load(1, program(rest, store), [lookup]);
    expect(t.run(1)).toBe(0x1234n);
  });

  it("know which map a register holds on all paths only", () => {
    const t = bench();
    const [a, b] = [arrayMap(t.memory, 4), arrayMap(t.memory, 4)];
    const list = [
      insn("ldx32", { dst: 6, src: 1 }),
      insn("st32", { dst: 10, off: -4, imm: 0 }),
      loadImm64(1, BigInt(a.address)),
      insn("jeq64_imm", { dst: 6, imm: 0, off: 2 }),
      loadImm64(1, BigInt(b.address)),
      insn("mov64_reg", { dst: 2, src: 10 }),
      insn("add64_imm", { dst: 2, imm: -4 }),
      CALL(1),
      EXIT,
    ];
    const maps = new Map([
      [2, a],
      [5, b],
    ]);
    t.load(1, image(list, { maps }), [{ ...lookup, call: (map: number) => map }]);
    const ctx = t.memory.alloc(16);
    expect(t.run(1, ctx)).toBe(BigInt(a.address));
    t.memory.view.setUint32(ctx, 1, true);
    expect(t.run(1, ctx)).toBe(BigInt(b.address));
  });
});

describe("limits", () => {
  it("ends a loop when the budget is used up", () => {
    const t = bench();
    const loop = image([MOV(0, 0), insn("add64_imm", { dst: 0, imm: 1 }), insn("ja", { off: -2 }), EXIT]);
    t.load(1, loop, [], true);
    t.memory.view.setBigInt64(L.FUEL, 10_000n, true);
    expect(() => t.run(1)).toThrow(WebAssembly.RuntimeError);
    expect(t.memory.view.getUint32(L.FAULT_CODE, true)).toBe(L.FAULT_FUEL);
    expect(t.memory.view.getBigInt64(L.FUEL, true)).toBeLessThan(0n);
  });

  it("counts what a run took", () => {
    const t = bench();
    const list = [
      MOV(0, 0),
      insn("add64_imm", { dst: 0, imm: 1 }),
      insn("jlt64_imm", { dst: 0, imm: 100, off: -2 }),
      EXIT,
    ];
    t.load(1, image(list), [], true);
    t.memory.view.setBigInt64(L.FUEL, 10_000n, true);
    expect(t.run(1)).toBe(100n);
    expect(t.memory.view.getBigInt64(L.FUEL, true)).toBe(10_000n - 202n);
  });

  it("takes may_goto after 8,388,608 rounds", () => {
    const t = bench();
    t.load(
      1,
      image([
        MOV(0, 0),
        insn("may_goto", { off: 2 }),
        insn("add64_imm", { dst: 0, imm: 1 }),
        insn("ja", { off: -3 }),
        EXIT,
      ]),
    );
    expect(t.run(1)).toBe(8_388_608n);
  });
});

describe("packet loads", () => {
  const setUp = (): Bench & { skb: number } => {
    const t = bench();
    const packet = t.memory.alloc(64);
    const skb = t.memory.alloc(L.SKB_CONTEXT_SIZE);
    for (let i = 0; i < 20; i++) t.memory.u8[packet + 16 + i] = i + 1;
    const set = (field: number, value: number): void => t.memory.view.setUint32(skb + field, value, true);
    set(L.SKB_LEN, 20);
    set(L.SKB_DATA, packet + 16);
    set(L.SKB_HEAD, packet);
    set(L.SKB_MAC_HEADER, packet + 16);
    set(L.SKB_NETWORK_HEADER, packet + 18);
    return { ...t, skb };
  };
  it.each([
    ["ld_abs8", 19, 20n],
    ["ld_abs8", 20, 0n],
    ["ld_abs16", 18, 0x1314n],
    ["ld_abs16", 19, 0n],
    ["ld_abs32", 0, 0x01020304n],
    ["ld_abs32", 0x7fffffff, 0n],
    ["ld_abs16", -0x100000, 0x0304n],
    ["ld_abs16", -0x200000 + 2, 0x0304n],
    ["ld_abs16", -0x100000 + 40, 0n],
    ["ld_abs16", -1, 0n],
    ["ld_abs16", -0x7fffffff, 0n],
  ] as const)("%s %i → %i", (form, imm, expected) => {
    const t = setUp();
    // What was in r0 before shows whether the program went on.
    t.load(1, image([insn("mov64_reg", { dst: 6, src: 1 }), MOV(0, 5), insn(form, { imm }), EXIT], { skb: true }));
    expect(t.run(1, t.skb)).toBe(expected);
    const list = [
      insn("mov64_reg", { dst: 6, src: 1 }),
      MOV(7, imm - 1),
      insn(form.replace("abs", "ind"), { src: 7, imm: 1 }),
      EXIT,
    ];
    t.load(1, image(list, { skb: true }));
    expect(t.run(1, t.skb)).toBe(expected);
  });
});

describe("batches", () => {
  it("run a program on every record", () => {
    const t = bench();
    // r0 = length of the packet; data moves up by one
    const list = [
      insn("ldx32", { dst: 2, src: 1, off: L.XDP_DATA }),
      insn("ldx32", { dst: 0, src: 1, off: L.XDP_DATA_END }),
      insn("sub64_reg", { dst: 0, src: 2 }),
      insn("add64_imm", { dst: 2, imm: 1 }),
      insn("stx32", { dst: 1, src: 2, off: L.XDP_DATA }),
      EXIT,
    ];
    t.load(1, image(list));
    const ctx = t.memory.alloc(L.XDP_CONTEXT_SIZE);
    const records = t.memory.alloc(3 * L.REC_SIZE);
    const { view } = t.memory;
    for (let n = 0; n < 3; n++) {
      view.setUint32(records + n * L.REC_SIZE + L.REC_DATA, 0x60000 + 256 * n, true);
      view.setUint32(records + n * L.REC_SIZE + L.REC_LENGTH, 60 + n, true);
    }
    view.setBigUint64(L.CLOCK_NS, 1000n, true);
    view.setBigUint64(L.CLOCK_STEP_NS, 7n, true);
    t.runtime.exports["run_batch_xdp"]!(1, L.ENGINE_JIT, ctx, records, 3);
    const field = (n: number, at: number): number => view.getUint32(records + n * L.REC_SIZE + at, true);
    for (let n = 0; n < 3; n++) {
      expect([L.REC_VERDICT, L.REC_DATA, L.REC_LENGTH, L.REC_FAULT].map((at) => field(n, at))).toEqual([
        60 + n,
        0x60001 + 256 * n,
        59 + n,
        0,
      ]);
    }
    expect(view.getBigUint64(L.CLOCK_NS, true)).toBe(1021n);
  });
});
