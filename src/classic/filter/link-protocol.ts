import { above, bytesAre, cmp, networkAt } from "./compare.ts";
import { always, and, type Condition, never, not, or } from "./condition.ts";
import { type Context, refuseLink } from "./context.ts";
import { ETHER_MTU, ETHERTYPE, PPP_PROTOCOLS, SAP } from "./numbers.ts";
import { wlanData } from "./wlan.ts";

/** A SNAP header (IEEE 802): AA AA 03, organisation, type. */
function snap(context: Context, organisation: number, type: number): Condition {
  const { payload } = context.layers;
  const bytes = [
    0xaa,
    0xaa,
    3,
    organisation >> 16,
    (organisation >> 8) & 0xff,
    organisation & 0xff,
    type >> 8,
    type & 0xff,
  ];
  return bytesAre(context, payload, 0, bytes);
}

/** The field behind the addresses is a length, so that an LLC header follows. */
export function hasLength(context: Context): Condition {
  return not(above(context, context.layers.type, 0, 2, ETHER_MTU));
}

/** An ether type, or a number up to 1500: a service access point of IEEE 802.2. */
function ethernetProtocol(context: Context, proto: number): Condition {
  const { payload, type } = context.layers;
  const typed = (): Condition => cmp(context, type, 0, 2, proto);
  switch (proto) {
    case SAP.ISO:
    case SAP.IP:
    case SAP.NETBEUI:
      return and(hasLength(context), cmp(context, payload, 0, 2, (proto << 8) | proto));
    case SAP.IPX: {
      const bare = or(cmp(context, payload, 0, 1, SAP.IPX), cmp(context, payload, 0, 2, 0xffff));
      const llc = or(snap(context, 0, ETHERTYPE.IPX), bare);
      return or(cmp(context, type, 0, 2, ETHERTYPE.IPX), and(hasLength(context), llc));
    }
    case ETHERTYPE.ATALK:
      return or(typed(), and(hasLength(context), snap(context, 0x080007, proto)));
    case ETHERTYPE.AARP:
      return or(typed(), and(hasLength(context), snap(context, 0, proto)));
  }
  return proto <= ETHER_MTU ? and(hasLength(context), cmp(context, payload, 0, 1, proto)) : typed();
}

/** Linux cooked capture, version 1: 1 stands for raw IPX, 4 for 802.2. */
function cookedProtocol(context: Context, proto: number): Condition {
  const { payload, type } = context.layers;
  const typed = (k: number): Condition => cmp(context, type, 0, 2, k);
  const llc = (): Condition => typed(4);
  switch (proto) {
    case SAP.ISO:
    case SAP.IP:
    case SAP.NETBEUI:
      return and(llc(), cmp(context, payload, 0, 2, (proto << 8) | proto));
    case SAP.IPX: {
      const wrapped = or(cmp(context, payload, 0, 1, SAP.IPX), snap(context, 0, ETHERTYPE.IPX));
      return or(typed(ETHERTYPE.IPX), typed(1), and(llc(), wrapped));
    }
    case ETHERTYPE.ATALK:
      return or(typed(proto), and(llc(), snap(context, 0x080007, proto)));
    case ETHERTYPE.AARP:
      return or(typed(proto), and(llc(), snap(context, 0, proto)));
  }
  return proto <= ETHER_MTU ? and(llc(), cmp(context, payload, 0, 1, proto)) : typed(proto);
}

/** What follows an LLC header that is always there. */
function llcProtocol(context: Context, proto: number): Condition {
  const { payload } = context.layers;
  switch (proto) {
    case SAP.IP:
    case SAP.ISO:
    case SAP.NETBEUI:
      return cmp(context, payload, 0, 2, (proto << 8) | proto);
    case SAP.IPX:
      return cmp(context, payload, 0, 1, SAP.IPX);
    case ETHERTYPE.ATALK:
      return snap(context, 0x080007, proto);
  }
  return proto <= ETHER_MTU ? cmp(context, payload, 0, 1, proto) : cmp(context, payload, 6, 2, proto);
}

function pppProtocol(context: Context, proto: number): Condition {
  return cmp(context, context.layers.type, 0, 2, PPP_PROTOCOLS.get(proto) ?? proto);
}

function version(context: Context, proto: number): Condition {
  if (proto === ETHERTYPE.IP) return cmp(context, networkAt(context), 0, 1, 0x40, 0xf0);
  if (proto === ETHERTYPE.IPV6) return cmp(context, networkAt(context), 0, 1, 0x60, 0xf0);
  return never;
}

/** BSD's loopback header: an address family, in the byte order of the host for NULL (here: little), of the network for LOOP. */
function loopbackProtocol(context: Context, proto: number): Condition {
  const family = proto === ETHERTYPE.IP ? 2 : proto === ETHERTYPE.IPV6 ? 10 : null;
  if (family === null) return never;
  return cmp(context, context.layers.type, 0, 4, context.layers.linkType === 0 ? family * 2 ** 24 : family);
}

/** Behind a label stack nothing says which protocol follows: the last label must be the bottom and the IP version tells. */
function behindLabels(context: Context, proto: number): Condition {
  if (proto !== ETHERTYPE.IP && proto !== ETHERTYPE.IPV6) return refuseLink(context, "unsupported protocol over mpls");
  return and(cmp(context, networkAt(context), -2, 1, 1, 1), version(context, proto));
}

function fixedVersion(context: Context, proto: number): Condition {
  const only = context.layers.linkType === 228 ? ETHERTYPE.IP : ETHERTYPE.IPV6;
  return proto === only ? always : never;
}

/** Whether the link layer says that its payload is of the protocol: an ether type, or a service access point below 1501. */
export function linkProtocol(context: Context, proto: number): Condition {
  const { layers } = context;
  if (layers.labels > 0) return behindLabels(context, proto);
  switch (layers.family) {
    case "ethernet":
      return ethernetProtocol(context, proto);
    case "cooked":
      return cookedProtocol(context, proto);
    case "cooked2":
      return cmp(context, layers.type, 0, 2, proto);
    case "ppp":
      return pppProtocol(context, proto);
    case "null":
      return loopbackProtocol(context, proto);
    case "raw":
      return layers.linkType === 228 || layers.linkType === 229
        ? fixedVersion(context, proto)
        : version(context, proto);
    case "wlan":
      return and(wlanData(context), llcProtocol(context, proto));
    case "opaque":
      return refuseLink(context, `no protocols on ${context.link.name}`);
  }
}
