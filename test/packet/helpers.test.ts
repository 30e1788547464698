import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { insn } from "../../src/isa/index.ts";
import { PROG_TYPE } from "../../src/uapi/index.ts";
import {
  type Case,
  call,
  ENGINES,
  end,
  HAS_KERNEL,
  keep,
  keepField,
  onEngine,
  onKernel,
  put,
  type Step,
  stack,
} from "./both.ts";

/** Helpers on packets, smallest case first; every engine must answer as the running kernel does. */

const XDP = PROG_TYPE.BPF_PROG_TYPE_XDP;
const TC = PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS;
const FILTER = PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER;
const LWT = PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT;

const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => (i + first) & 0xff);

/** A frame with this EtherType (two bytes) and some payload. */
function frame(type: readonly number[], payload: Uint8Array): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...type, ...payload);
}
const IPV4 = frame([0x08, 0x00], Uint8Array.of(0x45, ...bytes(79, 1)));
const IPV6 = frame([0x86, 0xdd], Uint8Array.of(0x60, ...bytes(79, 1)));
const TAGGED = frame([0x81, 0x00], Uint8Array.of(0x20, 0x05, 0x08, 0x00, 0x45, ...bytes(59, 1)));
const TWICE = frame([0x88, 0xa8], Uint8Array.of(0x20, 0x05, 0x81, 0x00, 0x10, 0x06, 0x08, 0x00, ...bytes(60, 1)));
const SKB_CTX = new Uint8Array(192);

const cases: Case[] = [];

function xdp(name: string, steps: Step[], packet = bytes(64), ctx?: Uint8Array, repeat = 1): void {
  cases.push({ name: `xdp ${name}`, type: XDP, steps, packet, repeat, ...(ctx === undefined ? {} : { ctx }) });
}

function md(data: number, dataEnd: number, ...rest: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from([data, dataEnd, 0, ...rest, 0, 0, 0].slice(0, 6)).buffer);
}

for (const delta of [0, 1, -1, 50, 51, -216, -217, 2 ** 31 - 1, -(2 ** 31)]) {
  xdp(`adjust_head ${delta}`, [call("xdp_adjust_head", "ctx", delta)]);
  xdp(`adjust_head ${delta} with metadata`, [call("xdp_adjust_head", "ctx", delta)], bytes(80), md(8, 80, 1));
}
for (const delta of [0, 4, -4, -3, -8, -216, -220, 8, 12, 2 ** 31 - 1, -(2 ** 31)]) {
  xdp(`adjust_meta ${delta}`, [call("xdp_adjust_meta", "ctx", delta)]);
  xdp(`adjust_meta ${delta} with metadata`, [call("xdp_adjust_meta", "ctx", delta)], bytes(80), md(8, 80));
}
for (const delta of [0, 1, -1, -50, -51, 3456, 3457, 2 ** 31 - 1, -(2 ** 31)]) {
  xdp(`adjust_tail ${delta}`, [call("xdp_adjust_tail", "ctx", delta)]);
}
for (const delta of [1, -1, -100, -1480, -1481, -4000, -4986, -4987, 2616, 2617]) {
  xdp(`adjust_tail ${delta} with fragments`, [call("xdp_adjust_tail", "ctx", delta)], bytes(5000));
}
xdp("adjust_tail keeps what it shrank and zeroes what it grows", [
  call("xdp_adjust_tail", "ctx", -10),
  call("xdp_adjust_tail", "ctx", 20),
]);
xdp("repeated adjust_head moves each time", [call("xdp_adjust_head", "ctx", -4)], bytes(64), undefined, 3);
for (const size of [64, 3520, 3521, 9000]) xdp(`get_buff_len ${size}`, [call("xdp_get_buff_len", "ctx")], bytes(size));
xdp("get_buff_len with metadata", [call("xdp_get_buff_len", "ctx")], bytes(80), md(8, 80));
for (const [offset, length] of [
  [0, 8],
  [56, 8],
  [57, 8],
  [64, 1],
  [0xffff, 1],
  [0x10000, 1],
  [3516, 8],
] as const) {
  for (const size of [64, 5000]) {
    xdp(
      `load_bytes ${offset} ${length} of ${size}`,
      [
        put(-8, [0, 0, 0, 0, 0, 0, 0, 0]),
        call("xdp_load_bytes", "ctx", offset, stack(-8), length),
        () => [insn("stx32", { dst: 10, src: 0, off: -16 })],
        call("xdp_store_bytes", "ctx", 0, stack(-16), 4),
        call("xdp_store_bytes", "ctx", 8, stack(-8), 8),
      ],
      bytes(size, 1),
    );
    xdp(
      `store_bytes ${offset} ${length} of ${size}`,
      [put(-8, [9, 8, 7, 6, 5, 4, 3, 2]), call("xdp_store_bytes", "ctx", offset, stack(-8), length)],
      bytes(size, 1),
    );
  }
}
for (const flags of [0, 1, 2 ** 32]) xdp(`redirect flags ${flags}`, [call("redirect", 1, flags)]);

function skb(type: number, name: string, steps: Step[], packet = IPV4, ctx: Uint8Array | undefined = SKB_CTX): void {
  const fields = ["len", "protocol", "hash"].map((field, i) => keepField(field, i + 1, type));
  cases.push({
    name: `${type} ${name}`,
    type,
    steps: [...steps, keep(0), ...fields, end(0)],
    packet,
    ...(ctx === undefined ? {} : { ctx }),
  });
}
const tc = (name: string, steps: Step[], packet?: Uint8Array): void => skb(TC, name, steps, packet);

for (const type of [TC, FILTER]) {
  for (const [offset, length] of [
    [0, 8],
    [72, 8],
    [80, 8],
    [86, 8],
    [87, 8],
    [94, 1],
    [0xffff, 1],
    [2 ** 31, 1],
    [2 ** 32 - 1, 4],
  ] as const) {
    skb(type, `load_bytes ${offset} ${length}`, [
      put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
      call("skb_load_bytes", "ctx", offset, stack(-8), length),
      keep(0),
      () => [insn("ldx32", { dst: 0, src: 10, off: -8 }), insn("stx32", { dst: 6, src: 0, off: 64 })],
    ]);
    for (const from of [0, 1, 2]) {
      skb(type, `load_bytes_relative ${offset} ${length} from ${from}`, [
        put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
        call("skb_load_bytes_relative", "ctx", offset, stack(-8), length, from),
        keep(0),
        () => [insn("ldx32", { dst: 0, src: 10, off: -8 }), insn("stx32", { dst: 6, src: 0, off: 64 })],
      ]);
    }
  }
}
for (const [offset, length, flags] of [
  [0, 8, 0],
  [86, 8, 1],
  [87, 8, 0],
  [0xffff, 1, 0],
  [30, 4, 2],
  [30, 4, 3],
  [30, 4, 4],
  [2 ** 31, 1, 0],
] as const) {
  tc(`store_bytes ${offset} ${length} ${flags}`, [
    put(-8, [9, 8, 7, 6, 5, 4, 3, 2]),
    call("set_hash", "ctx", 77),
    call("skb_store_bytes", "ctx", offset, stack(-8), length, flags),
  ]);
}
for (const length of [0, 14, 94, 95, 1000]) tc(`pull_data ${length}`, [call("skb_pull_data", "ctx", length)]);
for (const type of [TC, LWT]) {
  for (const [length, flags] of [
    [0, 0],
    [4, 0],
    [100, 0],
    [4, 1],
    [16064 - 94, 0],
    [16064 - 93, 0],
    [2 ** 31, 0],
    [16064 - 80, 0],
    [16064 - 79, 0],
  ] as const) {
    skb(type, `change_head ${length} ${flags}`, [call("skb_change_head", "ctx", length, flags)]);
    if (type === LWT) continue;
    skb(type, `change_head ${length} ${flags}, network header`, [
      put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
      call("skb_change_head", "ctx", length, flags),
      call("skb_load_bytes_relative", "ctx", 0, stack(-8), 8, 1),
      () => [insn("ldx32", { dst: 0, src: 10, off: -8 })],
    ]);
    skb(type, `change_head ${length} ${flags}, link header`, [
      put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
      call("skb_change_head", "ctx", length, flags),
      call("skb_load_bytes_relative", "ctx", 0, stack(-8), 8, 0),
      () => [insn("ldx32", { dst: 0, src: 10, off: -8 })],
    ]);
  }
  for (const [length, flags] of [
    [0, 0],
    [13, 0],
    [14, 0],
    [33, 0],
    [34, 0],
    [94, 0],
    [95, 0],
    [200, 0],
    [50, 1],
    [16064, 0],
    [16065, 0],
    [2 ** 31, 0],
  ] as const) {
    skb(type, `change_tail ${length} ${flags}`, [call("skb_change_tail", "ctx", length, flags)]);
  }
}
tc("change_tail shrinks, then grows with zeros", [
  call("skb_change_tail", "ctx", 60, 0),
  call("skb_change_tail", "ctx", 90, 0),
]);
for (const type of [0, 1, 3, 4, 7]) {
  tc(`change_type ${type}`, [call("skb_change_type", "ctx", type), keep(4), keepField("pkt_type", 0, TC), () => []]);
}
for (const packet of [IPV4, IPV6, TAGGED, bytes(60)]) {
  for (const proto of [0x0008, 0xdd86, 0x0608]) {
    for (const flags of [0, 1]) {
      tc(
        `change_proto ${packet[12]} to ${proto} ${flags}`,
        [call("set_hash", "ctx", 77), call("skb_change_proto", "ctx", proto, flags)],
        packet,
      );
    }
  }
}
const vlan = (): Step[] => [
  keep(0),
  keepField("vlan_present", 1, TC),
  keepField("vlan_tci", 2, TC),
  keepField("vlan_proto", 3, TC),
  keepField("protocol", 4, TC),
  end(0),
];
function vlanCase(name: string, steps: Step[], packet: Uint8Array): void {
  cases.push({ name, type: TC, steps: [...steps, ...vlan()], packet, ctx: SKB_CTX });
}
for (const [name, packet] of [
  ["plain", IPV4],
  ["tagged", TAGGED],
  ["tagged twice", TWICE],
  ["short", bytes(14)],
] as const) {
  vlanCase(`vlan_push on ${name}`, [call("skb_vlan_push", "ctx", 0x0081, 100)], packet);
  vlanCase(`vlan_push 802.1ad on ${name}`, [call("skb_vlan_push", "ctx", 0xa888, 0x1fff)], packet);
  vlanCase(`vlan_push unknown on ${name}`, [call("skb_vlan_push", "ctx", 0x1234, 0x1ffff)], packet);
  vlanCase(
    `vlan_push two on ${name}`,
    [call("skb_vlan_push", "ctx", 0x0081, 100), call("skb_vlan_push", "ctx", 0xa888, 200)],
    packet,
  );
  vlanCase(
    `vlan_push three and pop on ${name}`,
    [
      call("skb_vlan_push", "ctx", 0x0081, 100),
      call("skb_vlan_push", "ctx", 0xa888, 200),
      call("skb_vlan_push", "ctx", 0x0081, 300),
      call("skb_vlan_pop", "ctx"),
    ],
    packet,
  );
  for (let count = 1; count <= 4; count++) {
    vlanCase(
      `vlan_pop ${count} times on ${name}`,
      Array.from({ length: count }, () => call("skb_vlan_pop", "ctx")),
      packet,
    );
  }
  vlanCase(
    `vlan_push and load network header on ${name}`,
    [
      put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
      call("skb_vlan_push", "ctx", 0x0081, 100),
      call("skb_vlan_push", "ctx", 0x0081, 100),
      call("skb_load_bytes_relative", "ctx", 0, stack(-8), 4, 1),
      () => [insn("ldx32", { dst: 0, src: 10, off: -8 })],
    ],
    packet,
  );
}
for (const packet of [IPV4, IPV6, TAGGED]) {
  for (const mode of [0, 1, 2]) {
    for (const diff of [0, 4, 20, 40, 50, -4, -20, -40, -60, -80, -100, 0xfff, 0x1000, -0x1000, -(2 ** 31)]) {
      for (const flags of [
        0n,
        1n,
        2n,
        4n,
        6n,
        0x1an,
        0x20n,
        0x22n,
        0x80n,
        0x100n,
        0x180n,
        0x200n,
        0x42n | (14n << 56n),
        0x42n | (10n << 56n),
        2n | (100n << 56n),
        14n << 56n,
        1n << 40n,
      ]) {
        if (mode === 2 && flags !== 0n) continue;
        tc(
          `adjust_room ${packet[12]} ${diff} ${mode} ${flags}`,
          [call("skb_adjust_room", "ctx", BigInt.asUintN(32, BigInt(diff)), mode, flags)],
          packet,
        );
      }
    }
  }
}
tc("adjust_room twice with encapsulation", [
  call("skb_adjust_room", "ctx", 20, 1, 2),
  call("skb_adjust_room", "ctx", 20, 1, 2),
]);
tc("adjust_room and network header", [
  put(-8, [1, 1, 1, 1, 1, 1, 1, 1]),
  call("skb_adjust_room", "ctx", 20, 0, 0),
  call("skb_load_bytes_relative", "ctx", 0, stack(-8), 4, 1),
  () => [insn("ldx32", { dst: 0, src: 10, off: -8 })],
]);

// Checksums: differences of every shape, then replacing with each size and flag.
const WORDS = [
  [0, 0, 0, 0],
  [255, 255, 255, 255],
  [1, 2, 3, 4],
  [0, 0, 255, 255],
  [1, 2, 3, 4, 5, 6, 7, 8],
  [255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244],
];
for (const from of [[], ...WORDS]) {
  for (const to of [[], ...WORDS]) {
    for (const seed of [0, 1, 0xffff, 0xffffffff, 0x12345678]) {
      cases.push({
        name: `csum_diff ${from} to ${to} seed ${seed}`,
        type: TC,
        steps: [
          put(-16, from),
          put(-32, to),
          call(
            "csum_diff",
            from.length === 0 ? 0 : stack(-16),
            from.length,
            to.length === 0 ? 0 : stack(-32),
            to.length,
            seed,
          ),
          () => [insn("stx64", { dst: 6, src: 0, off: 48 })],
          end(0),
        ],
        packet: IPV4,
        ctx: SKB_CTX,
      });
    }
  }
}
for (const size of [1, 2, 3, 5, 6, 7]) {
  tc(`csum_diff from ${size} bytes`, [put(-8, bytes(8, 250)), call("csum_diff", stack(-8), size, 0, 0, 0)]);
  tc(`csum_diff to ${size} bytes`, [put(-8, bytes(8, 250)), call("csum_diff", 0, 0, stack(-8), size, 0)]);
}
for (const helper of ["l3_csum_replace", "l4_csum_replace"]) {
  for (const offset of [24, 25, 92, 93, 94, 0xffff, 0x10000])
    tc(`${helper} at ${offset}`, [call(helper, "ctx", offset, 1, 2, 2)]);
  for (const field of [0, 0xffff, 0x1234]) {
    for (const [from, to] of [
      [0, 0],
      [0, 0x5678],
      [0x5678, 0],
      [0x1234, 0x1234],
      [0xffff, 0],
      [0, 0xffff],
      [0x12345678, 0x9abcdef0],
      [0xffffffff, 1],
      [0, 0xffffffff],
    ] as const) {
      for (const flags of [
        0,
        2,
        4,
        1,
        3,
        8,
        16,
        0x12,
        0x14,
        0x22,
        0x24,
        0x62,
        0x64,
        0x20,
        0x60,
        0x82,
        0x92,
        0x102,
        2 ** 32 + 2,
      ]) {
        tc(`${helper} ${field} ${from} to ${to} flags ${flags}`, [
          put(-8, [field >> 8, field & 0xff]),
          call("skb_store_bytes", "ctx", 24, stack(-8), 2, 0),
          call(helper, "ctx", 24, from, to, flags),
        ]);
      }
    }
  }
}
tc("csum_update", [call("csum_update", "ctx", 1)]);
for (const level of [0, 1, 2, 3, 4, 2 ** 32]) {
  tc(`csum_level ${level}`, [call("csum_level", "ctx", level)]);
  tc(`csum_level up twice, then ${level}`, [
    call("csum_level", "ctx", 1),
    call("csum_level", "ctx", 1),
    call("csum_level", "ctx", level),
    call("csum_level", "ctx", 0),
  ]);
}
tc("csum_level up five times", [
  ...Array.from({ length: 5 }, () => call("csum_level", "ctx", 1)),
  call("csum_level", "ctx", 0),
]);
tc("set_hash", [call("set_hash", "ctx", 0xdeadbeef), call("get_hash_recalc", "ctx")]);
tc("set_hash_invalid", [call("set_hash", "ctx", 5), call("set_hash_invalid", "ctx")]);
tc("get_cgroup_classid", [call("get_cgroup_classid", "ctx")]);
tc("get_route_realm", [call("get_route_realm", "ctx")]);
for (const flags of [0, 1, 2, 4, 2 ** 32]) {
  tc(`redirect ${flags}`, [call("redirect", 1, flags)]);
  tc(`redirect_peer ${flags}`, [call("redirect_peer", 1, flags)]);
  tc(`redirect_neigh ${flags}`, [call("redirect_neigh", 1, 0, 0, flags)]);
}
for (const size of [0, 4, 19, 20, 24]) {
  tc(`redirect_neigh with ${size} bytes`, [put(-24, bytes(24)), call("redirect_neigh", 1, stack(-24), size, 0)]);
}
for (const flags of [2, 4, 8, 2 ** 32]) tc(`clone_redirect ${flags}`, [call("clone_redirect", "ctx", 1, flags)]);

describe.skipIf(!HAS_KERNEL)("packet helpers answer as the running kernel", () => {
  const wanted = HAS_KERNEL ? cases.map((c) => flat(onKernel(c))) : [];
  test.each(ENGINES)("%s", (engine) => {
    const differences = cases.flatMap((c, i) => {
      const have = flat(onEngine(c, engine));
      return have === wanted[i] ? [] : [`${c.name}\n  kernel ${wanted[i]}\n  ours   ${have}`];
    });
    expect(differences.length, differences.slice(0, 20).join("\n")).toBe(0);
  });
});

/** An outcome as one line. */
function flat(outcome: ReturnType<typeof onKernel>): string {
  if (typeof outcome === "number") return `errno ${-outcome}`;
  const hex = (b: Uint8Array | undefined): string => (b === undefined ? "" : Buffer.from(b).toString("hex"));
  const data = hex(outcome.dataOut);
  const shown =
    data.length > 600 ? `${createHash("sha1").update(outcome.dataOut).digest("hex")} ${data.slice(0, 200)}` : data;
  return `${outcome.retval | 0}, ${outcome.dataOut.length} bytes ${shown}, ctx ${hex(outcome.ctxOut)}`;
}
