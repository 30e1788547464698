import type { ClassicPacket } from "./packet.ts";

/**
 * The ancillary load `poff`: where the payload begins. Linux follows the packet's headers as its flow dissector does for the
 * protocols below (net/flow_dissector.h), up to 15 of them, and adds the length of the transport header. 0 where a header is cut or
 * the protocol unknown.
 */

/** Further headers that are followed behind the first. */
export const MAX_HEADERS = 15;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETH_P_MPLS_UC = 0x8847;
const ETH_P_MPLS_MC = 0x8848;
const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;

/** What a header leads to. `ether`, `ip`: one more header of that EtherType or IP protocol; `end`: the transport header is at `at`. */
type Next =
  | { readonly kind: "ether"; readonly at: number; readonly proto: number }
  | { readonly kind: "ip"; readonly at: number; readonly proto: number; readonly v6: boolean }
  /** `ip`: its IP protocol if known; `later`: it is a fragment that has no transport header. */
  | { readonly kind: "end"; readonly at: number; readonly ip: number | null; readonly later?: true };

/** Null: the packet is cut, or no such packet exists. */
type Header = (packet: ClassicPacket, at: number) => Next | null;

function end(at: number, ip: number | null = null): Next {
  return { kind: "end", at, ip };
}

/** A header of known size behind which nothing is looked at, left where it is. */
function stopAt(size: number): Header {
  return (packet, at) => (size === 0 || packet.at(at + size - 1, 1) !== null ? end(at) : null);
}

const ipv4: Header = (packet, at) => {
  const first = packet.at(at, 1);
  if (first === null || packet.at(at + 16, 4) === null) return null;
  const words = first & 0xf;
  if (words < 5) return null;
  const proto = packet.at(at + 9, 1)!;
  const fragment = packet.at(at + 6, 2)!;
  const next = at + words * 4;
  if ((fragment & 0x1fff) !== 0) return { kind: "end", at: next, ip: proto, later: true };
  if ((fragment & 0x2000) !== 0) return end(next, proto);
  return { kind: "ip", at: next, proto, v6: false };
};

const ipv6: Header = (packet, at) => {
  if (packet.at(at + 36, 4) === null) return null;
  return { kind: "ip", at: at + 40, proto: packet.at(at + 6, 1)!, v6: true };
};

const vlan: Header = (packet, at) => {
  const proto = packet.at(at + 2, 2);
  return proto === null ? null : { kind: "ether", at: at + 4, proto };
};

/** EtherTypes of PPP protocols. */
export const PPP_ETHER_TYPES: ReadonlyMap<number, number> = new Map([
  [0x0021, ETH_P_IP],
  [0x0057, ETH_P_IPV6],
  [0x0281, ETH_P_MPLS_UC],
  [0x0283, ETH_P_MPLS_MC],
]);

/** Protocol numbers of PPP have an even first and an odd second byte (RFC 1661 section 2). */
function isPpp(proto: number): boolean {
  return (proto & 0x0101) === 0x0001;
}

const pppoe: Header = (packet, at) => {
  // Version 1, type 1, code 0, then session, length and protocol (RFC 2516).
  const proto = packet.at(at + 6, 2);
  if (packet.at(at, 2) !== 0x1100 || proto === null || !isPpp(proto)) return null;
  const ether = PPP_ETHER_TYPES.get(proto);
  return ether === undefined ? end(at + 8) : { kind: "ether", at: at + 8, proto: ether };
};

/** HSR and PRP tags (IEC 62439-3). */
const redundancy: Header = (packet, at) => {
  const proto = packet.at(at + 4, 2);
  return proto === null ? null : { kind: "ether", at: at + 6, proto };
};

/** A header of known size behind which nothing is looked at. */
function passOver(size: number): Header {
  return (packet, at) => (packet.at(at + size - 1, 1) === null ? null : end(at + size));
}

/** Of a stack of labels only the first is passed over, there or not. */
const mpls: Header = (_, at) => end(at + 4);

const ETHER: ReadonlyMap<number, Header> = new Map([
  [ETH_P_IP, ipv4],
  [ETH_P_IPV6, ipv6],
  [ETH_P_8021Q, vlan],
  [ETH_P_8021AD, vlan],
  [0x8864, pppoe],
  [ETH_P_MPLS_UC, mpls],
  [ETH_P_MPLS_MC, mpls],
  [0x88ca, stopAt(16)], // TIPC
  [0x8906, passOver(38)], // FCoE
  [0x8902, stopAt(0)], // CFM
  [0x0806, stopAt(0)], // ARP
  [0x8035, stopAt(0)], // RARP
  [0x88f7, passOver(34)], // PTP
  [0x88fb, redundancy],
  [0x892f, redundancy],
]);

/** Flags of GRE (RFC 2784, RFC 2890, RFC 2637), and the EtherTypes that lead on in their own way: Ethernet within, PPP within. */
export const GRE = {
  csum: 0x8000,
  routing: 0x4000,
  key: 0x2000,
  seq: 0x1000,
  ack: 0x0080,
  version: 0x0007,
  teb: 0x6558,
  ppp: 0x880b,
} as const;

const gre: Header = (packet, at) => {
  const word = packet.at(at, 4);
  if (word === null) return null;
  const flags = word >>> 16;
  let proto = word & 0xffff;
  const version = flags & GRE.version;
  if ((flags & GRE.routing) !== 0 || version > 1) return end(at, 47);
  if (version === 1 && (proto !== GRE.ppp || (flags & GRE.key) === 0)) return end(at, 47);
  let next = at + 4;
  if ((flags & GRE.csum) !== 0) next += 4;
  if ((flags & GRE.key) !== 0) {
    if (packet.at(next, 4) === null) return null;
    next += 4;
  }
  if ((flags & GRE.seq) !== 0) next += 4;
  if (version === 0) {
    if (proto === GRE.teb) {
      const inner = packet.at(next + 12, 2);
      if (inner === null) return null;
      proto = inner;
      next += 14;
    }
  } else {
    if ((flags & GRE.ack) !== 0) next += 4;
    const ppp = packet.at(next, 4);
    if (ppp === null) return null;
    if ((ppp & 0xffff) === 0x21) proto = ETH_P_IP;
    else if ((ppp & 0xffff) === 0x57) proto = ETH_P_IPV6;
    next += 4;
  }
  return { kind: "ether", at: next, proto };
};

/** IPv6 options and routing headers: the next protocol, then the length in units of 8 bytes, less one. */
const options: Header = (packet, at) => {
  const word = packet.at(at, 2);
  return word === null ? null : { kind: "ip", at: at + ((word & 0xff) + 1) * 8, proto: word >> 8, v6: true };
};

const fragment6: Header = (packet, at) => {
  if (packet.at(at + 4, 4) === null) return null;
  const ip = packet.at(at, 1)!;
  const later = (packet.at(at + 2, 2)! & 0xfff8) !== 0;
  return later ? { kind: "end", at: at + 8, ip, later } : end(at + 8, ip);
};

/** IP protocols with one more header behind them; those in the second table count within IPv6 only. */
const IP: ReadonlyMap<number, Header> = new Map<number, Header>([
  [4, (_, at) => ({ kind: "ether", at, proto: ETH_P_IP })],
  [41, (_, at) => ({ kind: "ether", at, proto: ETH_P_IPV6 })],
  [47, gre],
  [137, (_, at) => ({ kind: "ether", at, proto: ETH_P_MPLS_UC })],
]);
const IPV6: ReadonlyMap<number, Header> = new Map([
  [0, options],
  [43, options],
  [44, fragment6],
  [60, options],
]);

/** Bytes of transport headers by IP protocol; TCP tells itself. */
export const TRANSPORT: ReadonlyMap<number, number> = new Map([
  [1, 8], // ICMP
  [2, 8], // IGMP
  [17, 8], // UDP
  [33, 12], // DCCP
  [58, 8], // ICMPv6
  [132, 12], // SCTP
  [136, 8], // UDP-Lite
]);
export const TCP = 6;

function transport(packet: ClassicPacket, at: number, ip: number | null): number {
  if (ip === TCP) {
    const offset = packet.at(at + 12, 1);
    return offset === null ? at : at + Math.max(20, (offset & 0xf0) >> 2);
  }
  return at + ((ip === null ? undefined : TRANSPORT.get(ip)) ?? 0);
}

function headerAfter(next: Next): Header | undefined {
  if (next.kind === "ether") return ETHER.get(next.proto);
  if (next.kind === "ip") return IP.get(next.proto) ?? (next.v6 ? IPV6.get(next.proto) : undefined);
  return undefined;
}

/** From the network header on; a VLAN tag that the device took off counts as one header. */
export function payloadOffset(packet: ClassicPacket): number {
  let next: Next = { kind: "ether", at: packet.networkOffset, proto: (packet.env.protocol ?? 0) & 0xffff };
  let headers = packet.hasVlanTag ? 1 : 0;
  let ip: number | null = null;
  while (next.kind !== "end" && headers <= MAX_HEADERS) {
    const header = headerAfter(next);
    if (header === undefined) {
      if (next.kind === "ether") return 0;
      break;
    }
    const found: Next | null = header(packet, next.at);
    if (found === null) return 0;
    // The IP protocol behind a fixed IP header belongs to that header.
    if (found.kind === "ether" || (found.kind === "ip" && next.kind === "ip")) headers++;
    next = found;
    if (next.kind === "ip") ip = next.proto;
  }
  if (next.kind === "end") ip = next.ip ?? ip;
  const at = Math.min(next.at & 0xffff, packet.length & 0xffff);
  return next.kind === "end" && next.later === true ? at : transport(packet, at, ip);
}
