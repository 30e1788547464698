import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type ClassicEnv, checkClassic, classic, convertClassic, runClassic } from "../../src/classic/index.ts";
import { encode } from "../../src/isa/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { runningKernel } from "../support/linux.ts";
import { TestNamespace } from "../support/namespace.ts";
import { missing, skipped } from "../support/needs.ts";
import { Engines } from "./core-engines.ts";
import { FrameMaker } from "./core-headers.ts";
import { anyProgram, checkedProgram, packetBytes } from "./core-programs.ts";
import { FilteredSockets } from "./core-socket.ts";

/** Classic programs here and in the running kernel: filters on sockets of the test's own, their results read off what they let through. */

const RUNS = Number(process.env["CLASSIC_RUNS"] ?? 300);

async function orSkip<T>(what: string, open: () => Promise<T>): Promise<T | null> {
  try {
    return await open();
  } catch (error) {
    skipped(what, (error as Error).message);
    return null;
  }
}

const pair = await orSkip("classic filters on a pair of sockets", () => FilteredSockets.pair());
const space = missing("classic filters on packet sockets", "ip", "unshare", "nsenter")
  ? null
  : await orSkip("classic filters on packet sockets", async () => {
      const made = await TestNamespace.create();
      made.run("ip", "link", "set", "lo", "up");
      return made;
    });
const loopback =
  space === null
    ? null
    : await orSkip("classic filters on packet sockets", () => FilteredSockets.loopback((b) => space.inside(b)));
const kernel = await runningKernel("converted classic programs in the running kernel");

afterAll(() => {
  pair?.close();
  loopback?.close();
  space?.remove();
  kernel?.[Symbol.dispose]();
});

function accepts(program: Parameters<typeof checkClassic>[0]): boolean {
  try {
    checkClassic(program);
    return true;
  } catch (error) {
    if (error instanceof BpfError) return false;
    throw error;
  }
}

/** Results of up to 11 bits show in the length of what arrives. */
const MASK = 0x7ff;
const SHOWN = [classic(0x54, MASK), classic(0x16)];

function padded(packet: Uint8Array): Uint8Array {
  const out = new Uint8Array(MASK + 1).map((_, n) => n * 7);
  out.set(packet);
  return out;
}

describe.skipIf(pair === null)("beside the filters of a datagram socket", () => {
  test("the checker refuses what the kernel refuses", () => {
    fc.assert(
      fc.property(anyProgram, (program) => {
        expect(accepts(program)).toBe(pair!.attach(program));
      }),
      { numRuns: RUNS * 10 },
    );
  });

  test("the interpreter returns what the kernel returns", () => {
    // CPU and random numbers are the kernel's own affair; the packet has no device, no protocol, no link header.
    const ancillary = [
      "protocol",
      "packetType",
      "ifindex",
      "nla",
      "nlan",
      "mark",
      "queue",
      "hatype",
      "rxhash",
      "xorX",
      "vlanTci",
      "vlanPresent",
      "payloadOffset",
      "vlanTpid",
    ];
    const env: ClassicEnv = { linkOffset: null };
    fc.assert(
      fc.property(checkedProgram({ ancillary, maxReturn: MASK }, SHOWN), packetBytes.map(padded), (program, packet) => {
        expect(pair!.attach(program)).toBe(true);
        expect(Math.min(runClassic(program, packet, env), packet.length)).toBe(pair!.deliver(packet));
      }),
      { numRuns: RUNS * 3 },
    );
  });
});

/** What the kernel makes of a frame on its way up from the loopback device: a VLAN tag comes off. */
function received(frame: Uint8Array): { packet: Uint8Array; env: ClassicEnv } {
  const type = (at: number): number => (frame[at]! << 8) | frame[at + 1]!;
  const base = { ifindex: 1, hatype: 772, networkOffset: 14 };
  const protocol = type(12);
  if (protocol !== 0x8100 && protocol !== 0x88a8) return { packet: frame, env: { ...base, protocol } };
  const packet = Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]);
  return { packet, env: { ...base, protocol: type(16), vlanTpid: protocol, vlanTci: type(14), vlanPresent: true } };
}

describe.skipIf(loopback === null)("beside the filters of a packet socket", () => {
  test("the interpreter returns what the kernel returns", () => {
    const ancillary = [
      "protocol",
      "packetType",
      "ifindex",
      "nla",
      "nlan",
      "mark",
      "queue",
      "hatype",
      "xorX",
      "vlanTci",
      "vlanPresent",
      "payloadOffset",
      "vlanTpid",
    ];
    fc.assert(
      fc.property(checkedProgram({ ancillary, maxReturn: MASK }, SHOWN), fc.nat(), (program, seed) => {
        const maker = new FrameMaker(seed);
        expect(loopback!.attach(program)).toBe(true);
        for (let n = 0; n < 4; n++) {
          const frame = withProtocol(maker);
          const { packet, env } = received(frame);
          expect(Math.min(runClassic(program, packet, env), packet.length)).toBe(loopback!.deliver(frame));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("payloads begin where the kernel says, also to eBPF", () => {
    const engines = new Engines();
    const poff = [classic(0x20, 0xffff_f034), classic(0x04, 1), classic(0x16)];
    const code = convertClassic(poff, { networkOffset: 14 });
    loopback!.attach(poff);
    const maker = new FrameMaker(5);
    for (let n = 0; n < RUNS * 10; n++) {
      const frame = withProtocol(maker);
      const { packet, env } = received(frame);
      const expected = runClassic(poff, packet, env);
      expect([n, Math.min(expected, packet.length)]).toEqual([n, loopback!.deliver(frame)]);
      expect(engines.run(code, [{ packet, env }])).toEqual([[expected, expected, expected]]);
    }
  });
});

/** A frame that is no 802.3 and whose VLAN tag, if it has one, leads to an EtherType: the kernel rewrites or drops others. */
function withProtocol(maker: FrameMaker): Uint8Array {
  for (;;) {
    const frame = maker.frame();
    const type = (frame[12]! << 8) | frame[13]!;
    const inner = (frame[16]! << 8) | frame[17]!;
    if (type !== 0x8100 && type !== 0x88a8) return frame;
    if (inner > 0x600 && inner !== 0x8100 && inner !== 0x88a8 && frame.length > 40) return frame;
  }
}

describe.skipIf(kernel === null)("converted programs in the running kernel", () => {
  test("verify and return what the interpreter returns", () => {
    const ancillary = [
      "packetType",
      "ifindex",
      "nla",
      "nlan",
      "hatype",
      "xorX",
      "vlanTci",
      "vlanPresent",
      "payloadOffset",
    ];
    const headers = fc.uint8Array({ minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(checkedProgram({ ancillary }), headers, packetBytes, (program, head, rest) => {
        // A test run: the data begins behind the Ethernet header, of an EtherType that promises nothing.
        const frame = Uint8Array.from([0, 0, 0, 0, 0, 0, ...head.subarray(6, 12), 0x22, 0xf0, ...rest]);
        const packet = frame.subarray(14);
        const env = { ifindex: 1, hatype: 772, protocol: 0x22f0, headroom: frame.subarray(0, 14), linkOffset: -14 };
        const fd = kernel!.progLoad({
          type: 1,
          insns: encode(convertClassic(program, { hatype: 772 })),
          license: "GPL",
        });
        try {
          expect(kernel!.progTestRun(fd, { dataIn: frame }).retval).toBe(runClassic(program, packet, env));
        } finally {
          kernel!.close(fd);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
