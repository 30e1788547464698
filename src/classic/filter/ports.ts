import { BPF_JEQ, BPF_JGE, BPF_JGT } from "../insn.ts";
import { directed } from "./address.ts";
import type { Direction } from "./ast.ts";
import { cmp, firstFragment, ipv4Transport, networkAt } from "./compare.ts";
import { and, type Condition, compare, not, or } from "./condition.ts";
import { type Context, refuseQualifier } from "./context.ts";
import { loadAt } from "./layers.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE, IPPROTO } from "./numbers.ts";
import type { Value } from "./value.ts";

/** A port, or all from one to another. */
export type Ports = { readonly first: number; readonly last: number; readonly range: boolean };

function within(context: Context, port: Value, { first, last, range }: Ports): Condition {
  const { values } = context;
  if (!range) return compare(BPF_JEQ, port, values.const(first));
  return and(compare(BPF_JGE, port, values.const(first)), not(compare(BPF_JGT, port, values.const(last))));
}

/** Ports of TCP, UDP and SCTP stand in the first four bytes of the transport header; `proto` null asks for any of the three. */
export function portsAre(context: Context, ports: Ports, proto: number | null, dir: Direction): Condition {
  if (dir !== null && dir !== "src" && dir !== "dst" && dir !== "or" && dir !== "and") {
    return refuseQualifier(context, `'${dir}' is not a valid qualifier for ports`);
  }
  const protocols = proto === null ? [IPPROTO.SCTP, IPPROTO.TCP, IPPROTO.UDP] : [proto];
  const at = networkAt(context);
  const ip6 = and(
    linkProtocol(context, ETHERTYPE.IPV6),
    or(
      ...protocols.map((number) =>
        and(
          cmp(context, at, 6, 1, number),
          directed(context, dir, (side) =>
            within(context, loadAt(context.values, at, side === "src" ? 40 : 42, 2), ports),
          ),
        ),
      ),
    ),
  );
  const ip = and(
    linkProtocol(context, ETHERTYPE.IP),
    or(
      ...protocols.map((number) =>
        and(
          cmp(context, at, 9, 1, number),
          firstFragment(context),
          directed(context, dir, (side) => within(context, ipv4Transport(context, side === "src" ? 0 : 2, 2), ports)),
        ),
      ),
    ),
  );
  return or(ip6, ip);
}
