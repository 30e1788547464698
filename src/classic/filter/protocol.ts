import { cmp, networkAt, networkWithoutSnapAt } from "./compare.ts";
import { and, type Condition, or } from "./condition.ts";
import { type Context, refuseQualifier } from "./context.ts";
import type { Proto } from "./keywords.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE, IPPROTO, SAP } from "./numbers.ts";

export function ipv4Protocol(context: Context, proto: number): Condition {
  return and(linkProtocol(context, ETHERTYPE.IP), cmp(context, networkAt(context), 9, 1, proto));
}

/** The next header is the protocol, or a fragment header with it behind. */
export function ipv6Protocol(context: Context, proto: number): Condition {
  const ip6 = linkProtocol(context, ETHERTYPE.IPV6);
  const at = networkAt(context);
  const direct = cmp(context, at, 6, 1, proto);
  const fragment = and(cmp(context, at, 6, 1, IPPROTO.FRAGMENT), cmp(context, at, 40, 1, proto));
  return and(ip6, or(direct, fragment));
}

export function ipProtocolOfBoth(context: Context, proto: number): Condition {
  return or(ipv4Protocol(context, proto), ipv6Protocol(context, proto));
}

export function osiProtocol(context: Context, proto: number): Condition {
  return and(linkProtocol(context, SAP.ISO), cmp(context, networkWithoutSnapAt(context), 0, 1, proto));
}

const ISIS = 0x83;

export function isisType(context: Context, type: number): Condition {
  return and(osiProtocol(context, ISIS), cmp(context, networkWithoutSnapAt(context), 4, 1, type));
}

const anyIsis =
  (...types: readonly number[]) =>
  (context: Context): Condition =>
    or(...types.map((type) => isisType(context, type)));

/** What a protocol's name alone asks for. */
const ABBREVIATIONS: Partial<Record<Proto, (context: Context) => Condition>> = {
  tcp: (c) => ipProtocolOfBoth(c, IPPROTO.TCP),
  udp: (c) => ipProtocolOfBoth(c, IPPROTO.UDP),
  sctp: (c) => ipProtocolOfBoth(c, IPPROTO.SCTP),
  pim: (c) => ipProtocolOfBoth(c, IPPROTO.PIM),
  ah: (c) => ipProtocolOfBoth(c, IPPROTO.AH),
  esp: (c) => ipProtocolOfBoth(c, IPPROTO.ESP),
  icmp: (c) => ipv4Protocol(c, IPPROTO.ICMP),
  igmp: (c) => ipv4Protocol(c, IPPROTO.IGMP),
  igrp: (c) => ipv4Protocol(c, IPPROTO.IGRP),
  vrrp: (c) => ipv4Protocol(c, IPPROTO.VRRP),
  carp: (c) => ipv4Protocol(c, IPPROTO.VRRP),
  icmp6: (c) => ipv6Protocol(c, IPPROTO.ICMPV6),
  ip: (c) => linkProtocol(c, ETHERTYPE.IP),
  ip6: (c) => linkProtocol(c, ETHERTYPE.IPV6),
  arp: (c) => linkProtocol(c, ETHERTYPE.ARP),
  rarp: (c) => linkProtocol(c, ETHERTYPE.RARP),
  atalk: (c) => linkProtocol(c, ETHERTYPE.ATALK),
  aarp: (c) => linkProtocol(c, ETHERTYPE.AARP),
  decnet: (c) => linkProtocol(c, ETHERTYPE.DECNET),
  lat: (c) => linkProtocol(c, ETHERTYPE.LAT),
  sca: (c) => linkProtocol(c, ETHERTYPE.SCA),
  moprc: (c) => linkProtocol(c, ETHERTYPE.MOPRC),
  mopdl: (c) => linkProtocol(c, ETHERTYPE.MOPDL),
  iso: (c) => linkProtocol(c, SAP.ISO),
  stp: (c) => linkProtocol(c, SAP.STP),
  ipx: (c) => linkProtocol(c, SAP.IPX),
  netbeui: (c) => linkProtocol(c, SAP.NETBEUI),
  clnp: (c) => osiProtocol(c, 0x81),
  esis: (c) => osiProtocol(c, 0x82),
  isis: (c) => osiProtocol(c, ISIS),
  l1: anyIsis(26, 24, 18, 15, 17),
  l2: anyIsis(27, 25, 20, 16, 17),
  iih: anyIsis(15, 16, 17),
  lsp: anyIsis(18, 20),
  snp: anyIsis(24, 25, 26, 27),
  csnp: anyIsis(24, 25),
  psnp: anyIsis(26, 27),
};

export function protocolAbbreviation(context: Context, proto: Proto): Condition {
  const make = ABBREVIATIONS[proto];
  if (make !== undefined) return make(context);
  if (proto === "link") return refuseQualifier(context, "link layer applied in wrong context");
  return refuseQualifier(context, `'${proto}' is not a valid protocol type`);
}
