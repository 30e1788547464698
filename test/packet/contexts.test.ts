import { describe, expect, test } from "vitest";
import { insn } from "../../src/isa/index.ts";
import { contextLayout, PROG_TYPE } from "../../src/uapi/index.ts";
import { type Case, end, HAS_KERNEL, keepField, onEngine, onKernel, raw } from "./both.ts";

/** What BPF_PROG_TEST_RUN accepts as packet and context, and what programs find there, as the running kernel has it. */

const { BPF_PROG_TYPE_XDP: XDP, BPF_PROG_TYPE_SCHED_CLS: TC, BPF_PROG_TYPE_SCHED_ACT: ACT } = PROG_TYPE;
const { BPF_PROG_TYPE_SOCKET_FILTER: FILTER, BPF_PROG_TYPE_CGROUP_SKB: CGROUP, BPF_PROG_TYPE_LWT_IN: LWT } = PROG_TYPE;

const cases: Case[] = [];
function add(name: string, type: number, packet: Uint8Array, ctx?: Uint8Array, steps = [end(1)]): void {
  cases.push({ name: `${type} ${name}`, type, steps, packet, ...(ctx === undefined ? {} : { ctx }) });
}

/** A frame of `size` bytes with this EtherType and first address byte. */
function frame(size: number, etherType = 0x9999, first = 0, fill = 0x45): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 14)).fill(fill, 14);
  bytes[0] = first;
  bytes[6] = 7;
  bytes[12] = etherType >> 8;
  bytes[13] = etherType & 0xff;
  return bytes.subarray(0, size);
}

// Sizes.
for (const type of [XDP, TC, FILTER, CGROUP]) {
  for (const size of [0, 1, 13, 14, 15, 33, 34, 53, 54, 3519, 3520, 3521, 3711, 3712, 3713, 9000, 73152, 73153]) {
    for (const etherType of [0x0800, 0x86dd, 0x9999]) add(`${size} bytes`, type, frame(size, etherType));
  }
}

// Contexts of XDP: words data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
for (const fields of [
  [],
  [0, 64],
  [4, 64],
  [3, 64],
  [8, 64],
  [48, 64],
  [52, 64],
  [64, 64],
  [0, 63],
  [0, 65],
  [0, 0],
  [8, 4],
  [0, 64, 4],
  [0, 64, 0, 1],
  [0, 64, 0, 1, 1],
  [0, 64, 0, 0, 1],
  [0, 64, 0, 0, 0, 1],
  [0, 64, 0, 0, 0, 0, 0],
  [0, 64, 0, 0, 0, 0, 1],
]) {
  const ctx = words(...fields);
  add(`context ${fields}`, XDP, frame(64), ctx);
  for (const offset of [12, 16]) {
    add(`context ${fields}, field ${offset}`, XDP, frame(64), ctx, [
      raw(insn("ldx32", { dst: 0, src: 6, off: offset })),
    ]);
  }
  const lengthOf = (to: number, from: number) => [
    raw(
      insn("ldx32", { dst: 2, src: 6, off: from }),
      insn("ldx32", { dst: 3, src: 6, off: to }),
      insn("mov64_reg", { dst: 0, src: 3 }),
      insn("sub64_reg", { dst: 0, src: 2 }),
    ),
  ];
  add(`context ${fields}, linear length`, XDP, frame(64), ctx, lengthOf(4, 0));
  add(`context ${fields}, metadata length`, XDP, frame(64), ctx, lengthOf(0, 8));
}
for (const meta of [216, 220, 252, 256]) add(`metadata of ${meta}`, XDP, frame(400), words(meta, 400));

// Contexts of skb types: every byte, and the limits of some fields.
for (const type of [TC, ACT, FILTER, CGROUP, LWT]) {
  for (let at = 0; at < 192; at++) {
    const ctx = new Uint8Array(192);
    ctx[at] = 1;
    // Interfaces other than the loopback depend on the machine.
    if (at <= 40 || at >= 44) add(`byte ${at} set`, type, frame(100), ctx);
  }
  for (const size of [0, 4, 100, 191, 192, 193, 256]) add(`context of ${size}`, type, frame(100), new Uint8Array(size));
  add("context of 193, last set", type, frame(100), new Uint8Array(193).fill(1, 192));
  for (const [offset, value] of [
    [160, 85],
    [160, 86],
    [160, 99],
    [160, 100],
    [160, 65536],
    [160, 65537],
    [164, 65535],
    [164, 65536],
    [176, 65536],
    [40, 1],
  ] as const) {
    const ctx = new Uint8Array(192);
    new DataView(ctx.buffer).setUint32(offset, value, true);
    add(`field ${offset} is ${value}`, type, frame(100), ctx);
  }
  // What programs find: every field they may read but pointers.
  for (const field of contextLayout(type)!.fields) {
    if (field.kind !== "scalar" || !field.read.includes(type) || field.name === "hwtstamp") continue;
    for (const packet of [
      frame(100, 0x0800),
      frame(100, 0x86dd),
      frame(100, 0x0806),
      frame(100, 0x8100),
      frame(100, 0x0040),
      frame(100, 0x0040, 0, 0xff),
      frame(100, 0x0800, 1),
      frame(100, 0x0800, 2),
      frame(100, 0x0800, 0xff),
    ]) {
      add(`field ${field.name}`, type, packet, new Uint8Array(192), [keepField(field.name, 2, type), end(1)]);
    }
    const set = new Uint8Array(192);
    for (const at of [8, 32, 36, 48, 152, 164, 176]) set[at] = at;
    add(`field ${field.name} of a context`, type, frame(100), set, [keepField(field.name, 2, type), end(1)]);
  }
}

describe.skipIf(!HAS_KERNEL)("test runs take and give what the running kernel's do", () => {
  test("on the stepping interpreter", () => {
    const differences = cases.flatMap((c) => {
      const want = flat(onKernel(c));
      const have = flat(onEngine(c, "stepping"));
      return have === want ? [] : [`${c.name}\n  kernel ${want}\n  ours   ${have}`];
    });
    expect(differences.length, differences.slice(0, 30).join("\n")).toBe(0);
  });
});

function flat(outcome: ReturnType<typeof onKernel>): string {
  if (typeof outcome === "number") return `errno ${-outcome}`;
  const { retval, dataOut, ctxOut } = outcome;
  const fields = [...(ctxOut ?? [])].flatMap((byte, at) => (byte === 0 ? [] : [`${at}:${byte}`]));
  return `${retval}, ${dataOut.length} bytes ${Buffer.from(dataOut.subarray(0, 20)).toString("hex")}, ctx ${fields}`;
}
