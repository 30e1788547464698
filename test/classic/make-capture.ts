/**
 * Packets of many shapes for tests of filters: stacked VLANs, MPLS, PPPoE, fragments, IPv6 with extension headers, tunnels (Geneve, VXLAN,
 * GRE, IP in IP), ARP and RARP, ICMP, SCTP, 802.3 with LLC and SNAP, multicast and broadcast, cut off at any byte, on several link types.
 * Addresses and ports come from small pools, so that filters of the same pools match often. The same seed makes the same packets.
 */
export interface MadePacket {
  readonly bytes: Uint8Array;
  /** Length on the wire, which is more than the bytes where the packet is cut off. */
  readonly length: number;
}

/** Pseudo-random numbers (mulberry32). */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 to n - 1. */
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

export const HOSTS4 = [
  "10.0.0.1",
  "10.0.0.2",
  "10.1.2.3",
  "192.168.1.5",
  "172.16.0.9",
  "224.0.0.1",
  "255.255.255.255",
  "0.0.0.0",
];
export const HOSTS6 = ["fe80::1", "2001:db8::5", "2001:db8:1::7", "ff02::1", "::1"];
export const MACS = [
  "02:00:00:00:00:01",
  "02:00:00:00:00:02",
  "01:00:5e:00:00:01",
  "ff:ff:ff:ff:ff:ff",
  "aa:bb:cc:dd:ee:ff",
];
export const PORTS = [22, 25, 53, 80, 443, 1024, 6081, 4789, 8080, 65535];
export const VLANS = [1, 5, 100, 200];
export const LABELS = [3, 5, 100, 1000];
export const SESSIONS = [1, 5, 39];
const PROTOCOLS = [1, 2, 4, 6, 6, 6, 17, 17, 17, 41, 47, 50, 51, 58, 88, 89, 103, 112, 132];

const be16 = (n: number): number[] => [(n >> 8) & 0xff, n & 0xff];
const be32 = (n: number): number[] => [...be16(n >>> 16), ...be16(n & 0xffff)];
const ip4 = (text: string): number[] => text.split(".").map(Number);
const mac = (text: string): number[] => text.split(":").map((byte) => Number.parseInt(byte, 16));

function ip6(text: string): number[] {
  const [head = "", tail = ""] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [a, b] = [groups(head), groups(tail)];
  return [...a, ...new Array<number>(8 - a.length - b.length).fill(0), ...b].flatMap(be16);
}

/** What a link-layer header announces, and what follows it. */
interface Payload {
  readonly type: number;
  readonly bytes: number[];
}

class Maker {
  readonly dice: Dice;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  private noise(most: number): number[] {
    return Array.from({ length: this.dice.below(most + 1) }, () => this.dice.below(256));
  }

  private transport(proto: number, depth: number): number[] {
    const { dice } = this;
    const ports = [...be16(dice.pick(PORTS)), ...be16(dice.pick(PORTS))];
    switch (proto) {
      case 6:
        return [
          ...ports,
          ...be32(dice.below(1000)),
          ...be32(7),
          0x50 + 16 * dice.below(3),
          dice.below(64),
          ...be16(512),
          0,
          0,
          0,
          0,
          ...this.noise(30),
        ];
      case 17:
        return dice.chance(35) && depth < 2 ? this.tunnel(depth) : [...ports, ...be16(20), 0, 0, ...this.noise(24)];
      case 132:
        return [...ports, ...be32(9), ...be32(0), dice.below(15), 3, 0, 16, ...this.noise(12)];
      case 1:
        return [dice.pick([0, 3, 5, 8, 11, 13]), dice.below(4), 0, 0, ...be32(1), ...this.noise(16)];
      case 58:
        return [dice.pick([1, 2, 3, 128, 129, 133, 134, 135, 136]), dice.below(3), 0, 0, ...be32(0), ...this.noise(16)];
      case 4:
        return depth < 2 ? this.ipv4(depth + 1) : this.noise(20);
      case 41:
        return depth < 2 ? this.ipv6(depth + 1) : this.noise(20);
      case 47: {
        const inner = depth < 2 ? this.network(depth + 1) : { type: 0x800, bytes: [] };
        return [0, 0, ...be16(inner.type), ...inner.bytes];
      }
      case 51:
        return [dice.pick([6, 17, 51, 59]), dice.below(3), 0, 0, ...be32(1), ...be32(2), ...this.noise(40)];
      default:
        return this.noise(40);
    }
  }

  /** UDP with Geneve or VXLAN in it, sometimes with a wrong version or flag. */
  private tunnel(depth: number): number[] {
    const { dice } = this;
    const vni = dice.pick([0xb, 5, 0x123456]);
    const inner = this.network(depth + 1);
    const ethernet = [...mac(dice.pick(MACS)), ...mac(dice.pick(MACS)), ...be16(inner.type), ...inner.bytes];
    if (dice.chance(30)) {
      return [
        ...be16(1024),
        ...be16(4789),
        ...be16(60),
        0,
        0,
        dice.chance(85) ? 8 : 0,
        0,
        0,
        0,
        ...be32(vni * 256),
        ...ethernet,
      ];
    }
    const options = dice.pick([0, 0, 1, 2]);
    const whole = dice.chance(50);
    return [
      ...be16(1024),
      ...be16(6081),
      ...be16(60),
      0,
      0,
      options + (dice.chance(10) ? 0x40 : 0),
      dice.pick([0, 0x80, 0x40]),
      ...be16(whole ? 0x6558 : inner.type),
      ...be32(vni * 256),
      ...Array.from({ length: options * 4 }, () => dice.below(256)),
      ...(whole ? ethernet : inner.bytes),
    ];
  }

  ipv4(depth: number): number[] {
    const { dice } = this;
    const proto = dice.pick(PROTOCOLS);
    const options = dice.chance(20) ? dice.pick([1, 2, 10]) : 0;
    const fragment = dice.chance(20) ? dice.pick([0x2000, 0x2001, 0x0010, 0x1fff]) : dice.pick([0, 0x4000]);
    const body = this.transport(proto, depth);
    return [
      0x45 + options,
      dice.pick([0, 0, 0x10, 0xb8]),
      ...be16(20 + 4 * options + body.length),
      ...be16(dice.below(5)),
      ...be16(fragment),
      dice.pick([1, 64, 255]),
      proto,
      0,
      0,
      ...ip4(dice.pick(HOSTS4)),
      ...ip4(dice.pick(HOSTS4)),
      ...Array.from({ length: options * 4 }, () => 1),
      ...body,
    ];
  }

  ipv6(depth: number): number[] {
    const { dice } = this;
    const last = dice.pick(PROTOCOLS.concat(59));
    let next = last;
    let body = this.transport(last, depth);
    for (let n = dice.chance(35) ? 1 + dice.below(4) : 0; n > 0; n--) {
      const kind = dice.pick([0, 43, 44, 60, 51]);
      const words = kind === 44 ? 0 : dice.below(3);
      const size = kind === 51 ? 4 * (words + 2) : 8 * (words + 1);
      body = [
        next,
        kind === 44 ? dice.pick([0, 0, 1]) : words,
        ...Array.from({ length: size - 2 }, () => dice.below(4)),
        ...body,
      ];
      next = kind;
    }
    return [
      0x60,
      dice.below(3),
      0,
      0,
      ...be16(body.length),
      next,
      64,
      ...ip6(dice.pick(HOSTS6)),
      ...ip6(dice.pick(HOSTS6)),
      ...body,
    ];
  }

  private arp(): number[] {
    const { dice } = this;
    const half = (): number[] => [...mac(dice.pick(MACS)), ...ip4(dice.pick(HOSTS4))];
    return [0, 1, 8, 0, 6, 4, ...be16(1 + dice.below(4)), ...half(), ...half()];
  }

  private decnet(): number[] {
    const { dice } = this;
    const flags = dice.pick([2, 6, 0x26, 0x0a]);
    const padded = dice.chance(40) ? [0x81] : [];
    return [...be16(0x1e00), ...padded, flags, ...Array.from({ length: 30 }, () => dice.pick([0x05, 0x28, 0, 1]))];
  }

  private labels(depth: number): Payload {
    const { dice } = this;
    const count = 1 + dice.below(3);
    const stack = Array.from({ length: count }, (_, n) =>
      be32((dice.pick(LABELS) * 4096 + (n === count - 1 ? 0x100 : 0) + 64) >>> 0),
    );
    return {
      type: 0x8847,
      bytes: [...stack.flat(), ...(dice.chance(50) ? this.ipv4(depth + 1) : this.ipv6(depth + 1))],
    };
  }

  private pppoe(depth: number): Payload {
    const { dice } = this;
    if (dice.chance(20)) return { type: 0x8863, bytes: [0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0] };
    const [proto, body] =
      dice.pick([0, 1, 2]) === 0
        ? [0x57, this.ipv6(depth + 1)]
        : dice.chance(80)
          ? [0x21, this.ipv4(depth + 1)]
          : [0xc021, this.noise(20)];
    return {
      type: 0x8864,
      bytes: [0x11, 0, ...be16(dice.pick(SESSIONS)), ...be16(body.length + 2), ...be16(proto), ...body],
    };
  }

  /** Something of ether type `type`; a type up to 1500 stands for a length with LLC behind it. */
  network(depth: number): Payload {
    const { dice } = this;
    const choice = dice.below(100);
    if (choice < 36) return { type: 0x0800, bytes: this.ipv4(depth) };
    if (choice < 58) return { type: 0x86dd, bytes: this.ipv6(depth) };
    if (choice < 63) return { type: 0x0806, bytes: this.arp() };
    if (choice < 66) return { type: 0x8035, bytes: this.arp() };
    if (choice < 69) return { type: 0x6003, bytes: this.decnet() };
    if (choice < 72)
      return {
        type: dice.pick([0x6001, 0x6002, 0x6004, 0x6007, 0x809b, 0x80f3, 0x8137, 0x88cc]),
        bytes: this.noise(60),
      };
    if (choice < 80 && depth < 3) {
      const inner = this.network(depth + 1);
      const tag = dice.pick(VLANS) + (dice.chance(30) ? 0x6000 : 0);
      return {
        type: dice.pick([0x8100, 0x8100, 0x88a8, 0x9100]),
        bytes: [...be16(tag), ...be16(inner.type), ...inner.bytes],
      };
    }
    if (choice < 87) return this.labels(depth);
    if (choice < 92) return this.pppoe(depth);
    return this.llc();
  }

  llc(): Payload {
    const { dice } = this;
    const sap = dice.pick([0xfe, 0x42, 0xe0, 0xf0, 0x06, 0xff, 0xaa, 0xaa, 0x05]);
    const control = dice.pick([0x00, 0x01, 0x03, 0x05, 0x09, 0x63, 0x43, 0x6f, 0xe3, 0xaf, 0x87, 0x02]);
    const osi = [dice.pick([0x81, 0x82, 0x83, 0x83, 5]), 27, 1, 0, dice.pick([15, 16, 17, 18, 20, 24, 25, 26, 27, 5])];
    const snap = [
      ...dice.pick([
        [0, 0, 0],
        [8, 0, 7],
        [0, 0, 0x0c],
      ]),
      ...be16(dice.pick([0x809b, 0x80f3, 0x8137, 0x0800, 0x86dd])),
    ];
    const behind = sap === 0xaa ? [...snap, ...this.ipv4(2)] : [...osi, ...this.noise(30)];
    const body = [sap, sap, sap === 0xaa ? 3 : control, ...behind];
    return { type: Math.min(body.length, 1500), bytes: body };
  }

  ethernet(): number[] {
    const { dice } = this;
    const { type, bytes } = this.network(0);
    return [...mac(dice.pick(MACS)), ...mac(dice.pick(MACS)), ...be16(type), ...bytes];
  }

  raw(): number[] {
    return this.dice.chance(60) ? this.ipv4(0) : this.dice.chance(90) ? this.ipv6(0) : this.noise(40);
  }

  cooked(): number[] {
    const { dice } = this;
    const { type, bytes } = this.network(0);
    const proto = type <= 1500 ? dice.pick([4, 4, 1]) : type;
    return [...be16(dice.below(5)), ...be16(1), ...be16(6), ...mac(dice.pick(MACS)), 0, 0, ...be16(proto), ...bytes];
  }

  cooked2(): number[] {
    const { dice } = this;
    const { type, bytes } = this.network(0);
    return [
      ...be16(type <= 1500 ? 4 : type),
      0,
      0,
      ...be32(dice.below(4)),
      ...be16(1),
      dice.below(5),
      6,
      ...mac(dice.pick(MACS)),
      0,
      0,
      ...bytes,
    ];
  }

  loopback(bigEndian: boolean): number[] {
    const { dice } = this;
    const version = dice.pick([4, 4, 6]);
    const family = dice.chance(10) ? 7 : version === 4 ? 2 : 10;
    return [...(bigEndian ? [0, 0, 0, family] : [family, 0, 0, 0]), ...(version === 4 ? this.ipv4(0) : this.ipv6(0))];
  }

  ppp(): number[] {
    const { dice } = this;
    const choice = dice.below(10);
    if (choice < 5) return [0xff, 3, 0, 0x21, ...this.ipv4(0)];
    if (choice < 7) return [0xff, 3, 0, 0x57, ...this.ipv6(0)];
    if (choice < 9) return [0xff, 3, ...be16(0x281), ...this.labels(0).bytes];
    return [0xff, 3, ...be16(dice.pick([0x23, 0x25, 0x27, 0x29, 0x2b, 0x31, 0xc021])), ...this.noise(40)];
  }

  wlan(): number[] {
    const { dice } = this;
    const type = dice.pick([0, 1, 2, 2, 2, 2]);
    const subtype =
      type === 1
        ? dice.pick([8, 10, 11, 12, 13, 14, 15])
        : type === 2
          ? dice.pick([0, 0, 4, 8, 8, 12, 5])
          : dice.below(13);
    const flags = dice.below(4) + (dice.chance(10) ? 0x40 : 0);
    const address = (): number[] => mac(dice.pick(MACS));
    const head = [type * 4 + subtype * 16, flags, 0, 0, ...address()];
    if (type === 1) return [...head, ...(subtype === 12 || subtype === 13 ? [] : address()), ...this.noise(8)];
    const full = [...head, ...address(), ...address(), ...be16(dice.below(5))];
    if (type === 0) return [...full, ...this.noise(50)];
    const fourth = flags % 4 === 3 ? address() : [];
    const qos = subtype >= 8 ? [0, 0] : [];
    const { type: ether, bytes } = this.network(1);
    const body = ether <= 1500 ? bytes : [0xaa, 0xaa, 3, 0, 0, 0, ...be16(ether), ...bytes];
    return [...full, ...fourth, ...qos, ...body];
  }

  radio(): number[] {
    const { dice } = this;
    const length = 8 + dice.below(5) * 4;
    const flags = dice.chance(50) ? [2, 0, 0, 0, dice.pick([0, 0, 0x20, 0x10])] : [4, 0, 0, 0];
    const fixed = [0, 0, length & 0xff, length >> 8, ...flags];
    return [...fixed.concat(new Array<number>(32).fill(0)).slice(0, length), ...this.wlan()];
  }
}

const BY_LINK_TYPE: Readonly<Record<number, (make: Maker) => number[]>> = {
  1: (m) => m.ethernet(),
  101: (m) => m.raw(),
  228: (m) => m.ipv4(0),
  229: (m) => m.ipv6(0),
  113: (m) => m.cooked(),
  276: (m) => m.cooked2(),
  0: (m) => m.loopback(false),
  108: (m) => m.loopback(true),
  9: (m) => m.ppp(),
  105: (m) => m.wlan(),
  127: (m) => m.radio(),
};

/** `count` packets of a link type; about a quarter is cut off. */
export function makePackets(linkType: number, count: number, seed = 1): MadePacket[] {
  const make = BY_LINK_TYPE[linkType];
  if (make === undefined) throw new Error(`no packets are made for link type ${linkType}`);
  const maker = new Maker(new Dice(seed * 1000 + linkType));
  return Array.from({ length: count }, () => {
    const bytes = Uint8Array.from(make(maker));
    const cut = maker.dice.chance(25) ? maker.dice.below(bytes.length + 1) : bytes.length;
    return { bytes: bytes.slice(0, cut), length: bytes.length };
  });
}

/** A capture file of the classic format (pcap-savefile(5)), little-endian, microseconds. */
export function captureFile(linkType: number, packets: readonly MadePacket[]): Uint8Array {
  const file = new Uint8Array(24 + packets.reduce((sum, { bytes }) => sum + 16 + bytes.length, 0));
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262144, true);
  view.setUint32(20, linkType, true);
  let at = 24;
  packets.forEach(({ bytes, length }, n) => {
    view.setUint32(at, 1_700_000_000 + n, true);
    view.setUint32(at + 8, bytes.length, true);
    view.setUint32(at + 12, length, true);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  });
  return file;
}
