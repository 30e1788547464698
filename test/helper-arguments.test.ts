import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleCode } from "../src/asm/index.ts";
import { createHelpers } from "../src/helpers/index.ts";
import type { HelperTable } from "../src/isa/index.ts";
import { RunContexts } from "../src/kernel/test-run.ts";
import { createMap, type GuestMap, type MapAttr } from "../src/maps/index.ts";
import type { RunContext } from "../src/net/index.ts";
import { ERRNO, helperByName, MAP_TYPE, PROG_TYPE } from "../src/uapi/index.ts";
import { BpfError } from "../src/util/index.ts";
import { type EngineName, plainImage, Vm } from "../src/vm/index.ts";

/** Real helpers on real maps: what the stepping engine lets through runs as on the other engines, what it refuses it names. */

const XDP = PROG_TYPE.BPF_PROG_TYPE_XDP;
const T = MAP_TYPE;

class Machine {
  readonly vm = new Vm();
  readonly maps = new Map<string, GuestMap>();
  readonly helpers: HelperTable;
  readonly #context: RunContext;

  constructor(type: number) {
    const { runtime, memory } = this.vm;
    this.helpers = createHelpers({ runtime, memory, printk: () => undefined }, type);
    this.#context = new RunContexts(this.vm).of(type);
  }

  map(name: string, type: number, more: Partial<MapAttr> = {}): GuestMap {
    const sizes = { keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, cpus: 2, id: this.maps.size + 1 };
    const made = createMap(this.vm.runtime, { type, name, ...sizes, ...more });
    if (typeof made === "number") throw new Error(`createMap ${name}: ${made}`);
    this.maps.set(name, made);
    return made;
  }

  /** Runs `text`, where `@name` is a map's address and `&helper` a helper's id. */
  run(text: string, engine: EngineName): bigint {
    const source = text
      .replace(/@(\w+)/g, (_, name: string) => `${this.maps.get(name)!.address} ll`)
      .replace(/&(\w+)/g, (_, name: string) => `${helperByName(name)!.id}`)
      .replaceAll(";", "\n");
    const program = this.vm.load(plainImage("p", assembleCode(source)), this.helpers);
    const context = this.#context.begin(Uint8Array.from({ length: 64 }, (_, i) => i));
    try {
      return this.vm.run(program, engine, context);
    } finally {
      this.#context.finish();
      this.vm.unload(program);
    }
  }
}

function machine(type = XDP): Machine {
  const m = new Machine(type);
  m.map("array", T.BPF_MAP_TYPE_ARRAY);
  m.map("hash", T.BPF_MAP_TYPE_HASH);
  m.map("percpu", T.BPF_MAP_TYPE_PERCPU_HASH);
  m.map("queue", T.BPF_MAP_TYPE_QUEUE, { keySize: 0 });
  m.map("ring", T.BPF_MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 4096 });
  m.map("programs", T.BPF_MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
  const inner = m.map("inner", T.BPF_MAP_TYPE_HASH);
  const references = { acquire: () => inner.address, release: () => undefined, id: () => inner.id };
  const outer = m.map("outer", T.BPF_MAP_TYPE_ARRAY_OF_MAPS, { valueSize: 4, inner, references });
  expect(outer.update(new Uint8Array(4), Uint8Array.of(3, 0, 0, 0))).toBe(0);
  return m;
}

const KEY = "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8";
const VALUE = "*(u64 *)(r10 - 16) = 7; r3 = r10; r3 += -16; r4 = 0";

// biome-ignore-start format: one case per line reads as a table
describe("what programs may do runs as on every engine", () => {
  test.each([
    [
      "update and look up",
      `r1 = @hash; ${KEY}; ${VALUE}; call &map_update_elem; r1 = @hash; r2 = r10; r2 += -8; call &map_lookup_elem; r0 = *(u64 *)(r0 + 0)`,
      7n,
    ],
    [
      "a value as key",
      `r1 = @array; ${KEY}; call &map_lookup_elem; r2 = r0; r1 = @hash; call &map_delete_elem`,
      -BigInt(ERRNO.ENOENT),
    ],
    [
      "an inner map out of a lookup",
      `r1 = @outer; ${KEY}; call &map_lookup_elem; r1 = r0; r2 = r10; r2 += -8; ${VALUE}; call &map_update_elem`,
      0n,
    ],
    [
      "queues without keys",
      "r1 = @queue; *(u64 *)(r10 - 8) = 5; r2 = r10; r2 += -8; r3 = 0; call &map_push_elem; r1 = @queue; r2 = r10; r2 += -16; call &map_pop_elem; r0 = *(u64 *)(r10 - 16)",
      5n,
    ],
    [
      "a ring buffer's record",
      "r1 = @ring; r2 = 16; r3 = 0; call &ringbuf_reserve; r6 = r0; *(u64 *)(r6 + 8) = 1; r1 = r6; r2 = 0; call &ringbuf_submit; r0 = 1",
      1n,
    ],
    ["packet bytes as a key", "r2 = *(u32 *)(r1 + 0); r1 = @hash; call &map_lookup_elem", 0n],
    [
      "a buffer of the packet's bytes",
      "r2 = 0; r3 = r10; r3 += -8; r4 = 8; call &xdp_load_bytes; r0 = *(u8 *)(r10 - 1)",
      7n,
    ],
    [
      "csum_diff without a first part",
      "*(u32 *)(r10 - 4) = 3; r1 = 0; r2 = 0; r3 = r10; r3 += -4; r4 = 4; r5 = 0; call &csum_diff",
      3n,
    ],
    [
      "a callback's key, value and context",
      `r1 = @array; r2 = func(each) ll; r3 = r10; r3 += -8; *(u64 *)(r10 - 8) = 0; r4 = 0; call &for_each_map_elem; r0 = *(u64 *)(r10 - 8); exit; each: r6 = r4; r1 = @hash; call &map_delete_elem; r0 = *(u64 *)(r6 + 0); r0 += 1; *(u64 *)(r6 + 0) = r0; r0 = 0`,
      4n,
    ],
    ["a tail call that finds nothing", "r2 = @programs; r3 = 0; call &tail_call; r0 = 9", 9n],
  ] as const)("%s", (_name, text, result) => {
    for (const engine of ["stepping", "interpreter", "jit"] as const) {
      expect([engine, BigInt.asIntN(64, machine().run(`${text}; exit`, engine))]).toEqual([engine, result]);
    }
  });
});

describe("what would corrupt memory or trap is refused with its name", () => {
  test.each([
    ["a null map", `r1 = 0; ${KEY}; call &map_lookup_elem`, "bpf_map_lookup_elem argument 1 (map): 0x0 is no map"],
    ["a key that is null", "r1 = @hash; r2 = 0; call &map_lookup_elem", "argument 2 (key): read of 4 bytes at 0x0"],
    [
      "a wild value",
      `r1 = @hash; ${KEY}; r3 = 64; r4 = 0; call &map_update_elem`,
      "bpf_map_update_elem argument 3 (value): read of 8 bytes at 0x40 is outside of what the program may reach",
    ],
    [
      "a value that runs out of the stack",
      `r1 = @percpu; ${KEY}; r3 = r10; r3 += -4; r4 = 0; call &map_update_elem`,
      "(value): read of 8 bytes",
    ],
    [
      "a pop to where nothing is",
      "r1 = @queue; r2 = 0x7fff0000; call &map_pop_elem",
      "argument 2 (value): write of 8 bytes at 0x7fff0000",
    ],
    [
      "a value past its map's elements",
      `r1 = @array; ${KEY}; call &map_lookup_elem; r3 = r0; r3 += 28; r1 = @hash; r2 = r10; r2 += -8; r4 = 0; call &map_update_elem`,
      "that lies in map array",
    ],
    ["another context", "r1 = r10; r2 = 0; call &xdp_adjust_head", "argument 1 (context): 0x40000 is not the context"],
    [
      "a buffer that is too long",
      "r2 = 0; r3 = r10; r3 += -8; r4 = 9; call &xdp_load_bytes",
      "argument 3 (memory): write of 9 bytes",
    ],
    [
      "a null buffer with a size",
      "r1 = 0; r2 = 4; r3 = 0; r4 = 0; r5 = 0; call &csum_diff",
      "argument 1 (memory): read of 4 bytes at 0x0",
    ],
    [
      "a record that was never reserved",
      "r1 = @array; r2 = 0; call &ringbuf_submit",
      "bpf_ringbuf_submit argument 1 (record): write of 8 bytes",
    ],
    [
      "a record that was given back",
      "r1 = @ring; r2 = 16; r3 = 0; call &ringbuf_reserve; r6 = r0; r1 = r6; r2 = 0; call &ringbuf_submit; r1 = r6; r2 = 0; call &ringbuf_discard",
      "is no reserved record of a ring buffer",
    ],
    [
      "a format that is a number",
      "r1 = 1; r2 = 8; call &trace_printk",
      "bpf_trace_printk argument 1 (memory): read of 8 bytes at 0x1",
    ],
    [
      "a tail call through no map",
      "r2 = 4096; r3 = 0; call &tail_call",
      "bpf_tail_call argument 2 (map): 0x1000 is no map",
    ],
  ] as const)("%s", (_name, text, message) => {
    const run = () => machine().run(`${text}; r0 = 0; exit`, "stepping");
    expect(run).toThrow(message);
    expect(run).toThrow(/^program p, instruction \d+ \(call_helper\): .*\[E_RUN_ARGUMENT\]$/);
  });
});

// biome-ignore-end format: as above

test("a map that is gone is no map", () => {
  const m = machine();
  const { address } = m.map("gone", T.BPF_MAP_TYPE_HASH);
  m.maps.get("gone")!.free();
  const text = `r1 = ${address}; ${KEY}; call &map_lookup_elem; exit`;
  expect(() => m.run(text, "stepping")).toThrow("is no map");
});

/** Any argument: the context, addresses in and around the stack, maps, values, small and odd numbers. */
const argument = fc.oneof(
  fc.constant("r6"),
  fc.constant("r7"),
  fc.integer({ min: -600, max: 40 }).map((offset) => `r10 ${offset}`),
  fc.constantFrom("array", "hash", "percpu", "queue", "ring", "programs", "inner", "outer").map((name) => `@${name}`),
  fc.integer({ min: -4, max: 64 }).map(String),
  fc.constantFrom("0x7fffffff", "0x80000000", "0xffffffff", "0x100000000", "0x7fffffffffffffff", "0x40000", "0x50000"),
);

function loadArgument(text: string, register: number): string {
  if (text.startsWith("r10")) return `r${register} = r10; r${register} += ${text.slice(4)}`;
  return text.startsWith("r")
    ? `r${register} = ${text}`
    : `r${register} = ${text.startsWith("@") ? text : `${text} ll`}`;
}

// No helper may trap, throw or write where no program may, whatever it is called with.
test.each([XDP, PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS])(
  "helpers of type %i called with anything",
  (type) => {
    const m = machine(type);
    const ids = [...m.helpers.keys()];
    const descriptors = () =>
      [...m.maps.values()].map((map) => [map.type, map.keySize, map.get(12), map.get(24), map.get(28)]);
    const before = descriptors();
    const ends = new Map<string, number>();
    const call = fc.record({
      id: fc.constantFrom(...ids),
      args: fc.tuple(argument, argument, argument, argument, argument),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 4 }), (calls) => {
        const text = calls.map(
          ({ id, args }) => `${args.map((a, i) => loadArgument(a, i + 1)).join("; ")}; call ${id}; r7 = r0`,
        );
        let end = "ran";
        try {
          m.run(`r6 = r1; r7 = 0; ${text.join("; ")}; r0 = 0; exit`, "stepping");
        } catch (error) {
          expect(error).toBeInstanceOf(BpfError);
          end = (error as BpfError).code;
        }
        ends.set(end, (ends.get(end) ?? 0) + 1);
        expect(["ran", "E_RUN_ARGUMENT", "E_RUN_INSN"]).toContain(end);
        expect(descriptors()).toEqual(before);
      }),
      { numRuns: 3000 },
    );
    expect(ends.get("ran")).toBeGreaterThan(100);
  },
  120_000,
);
