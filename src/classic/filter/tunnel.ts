import type { Special } from "./ast.ts";
import type { Condition } from "./condition.ts";
import { type Context, refuseLink } from "./context.ts";

export function geneve(context: Context, _special: Special): Condition {
  return refuseLink(context, "geneve is not read yet");
}
export const vxlan = geneve;
