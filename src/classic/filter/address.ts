import type { Direction, Qualifiers } from "./ast.ts";
import { bytesAre, cmp, networkAt } from "./compare.ts";
import { and, type Condition, or } from "./condition.ts";
import { type Context, refuseLink, refuseQualifier } from "./context.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE } from "./numbers.ts";
import { hasLinkHeader } from "./tunnel.ts";
import { wlanHost } from "./wlan.ts";

/** What holds for the source, the destination, either or both, as the direction says. */
export function directed(
  context: Context,
  dir: Direction,
  one: (side: "src" | "dst") => Condition,
  order: "src-first" | "dst-first" = "src-first",
): Condition {
  switch (dir) {
    case "src":
    case "dst":
      return one(dir);
    case "and":
      return order === "src-first" ? and(one("src"), one("dst")) : and(one("dst"), one("src"));
    case "or":
    case null:
      return or(one("src"), one("dst"));
    case "ra":
    case "ta":
      return refuseQualifier(
        context,
        `'${dir}' is not a valid qualifier for addresses other than 802.11 MAC addresses`,
      );
    default:
      return refuseQualifier(
        context,
        `'${dir}' and '${dir.replace("addr", "address")}' are not valid qualifiers for addresses other than 802.11 MAC addresses`,
      );
  }
}

function hostOf(
  context: Context,
  address: number,
  mask: number,
  dir: Direction,
  proto: number,
  src: number,
  dst: number,
): Condition {
  return directed(context, dir, (side) =>
    and(linkProtocol(context, proto), cmp(context, networkAt(context), side === "src" ? src : dst, 4, address, mask)),
  );
}

/** An IPv4 address or network, in IP, ARP or RARP. */
export function ipv4Host(context: Context, address: number, mask: number, { proto, dir, kind }: Qualifiers): Condition {
  const what = kind === "net" ? "net" : "host";
  const ip = (): Condition => hostOf(context, address, mask, dir, ETHERTYPE.IP, 12, 16);
  const arp = (): Condition => hostOf(context, address, mask, dir, ETHERTYPE.ARP, 14, 24);
  const rarp = (): Condition => hostOf(context, address, mask, dir, ETHERTYPE.RARP, 14, 24);
  switch (proto) {
    case null:
      // Behind labels there is no ARP.
      return context.layers.labels > 0 ? ip() : or(ip(), arp(), rarp());
    case "ip":
      return ip();
    case "arp":
      return arp();
    case "rarp":
      return rarp();
    case "link":
      return refuseQualifier(context, `link-layer modifier applied to ${what}`);
    case "ip6":
      return refuseQualifier(context, `'ip6' modifier applied to ip ${what}`);
    default:
      return refuseQualifier(context, `'${proto}' modifier applied to ${what}`);
  }
}

export function ipv6Host(
  context: Context,
  words: readonly number[],
  masks: readonly number[],
  { proto, dir, kind }: Qualifiers,
): Condition {
  const what = kind === "net" ? "net" : "host";
  if (proto !== null && proto !== "ip6") return refuseQualifier(context, `'${proto}' modifier applied to ip6 ${what}`);
  return directed(context, dir, (side) => {
    const first = side === "src" ? 8 : 24;
    const parts = words.map((word, n) => cmp(context, networkAt(context), first + 4 * n, 4, word, masks[n]));
    return and(linkProtocol(context, ETHERTYPE.IPV6), ...parts);
  });
}

/** A MAC address in the link-layer header. */
export function linkHost(context: Context, bytes: readonly number[], dir: Direction): Condition {
  const { layers } = context;
  switch (layers.family) {
    case "ethernet":
      return directed(context, dir, (side) =>
        and(...hasLinkHeader(context), bytesAre(context, layers.link, side === "src" ? 6 : 0, bytes)),
      );
    case "wlan":
      return wlanHost(context, bytes, dir);
    default:
      return refuseLink(
        context,
        "ethernet addresses supported only on ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel",
      );
  }
}

/** DECnet's short and long headers, with and without a padding byte; numbers in them have the low byte first. */
export function decnetHost(context: Context, address: number, dir: Direction): Condition {
  const at = networkAt(context);
  const low = ((address & 0xff) << 8) | (address >> 8);
  const one = (side: "src" | "dst"): Condition => {
    const [short, long] = side === "src" ? [5, 17] : [3, 9];
    return or(
      and(cmp(context, at, 2, 1, 2, 7), cmp(context, at, short, 2, low)),
      and(cmp(context, at, 2, 2, 0x8102, 0xff07), cmp(context, at, short + 1, 2, low)),
      and(cmp(context, at, 2, 1, 6, 7), cmp(context, at, long, 2, low)),
      and(cmp(context, at, 2, 2, 0x8106, 0xff07), cmp(context, at, long + 1, 2, low)),
    );
  };
  return and(linkProtocol(context, ETHERTYPE.DECNET), directed(context, dir, one));
}
