/** Ether types that the language names (IEEE 802 numbers). */
export const ETHERTYPE = {
  IP: 0x0800,
  ARP: 0x0806,
  RARP: 0x8035,
  IPV6: 0x86dd,
  VLAN: 0x8100,
  VLAN_AD: 0x88a8,
  VLAN_QINQ: 0x9100,
  MPLS: 0x8847,
  PPPOED: 0x8863,
  PPPOES: 0x8864,
  ATALK: 0x809b,
  AARP: 0x80f3,
  IPX: 0x8137,
  DECNET: 0x6003,
  LAT: 0x6004,
  SCA: 0x6007,
  MOPDL: 0x6001,
  MOPRC: 0x6002,
  LOOPBACK: 0x9000,
  NS: 0x0600,
  TEB: 0x6558,
} as const;

/** Service access points of IEEE 802.2. */
export const SAP = { ISO: 0xfe, STP: 0x42, IPX: 0xe0, NETBEUI: 0xf0, IP: 0x06 } as const;

/** Above this an Ethernet header's last field is a type, else a length. */
export const ETHER_MTU = 1500;

export const IPPROTO = {
  ICMP: 1,
  IGMP: 2,
  TCP: 6,
  IGRP: 9,
  UDP: 17,
  FRAGMENT: 44,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  NONE: 59,
  DSTOPTS: 60,
  PIM: 103,
  VRRP: 112,
  SCTP: 132,
  HOPOPTS: 0,
  ROUTING: 43,
} as const;

/** Names after `ether proto`. */
export const ETHER_PROTOCOLS = new Map<string, number>([
  ["aarp", ETHERTYPE.AARP],
  ["arp", ETHERTYPE.ARP],
  ["atalk", ETHERTYPE.ATALK],
  ["decnet", ETHERTYPE.DECNET],
  ["ip", ETHERTYPE.IP],
  ["ip6", ETHERTYPE.IPV6],
  ["lat", ETHERTYPE.LAT],
  ["loopback", ETHERTYPE.LOOPBACK],
  ["mopdl", ETHERTYPE.MOPDL],
  ["moprc", ETHERTYPE.MOPRC],
  ["rarp", ETHERTYPE.RARP],
  ["sca", ETHERTYPE.SCA],
  ["iso", SAP.ISO],
  ["stp", SAP.STP],
  ["ipx", SAP.IPX],
  ["netbeui", SAP.NETBEUI],
]);

/** Names after `iso proto`: network layer protocol identifiers. */
export const OSI_PROTOCOLS = new Map<string, number>([
  ["clnp", 0x81],
  ["esis", 0x82],
  ["isis", 0x83],
]);

/** What stands in the protocol field of PPP (RFC 1661) for an ether type or a service access point. */
export const PPP_PROTOCOLS = new Map<number, number>([
  [ETHERTYPE.IP, 0x21],
  [ETHERTYPE.IPV6, 0x57],
  [ETHERTYPE.DECNET, 0x27],
  [ETHERTYPE.ATALK, 0x29],
  [ETHERTYPE.NS, 0x25],
  [SAP.ISO, 0x23],
  [SAP.STP, 0x31],
  [SAP.IPX, 0x2b],
]);

/** Networks with a name (networks(5)). */
export const NETWORKS = new Map<string, number>([
  ["default", 0],
  ["loopback", 0x7f000000],
  ["link-local", 0xa9fe0000],
]);
