import { BPF_ADD, BPF_JEQ, BPF_LSH } from "../insn.ts";
import type { Direction } from "./ast.ts";
import { networkAt } from "./compare.ts";
import { and, type Condition, compare, or, put } from "./condition.ts";
import { type Context, refuseQualifier, takeWord } from "./context.ts";
import type { Proto } from "./keywords.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE, IPPROTO } from "./numbers.ts";
import type { Value } from "./value.ts";

/** Classic BPF jumps forward only, so the chain is followed this many headers deep; the steps of a loop are written out. */
const DEEPEST = 8;

/**
 * Whether the protocol stands anywhere in the chain of headers. Behind IPv6: hop-by-hop, destination and routing headers, fragment and
 * authentication headers; behind IPv4 authentication headers only.
 */
export function protocolChain(context: Context, wanted: number, proto: Proto | null, dir: Direction): Condition {
  if (dir !== null) return refuseQualifier(context, "direction applied to 'protochain'");
  if (proto === null)
    return or(protocolChain(context, wanted, "ip", null), protocolChain(context, wanted, "ip6", null));
  if (proto !== "ip" && proto !== "ip6") return refuseQualifier(context, "bad protocol applied for 'protochain'");
  if (context.layers.payload.base !== null)
    return refuseQualifier(context, "'protochain' is not supported behind headers of variable length");
  const { values } = context;
  const at = networkAt(context).k;
  const byte = (delta: number, index: Value | null): Value => values.load(1, at + delta, index);
  const isOne = (value: Value, numbers: readonly number[]): Condition =>
    or(...numbers.map((number) => compare(BPF_JEQ, value, values.const(number))));
  context.keepLoads = true;
  const type = takeWord(context);
  const end = takeWord(context);
  // `end` is where the header at hand starts, counted from the network header.
  const times = (count: Value, extra: number, shift: number): Value =>
    values.alu(BPF_LSH, values.alu(BPF_ADD, count, values.const(extra)), values.const(shift));
  const sized = and(put(type, byte(0, end)), put(end, values.alu(BPF_ADD, times(byte(1, end), 1, 3), end)));
  // libpcap counts from the network header here, not from where the authentication header starts.
  const authentication = and(put(type, byte(0, end)), put(end, times(byte(1, end), 2, 2)));
  const step = (depth: number): Condition => {
    const found = compare(BPF_JEQ, type, values.const(wanted));
    if (depth === 0) return found;
    const rest = step(depth - 1);
    const ways: Condition[] = [and(isOne(type, [IPPROTO.AH]), authentication)];
    if (proto === "ip6") {
      const extensions = [IPPROTO.HOPOPTS, IPPROTO.DSTOPTS, IPPROTO.ROUTING, IPPROTO.FRAGMENT];
      ways.unshift(and(isOne(type, extensions), sized));
    }
    return or(found, and(or(...ways), rest));
  };
  const isIp = linkProtocol(context, proto === "ip" ? ETHERTYPE.IP : ETHERTYPE.IPV6);
  const first =
    proto === "ip"
      ? and(put(type, byte(9, null)), put(end, values.msh(at)))
      : and(put(type, byte(6, null)), put(end, values.const(40)));
  return and(isIp, first, step(DEEPEST));
}
