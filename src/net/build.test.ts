import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BpfError, fromHex, toHex } from "../util/index.ts";
import { ipv4Bytes, ipv6Bytes, macBytes } from "./build-address.ts";
import { transportChecksum } from "./build-checksum.ts";
import { arp, ethernet, icmp, icmpv6, internetChecksum, ipv4, ipv6, rawTransport, tcp, udp } from "./index.ts";

const V4 = { source: "192.0.2.1", destination: "192.0.2.2" };
const V6 = { source: "2001:db8::1", destination: "2001:db8::2" };

test("the checksum of RFC 1071's example", () => {
  expect(internetChecksum(fromHex("0001f203f4f5f6f7"))).toBe(0x220d);
  expect(internetChecksum(fromHex("000100"))).toBe(0xfffe);
});

test("a known IPv4 header", () => {
  const source = "172.16.10.99";
  const packet = ipv4({ source, destination: "172.16.10.12", id: 0x1c46 }, rawTransport(6, new Uint8Array(40)));
  expect(toHex(packet.bytes.subarray(0, 20))).toBe("4500003c1c4640004006b1e6ac100a63ac100a0c");
});

test("layers from the outside in", () => {
  const frame = ethernet({ vlan: [100, 7] }, ipv4(V4, udp({ source: 53, destination: 4000 }, Uint8Array.of(1, 2, 3))));
  expect(toHex(frame)).toBe(
    "020000000002" +
      "020000000001" +
      "88a80064" +
      "81000007" +
      "0800" +
      "4500001f00004000" +
      "4011b6ca" +
      "c0000201" +
      "c0000202" +
      "00350fa0000b67fd" +
      "010203",
  );
  expect(toHex(ethernet({}, arp({ senderIp: "10.0.0.1", targetIp: "10.0.0.2" })).subarray(12))).toBe(
    "0806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002",
  );
  expect(ethernet({ minLength: 60 }, arp({ senderIp: "10.0.0.1", targetIp: "10.0.0.2" }))).toHaveLength(60);
});

describe("checksums hold", () => {
  const payload = fc.uint8Array({ maxLength: 100 });
  const port = fc.nat(0xffff);
  test.each([
    ["TCP", 6, 16, (s: number, d: number, p: Uint8Array) => tcp({ source: s, destination: d, seq: 0xfffffff0 }, p)],
    ["UDP", 17, 6, (s: number, d: number, p: Uint8Array) => udp({ source: s, destination: d }, p)],
    ["ICMPv6", 58, 2, (s: number, d: number, p: Uint8Array) => icmpv6({ type: 128, rest: s * 65536 + d }, p)],
  ] as const)("%s over IPv4 and IPv6", (_name, protocol, field, make) => {
    fc.assert(
      fc.property(port, port, payload, (s, d, p) => {
        for (const [at, network] of [
          [20, ipv4(V4, make(s, d, p))],
          [40, ipv6(V6, make(s, d, p))],
        ] as const) {
          const ip = network.bytes;
          const [from, to] = at === 20 ? [12, 16] : [8, 24];
          const addresses = { source: ip.subarray(from, to), destination: ip.subarray(to, to + to - from) };
          // A correct message sums up to zero with its checksum in place.
          expect(transportChecksum(addresses, protocol, ip.subarray(at))).toBe(0);
          if (at === 20) expect(internetChecksum(ip.subarray(0, 20))).toBe(0);
          if (protocol === 17) expect(ip[at + field]! | ip[at + field + 1]!).not.toBe(0);
        }
      }),
    );
  });

  test("ICMP", () => {
    fc.assert(
      fc.property(payload, (p) => {
        expect(internetChecksum(ipv4(V4, icmp({ type: 8, rest: 77 }, p)).bytes.subarray(20))).toBe(0);
      }),
    );
  });
});

describe("addresses", () => {
  test.each([
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::", "20010db8000000000000000000000000"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1::8", "00010000000000000000000000000008"],
  ])("%s", (text, bytes) => {
    expect(toHex(ipv6Bytes(text))).toBe(bytes);
  });

  test.each(["", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345", "1:2:3:4:5:6:7:8::"])(
    "%j is refused as IPv6",
    (text) => {
      expect(() => ipv6Bytes(text)).toThrow(BpfError);
    },
  );

  test.each(["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", " 1.2.3.4"])("%j is refused as IPv4", (text) => {
    expect(() => ipv4Bytes(text)).toThrow(BpfError);
    expect(() => macBytes(text)).toThrow(BpfError);
  });
});
