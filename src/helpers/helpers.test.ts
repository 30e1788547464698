import { describe, expect, test } from "vitest";
import type { PointerSize } from "../isa/index.ts";
import { CLOCK_NS, CLOCK_STEP_NS, CPU_ID, RANDOM_STATE, REDIRECT_FLAGS, REDIRECT_TARGET } from "../runtime/layout.ts";
import { helperByName, mayCall, PROG_TYPE } from "../uapi/index.ts";
import { GuestMemory, Vm } from "../vm/index.ts";
import { createHelpers, formatText, HELPER_ROWS, parseFormat } from "./index.ts";

const { BPF_PROG_TYPE_XDP: XDP, BPF_PROG_TYPE_SCHED_CLS: TC } = PROG_TYPE;

const vm = new Vm(new GuestMemory());
const { memory, runtime } = vm;
const table = (type: number) => createHelpers({ runtime, memory, printk: () => undefined }, type);
function helper(name: string, type = XDP): (...args: (number | bigint)[]) => unknown {
  return table(type).get(helperByName(name)!.id)!.call as never;
}

describe("binding", () => {
  test("gives each program type the helpers it may call", () => {
    for (const type of [XDP, TC, PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER]) {
      const expected = HELPER_ROWS.map((row) => helperByName(row.name)!).filter((h) => mayCall(type, h) === true);
      expect([...table(type).keys()].sort((a, b) => a - b)).toEqual(
        [...new Set(expected.map((h) => h.id))].sort((a, b) => a - b),
      );
    }
  });

  test("one name, two functions: bpf_redirect", () => {
    expect(helper("redirect", XDP)(3, 0)).toBe(4);
    expect(helper("redirect", TC)(3, 1)).toBe(7);
    expect(memory.view.getUint32(REDIRECT_TARGET, true)).toBe(3);
    expect(memory.view.getUint32(REDIRECT_FLAGS, true)).toBe(1);
  });

  test("helpers that run in wasm are the module's exports", () => {
    expect(helper("xdp_adjust_head")).toBe(runtime.exports["xdp_adjust_head"]);
  });
});

describe("pointer rules", () => {
  const rulesOf = (name: string, type = TC) => table(type).get(helperByName(name)!.id)!.pointers;
  const map = { arg: 1, what: "map", target: { kind: "map" }, nullable: false };
  const bytes = (arg: number, what: string, write: boolean, size: PointerSize, nullable = false) => {
    return { arg, what, target: { kind: "memory", write, size }, nullable };
  };

  test("keys and values are as long as the map says", () => {
    expect(rulesOf("map_update_elem")).toEqual([
      map,
      bytes(2, "key", false, { kind: "map_key", arg: 1 }),
      bytes(3, "value", false, { kind: "map_value", arg: 1 }),
    ]);
    expect(rulesOf("map_pop_elem")).toEqual([map, bytes(2, "value", true, { kind: "map_value", arg: 1 })]);
  });

  test("buffers are as long as the next argument or the row says", () => {
    expect(rulesOf("skb_load_bytes")).toEqual([
      { arg: 1, what: "context", target: { kind: "context" }, nullable: false },
      bytes(3, "memory", true, { kind: "arg", arg: 4, zero: false }),
    ]);
    expect(rulesOf("csum_diff")).toEqual([
      bytes(1, "memory", false, { kind: "arg", arg: 2, zero: true }, true),
      bytes(3, "memory", false, { kind: "arg", arg: 4, zero: true }, true),
    ]);
    expect(rulesOf("strtol")?.[1]).toEqual(bytes(4, "memory", true, { kind: "fixed", bytes: 8 }));
    expect(rulesOf("snprintf")?.[1]).toEqual({ arg: 3, what: "string", target: { kind: "string" }, nullable: false });
    expect(rulesOf("ringbuf_submit")?.[0]?.target).toEqual({ kind: "ringbuf_record" });
  });

  test("every pointer that crosses as one is under a rule, but for those that only pass through", () => {
    const free: string[] = [];
    for (const { name, args, pointers } of table(TC).values()) {
      const held = new Set(pointers?.map((rule) => rule.arg));
      args.forEach((abi, i) => {
        if (abi === "ptr" && !held.has(i + 1)) free.push(`${name} ${i + 1}`);
      });
    }
    expect(free).toEqual(["bpf_for_each_map_elem 3", "bpf_loop 3"]);
  });
});

describe("virtual CPU", () => {
  test("the clock moves on with every reading but the coarse one", () => {
    memory.view.setBigUint64(CLOCK_NS, 1000n, true);
    memory.view.setBigUint64(CLOCK_STEP_NS, 5n, true);
    expect(helper("ktime_get_ns")()).toBe(1000n);
    expect(helper("ktime_get_boot_ns")()).toBe(1005n);
    expect(helper("ktime_get_coarse_ns")()).toBe(1010n);
    expect(helper("ktime_get_coarse_ns")()).toBe(1010n);
  });

  test("random numbers follow from the seed", () => {
    const draw = (seed: bigint): unknown[] => {
      memory.view.setBigUint64(RANDOM_STATE, seed, true);
      memory.view.setBigUint64(RANDOM_STATE + 8, 99n, true);
      return Array.from({ length: 8 }, () => helper("get_prandom_u32")());
    };
    expect(draw(1n)).toEqual(draw(1n));
    expect(draw(1n)).not.toEqual(draw(2n));
    expect(new Set(draw(1n)).size).toBe(8);
  });

  test("the CPU's number", () => {
    memory.view.setUint32(CPU_ID, 3, true);
    expect(helper("get_smp_processor_id")()).toBe(3);
    memory.view.setUint32(CPU_ID, 0, true);
  });
});

describe("formats", () => {
  const none = { text: () => null, bytes: () => null };
  test("conversions without a value to read", () => {
    const format = parseFormat("%d%% of %s", 2);
    expect(typeof format === "number" ? format : formatText(format, [5n, 1n], none)).toBe("5% of ");
  });
  test("more conversions than arguments are refused", () => expect(parseFormat("%d %d", 1)).toBe(-22));
});
