import type { Direction, Special } from "./ast.ts";
import type { Condition } from "./condition.ts";
import { type Context, refuseLink } from "./context.ts";

export function wlanHost(context: Context, _bytes: readonly number[], _dir: Direction): Condition {
  return refuseLink(context, "802.11 addresses are not read yet");
}
export const wlanBroadcast = (context: Context): Condition => refuseLink(context, "802.11 not yet");
export const wlanMulticast = wlanBroadcast;
export const wlanData = wlanBroadcast;
export const wlanType = (context: Context, _s: Special): Condition => wlanBroadcast(context);
export const wlanDirection = wlanType;
