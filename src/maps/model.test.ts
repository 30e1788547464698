import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Guest, make, testRuntime, u32 } from "../../test/maps/guest.ts";
import { ENGINE, ENGINE_STEPPING, STACK_TOP } from "../runtime/layout.ts";
import { MAP_TYPE } from "../uapi/map-types.ts";
import { GuestMemory } from "../vm/memory.ts";
import { createRuntime } from "../vm/runtime.ts";
import { E2BIG, ENOENT } from "./errno.ts";

/** The algorithms against plain models, with more elements than the kernel comparison has. */

const hashStep = fc.record({
  command: fc.constantFrom("update" as const, "update" as const, "delete" as const, "lookup" as const),
  key: fc.integer({ min: 0, max: 400 }),
  value: fc.nat(),
});

describe.each([4, 8, 12, 16, 6, 28])("hash with keys of %i bytes is a Map", (keySize) => {
  test("random commands", () => {
    const key = (n: number): Uint8Array => {
      const bytes = new Uint8Array(keySize);
      new DataView(bytes.buffer).setUint32(keySize - 4, n * 0x01000100, false);
      return bytes;
    };
    fc.assert(
      fc.property(fc.array(hashStep, { maxLength: 600 }), (steps) => {
        const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize, maxEntries: 200 });
        const guest = new Guest(map);
        const model = new Map<number, number>();
        for (const { command, key: k, value } of steps) {
          if (command === "lookup") expect(guest.value(key(k))).toBe(model.get(k) ?? null);
          else if (command === "delete") expect(guest.delete(key(k))).toBe(model.delete(k) ? 0 : ENOENT);
          else {
            const room = model.has(k) || model.size < 200;
            expect(guest.update(key(k), u32(value))).toBe(room ? 0 : E2BIG);
            if (room) model.set(k, value);
          }
        }
        expect([...map.keys()].map(String).sort()).toEqual([...model.keys()].map((k) => String(key(k))).sort());
      }),
      { numRuns: 20 },
    );
  });
});

test("LRU never holds more than max_entries, keeps the newest, and never fails", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 300 }), (keys) => {
      const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_LRU_HASH, maxEntries: 10 });
      const guest = new Guest(map);
      const newest = new Map<number, number>();
      for (const [i, k] of keys.entries()) {
        expect(guest.update(u32(k), u32(i))).toBe(0);
        newest.set(k, i);
        expect(guest.value(u32(k))).toBe(i);
      }
      const kept = [...map.keys()].map((k) => new DataView(k.buffer).getUint32(0, true));
      expect(kept.length).toBe(Math.min(10, newest.size));
      for (const k of kept) expect(guest.value(u32(k))).toBe(newest.get(k));
    }),
  );
});

describe.each([4, 8, 16, 3])("trie over %i bytes finds the longest prefix", (size) => {
  const bits = size * 8;
  /** Few bits differ, so that prefixes nest. */
  const address = fc.tuple(fc.nat(15), fc.nat(3)).map(([high, low]) => {
    const bytes = new Uint8Array(size).fill(0x55);
    bytes[0] = high << 4;
    bytes[size - 1] = low;
    return bytes;
  });
  const prefix = fc.record({ address, length: fc.nat(bits), remove: fc.nat(4).map((n) => n === 0) });
  const keyOf = (length: number, bytes: Uint8Array): Uint8Array => Uint8Array.of(...u32(length), ...bytes);
  const text = (length: number, bytes: Uint8Array): string =>
    `${[...bytes]
      .map((b) => b.toString(2).padStart(8, "0"))
      .join("")
      .slice(0, length)}/`;

  test("random prefixes against comparing with all of them", () => {
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 80 }), fc.array(address, { maxLength: 20 }), (prefixes, probes) => {
        const map = make(testRuntime(), {
          type: MAP_TYPE.BPF_MAP_TYPE_LPM_TRIE,
          keySize: 4 + size,
          maxEntries: 100,
          flags: 1,
        });
        const guest = new Guest(map);
        const model = new Map<string, number>();
        for (const [i, p] of prefixes.entries()) {
          const key = keyOf(p.length, p.address);
          if (p.remove) expect(guest.delete(key)).toBe(model.delete(text(p.length, p.address)) ? 0 : ENOENT);
          else {
            expect(guest.update(key, u32(i))).toBe(0);
            model.set(text(p.length, p.address), i);
          }
        }
        for (const probe of probes) {
          let best: number | null = null;
          for (let n = 0; n <= bits; n++) best = model.get(text(n, probe)) ?? best;
          expect(guest.value(keyOf(bits, probe))).toBe(best);
        }
        expect([...map.keys()].length).toBe(model.size);
      }),
      { numRuns: 60 },
    );
  });
});

describe("bpf_for_each_map_elem", () => {
  const visits = (type: number, stopAt: number): [number, number[]] => {
    const memory = new GuestMemory();
    const seen: number[] = [];
    const runtime = createRuntime(memory, {
      call_helper() {},
      call_function(_handle, map, key, value, ctx) {
        expect([Number(map), ctx]).toEqual([made.address, 77n]);
        seen.push(memory.view.getUint32(Number(key), true) * 100 + memory.view.getUint32(Number(value), true));
        return seen.length === stopAt ? 1n : 0n;
      },
    });
    memory.view.setUint32(ENGINE, ENGINE_STEPPING, true);
    const made = make(runtime, { type });
    const guest = new Guest(made);
    for (const k of [0, 1, 2, 3]) guest.update(u32(k), u32(k + 5));
    const name = made.ref.exports["bpf_for_each_map_elem"]!;
    expect(made.call(name, 1, 77, 1, STACK_TOP)).toBe(-22);
    const count = made.call(name, 1, 77, 0, STACK_TOP);
    return [count, seen.sort((a, b) => a - b)];
  };
  test.each([1, 2, 5, 6, 9, 10])("map type %i: every element once", (type) => {
    expect(visits(type, 0)).toEqual([4, [5, 106, 207, 308]]);
  });
  test.each([1, 2])("map type %i: stops when the callback returns 1", (type) => {
    const [count, seen] = visits(type, 2);
    expect([count, seen.length]).toEqual([2, 2]);
  });
});
