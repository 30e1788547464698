import type { Special } from "./ast.ts";
import { cmp, networkAt } from "./compare.ts";
import { and, type Condition, or } from "./condition.ts";
import { type Context, refuseLink, refuseRange } from "./context.ts";
import { at, type Offset } from "./layers.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE } from "./numbers.ts";

function beyond(offset: Offset, by: number): Offset {
  return { k: offset.k + by, base: offset.base };
}

/** A VLAN tag (IEEE 802.1Q); all that follows in the expression looks behind it. */
export function vlan(context: Context, { numbers }: Special): Condition {
  const { layers } = context;
  if (layers.labels > 0) return refuseLink(context, "no VLAN match after MPLS");
  if (layers.family !== "ethernet" && layers.family !== "wlan")
    return refuseLink(context, `no VLAN support for ${context.link.name}`);
  const tag = or(
    ...[ETHERTYPE.VLAN, ETHERTYPE.VLAN_AD, ETHERTYPE.VLAN_QINQ].map((type) => linkProtocol(context, type)),
  );
  const [number] = numbers;
  if (number !== undefined && number > 0xfff)
    return refuseRange(context, `VLAN tag ${number} greater than maximum 4095`);
  const whole = number === undefined ? tag : and(tag, cmp(context, networkAt(context), 0, 2, number, 0xfff));
  context.layers = {
    ...layers,
    type: beyond(layers.type, 4),
    payload: beyond(layers.payload, 4),
    vlans: layers.vlans + 1,
  };
  return whole;
}

/** A label (RFC 3032); all that follows in the expression looks behind it. */
export function mpls(context: Context, { numbers }: Special): Condition {
  const { layers } = context;
  let present: Condition;
  if (layers.labels > 0) present = cmp(context, networkAt(context), -2, 1, 0, 1);
  else if (layers.family === "ethernet") present = linkProtocol(context, ETHERTYPE.MPLS);
  else if (layers.family === "ppp") present = linkProtocol(context, 0x281);
  else return refuseLink(context, `no MPLS support for ${context.link.name}`);
  const [label] = numbers;
  if (label !== undefined && label > 0xfffff)
    return refuseRange(context, `MPLS label ${label} greater than maximum 1048575`);
  const whole =
    label === undefined ? present : and(present, cmp(context, networkAt(context), 0, 4, label * 4096, 0xfffff000));
  context.layers = {
    ...layers,
    network: layers.network + 4,
    networkWithoutSnap: layers.networkWithoutSnap + 4,
    labels: layers.labels + 1,
  };
  return whole;
}

/** A PPPoE session (RFC 2516); all that follows in the expression looks at the PPP packet in it. */
export function pppoes(context: Context, { numbers }: Special): Condition {
  const { layers } = context;
  const present = linkProtocol(context, ETHERTYPE.PPPOES);
  const [session] = numbers;
  if (session !== undefined && session > 0xffff)
    return refuseRange(context, `PPPoE session number ${session} greater than maximum 65535`);
  const network = networkAt(context);
  const whole = session === undefined ? present : and(present, cmp(context, network, 0, 4, session, 0xffff));
  // Six bytes of PPPoE, then PPP's protocol without its address and control bytes.
  const header = at(network.k + 6, network.base);
  context.layers = {
    ...layers,
    family: "ppp",
    linkType: 9,
    link: header,
    type: header,
    payload: beyond(header, 2),
    network: 0,
    networkWithoutSnap: 0,
  };
  return whole;
}
