import { describe, expect, test } from "vitest";
import { BtfBuilder, formatValue, parseBtf, readValue, toJsonValue, writeValue } from "./index.ts";

function sample(littleEndian: boolean) {
  const b = new BtfBuilder({ littleEndian });
  const int = (name: string, size: number, signed = false, extra: { char?: boolean; bool?: boolean } = {}) =>
    b.add({
      kind: "int",
      name,
      size,
      signed,
      char: extra.char ?? false,
      bool: extra.bool ?? false,
      bits: size * 8,
      bitOffset: 0,
    });
  const u8 = int("unsigned char", 1);
  const u16 = int("unsigned short", 2);
  const u32 = int("unsigned int", 4);
  const s32 = int("int", 4, true);
  const u64 = int("unsigned long", 8);
  const s64 = int("long", 8, true);
  const char = int("char", 1, true);
  const bool = int("_Bool", 1, false, { bool: true });
  const be32 = b.add({ kind: "typedef", name: "__be32", type: u32 });
  const be16 = b.add({ kind: "typedef", name: "__be16", type: u16 });
  const array = (type: number, count: number) => b.add({ kind: "array", name: "", type, indexType: u32, count });
  const state = b.add({
    kind: "enum",
    name: "state",
    size: 4,
    signed: true,
    values: [
      { name: "CLOSED", value: 0n },
      { name: "OPEN", value: 1n },
      { name: "BAD", value: -1n },
    ],
  });
  const wide = b.add({
    kind: "enum64",
    name: "wide",
    size: 8,
    signed: false,
    values: [{ name: "BIG", value: 1n << 63n }],
  });
  const ptr = b.add({ kind: "ptr", name: "", type: 0 });
  const dbl = b.add({ kind: "float", name: "double", size: 8 });
  const member = (name: string, type: number, bitOffset: number, bitSize = 0) => ({ name, type, bitOffset, bitSize });
  const comm = array(char, 8);
  const mac = array(u8, 6);
  const in6 = b.add({ kind: "struct", name: "in6_addr", size: 16, members: [member("b", array(u8, 16), 0)] });
  const inner = b.add({ kind: "union", name: "", size: 8, members: [member("whole", u64, 0), member("low", u32, 0)] });
  const flow = b.add({
    kind: "struct",
    name: "flow",
    size: 112,
    members: [
      member("saddr", be32, 0),
      member("dport", be16, 32),
      member("alive", bool, 48),
      member("f1", u32, 64, 3),
      member("f2", s32, 67, 5),
      member("st", state, 72, 4),
      member("", inner, 128),
      member("comm", comm, 192),
      member("mac", mac, 256),
      member("count", s64, 320),
      member("__proto__", u32, 384),
      member("ip6", in6, 416),
      member("state", state, 544),
      member("w", wide, 576),
      member("p", ptr, 640),
      member("d", dbl, 704),
      member("nums", array(u16, 3), 768),
      member("quad", array(u8, 4), 832),
    ],
  });
  const btf = parseBtf(b.finish(), "sample");
  return { btf, u8, u32, s32, u64, s64, be32, be16, state, flow, comm, mac, in6, bool };
}

describe.each([true, false])("values, little-endian %s", (littleEndian) => {
  const t = sample(littleEndian);
  const friendly = {
    saddr: "10.0.0.7",
    dport: 443,
    alive: true,
    f1: 5,
    f2: -3,
    st: "OPEN",
    whole: "0x1122334455667788",
    comm: "curl",
    mac: "02:00:00:00:00:01",
    count: "-5",
    ["__proto__"]: 9,
    ip6: "fe80::1",
    state: "BAD",
    w: "BIG",
    p: "0xffff888000000000",
    d: 1.5,
    nums: [1, 2],
    quad: "1.2.3.4",
  };
  test("what is written reads back", () => {
    const bytes = writeValue(t.btf, t.flow, friendly, { network: true });
    const value = readValue(t.btf, t.flow, bytes, { network: true }) as Record<string, unknown>;
    expect(value).toMatchObject({
      saddr: "10.0.0.7",
      dport: 443,
      alive: true,
      f1: 5,
      f2: -3,
      st: "OPEN",
      whole: 0x1122334455667788n,
      comm: "curl",
      mac: "02:00:00:00:00:01",
      count: -5n,
      ip6: "fe80::1",
      state: "BAD",
      w: "BIG",
      p: 0xffff888000000000n,
      d: 1.5,
      nums: [1, 2, 0],
      quad: [1, 2, 3, 4],
    });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value).find(([name]) => name === "__proto__")?.[1]).toBe(9);
    expect(writeValue(t.btf, t.flow, value, { network: true })).toEqual(bytes);
    expect(writeValue(t.btf, t.flow, JSON.parse(JSON.stringify(toJsonValue(readValue(t.btf, t.flow, bytes)))))).toEqual(
      bytes,
    );
  });
  test("text for people", () => {
    const bytes = writeValue(t.btf, t.flow, friendly, { network: true });
    expect(formatValue(t.btf, t.flow, bytes, { network: true })).toBe(
      `{saddr: 10.0.0.7, dport: 443, alive: true, f1: 5, f2: -3, st: OPEN, whole: 1234605616436508552, low: ${littleEndian ? 1432778632 : 287454020}, ` +
        `comm: "curl", mac: 02:00:00:00:00:01, count: -5, __proto__: 9, ip6: fe80::1, state: BAD, w: BIG, p: 0xffff888000000000, d: 1.5, nums: [1, 2, 0], quad: [01 02 03 04]}`,
    );
  });
  test.each([
    ["u32", -1, "E_VALUE_RANGE"],
    ["u32", 2 ** 32, "E_VALUE_RANGE"],
    ["u32", "ten", "E_VALUE_TYPE"],
    ["u32", "1.2.3.256", "E_VALUE_ADDRESS"],
    ["u64", 2 ** 60, "E_VALUE_TYPE"],
    ["s32", 2147483648, "E_VALUE_RANGE"],
    ["state", "NOPE", "E_VALUE_ENUM"],
    ["flow", { nope: 1 }, "E_VALUE_MEMBER"],
    ["flow", { f1: 8 }, "E_VALUE_RANGE"],
    ["flow", 3, "E_VALUE_TYPE"],
    ["comm", "123456789", "E_VALUE_LENGTH"],
    ["mac", "zz", "E_VALUE_ADDRESS"],
    ["flow", { ip6: "::g" }, "E_VALUE_ADDRESS"],
    ["flow", new Uint8Array(3), "E_VALUE_TYPE"],
    ["flow", { nums: [1, 2, 3, 4] }, "E_VALUE_LENGTH"],
  ] as const)("%s refuses %j", (type, value, code) => {
    expect(() => writeValue(t.btf, t[type], value, { path: "key" })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^key/) }),
    );
  });
  test("too few bytes", () => {
    expect(() => readValue(t.btf, t.flow, new Uint8Array(100))).toThrow(
      expect.objectContaining({ code: "E_VALUE_SIZE" }),
    );
  });
  test("a dotted quad for a plain u32 is in network order, a number is not touched", () => {
    expect([...writeValue(t.btf, t.u32, "10.0.0.7")]).toEqual([10, 0, 0, 7]);
    expect(readValue(t.btf, t.u32, writeValue(t.btf, t.u32, "0xdeadbeef"))).toBe(0xdeadbeef);
    expect(readValue(t.btf, t.s32, writeValue(t.btf, t.s32, "0xffffffff"))).toBe(-1);
  });
});
