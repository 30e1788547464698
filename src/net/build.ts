import { ByteWriter } from "../util/index.ts";
import { type Address, ipv4Bytes, ipv6Bytes, macBytes } from "./build-address.ts";
import { internetChecksum, transportChecksum } from "./build-checksum.ts";

/**
 * A pure packet builder: layers from the outside in, lengths and checksums filled in.
 *
 * ```ts
 * const frame = ethernet({ vlan: 7 }, ipv4({ source: "192.0.2.1", destination: "192.0.2.2" }, udp({ source: 53, destination: 4000 }, payload)));
 * ```
 */

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_QINQ = 0x88a8;

export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ICMPV6 = 58;

/** What goes into a frame: bytes that know their EtherType. */
export interface NetworkLayer {
  readonly etherType: number;
  readonly bytes: Uint8Array;
}

/** Addresses that a transport checksum covers (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export interface PseudoHeader {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** What goes into an IP packet: bytes depend on the addresses around them. */
export interface TransportLayer {
  readonly protocol: number;
  readonly build: (addresses: PseudoHeader) => Uint8Array;
}

export interface EthernetOptions {
  readonly source?: Address;
  readonly destination?: Address;
  /** 802.1Q tag control information, or several from the outside in; outer ones of two get EtherType 0x88a8 (802.1ad). */
  readonly vlan?: number | readonly number[];
  /** Pad to this many bytes; 60 is the least on the wire. Default: no padding. */
  readonly minLength?: number;
}

const DEFAULT_SOURCE = "02:00:00:00:00:01";
const DEFAULT_DESTINATION = "02:00:00:00:00:02";

/** An Ethernet frame without frame check sequence, as captures and XDP see it. */
export function ethernet(options: EthernetOptions, payload: NetworkLayer): Uint8Array {
  const out = new ByteWriter(false);
  out.append(macBytes(options.destination ?? DEFAULT_DESTINATION)).append(macBytes(options.source ?? DEFAULT_SOURCE));
  const tags = options.vlan === undefined ? [] : typeof options.vlan === "number" ? [options.vlan] : options.vlan;
  tags.forEach((tag, i) => {
    out.u16(i < tags.length - 1 ? ETHERTYPE_QINQ : ETHERTYPE_VLAN).u16(tag);
  });
  out.u16(payload.etherType).append(payload.bytes);
  const missing = (options.minLength ?? 0) - out.length;
  if (missing > 0) out.append(new Uint8Array(missing));
  return out.finish();
}

/** Any payload with an EtherType of the caller's. */
export function rawNetwork(etherType: number, bytes: Uint8Array): NetworkLayer {
  return { etherType, bytes };
}

export interface ArpOptions {
  /** 1 request (default), 2 reply. */
  readonly operation?: number;
  readonly senderMac?: Address;
  readonly senderIp: Address;
  readonly targetMac?: Address;
  readonly targetIp: Address;
}

/** ARP for IPv4 over Ethernet (RFC 826). */
export function arp(options: ArpOptions): NetworkLayer {
  const out = new ByteWriter(false);
  out.u16(1).u16(ETHERTYPE_IPV4).u8(6).u8(4);
  out.u16(options.operation ?? 1);
  out.append(macBytes(options.senderMac ?? DEFAULT_SOURCE)).append(ipv4Bytes(options.senderIp));
  out.append(macBytes(options.targetMac ?? "00:00:00:00:00:00")).append(ipv4Bytes(options.targetIp));
  return { etherType: ETHERTYPE_ARP, bytes: out.finish() };
}

export interface Ipv4Options {
  readonly source: Address;
  readonly destination: Address;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  /** Flags and fragment offset as in the header's word; default 0x4000, don't fragment. */
  readonly fragment?: number;
  /** Header options, a multiple of 4 and at most 40 bytes. */
  readonly options?: Uint8Array;
}

/** An IPv4 packet (RFC 791). */
export function ipv4(options: Ipv4Options, payload: TransportLayer): NetworkLayer {
  const source = ipv4Bytes(options.source);
  const destination = ipv4Bytes(options.destination);
  const extra = options.options ?? new Uint8Array(0);
  const body = payload.build({ source, destination });
  const headerSize = 20 + extra.length;
  const out = new ByteWriter(false);
  out.u8(0x40 | (headerSize / 4)).u8(options.tos ?? 0);
  out.u16(headerSize + body.length);
  out.u16(options.id ?? 0).u16(options.fragment ?? 0x4000);
  out
    .u8(options.ttl ?? 64)
    .u8(payload.protocol)
    .u16(0);
  out.append(source).append(destination).append(extra);
  const header = out.finish();
  new DataView(header.buffer).setUint16(10, internetChecksum(header));
  return { etherType: ETHERTYPE_IPV4, bytes: concat(header, body) };
}

export interface Ipv6Options {
  readonly source: Address;
  readonly destination: Address;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
}

/** An IPv6 packet without extension headers (RFC 8200). */
export function ipv6(options: Ipv6Options, payload: TransportLayer): NetworkLayer {
  const source = ipv6Bytes(options.source);
  const destination = ipv6Bytes(options.destination);
  const body = payload.build({ source, destination });
  const out = new ByteWriter(false);
  out.u32(((6 << 28) | ((options.trafficClass ?? 0) << 20) | (options.flowLabel ?? 0)) >>> 0);
  out
    .u16(body.length)
    .u8(payload.protocol)
    .u8(options.hopLimit ?? 64);
  out.append(source).append(destination).append(body);
  return { etherType: ETHERTYPE_IPV6, bytes: out.finish() };
}

export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_PSH = 8;
export const TCP_ACK = 16;

export interface TcpOptions {
  readonly source: number;
  readonly destination: number;
  readonly seq?: number;
  readonly ack?: number;
  /** TCP_* together; default TCP_ACK. */
  readonly flags?: number;
  readonly window?: number;
  /** Header options, a multiple of 4 and at most 40 bytes. */
  readonly options?: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/** A TCP segment (RFC 9293). */
export function tcp(options: TcpOptions, payload: Uint8Array = EMPTY): TransportLayer {
  const extra = options.options ?? EMPTY;
  return checked(IPPROTO_TCP, 16, false, (out) => {
    out.u16(options.source).u16(options.destination);
    out.u32(options.seq ?? 0).u32(options.ack ?? 0);
    out.u8(((20 + extra.length) / 4) << 4).u8(options.flags ?? TCP_ACK);
    out.u16(options.window ?? 64240);
    out.u16(0).u16(0).append(extra).append(payload);
  });
}

/** A UDP datagram (RFC 768). */
export function udp(
  options: { readonly source: number; readonly destination: number },
  payload: Uint8Array = EMPTY,
): TransportLayer {
  return checked(IPPROTO_UDP, 6, true, (out) => {
    out.u16(options.source).u16(options.destination);
    out
      .u16(8 + payload.length)
      .u16(0)
      .append(payload);
  });
}

export interface IcmpOptions {
  readonly type: number;
  readonly code?: number;
  /** The word after the checksum: identifier and sequence number of an echo. */
  readonly rest?: number;
}

/** An ICMP message (RFC 792): type 8 is an echo request, 0 its reply. */
export function icmp(options: IcmpOptions, payload: Uint8Array = EMPTY): TransportLayer {
  return {
    protocol: IPPROTO_ICMP,
    build: () => {
      const bytes = icmpBytes(options, payload);
      new DataView(bytes.buffer).setUint16(2, internetChecksum(bytes));
      return bytes;
    },
  };
}

/** An ICMPv6 message (RFC 4443): type 128 is an echo request, 129 its reply. */
export function icmpv6(options: IcmpOptions, payload: Uint8Array = EMPTY): TransportLayer {
  return checked(IPPROTO_ICMPV6, 2, false, (out) => {
    out.append(icmpBytes(options, payload));
  });
}

/** Any payload with an IP protocol number of the caller's. */
export function rawTransport(protocol: number, bytes: Uint8Array): TransportLayer {
  return { protocol, build: () => bytes };
}

function icmpBytes(options: IcmpOptions, payload: Uint8Array): Uint8Array {
  const out = new ByteWriter(false);
  out
    .u8(options.type)
    .u8(options.code ?? 0)
    .u16(0);
  out.u32(options.rest ?? 0).append(payload);
  return out.finish();
}

/** A transport whose checksum at `field` covers the pseudo-header; `never0`: UDP's 0 means "none", so it sends 0xffff. */
function checked(protocol: number, field: number, never0: boolean, write: (out: ByteWriter) => void): TransportLayer {
  return {
    protocol,
    build: (addresses) => {
      const out = new ByteWriter(false);
      write(out);
      const bytes = out.finish();
      const sum = transportChecksum(addresses, protocol, bytes);
      new DataView(bytes.buffer).setUint16(field, never0 && sum === 0 ? 0xffff : sum);
      return bytes;
    },
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
