import { describe, expect, test } from "vitest";
import { Guest, make, testRuntime, u32 } from "../../test/maps/guest.ts";
import { CPU_ID } from "../runtime/layout.ts";
import { MAP_TYPE } from "../uapi/map-types.ts";
import { E2BIG, EBUSY, EEXIST, EINVAL, ENOENT, ENOMEM, ENOTSUPP, EPERM } from "./errno.ts";
import { createMap, type GuestMap } from "./index.ts";

describe("array", () => {
  test("bpf(2) and program see the same element", () => {
    const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_ARRAY });
    const guest = new Guest(map);
    expect(map.update(u32(3), u32(7))).toBe(0);
    expect(guest.value(u32(3))).toBe(7);
    expect(guest.update(u32(0), u32(9))).toBe(0);
    expect(map.lookup(u32(0))).toEqual(u32(9));
    expect(map.lookup(u32(4))).toBe(ENOENT);
    expect(map.update(u32(4), u32(0))).toBe(E2BIG);
    expect(map.update(u32(0), u32(0), 1)).toBe(EEXIST);
    expect(map.update(u32(0), u32(0), 3)).toBe(EINVAL);
    expect(map.delete(u32(0))).toBe(EINVAL);
    expect(guest.delete(u32(0))).toBe(EINVAL);
    expect([...map.keys()]).toEqual([u32(0), u32(1), u32(2), u32(3)]);
  });

  test("direct addresses are where lookups point", () => {
    const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, valueSize: 5, maxEntries: 3 });
    const { base, stride } = map.ref.direct!;
    expect(new Guest(map).lookup(u32(2))).toBe(base + 2 * stride);
  });

  test("programs reach values and nothing between them", () => {
    const runtime = testRuntime();
    const map = make(runtime, { type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, valueSize: 4, maxEntries: 3, flags: 1 << 7 });
    const at = new Guest(map).lookup(u32(1));
    expect(runtime.memory.findRegion(at, 4, false)).toBeDefined();
    expect(runtime.memory.findRegion(at, 4, true)).toBeUndefined();
    expect(runtime.memory.findRegion(at, 8, false)).toBeUndefined();
    map.free();
    expect(runtime.memory.findRegion(at, 4, false)).toBeUndefined();
  });
});

test("per-CPU array: each CPU has its copy, bpf(2) sees all of them", () => {
  const runtime = testRuntime();
  const map = make(runtime, { type: MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY });
  const guest = new Guest(map);
  runtime.memory.view.setUint32(CPU_ID, 1, true);
  expect(guest.update(u32(2), u32(5))).toBe(0);
  expect(guest.value(u32(2))).toBe(5);
  expect(map.lookup(u32(2))).toEqual(u32(0, 0, 5, 0));
  runtime.memory.view.setUint32(CPU_ID, 0, true);
  expect(guest.value(u32(2))).toBe(0);
  expect(map.update(u32(2), u32(1, 0, 2, 0))).toBe(0);
  expect(guest.value(u32(2))).toBe(1);
});

describe("hash", () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 20, 40])("keys of %i bytes", (keySize) => {
    const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_HASH, keySize, maxEntries: 100 });
    const guest = new Guest(map);
    const key = (i: number): Uint8Array => new Uint8Array(keySize).fill(i);
    for (let i = 0; i < 100; i++) expect(guest.update(key(i), u32(i * 3))).toBe(0);
    expect(guest.update(key(100), u32(1))).toBe(E2BIG);
    for (let i = 0; i < 100; i++) expect(guest.value(key(i))).toBe(i * 3);
    expect(guest.value(key(200))).toBeNull();
    for (let i = 0; i < 100; i += 2) expect(guest.delete(key(i))).toBe(0);
    expect(guest.delete(key(0))).toBe(ENOENT);
    expect([...map.keys()].length).toBe(50);
    expect(guest.update(key(0), u32(1), 2)).toBe(ENOENT);
    expect(guest.update(key(1), u32(1), 1)).toBe(EEXIST);
    expect(map.lookupAndDelete(key(1))).toEqual(u32(3));
    expect(map.lookup(key(1))).toBe(ENOENT);
  });

  test("per-CPU: a program's new element is zero on the other CPUs", () => {
    const runtime = testRuntime();
    const map = make(runtime, { type: MAP_TYPE.BPF_MAP_TYPE_PERCPU_HASH, maxEntries: 1 });
    const guest = new Guest(map);
    expect(map.update(u32(1), u32(8, 0, 9, 0))).toBe(0);
    expect(guest.value(u32(1))).toBe(8);
    expect(guest.update(u32(2), u32(1))).toBe(E2BIG);
    expect(map.delete(u32(1))).toBe(0);
    expect(guest.update(u32(2), u32(5))).toBe(0);
    expect(map.lookup(u32(2))).toEqual(u32(5, 0, 0, 0));
  });

  test("LRU: looked-up elements survive, bpf(2) lookups do not count", () => {
    const map = make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_LRU_HASH, maxEntries: 3 });
    const guest = new Guest(map);
    for (const k of [1, 2, 3]) expect(guest.update(u32(k), u32(k))).toBe(0);
    guest.value(u32(1));
    map.lookup(u32(2));
    expect(guest.update(u32(4), u32(4))).toBe(0);
    expect([1, 2, 3, 4].map((k) => map.lookup(u32(k)) !== ENOENT)).toEqual([true, false, true, true]);
  });
});

test.each([
  ["queue", MAP_TYPE.BPF_MAP_TYPE_QUEUE, [1, 2, 3]],
  ["stack", MAP_TYPE.BPF_MAP_TYPE_STACK, [3, 2, 1]],
] as const)("%s", (_, type, order) => {
  const map = make(testRuntime(), { type, keySize: 0, maxEntries: 3 });
  const guest = new Guest(map);
  const none = new Uint8Array(0);
  expect(guest.pop()).toBe(ENOENT);
  for (const i of [1, 2, 3]) expect(guest.push(u32(i))).toBe(0);
  expect(guest.push(u32(9))).toBe(E2BIG);
  expect(guest.pop("bpf_map_peek_elem")).toBe(order[0]);
  expect(map.lookup(none)).toEqual(u32(order[0]));
  expect([guest.pop(), guest.pop(), map.lookupAndDelete(none)]).toEqual([order[0], order[1], u32(order[2])]);
  for (const i of [0, 1, 2, 3]) map.update(none, u32(i), 2);
  expect(guest.pop()).toBe(order[0]);
});

describe("bpf(2) permissions", () => {
  const flagged = (flags: number): GuestMap => make(testRuntime(), { type: MAP_TYPE.BPF_MAP_TYPE_HASH, flags });
  test("BPF_F_RDONLY and BPF_F_WRONLY", () => {
    expect(flagged(1 << 3).update(u32(1), u32(1))).toBe(EPERM);
    expect(flagged(1 << 3).delete(u32(1))).toBe(EPERM);
    expect(flagged(1 << 4).lookup(u32(1))).toBe(EPERM);
    expect(flagged(1 << 4).nextKey(null)).toBe(EPERM);
  });
  test("freeze", () => {
    const map = flagged(0);
    expect(map.freeze()).toBe(0);
    expect(map.freeze()).toBe(EBUSY);
    expect(map.update(u32(1), u32(1))).toBe(EPERM);
    expect(map.lookup(u32(1))).toBe(ENOENT);
  });
});

test.each([
  ["unknown type", { type: 999 }, EINVAL],
  ["array with 8-byte keys", { type: 2, keySize: 8 }, EINVAL],
  ["array without preallocation", { type: 2, flags: 1 }, EINVAL],
  ["array of 2^32-1", { type: 2, maxEntries: 0xffffffff }, ENOMEM],
  ["hash of 2^32-1", { type: 1, maxEntries: 0xffffffff }, E2BIG],
  ["hash without entries", { type: 1, maxEntries: 0 }, EINVAL],
  ["LRU without preallocation", { type: 9, flags: 1 }, ENOTSUPP],
  ["per-CPU value too large", { type: 6, valueSize: 0x8001 }, E2BIG],
  ["array of maps without a template", { type: 12 }, EINVAL],
  ["name with a space", { type: 2, name: "a b" }, EINVAL],
])("creation refuses: %s", (_, attr, errno) => {
  const base = { keySize: 4, valueSize: 4, maxEntries: 4, flags: 0, name: "m", id: 1, cpus: 2 };
  expect(createMap(testRuntime(), { ...base, ...attr })).toBe(errno);
});
