import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Guest, make, testRuntime, u32 } from "../../test/maps/guest.ts";
import { CPU_ID } from "../runtime/layout.ts";
import { MAP_TYPE } from "../uapi/map-types.ts";
import { E2BIG, EAGAIN, EINVAL, ENOENT, ENOSPC, EOPNOTSUPP } from "./errno.ts";
import { enablePerfEvent, type GuestMap, perfSamples, ringbufRecords } from "./index.ts";

const ringbuf = (maxEntries = 4096): GuestMap =>
  make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries });

/** Reserves and fills; the sample's address or 0. */
function reserve(map: GuestMap, bytes: Uint8Array): number {
  const at = map.call("ringbuf_reserve", bytes.length, 0) >>> 0;
  if (at !== 0) map.runtime.memory.u8.set(bytes, at);
  return at;
}
const finish = (map: GuestMap, how: "submit" | "discard", sample: number): void => {
  map.runtime.exports[`ringbuf_${how}`]!(sample, 0);
};

describe("ring buffer", () => {
  test("records come in order of reservation, up to the first that is still busy", () => {
    const map = ringbuf();
    const [a, b, c] = [reserve(map, u32(1)), reserve(map, u32(2)), reserve(map, u32(3))] as [number, number, number];
    finish(map, "submit", c);
    finish(map, "discard", b);
    expect(ringbufRecords(map)).toEqual([]);
    finish(map, "submit", a);
    expect(ringbufRecords(map)).toEqual([u32(1), u32(3)]);
    expect(ringbufRecords(map)).toEqual([]);
  });

  test("header: length with busy bit, page offset as in the kernel's layout", () => {
    const map = ringbuf(8192);
    for (let i = 0; i < 4; i++) reserve(map, new Uint8Array(1016));
    const sample = reserve(map, new Uint8Array(5));
    const { view } = map.runtime.memory;
    expect([view.getUint32(sample - 8, true), view.getUint32(sample - 4, true)]).toEqual([0x80000005, 4]);
    finish(map, "discard", sample);
    expect(view.getUint32(sample - 8, true)).toBe(0x40000005);
  });

  test("limits", () => {
    const map = ringbuf();
    expect(map.call("ringbuf_reserve", 4096 - 8, 0)).toBe(0);
    expect(map.call("ringbuf_reserve", 8, 1)).toBe(0);
    expect(map.call("ringbuf_reserve", -1, 0)).toBe(0);
    expect(map.call("ringbuf_reserve", 4096 - 16, 0)).not.toBe(0);
    const data = map.runtime.memory.alloc(8);
    expect(map.call("ringbuf_output", data, 8, 0)).toBe(EAGAIN);
    expect(map.call("ringbuf_output", data, 8, 4)).toBe(EINVAL);
    const query = (what: number): bigint => map.runtime.exports["ringbuf_query"]!(map.address, what) as bigint;
    expect([0, 1, 2, 3, 4].map(query)).toEqual([4088n, 4096n, 0n, 4088n, 0n]);
  });

  test("programs reach a record that crosses the end", () => {
    const map = ringbuf();
    finish(map, "submit", reserve(map, new Uint8Array(4000)));
    ringbufRecords(map);
    const bytes = Uint8Array.from({ length: 500 }, (_, i) => i);
    const sample = reserve(map, bytes);
    expect(map.runtime.memory.findRegion(sample, 500, true)).toBeDefined();
    finish(map, "submit", sample);
    expect(ringbufRecords(map)).toEqual([bytes]);
  });

  test("law: what was output comes out, in order, whole", () => {
    const step = fc.oneof(fc.constant("drain" as const), fc.uint8Array({ maxLength: 1500 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = ringbuf();
        const data = map.runtime.memory.alloc(2048);
        let model: Uint8Array[] = [];
        let used = 0;
        for (const given of steps) {
          if (given === "drain") {
            expect(ringbufRecords(map)).toEqual(model);
            model = [];
            used = 0;
            continue;
          }
          map.runtime.memory.u8.set(given, data);
          const length = Math.ceil((given.length + 8) / 8) * 8;
          const fits = used + length < 4096;
          expect(map.call("ringbuf_output", data, given.length, 0)).toBe(fits ? 0 : EAGAIN);
          if (fits) {
            model.push(given);
            used += length;
          }
        }
        expect(ringbufRecords(map)).toEqual(model);
      }),
    );
  });
});

test("perf event array: samples with their CPU, losses counted", () => {
  const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY, maxEntries: 2 });
  const { memory } = map.runtime;
  const data = memory.alloc(64);
  memory.u8.set([1, 2, 3, 4, 5], data);
  const output = (index: number, size: number, tail = 0): number =>
    map.call("perf_output", index, data, size, data, tail);
  expect(output(-1, 5)).toBe(ENOENT);
  enablePerfEvent(map, 0);
  enablePerfEvent(map, 1);
  expect(output(0, 5)).toBe(0);
  expect(output(1, 5)).toBe(EOPNOTSUPP);
  expect(output(2, 5)).toBe(E2BIG);
  memory.view.setUint32(CPU_ID, 1, true);
  expect(output(-1, 3, 2)).toBe(0);
  expect(perfSamples(map)).toEqual({
    samples: [
      { cpu: 0, data: Uint8Array.of(1, 2, 3, 4, 5) },
      { cpu: 1, data: Uint8Array.of(1, 2, 3, 1, 2) },
    ],
    lost: 0,
  });
  const big = memory.alloc(1 << 20);
  let errors = 0;
  for (let i = 0; i < 5; i++) if (map.call("perf_output", -1, big, 1 << 20, 0, 0) === ENOSPC) errors++;
  expect([perfSamples(map).lost, errors]).toEqual([errors, 2]);
  map.free();
});

test.each([
  ["devmap", MAP_TYPE.BPF_MAP_TYPE_DEVMAP],
  ["devmap_hash", MAP_TYPE.BPF_MAP_TYPE_DEVMAP_HASH],
] as const)("%s: bpf_redirect_map finds the device", (_, type) => {
  const map = make(testRuntime(), { type, hasDevice: (ifindex) => ifindex < 10 });
  expect(map.update(u32(1), u32(7))).toBe(0);
  expect(map.update(u32(2), u32(10))).toBe(EINVAL);
  const target = map.call("redirect_target", 1) >>> 0;
  expect(map.runtime.memory.view.getUint32(target, true)).toBe(7);
  expect(map.call("redirect_target", 2)).toBe(0);
  expect(new Guest(map).value(u32(1))).toBe(7);
});
