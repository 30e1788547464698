import type { ClassicPacket } from "./packet.ts";

/**
 * Netlink attributes in a packet (linux/netlink.h: length, type, value; padded to 4 bytes; host byte order), as the ancillary
 * loads `nla` and `nlan` look for them. Both answer with the offset of the attribute from the packet's first byte, 0 if there is none.
 */
const HEADER = 4;
/** Flags in the upper bits of the type: NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

function u16(packet: ClassicPacket, at: number): number {
  const value = packet.at(at, 2) ?? 0;
  return (value >> 8) | ((value & 0xff) << 8);
}

function find(packet: ClassicPacket, from: number, length: number, type: number): number {
  let at = from;
  let left = length;
  while (left >= HEADER) {
    const size = u16(packet, at);
    if (size < HEADER || size > left) return 0;
    if ((u16(packet, at + 2) & TYPE_MASK) === type) return at;
    const padded = (size + 3) & ~3;
    at += padded;
    left -= padded;
  }
  return 0;
}

/** The first attribute of `type` in the list that begins at `from`. */
export function findAttribute(packet: ClassicPacket, from: number, type: number): number {
  const left = packet.size - from;
  return left < HEADER ? 0 : find(packet, from, left, type);
}

/** The first attribute of `type` inside the attribute at `at`. */
export function findNestedAttribute(packet: ClassicPacket, at: number, type: number): number {
  const left = packet.size - at;
  if (left < HEADER) return 0;
  const size = u16(packet, at);
  return size > left ? 0 : find(packet, at + HEADER, size - HEADER, type);
}
