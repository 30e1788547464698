import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BpfError, ByteWriter } from "../util/index.ts";
import { CaptureEncoder, type CaptureFormat, CaptureParser, type CaptureParserOptions } from "./index.ts";
import { TimestampClock } from "./pcapng-time.ts";

interface Packet {
  readonly seconds: number;
  readonly nanos: number;
  readonly data: readonly number[];
  readonly wire: number;
}

const PACKETS: readonly Packet[] = [
  { seconds: 1_760_000_000, nanos: 123_456_000, data: [1, 2, 3, 4, 5, 6, 7], wire: 7 },
  { seconds: 1_760_000_000, nanos: 999_999_000, data: [], wire: 0 },
  { seconds: 4_294_967_295, nanos: 0, data: Array.from({ length: 300 }, (_, i) => i & 0xff), wire: 1500 },
];

/** Reads a capture fed in pieces of `step` bytes. */
function read(bytes: Uint8Array, step = bytes.length || 1, options: CaptureParserOptions = {}) {
  const parser = new CaptureParser(options);
  const packets: Packet[] = [];
  const interfaces: number[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    for (const batch of parser.push(bytes.slice(at, at + step))) {
      expect(batch.first).toBe(packets.length + 1);
      let total = 0;
      for (let i = 0; i < batch.count; i++) {
        const data = [...batch.packet(i)];
        total += data.length;
        packets.push({ seconds: batch.seconds[i]!, nanos: batch.nanos[i]!, data, wire: batch.wireLengths[i]! });
        interfaces.push(batch.interfaces[i]!);
      }
      expect(batch.byteCount).toBe(total);
    }
  }
  parser.end();
  expect(parser.packets).toBe(packets.length);
  expect(parser.offset).toBe(bytes.length);
  return { packets, interfaces, parser };
}

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof BpfError) return error.code;
    throw error;
  }
  return "no error";
}

function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof BpfError) return error.message;
    throw error;
  }
  return "no error";
}

/** Written from the formats' descriptions, apart from the encoder under test. */
function pcap(littleEndian: boolean, nano: boolean, packets = PACKETS, linkType = 1): Uint8Array {
  const out = new ByteWriter(littleEndian);
  out
    .u32(nano ? 0xa1b23c4d : 0xa1b2c3d4)
    .u16(2)
    .u16(4)
    .u32(0)
    .u32(0)
    .u32(65535)
    .u32(linkType);
  for (const p of packets) {
    out.u32(p.seconds).u32(nano ? p.nanos : p.nanos / 1000);
    out.u32(p.data.length).u32(p.wire).append(Uint8Array.from(p.data));
  }
  return out.finish();
}

type Block = (out: ByteWriter) => void;

function blocks(littleEndian: boolean, ...list: readonly (readonly [number, Block])[]): Uint8Array {
  const out = new ByteWriter(littleEndian);
  for (const [type, body] of list) {
    const inner = new ByteWriter(littleEndian);
    body(inner);
    inner.align(4);
    const size = inner.length + 12;
    out.u32(type).u32(size).append(inner.finish()).u32(size);
  }
  return out.finish();
}

const section: Block = (out) => out.u32(0x1a2b3c4d).u16(1).u16(0).u64(0xffffffffffffffffn);
const description =
  (linkType = 1, snap = 65535, options: Block = () => {}): Block =>
  (out) => {
    out.u16(linkType).u16(0).u32(snap);
    options(out);
  };
const ticks = (p: Packet, units: number): bigint =>
  (BigInt(p.seconds) * 1_000_000_000n + BigInt(p.nanos)) / BigInt(1e9 / units);
const enhanced =
  (p: Packet, units: number, index = 0): Block =>
  (out) => {
    const t = ticks(p, units);
    out
      .u32(index)
      .u32(Number(t >> 32n))
      .u32(Number(t & 0xffffffffn));
    out.u32(p.data.length).u32(p.wire).append(Uint8Array.from(p.data));
  };
const resolution =
  (value: number): Block =>
  (out) =>
    out.u16(9).u16(1).u8(value).align(4).u32(0);

function pcapng(littleEndian: boolean, nano: boolean): Uint8Array {
  const units = nano ? 1e9 : 1e6;
  return blocks(
    littleEndian,
    [0x0a0d0d0a, section],
    [1, nano ? description(1, 0, resolution(9)) : description()],
    [0x0bad0bad, (out) => out.append(new Uint8Array(40))],
    ...PACKETS.map((p) => [6, enhanced(p, units)] as const),
  );
}

const VARIANTS = [true, false].flatMap((littleEndian) =>
  [true, false].flatMap((nano) => [
    { name: `pcap ${littleEndian ? "LE" : "BE"} ${nano ? "ns" : "us"}`, bytes: pcap(littleEndian, nano) },
    { name: `pcapng ${littleEndian ? "LE" : "BE"} ${nano ? "ns" : "us"}`, bytes: pcapng(littleEndian, nano) },
  ]),
);

describe.each(VARIANTS)("$name", ({ name, bytes }) => {
  test.each([1, 2, 7, 16, 100, 4096])("in pieces of %i bytes", (step) => {
    const { packets, parser } = read(bytes, step);
    expect(packets).toEqual(PACKETS);
    expect(parser.format).toBe(name.split(" ")[0]);
    expect(parser.interfaces).toHaveLength(1);
    expect(parser.interfaces[0]!.unitsPerSecond).toBe(name.endsWith("ns") ? 1e9 : 1e6);
    expect(parser.notices).toEqual([]);
  });

  test("batches of one packet", () => {
    expect(read(bytes, bytes.length, { batchSize: 1 }).packets).toEqual(PACKETS);
  });

  test("cut anywhere, it is E_PCAP_CUT or ends between records, whatever the pieces", () => {
    for (let end = 4; end < bytes.length; end++) {
      const cut = bytes.subarray(0, end);
      const whole = message(() => read(cut));
      expect(whole).toMatch(/^no error$|\[E_PCAP_CUT\]$/);
      expect(message(() => read(cut, 5))).toBe(whole);
    }
  });

  test("mutated, it is read or refused with BpfError, the same for any pieces", () => {
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 64 }), (edits, step) => {
        const bad = bytes.slice();
        for (const [at, value] of edits) bad[at] = value;
        let whole = "";
        const outcome = (pieces: number): string => {
          try {
            const { packets, parser } = read(bad, pieces);
            return JSON.stringify([packets, parser.notices]);
          } catch (error) {
            if (error instanceof BpfError) return error.message;
            throw error;
          }
        };
        whole = outcome(bad.length);
        expect(outcome(step)).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });
});

describe("refused", () => {
  const one = PACKETS[0]!;
  test.each([
    ["an empty file", "E_PCAP_MAGIC", new Uint8Array(0)],
    ["three bytes", "E_PCAP_MAGIC", Uint8Array.of(0xd4, 0xc3, 0xb2)],
    ["an ELF file", "E_PCAP_MAGIC", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0)],
    ["a pcap header alone in part", "E_PCAP_CUT", pcap(true, false).subarray(0, 20)],
    ["pcapng without interface", "E_PCAP_INTERFACE", blocks(true, [0x0a0d0d0a, section], [6, enhanced(one, 1e6)])],
    [
      "an interface of the section before",
      "E_PCAP_INTERFACE",
      blocks(true, [0x0a0d0d0a, section], [1, description()], [0x0a0d0d0a, section], [6, enhanced(one, 1e6)]),
    ],
    ["pcapng version 2", "E_PCAP_VERSION", blocks(true, [0x0a0d0d0a, (o) => o.u32(0x1a2b3c4d).u32(2).u64(0n)])],
    ["a wrong byte-order magic", "E_PCAP_BLOCK", blocks(true, [0x0a0d0d0a, (o) => o.u32(0x1a2b3c4e).u32(1).u64(0n)])],
    ["a packet block without packet", "E_PCAP_BLOCK", blocks(true, [0x0a0d0d0a, section], [6, (o) => o.u32(0)])],
    [
      "an option beyond its block",
      "E_PCAP_OPTION",
      blocks(true, [0x0a0d0d0a, section], [1, description(1, 0, (o) => o.u16(2).u16(100))]),
    ],
    [
      "a resolution of two bytes",
      "E_PCAP_OPTION",
      blocks(true, [0x0a0d0d0a, section], [1, description(1, 0, (o) => o.u16(9).u16(2).u32(6))]),
    ],
  ])("%s: %s", (_what, expected, bytes) => {
    expect(code(() => read(bytes))).toBe(expected);
    expect(code(() => read(bytes, 3))).toBe(expected);
  });

  test("a captured length above 262,144, with the packet's number and offset; packets before it are delivered", () => {
    const bytes = pcap(true, false, [one, one]);
    const at = 24 + 16 + one.data.length;
    new DataView(bytes.buffer).setUint32(at + 8, 262_145, true);
    const parser = new CaptureParser();
    const seen: number[] = [];
    const run = () => {
      for (const batch of parser.push(bytes)) seen.push(batch.count);
    };
    expect(message(run)).toBe(
      "capture: packet 2 at file offset 47: impossible captured length 262145, the limit is 262144; " +
        "the file is malformed or out of step [E_PCAP_LENGTH]",
    );
    expect(seen).toEqual([1]);
  });

  test("another link type, by name", () => {
    const options = { linkType: 1 };
    expect(message(() => read(pcap(false, true, PACKETS, 113), 9, options))).toBe(
      "capture: packet 1 at file offset 20: link type is LINUX_SLL (113), wanted is ETHERNET (1) [E_PCAP_LINKTYPE]",
    );
    const mixed = blocks(
      true,
      [0x0a0d0d0a, section],
      [1, description(101)],
      [1, description(1)],
      [6, enhanced(one, 1e6, 1)],
    );
    expect(read(mixed, 11, options).interfaces).toEqual([1]);
    const wrong = blocks(true, [0x0a0d0d0a, section], [1, description(101)], [6, enhanced(one, 1e6, 0)]);
    expect(code(() => read(wrong, 11, options))).toBe("E_PCAP_LINKTYPE");
    expect(read(pcap(true, true, PACKETS, 0xf0000071)).parser.interfaces[0]!.linkType).toBe(113);
  });

  test("two lengths of a block that differ, both named", () => {
    const bytes = blocks(true, [0x0a0d0d0a, section], [1, description()]);
    new DataView(bytes.buffer).setUint32(bytes.length - 4, 24, true);
    expect(message(() => read(bytes))).toContain("says 20 bytes at its start and 24 at its end");
  });
});

describe("pcapng", () => {
  const one = PACKETS[0]!;
  test("sections of different byte order in one file, interfaces counted through", () => {
    const part = (le: boolean) => blocks(le, [0x0a0d0d0a, section], [1, description()], [6, enhanced(one, 1e6)]);
    const bytes = Uint8Array.from([...part(true), ...part(false), ...part(true)]);
    const { packets, interfaces } = read(bytes, 13);
    expect(packets).toEqual([one, one, one]);
    expect(interfaces).toEqual([0, 1, 2]);
  });

  test("simple and obsolete packet blocks", () => {
    const bytes = blocks(
      false,
      [0x0a0d0d0a, section],
      [1, description(1, 4)],
      [3, (o) => o.u32(1500).append(Uint8Array.of(1, 2, 3, 4))],
      [3, (o) => o.u32(3).append(Uint8Array.of(1, 2, 3))],
      [2, (o) => o.u16(0).u16(7).u32(0).u32(5_000_001).u32(2).u32(9).append(Uint8Array.of(8, 9))],
    );
    expect(read(bytes, 10).packets).toEqual([
      { seconds: 0, nanos: 0, data: [1, 2, 3, 4], wire: 1500 },
      { seconds: 0, nanos: 0, data: [1, 2, 3], wire: 3 },
      { seconds: 5, nanos: 1000, data: [8, 9], wire: 9 },
    ]);
  });

  test("a captured length beyond its block is cut to it, with a notice of both", () => {
    const bytes = blocks(true, [0x0a0d0d0a, section], [1, description()], [6, enhanced(one, 1e6)]);
    new DataView(bytes.buffer).setUint32(28 + 20 + 20, 0x7fffffff, true);
    const { packets, parser } = read(bytes, 17);
    expect(packets[0]!.data).toEqual([...one.data, 0]);
    expect(parser.notices.map((n) => n.text)).toEqual([
      "captured length 2147483647 does not fit into its block of 40 bytes, 8 taken",
      "captured length 8 is above the length on the wire, 7",
    ]);
  });

  test("blocks far larger than any buffer are passed over, their ends checked", () => {
    const big = 3_000_000;
    const file = (trailer: number) => {
      const bytes = blocks(
        true,
        [0x0a0d0d0a, section],
        [1, description()],
        [0x40000001, (o) => o.append(new Uint8Array(big))],
        [6, enhanced(one, 1e6)],
      );
      new DataView(bytes.buffer).setUint32(28 + 20 + 8 + big, trailer, true);
      return bytes;
    };
    for (const step of [64, 4096, 1 << 20, 1 << 23]) {
      expect(read(file(big + 12), step).packets).toEqual([one]);
      expect(code(() => read(file(16), step))).toBe("E_PCAP_TRAILER");
      expect(message(() => read(file(big + 12).subarray(0, 2_000_000), step))).toBe(
        "capture: packet 1 at file offset 48: the file is cut, the block needs 3000012 bytes and 1999952 are left [E_PCAP_CUT]",
      );
    }
  });

  test("timestamps of any unit agree with exact arithmetic", () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.nat(255), u32, u32, fc.bigInt({ min: -1000n, max: 1000n }), (unit, high, low, offset) => {
        const clock = new TimestampClock(unit, offset);
        clock.set(high, low);
        const units = (unit & 0x80 ? 2n : 10n) ** BigInt(unit & 0x7f);
        const count = (BigInt(high) << 32n) | BigInt(low);
        const seconds = count / units;
        if (seconds > 2n ** 52n) return;
        const nanos = ((count % units) * 1_000_000_000n) / units;
        expect(clock.seconds).toBe(Number(seconds + offset));
        // Binary units are no multiples of a nanosecond: doubles may round across one.
        expect(Math.abs(clock.nanos - Number(nanos))).toBeLessThanOrEqual(
          unit & 0x80 || units > 1_000_000_000n ? 1 : 0,
        );
        expect(clock.nanos).toBeLessThan(1e9);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encoder", () => {
  const packet = fc.record({
    seconds: fc.integer({ min: 0, max: 0xffffffff }),
    nanos: fc.integer({ min: 0, max: 999_999 }).map((us) => us * 1000),
    data: fc.array(fc.nat(255), { maxLength: 200 }),
    extra: fc.nat(2000),
  });

  test.each(["pcap", "pcap-nano", "pcapng"] as const)("%s: what is written is read again", (format: CaptureFormat) => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.integer({ min: 1, max: 500 }), (list, step) => {
        const encoder = new CaptureEncoder(format);
        const parts = [encoder.header()];
        const packets = list.map((p) => ({
          seconds: p.seconds,
          nanos: p.nanos,
          data: p.data,
          wire: p.data.length + p.extra,
        }));
        for (const p of packets) {
          const record = new Uint8Array(encoder.recordSize(p.data.length)).fill(0xaa);
          const end = encoder.record(
            new DataView(record.buffer),
            0,
            Uint8Array.from(p.data),
            p.seconds,
            p.nanos,
            p.wire,
          );
          parts.push(record.subarray(0, end));
        }
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        expect(read(bytes, step).packets).toEqual(packets);
      }),
    );
  });
});
