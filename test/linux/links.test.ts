import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asm, build, R0, R1, R2 } from "../../src/asm/index.ts";
import { encode, insn } from "../../src/isa/index.ts";
import { Netlink } from "../../src/node/linux/index.ts";
import { ATTACH_TYPE, MAP_TYPE, PROG_TYPE } from "../../src/uapi/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { runningKernel } from "../support/linux.ts";
import { joinByVeth, TestNamespace } from "../support/namespace.ts";
import { missing, skipped } from "../support/needs.ts";
import { PacketSender } from "../support/packet-sender.ts";

/** Links to devices in a network namespace of the test's own; nothing else is attached to. */

const WHAT = "links of the running kernel";
const kernel = missing(WHAT, "ip", "tc", "unshare", "nsenter") ? null : await runningKernel(WHAT);
afterAll(() => kernel?.[Symbol.dispose]());

const BPF_F_BEFORE = 8;
const BPF_F_AFTER = 16;
const BPF_F_LINK = 1 << 13;

const TCX_NEXT = -1;

/** r1 becomes the address of an array's first element. */
const loadMapValue = (map: number) => [insn("ld_imm64_map_value", { dst: 1, imm: map }), null];

const load = (type: number, value: number) =>
  kernel!.progLoad({ type, insns: encode(build([asm.mov64(R0, value), asm.exit()])), license: "GPL" });

describe.skipIf(kernel === null)(WHAT, () => {
  let space: TestNamespace;
  beforeAll(async () => {
    space = await TestNamespace.create();
    joinByVeth(space, space);
  });
  afterAll(() => space?.remove());

  test.each([
    ["XDP", PROG_TYPE.BPF_PROG_TYPE_XDP, ATTACH_TYPE.BPF_XDP, 6],
    ["tcx ingress", PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, ATTACH_TYPE.BPF_TCX_INGRESS, 11],
    ["tcx egress", PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, ATTACH_TYPE.BPF_TCX_EGRESS, 11],
  ] as const)("%s: attached, replaced, detached", (_, progType, attachType, linkType) => {
    space.inside(() => {
      const target = space.ifindex("veth0");
      const [first, second] = [load(progType, 2), load(progType, 2)];
      const link = kernel!.linkCreate({ progFd: first, target, attachType });
      const { id } = kernel!.linkInfo(link);
      expect(kernel!.linkInfo(link)).toMatchObject({
        type: linkType,
        ifindex: target,
        progId: kernel!.progInfo(first).id,
      });
      const ids = new Set<number>();
      for (let at = kernel!.linkNextId(0); at !== null; at = kernel!.linkNextId(at)) ids.add(at);
      expect(ids.has(id)).toBe(true);
      const again = kernel!.linkFdById(id);
      expect(kernel!.linkInfo(again).id).toBe(id);

      kernel!.linkUpdate(link, second, first);
      expect(kernel!.linkInfo(link).progId).toBe(kernel!.progInfo(second).id);
      expect(() => kernel!.linkUpdate(link, first, first)).toThrow(BpfError);

      kernel!.linkDetach(link);
      expect(kernel!.linkInfo(link).ifindex).toBe(0);
      for (const fd of [first, second, link, again]) kernel!.close(fd);
    });
  });

  test("a link goes with its last descriptor", () => {
    space.inside(() => {
      const prog = load(PROG_TYPE.BPF_PROG_TYPE_XDP, 2);
      const link = kernel!.linkCreate({
        progFd: prog,
        target: space.ifindex("veth1"),
        attachType: ATTACH_TYPE.BPF_XDP,
      });
      expect(space.run("ip", "link", "show", "veth1")).toMatch(/prog\/xdp id/);
      kernel!.close(link);
      expect(space.run("ip", "link", "show", "veth1")).not.toMatch(/prog\/xdp/);
      kernel!.close(prog);
    });
  });

  test("tcx: before and after others, and only at the revision that was seen", () => {
    // Each program appends its digit to a number, and passes the packet on.
    const map = kernel!.mapCreate({ type: MAP_TYPE.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 });
    const seen = () => Number(new BigUint64Array(kernel!.mapLookup(map, new Uint8Array(4))!.buffer)[0]);
    const digit = (value: number) =>
      kernel!.progLoad({
        type: PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
        license: "GPL",
        insns: encode([
          ...loadMapValue(map),
          ...build([
            asm.ldx64(R2, R1, 0),
            asm.mul64(R2, 10),
            asm.add64(R2, value),
            asm.stx64(R1, 0, R2),
            asm.mov64(R0, TCX_NEXT),
            asm.exit(),
          ]),
        ]),
      });
    space.inside(() => {
      const hook = { target: space.ifindex("veth0"), attachType: ATTACH_TYPE.BPF_TCX_INGRESS };
      const programs = [1, 2, 3, 4].map(digit);
      const [first, before, after, last] = programs as [number, number, number, number];
      const links = [kernel!.linkCreate({ ...hook, progFd: first })];
      const beside = { ...hook, relative: links[0]! };
      links.push(kernel!.linkCreate({ ...beside, progFd: before, flags: BPF_F_BEFORE | BPF_F_LINK }));
      links.push(kernel!.linkCreate({ ...beside, progFd: after, flags: BPF_F_AFTER | BPF_F_LINK }));
      const late = { ...hook, progFd: last, expectedRevision: 1n };
      expect(() => kernel!.linkCreate(late)).toThrow(/BPF_LINK_CREATE: ESTALE/);
      links.push(kernel!.linkCreate({ ...late, expectedRevision: 4n }));
      using sender = new PacketSender(kernel!.bpf.libc, space.ifindex("veth1"));
      sender.send(new Uint8Array(64));
      expect(seen()).toBe(2134);
      for (const fd of [map, ...links, ...programs]) kernel!.close(fd);
    });
  });

  test("netkit: attached, and refused on other devices", () => {
    space.inside(() => {
      const attachType = ATTACH_TYPE.BPF_NETKIT_PRIMARY;
      const progFd = load(PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, 0);
      expect(() => kernel!.linkCreate({ progFd, target: space.ifindex("veth0"), attachType })).toThrow(
        /BPF_LINK_CREATE: E\w+: program \d+ to BPF_NETKIT_PRIMARY of target/,
      );
      try {
        space.run("ip", "link", "add", "netkit0", "type", "netkit");
      } catch (error) {
        return void skipped("netkit links", (error as Error).message.trim());
      }
      const target = space.ifindex("netkit0");
      const link = kernel!.linkCreate({ progFd, target, attachType });
      expect(kernel!.linkInfo(link)).toMatchObject({ ifindex: target, progId: kernel!.progInfo(progFd).id });
      kernel!.close(link);
    });
  });

  test("a device that is not there", () => {
    const prog = load(PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, 2);
    expect(() =>
      space.inside(() => kernel!.linkCreate({ progFd: prog, target: 9999, attachType: ATTACH_TYPE.BPF_TCX_INGRESS })),
    ).toThrow(/BPF_LINK_CREATE: ENODEV: program \d+ to BPF_TCX_INGRESS of target 9999: No such device/);
    kernel!.close(prog);
  });

  test.each(["skb", "drv"] as const)("netlink: XDP in mode %s", (mode) => {
    const netlink = new Netlink(kernel!.bpf.libc);
    space.inside(() => {
      const ifindex = space.ifindex("veth0");
      const [first, second] = [load(PROG_TYPE.BPF_PROG_TYPE_XDP, 2), load(PROG_TYPE.BPF_PROG_TYPE_XDP, 2)];
      const shown = () => space.run("ip", "link", "show", "veth0");
      netlink.attachXdp({ ifindex, progFd: first, mode });
      expect(shown()).toContain(`prog/xdp id ${kernel!.progInfo(first).id}`);
      expect(shown()).toContain(mode === "skb" ? "xdpgeneric" : "xdp ");
      expect(() => netlink.attachXdp({ ifindex, progFd: second, mode })).toThrow(
        /RTM_SETLINK: EBUSY: XDP of interface \d+: \w/,
      );
      netlink.attachXdp({ ifindex, progFd: second, mode, expectedFd: first });
      expect(shown()).toContain(`prog/xdp id ${kernel!.progInfo(second).id}`);
      netlink.attachXdp({ ifindex, progFd: first, mode, replace: true });
      netlink.detachXdp(ifindex, mode);
      expect(shown()).not.toContain("prog/xdp");
      for (const fd of [first, second]) kernel!.close(fd);
    });
  });

  test("netlink: XDP in the device, which a veth has not", () => {
    const netlink = new Netlink(kernel!.bpf.libc);
    const prog = load(PROG_TYPE.BPF_PROG_TYPE_XDP, 2);
    space.inside(() => {
      const ifindex = space.ifindex("veth0");
      expect(() => netlink.attachXdp({ ifindex, progFd: prog, mode: "hw" })).toThrow(
        /RTM_SETLINK: \w+: XDP of interface/,
      );
    });
    kernel!.close(prog);
  });

  test("netlink: clsact filters with pref, handle, replacement and direct action", () => {
    const netlink = new Netlink(kernel!.bpf.libc);
    space.inside(() => {
      const ifindex = space.ifindex("veth0");
      const prog = load(PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, 0);
      const other = load(PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, 0);
      const shown = () => space.run("tc", "filter", "show", "dev", "veth0", "ingress");
      expect(() => netlink.attachFilter({ ifindex, direction: "ingress", progFd: prog })).toThrow(
        /ingress filter of interface/,
      );
      expect(netlink.addClsact(ifindex)).toBe(true);
      expect(netlink.addClsact(ifindex)).toBe(false);
      const at = { ifindex, direction: "ingress", pref: 7, handle: 3 } as const;
      expect(netlink.attachFilter({ ...at, progFd: prog, name: "mine" })).toEqual(at);
      expect(shown()).toMatch(/pref 7 bpf.* handle 0x3 mine direct-action/);
      expect(shown()).toContain(`id ${kernel!.progInfo(prog).id} `);
      expect(() => netlink.attachFilter({ ...at, progFd: other })).toThrow(/RTM_NEWTFILTER: EEXIST/);
      netlink.attachFilter({ ...at, progFd: other, name: "mine", replace: true });
      expect(shown()).toContain(`id ${kernel!.progInfo(other).id} `);
      const chosen = netlink.attachFilter({ ifindex, direction: "egress", progFd: prog, directAction: false });
      expect(chosen).toMatchObject({ pref: 49152, handle: 1 });
      netlink.detachFilter(at);
      expect(shown()).toBe("");
      netlink.detachFilter(chosen);
      netlink.removeClsact(ifindex);
      expect(() => netlink.removeClsact(ifindex)).toThrow(/RTM_DELQDISC/);
      for (const fd of [prog, other]) kernel!.close(fd);
    });
  });
});
