import type { Special } from "./ast.ts";
import { above, anyBit, cmp } from "./compare.ts";
import { and, type Condition, not } from "./condition.ts";
import { type Context, refuseLink } from "./context.ts";
import { filterError } from "./errors.ts";
import { ETHER_MTU } from "./numbers.ts";
import { wlanData } from "./wlan.ts";

/** Types of PDU (IEEE 802.2): mask and value of the control field. */
const CONTROL = new Map<string, readonly [mask: number, value: number]>([
  ["s", [0x03, 0x01]],
  ["u", [0x03, 0x03]],
  ["rr", [0x0f, 0x01]],
  ["rnr", [0x0f, 0x05]],
  ["rej", [0x0f, 0x09]],
  ["ui", [0xef, 0x03]],
  ["ua", [0xef, 0x63]],
  ["disc", [0xef, 0x43]],
  ["sabme", [0xef, 0x6f]],
  ["test", [0xef, 0xe3]],
  ["xid", [0xef, 0xaf]],
  ["frmr", [0xef, 0x87]],
]);

function hasLlc(context: Context): Condition {
  const { layers } = context;
  switch (layers.family) {
    case "ethernet":
      // FF FF is Novell's raw 802.3, which has no LLC header.
      return and(not(above(context, layers.type, 0, 2, ETHER_MTU)), not(cmp(context, layers.payload, 0, 2, 0xffff)));
    case "wlan":
      return wlanData(context);
    default:
      return refuseLink(context, `'llc' not supported for ${context.link.name}`);
  }
}

export function llc(context: Context, { names }: Special): Condition {
  const present = hasLlc(context);
  const [kind] = names;
  if (kind === undefined) return present;
  const { payload } = context.layers;
  if (kind === "i") return and(present, not(anyBit(context, payload, 2, 1, 1)));
  const control = CONTROL.get(kind);
  if (control === undefined)
    throw filterError("E_FILTER_NAME", { text: kind, why: "unknown LLC type name", ...context.place });
  return and(present, cmp(context, payload, 2, 1, control[1], control[0]));
}
