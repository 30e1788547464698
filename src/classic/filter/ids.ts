import { decnetHost, ipv4Host, ipv6Host, linkHost } from "./address.ts";
import type { Id, Qualifiers } from "./ast.ts";
import type { Condition } from "./condition.ts";
import { type Context, refuseLink, refuseQualifier, refuseRange } from "./context.ts";
import { filterError } from "./errors.ts";
import { parseIpv6, prefixMask } from "./ipv6.ts";
import type { Proto } from "./keywords.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHER_PROTOCOLS, IPPROTO, NETWORKS, OSI_PROTOCOLS } from "./numbers.ts";
import { portsAre } from "./ports.ts";
import { ipProtocolOfBoth, ipv4Protocol, ipv6Protocol, isisType, osiProtocol } from "./protocol.ts";
import { protocolChain } from "./protocol-chain.ts";
import { ipProtocol } from "./protocols.ts";
import { servicePorts } from "./services.ts";

const TRANSPORTS: Partial<Record<Proto, number>> = { tcp: IPPROTO.TCP, udp: IPPROTO.UDP, sctp: IPPROTO.SCTP };

function refuseName(context: Context, why: string, text: string): never {
  throw filterError("E_FILTER_NAME", { text, why, ...context.place });
}

function refuseAddress(context: Context, text: string, why: string): never {
  throw filterError("E_FILTER_ADDRESS", { text, why, ...context.place });
}

/** `proto N` with what stands before it. */
function protocol(context: Context, number: number, { proto, dir }: Qualifiers): Condition {
  if (dir !== null) return refuseQualifier(context, "direction applied to 'proto'");
  switch (proto) {
    case null:
      return ipProtocolOfBoth(context, number);
    case "ip":
      return ipv4Protocol(context, number);
    case "ip6":
      return ipv6Protocol(context, number);
    case "link":
      return linkProtocol(context, number);
    case "iso":
      return osiProtocol(context, number);
    case "isis":
      return isisType(context, number);
    case "arp":
    case "rarp":
    case "atalk":
    case "decnet":
    case "lat":
    case "sca":
    case "moprc":
    case "mopdl":
      return refuseQualifier(context, `${proto} does not encapsulate another protocol`);
    default:
      return refuseQualifier(context, `'${proto} proto' is bogus`);
  }
}

function protocolNumber(context: Context, name: string, proto: Proto | null): number {
  if (proto === null || proto === "ip" || proto === "ip6") {
    return ipProtocol(name) ?? refuseName(context, "unknown ip proto", name);
  }
  if (proto === "iso") return OSI_PROTOCOLS.get(name) ?? refuseName(context, "unknown osi proto", name);
  if (proto === "link") return ETHER_PROTOCOLS.get(name) ?? refuseName(context, "unknown ether proto", name);
  return refuseName(context, "unknown protocol", name);
}

function transport(context: Context, { proto, kind }: Qualifiers): number | null {
  if (proto === null) return null;
  return TRANSPORTS[proto] ?? refuseQualifier(context, `illegal qualifier of '${kind}'`);
}

interface NamedPort {
  readonly port: number;
  readonly proto: number | null;
}

/** The port that a name stands for, and the protocol where it stands for one in a single protocol. */
function namedPort(context: Context, name: string): NamedPort {
  if (/^[0-9]+$/.test(name)) return { port: Number(name), proto: null };
  const ports = servicePorts(name);
  const { tcp = null, udp = null } = ports ?? {};
  if (tcp !== null) return { port: tcp, proto: udp === tcp ? null : IPPROTO.TCP };
  if (udp !== null) return { port: udp, proto: IPPROTO.UDP };
  return refuseName(context, "unknown port", name);
}

/** A name's protocol and a qualifier's must not contradict each other. */
function agreed(context: Context, name: string, named: number | null, wanted: number | null): number | null {
  if (wanted === null || named === null || named === wanted) return wanted ?? named;
  const of = Object.entries(TRANSPORTS).find(([, number]) => number === named)?.[0] ?? "other";
  return refuseQualifier(context, `port '${name}' is ${of}`);
}

function scoped(context: Context, name: string, qualifiers: Qualifiers): Condition {
  const { proto, dir, kind } = qualifiers;
  switch (kind) {
    case "net": {
      const net = NETWORKS.get(name);
      if (net === undefined) return refuseName(context, "unknown network", name);
      let [address, mask] = [net, 0xffffffff];
      while (address !== 0 && address >>> 24 === 0) [address, mask] = [(address << 8) >>> 0, (mask << 8) >>> 0];
      return ipv4Host(context, address, mask, qualifiers);
    }
    case "port": {
      const named = namedPort(context, name);
      const transportOf = agreed(context, name, named.proto, transport(context, qualifiers));
      if (named.port > 65535) return refuseRange(context, `illegal port number ${named.port} > 65535`);
      return portsAre(context, { first: named.port, last: named.port, range: false }, transportOf, dir);
    }
    case "portrange":
      return namedRange(context, name, qualifiers);
    case "proto":
      return protocol(context, protocolNumber(context, name, proto), qualifiers);
    case "protochain":
      return protocolChain(context, protocolNumber(context, name, proto), proto, dir);
    case "gateway":
      return refuseQualifier(context, "'gateway' needs a host's name, and names are not looked up");
    default:
      if (proto === "link") return refuseName(context, "unknown ether host", name);
      if (proto === "decnet") return refuseName(context, "unknown decnet host name", name);
      throw filterError("E_FILTER_HOST_NAME", { text: name, ...context.place });
  }
}

function namedRange(context: Context, name: string, qualifiers: Qualifiers): Condition {
  const wanted = transport(context, qualifiers);
  const dash = name.indexOf("-");
  if (dash < 0) {
    const { port, proto } = namedPort(context, name);
    return range(context, port, port, agreed(context, name, proto, wanted), qualifiers);
  }
  const low = namedPort(context, name.slice(0, dash));
  const high = namedPort(context, name.slice(dash + 1));
  const named = low.proto === high.proto ? low.proto : null;
  return range(context, low.port, high.port, agreed(context, name, named, wanted), qualifiers);
}

function range(context: Context, a: number, b: number, proto: number | null, { dir }: Qualifiers): Condition {
  for (const port of [a, b]) if (port > 65535) return refuseRange(context, `illegal port number ${port} > 65535`);
  return portsAre(context, { first: Math.min(a, b), last: Math.max(a, b), range: true }, proto, dir);
}

/** A number, or an address that was written with fewer than four parts; `bits` is how many were written. */
function numbered(context: Context, number: number, bits: number | null, qualifiers: Qualifiers): Condition {
  const { proto, dir, kind } = qualifiers;
  switch (kind) {
    case null:
    case "host":
    case "net": {
      if (proto === "decnet") return decnetHost(context, number, dir);
      if (proto === "link") return refuseQualifier(context, "illegal link layer address");
      let [address, mask] = [number, 0xffffffff];
      if (bits === null && kind === "net") {
        while (address !== 0 && address >>> 24 === 0) [address, mask] = [(address << 8) >>> 0, (mask << 8) >>> 0];
      } else if (bits !== null && bits < 32) {
        [address, mask] = [(address << (32 - bits)) >>> 0, (mask << (32 - bits)) >>> 0];
      }
      return ipv4Host(context, address, mask, qualifiers);
    }
    case "port": {
      const transportOf = transport(context, qualifiers);
      if (number > 65535) return refuseRange(context, `illegal port number ${number} > 65535`);
      return portsAre(context, { first: number, last: number, range: false }, transportOf, dir);
    }
    case "portrange":
      return range(context, number, number, transport(context, qualifiers), qualifiers);
    case "gateway":
      return refuseQualifier(context, "'gateway' requires a name");
    case "proto":
      return protocol(context, number, qualifiers);
    case "protochain":
      return protocolChain(context, number, proto, dir);
  }
}

/** The bits of `a`, `a.b`, `a.b.c` or `a.b.c.d`, and how many there are. */
function dotted(context: Context, text: string): { value: number; bits: number } {
  const parts = text.split(".");
  let value = 0;
  for (const part of parts) {
    const byte = Number.parseInt(part, 10);
    if (!/^[0-9]+$/.test(part) || byte > 255) return refuseAddress(context, text, "invalid IPv4 address");
    value = value * 256 + byte;
  }
  return { value: value >>> 0, bits: 8 * parts.length };
}

function decnetAddress(context: Context, text: string): number {
  const [area = 0, node = 0, ...more] = text.split(".").map((part) => Number.parseInt(part, 10));
  if (more.length > 0 || area > 63 || node > 1023) return refuseAddress(context, text, "malformed decnet address");
  return area * 1024 + node;
}

const NOT_FOR_ADDRESSES = new Set(["port", "portrange", "proto", "protochain", "gateway"]);

function addressKind(context: Context, { kind }: Qualifiers, what: string): void {
  if (kind !== null && NOT_FOR_ADDRESSES.has(kind)) refuseQualifier(context, `'${kind}' modifier applied to ${what}`);
}

function onlyNet(context: Context, { kind }: Qualifiers): void {
  if (kind !== "net") refuseQualifier(context, "mask syntax for networks only");
}

function network(context: Context, text: string, mask: number, qualifiers: Qualifiers): Condition {
  const { value, bits } = dotted(context, text);
  const address = bits < 32 ? (value << (32 - bits)) >>> 0 : value;
  if ((address & ~mask) !== 0) return refuseAddress(context, text, "non-network bits set");
  onlyNet(context, qualifiers);
  return ipv4Host(context, address, mask, qualifiers);
}

function macBytes(text: string): number[] {
  const separated = /[:-]/.test(text) || text.split(".").length === 6;
  const parts = separated ? text.split(/[:.-]/) : (text.replaceAll(".", "").match(/../g) ?? []);
  return parts.map((part) => Number.parseInt(part, 16));
}

/** An id with its qualifiers. */
export function idCondition(context: Context, id: Id, qualifiers: Qualifiers | null): Condition {
  if (qualifiers === null)
    throw filterError("E_FILTER_SYNTAX", { what: "nothing says what this is", ...context.place });
  switch (id.form) {
    case "number":
      return numbered(context, id.value, null, qualifiers);
    case "name":
      return scoped(context, id.text, qualifiers);
    case "ipv4": {
      addressKind(context, qualifiers, "IP address");
      if (qualifiers.proto === "decnet") return decnetHost(context, decnetAddress(context, id.text), qualifiers.dir);
      const { value, bits } = dotted(context, id.text);
      return numbered(context, value, bits, qualifiers);
    }
    case "ipv4-prefix": {
      addressKind(context, qualifiers, "IP address and prefix length");
      if (id.bits > 32) return refuseRange(context, "mask length must be <= 32");
      return network(context, id.text, prefixMask(id.bits), qualifiers);
    }
    case "ipv4-mask": {
      addressKind(context, qualifiers, "IP address and netmask");
      const mask = dotted(context, id.mask);
      return network(context, id.text, (mask.value << (32 - mask.bits)) >>> 0, qualifiers);
    }
    case "ipv6":
      return ipv6Id(context, id.text, id.bits, qualifiers);
    case "mac": {
      const { proto, kind, dir } = qualifiers;
      if ((kind === "host" || kind === null) && proto === "link") return linkHost(context, macBytes(id.text), dir);
      return refuseQualifier(context, "ethernet address used in non-ether expression");
    }
    case "arcnet":
      return refuseLink(context, "ARCnet addresses are supported only on ARCnet");
  }
}

function ipv6Id(context: Context, text: string, bits: number | null, qualifiers: Qualifiers): Condition {
  addressKind(context, qualifiers, "IP address");
  const words = parseIpv6(text) ?? refuseAddress(context, text, "bogus IPv6 address");
  const length = bits ?? 128;
  if (length > 128) return refuseRange(context, "mask length must be <= 128");
  const masks = words.map((_, n) => prefixMask(Math.max(0, Math.min(32, length - 32 * n))));
  if (words.some((word, n) => (word & ~(masks[n] ?? 0)) !== 0))
    return refuseAddress(context, text, "non-network bits set");
  const { kind } = qualifiers;
  if (kind !== "net" && length !== 128) return refuseQualifier(context, "mask syntax for networks only");
  return ipv6Host(context, words, masks, qualifiers);
}
