import type { ClassicEnv } from "./packet.ts";

/** What a device's receive path finds out about a captured packet, by link type of the capture (LINKTYPE_*). */
interface LinkRow {
  readonly linkType: number;
  /** ARPHRD_* of such devices (linux/if_arp.h). */
  readonly hatype: number;
  /** Bytes of the link header. */
  readonly header: number;
  /** EtherType of the packet. */
  readonly protocol: (packet: Uint8Array) => number;
  readonly packetType: (packet: Uint8Array) => number;
}

const ETH_P_802_3 = 0x0001;
const ETH_P_802_2 = 0x0004;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
/** Smaller type fields are lengths (ETH_P_802_3_MIN). */
const LEAST_ETHER_TYPE = 0x600;

function be16(packet: Uint8Array, at: number): number {
  return ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0);
}

function etherType(packet: Uint8Array): number {
  const type = be16(packet, 12);
  if (type >= LEAST_ETHER_TYPE) return type;
  return be16(packet, 14) === 0xffff ? ETH_P_802_3 : ETH_P_802_2;
}

/** Broadcast and multicast by the address; anything else is taken to be for this host. */
function etherPacketType(packet: Uint8Array): number {
  if (((packet[0] ?? 0) & 1) === 0) return 0;
  return packet.subarray(0, 6).every((byte) => byte === 0xff) ? 1 : 2;
}

function ipVersion(packet: Uint8Array): number {
  const version = (packet[0] ?? 0) >> 4;
  return version === 4 ? ETH_P_IP : version === 6 ? ETH_P_IPV6 : 0;
}

const HOST = () => 0;

const LINKS: readonly LinkRow[] = [
  { linkType: 1, hatype: 1, header: 14, protocol: etherType, packetType: etherPacketType },
  { linkType: 101, hatype: 0xfffe, header: 0, protocol: ipVersion, packetType: HOST },
  { linkType: 228, hatype: 0xfffe, header: 0, protocol: () => ETH_P_IP, packetType: HOST },
  { linkType: 229, hatype: 0xfffe, header: 0, protocol: () => ETH_P_IPV6, packetType: HOST },
  // Linux cooked captures carry what the kernel knew.
  { linkType: 113, hatype: 0xffff, header: 16, protocol: (p) => be16(p, 14), packetType: (p) => be16(p, 0) },
  { linkType: 276, hatype: 0xffff, header: 20, protocol: (p) => be16(p, 0), packetType: (p) => p[10] ?? 0 },
];

/**
 * The surroundings of a captured packet, as a packet socket on such a device would have had them: protocol, packet type, device type,
 * where the network header begins. What a capture does not tell (mark, queue, hash, CPU, VLAN tags taken off) stays 0.
 */
export function capturedEnv(packet: Uint8Array, linkType: number, wireLength: number, ifindex = 1): ClassicEnv {
  const row = LINKS.find((link) => link.linkType === linkType);
  const base = { length: wireLength, ifindex };
  if (row === undefined) return base;
  return {
    ...base,
    hatype: row.hatype,
    protocol: row.protocol(packet),
    packetType: row.packetType(packet),
    networkOffset: row.header,
  };
}
