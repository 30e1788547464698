import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoadedMap, type LoadedObject, loadObject, SimulatedKernel } from "../../src/kernel/index.ts";
import { readObject } from "../../src/loader/index.ts";
import { openCapture } from "../../src/node/index.ts";
import { Netlink } from "../../src/node/linux/index.ts";
import { ATTACH_TYPE } from "../../src/uapi/index.ts";
import { toHex } from "../../src/util/index.ts";
import { root } from "../support/cli.ts";
import { runningKernel } from "../support/linux.ts";
import { joinByVeth, TestNamespace } from "../support/namespace.ts";
import { missing } from "../support/needs.ts";
import { PacketSender } from "../support/packet-sender.ts";

/**
 * The examples on devices: two network namespaces of the test's own, joined by veth. What is sent out of one end is counted
 * at the other (or where it leaves) by programs that anybpf attached, and the counts are those of the simulated kernel.
 */

const WHAT = "examples attached in network namespaces";
const kernel = missing(WHAT, "ip", "unshare", "nsenter") ? null : await runningKernel(WHAT);
afterAll(() => kernel?.[Symbol.dispose]());

const FIREWALL = { object: "firewall/firewall.bpf.o", capture: "firewall/traffic.pcap" };
const ACCOUNTING = { object: "accounting/accounting.bpf.o", capture: "accounting/traffic.pcapng" };
type Example = typeof FIREWALL;

const example = (path: string) => `${root}examples/${path}`;
const objectOf = ({ object }: Example) => readObject(readFileSync(example(object)), { name: object });

async function packetsOf({ capture }: Example): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  for await (const batch of openCapture(example(capture))) {
    for (let i = 0; i < batch.count; i++) packets.push(batch.packet(i).slice());
  }
  return packets;
}

function fill(object: LoadedObject, map: string, file: string): void {
  const entries = JSON.parse(readFileSync(example(file), "utf8")) as { key: unknown; value: unknown }[];
  for (const { key, value } of entries) object.maps[map]!.set(key, value);
}

/** A value as 64-bit numbers, summed over CPUs: whichever took a packet. */
function counts(map: LoadedMap, value: Uint8Array): bigint[] {
  const sums: bigint[] = [];
  for (const copy of map.perCpu ? map.copies(value) : [value]) {
    new BigUint64Array(copy.slice().buffer).forEach((n, i) => {
      sums[i] = (sums[i] ?? 0n) + n;
    });
  }
  return sums;
}

/** All counters of a map by key. */
function contents(object: LoadedObject, name: string): Record<string, string> {
  const map = object.maps[name]!;
  const rows = [...map.rawEntries()].map(([key, value]) => [toHex(key), counts(map, value).join(" ")] as const);
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Packets that a map of `struct counter` has counted, in its first `rows` rows. */
function counted(object: LoadedObject, name: string, rows = Number.POSITIVE_INFINITY): number {
  const map = object.maps[name]!;
  let sum = 0n;
  let row = 0;
  for (const [, value] of map.rawEntries()) if (row++ < rows) sum += counts(map, value)[0]!;
  return Number(sum);
}

/** The rows of the firewall's `counters` that count what was dropped come first. */
const DROPS = 4;

/** Of the outer one of two tags. */
const ETH_P_8021AD = 0x88a8;

/** Frames that may be under way: a veth's ring holds 256. */
const BURST = 64;
/** Milliseconds to wait for a burst's frames. */
const PATIENCE = 5_000;

describe.skipIf(kernel === null)(WHAT, () => {
  let near: TestNamespace;
  let far: TestNamespace;
  beforeAll(async () => {
    near = await TestNamespace.create();
    far = await TestNamespace.create();
    joinByVeth(near, far);
  });
  afterAll(() => {
    near?.remove();
    far?.remove();
  });

  /** Sends frames from the near end, a burst at a time: the next one goes when `arrived` counts all before. */
  async function send(packets: readonly Uint8Array[], arrived: () => number): Promise<void> {
    using sender = near.inside(() => new PacketSender(kernel!.bpf.libc, near.ifindex("veth0")));
    for (let sent = 0; sent < packets.length; ) {
      for (const packet of packets.slice(sent, sent + BURST)) sender.send(packet);
      sent = Math.min(sent + BURST, packets.length);
      for (const end = performance.now() + PATIENCE; arrived() < sent && performance.now() < end; ) await wait(1);
      expect(arrived()).toBe(sent);
    }
  }

  /** What the simulated kernel counts for the same packets. */
  function simulated(of: Example, program: string, packets: readonly Uint8Array[], rules?: string): LoadedObject {
    const object = loadObject(new SimulatedKernel(), objectOf(of));
    if (rules !== undefined) fill(object, "blocked", rules);
    for (const packet of packets) object.programs[program]!.run({ packet });
    return object;
  }

  describe.each([
    { how: "through netlink in the driver", mode: "drv" },
    { how: "through netlink in the generic code", mode: "skb" },
    { how: "by a link", mode: null },
  ] as const)("the firewall, attached $how", ({ mode }) => {
    test.each([
      { with: "its own lists", rules: undefined, dropped: 224 },
      { with: "a map of blocked addresses", rules: "firewall/rules.json", dropped: 647 },
    ])("counts on a device what it counts simulated, with $with", async ({ rules, dropped }) => {
      const packets = await packetsOf(FIREWALL);
      const object = loadObject(kernel!, objectOf(FIREWALL));
      if (rules !== undefined) fill(object, "blocked", rules);
      const progFd = object.programs["firewall"]!.fd;
      const ifindex = far.ifindex("veth1");
      const netlink = new Netlink(kernel!.bpf.libc);
      const target = { progFd, target: ifindex, attachType: ATTACH_TYPE.BPF_XDP };
      const link = far.inside(() => (mode === null ? kernel!.linkCreate(target) : null));
      if (mode !== null) far.inside(() => netlink.attachXdp({ ifindex, progFd, mode }));
      try {
        await send(packets, () => counted(object, "counters"));
      } finally {
        if (link !== null) kernel!.close(link);
        if (mode !== null) far.inside(() => netlink.detachXdp(ifindex, mode));
      }
      const expected = simulated(FIREWALL, "firewall", packets, rules);
      for (const map of ["counters", "flows", "blocked"]) {
        expect([map, contents(object, map)]).toEqual([map, contents(expected, map)]);
      }
      expect(counted(object, "counters")).toBe(2968);
      expect(counted(object, "counters", DROPS)).toBe(dropped);
      object.close();
    });
  });

  /** Accounting attached at the end where a direction is counted, packets sent, and detached. */
  async function account(
    how: "clsact filters" | "tcx links",
    direction: "ingress" | "egress",
    packets: readonly Uint8Array[],
  ): Promise<LoadedObject> {
    const object = loadObject(kernel!, objectOf(ACCOUNTING));
    const progFd = object.programs[direction]!.fd;
    // What leaves the near end comes in at the far one.
    const [space, device] = direction === "ingress" ? [far, "veth1"] : [near, "veth0"];
    const ifindex = space.ifindex(device);
    const netlink = new Netlink(kernel!.bpf.libc);
    const attachType = direction === "ingress" ? ATTACH_TYPE.BPF_TCX_INGRESS : ATTACH_TYPE.BPF_TCX_EGRESS;
    const detach = space.inside(() => {
      if (how === "tcx links") {
        const link = kernel!.linkCreate({ progFd, target: ifindex, attachType });
        return () => kernel!.close(link);
      }
      netlink.addClsact(ifindex);
      netlink.attachFilter({ ifindex, direction, progFd });
      return () => netlink.removeClsact(ifindex);
    });
    try {
      await send(packets, () => counted(object, "directions"));
    } finally {
      space.inside(detach);
    }
    return object;
  }

  describe.each(["clsact filters", "tcx links"] as const)("accounting, attached by %s", (how) => {
    test.each(["ingress", "egress"] as const)("counts at a device's %s what it counts simulated", async (direction) => {
      const packets = await packetsOf(ACCOUNTING);
      const object = await account(how, direction, packets);
      const expected = simulated(ACCOUNTING, direction, packets);
      for (const map of ["directions", "protocols"]) {
        expect([map, contents(object, map)]).toEqual([map, contents(expected, map)]);
      }
      expect(counted(object, "protocols")).toBe(529);
      object.close();
    });
  });

  test("a device takes VLAN tags off before ingress, which neither test runs nor the simulated kernel do", async () => {
    const packets = await packetsOf(FIREWALL);
    const types = (object: LoadedObject) =>
      new Set([...object.maps["protocols"]!.entries()].map(([key]) => (key as { ether_type: number }).ether_type));
    for (const direction of ["ingress", "egress"] as const) {
      const object = await account("tcx links", direction, packets);
      const expected = simulated(ACCOUNTING, direction, packets);
      expect(types(expected)).toContain(ETH_P_8021AD);
      if (direction === "egress") expect(contents(object, "protocols")).toEqual(contents(expected, "protocols"));
      else expect(types(object)).not.toContain(ETH_P_8021AD);
      object.close();
    }
  });
});
