import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readObject } from "../loader/index.ts";
import { loadObject } from "./object.ts";
import { SimulatedKernel } from "./simulated.ts";

const firewall = readFileSync(new URL("../../examples/firewall/firewall.bpf.o", import.meta.url));

/** The firewall's maps, with the types of their keys and values or without. */
function maps(typed: boolean, cpus = 1) {
  const spec = readObject(firewall);
  for (const map of typed ? [] : spec.maps) Object.assign(map, { keyType: 0, valueType: 0 });
  return loadObject(new SimulatedKernel({ cpus }), spec).maps;
}

describe("maps with BTF types", () => {
  test("take and give plain values", () => {
    const blocked = maps(true)["blocked"]!;
    blocked.set("10.0.0.7", { hits: 3 });
    expect(blocked.get("10.0.0.7")).toMatchObject({ hits: 3n });
    expect(blocked.get(0x0700000a)).toMatchObject({ hits: 3n });
    expect(blocked.get("10.0.0.8")).toBeUndefined();
  });

  test("per-CPU maps take one value for all CPUs or one for each", () => {
    const counters = maps(true, 2)["counters"]!;
    counters.set(1, { packets: 5, bytes: 6 });
    expect(counters.get(1)).toMatchObject([{ packets: 5n }, { packets: 5n }]);
    counters.set(1, [
      { packets: 1, bytes: 1 },
      { packets: 2, bytes: 2 },
    ]);
    expect(counters.get(1)).toMatchObject([{ packets: 1n }, { packets: 2n }]);
  });

  test("refuse what does not fit, and say where", () => {
    const { blocked } = maps(true);
    expect(() => blocked!.set("10.0.0.7", { hats: 1 })).toThrow(/hats/);
    expect(() => blocked!.set("10.0.0.700", { hits: 1 })).toThrow(/key/);
    expect(() => blocked!.set(new Uint8Array(3), { hits: 1 })).toThrow(/E_MAP_KEY/);
  });
});

describe("maps without BTF types", () => {
  test("take bytes, hexadecimal text, and numbers where 4 or 8 bytes are wanted", () => {
    const { blocked } = maps(false);
    blocked!.set("0a000007", "0300000000000000");
    expect(blocked!.get(Uint8Array.of(10, 0, 0, 7))).toBe(3n);
    blocked!.set(1, 2n);
    expect(blocked!.get("01000000")).toBe(2n);
    expect(() => blocked!.set("10.0.0.7", 1)).toThrow(/E_HEX/);
    expect(() => blocked!.set({}, 1)).toThrow(/E_MAP_PLAIN/);
  });
});
