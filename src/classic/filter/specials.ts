import { BPF_AND, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_OR, SKF_AD_OFF } from "../insn.ts";
import { linkHost } from "./address.ts";
import type { Special } from "./ast.ts";
import { anyBit, atLeast, cmp, networkAt } from "./compare.ts";
import { and, type Condition, compare, equals, not, or } from "./condition.ts";
import { type Context, refuseLink, refuseQualifier } from "./context.ts";
import { mpls, pppoes, vlan } from "./encapsulation.ts";
import { filterError } from "./errors.ts";
import { linkProtocol } from "./link-protocol.ts";
import { llc } from "./llc.ts";
import { ETHERTYPE } from "./numbers.ts";
import { geneve, hasLinkHeader, vxlan } from "./tunnel.ts";
import { wlanBroadcast, wlanDirection, wlanMulticast, wlanType } from "./wlan.ts";

type Compile = (context: Context, special: Special) => Condition;

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/** Extensions of Linux: offsets from SKF_AD_OFF of the packet's type and of the index of its device. */
const AD_PKTTYPE = 4;
const AD_IFINDEX = 8;
const PACKET_OUTGOING = 4;

function broadcast(context: Context, { proto }: Special): Condition {
  const { layers, netmask } = context;
  switch (proto) {
    case null:
    case "link":
      if (layers.family === "wlan") return wlanBroadcast(context);
      if (layers.family !== "ethernet") return refuseLink(context, "not a broadcast link");
      return linkHost(context, BROADCAST, "dst");
    case "ip": {
      // Without a netmask, the addresses of all hosts and of none.
      const host = netmask === null ? 0xffffffff : ~netmask >>> 0;
      const at = networkAt(context);
      return and(
        linkProtocol(context, ETHERTYPE.IP),
        or(cmp(context, at, 16, 4, 0, host), cmp(context, at, 16, 4, host, host)),
      );
    }
    default:
      return refuseQualifier(context, "only link-layer/IP broadcast filters supported");
  }
}

function multicast(context: Context, { proto }: Special): Condition {
  const { layers } = context;
  switch (proto) {
    case null:
    case "link":
      if (layers.family === "wlan") return wlanMulticast(context);
      if (layers.family !== "ethernet") {
        return refuseLink(
          context,
          "link-layer multicast filters supported only on ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel",
        );
      }
      return and(...hasLinkHeader(context), anyBit(context, layers.link, 0, 1, 1));
    case "ip":
      return and(linkProtocol(context, ETHERTYPE.IP), atLeast(context, networkAt(context), 16, 1, 224));
    case "ip6":
      return and(linkProtocol(context, ETHERTYPE.IPV6), cmp(context, networkAt(context), 24, 1, 255));
    default:
      return refuseQualifier(
        context,
        "link-layer multicast filters supported only on ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel",
      );
  }
}

/** Whether the packet was sent by the capturing host: where the link-layer header says it, else Linux' own knowledge. */
function outgoing(context: Context): Condition {
  const { values, layers } = context;
  switch (layers.family) {
    case "cooked":
      return cmp(context, layers.link, 0, 2, PACKET_OUTGOING);
    case "cooked2":
      return cmp(context, layers.link, 10, 1, PACKET_OUTGOING);
    default:
      return equals(values, values.load(2, SKF_AD_OFF + AD_PKTTYPE, null), PACKET_OUTGOING);
  }
}

function interfaceIndex(context: Context, { numbers }: Special): Condition {
  const { values, layers } = context;
  const [index = 0] = numbers;
  if (layers.family === "cooked2") return cmp(context, layers.link, 4, 4, index);
  return equals(values, values.load(4, SKF_AD_OFF + AD_IFINDEX, null), index);
}

function byte(context: Context, { numbers, names }: Special): Condition {
  const { values } = context;
  const [offset = 0, k = 0] = numbers;
  const value = values.load(1, offset, null);
  switch (names[0]) {
    case "=":
      return equals(values, value, k);
    case "<":
      return not(compare(BPF_JGE, value, values.const(k)));
    case ">":
      return compare(BPF_JGT, value, values.const(k));
    case "|":
      return not(compare(BPF_JEQ, values.alu(BPF_OR, value, values.const(k)), values.const(0)));
    default:
      return not(compare(BPF_JEQ, values.alu(BPF_AND, value, values.const(k)), values.const(0)));
  }
}

const onlyPacketFilterLogs: Compile = (context, { word }) =>
  refuseLink(context, `'${word}' is supported only on PF logs`);

const SPECIALS: Record<string, Compile> = {
  broadcast,
  multicast,
  byte,
  llc,
  mpls,
  pppoes,
  vlan,
  geneve,
  vxlan,
  inbound: (context) => not(outgoing(context)),
  outbound: outgoing,
  ifindex: interfaceIndex,
  less: (context, { numbers }) => not(compare(BPF_JGT, context.values.len(), context.values.const(numbers[0] ?? 0))),
  greater: (context, { numbers }) => compare(BPF_JGE, context.values.len(), context.values.const(numbers[0] ?? 0)),
  pppoed: (context) => linkProtocol(context, ETHERTYPE.PPPOED),
  type: wlanType,
  subtype: wlanType,
  dir: wlanDirection,
  ifname: onlyPacketFilterLogs,
  rset: onlyPacketFilterLogs,
  rnr: onlyPacketFilterLogs,
  srnr: onlyPacketFilterLogs,
  reason: onlyPacketFilterLogs,
  action: onlyPacketFilterLogs,
};

export function specialCondition(context: Context, special: Special): Condition {
  const compile = Object.hasOwn(SPECIALS, special.word) ? SPECIALS[special.word] : undefined;
  if (compile === undefined)
    throw filterError("E_FILTER_SYNTAX", { what: `unexpected '${special.word}'`, ...context.place });
  return compile(context, special);
}
