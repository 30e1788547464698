import {
  BPF_ADD,
  BPF_AND,
  BPF_DIV,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_LSH,
  BPF_MOD,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
} from "../insn.ts";
import type { Arithmetic, ArithmeticOp, RelationOp } from "./ast.ts";
import { firstFragment, ipv4HeaderLength, networkAt } from "./compare.ts";
import { always, and, type Condition, compare, not } from "./condition.ts";
import { type Context, refuseLink, refuseQualifier, refuseRange } from "./context.ts";
import { loadIndexed } from "./layers.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE, IPPROTO } from "./numbers.ts";
import { protocolAbbreviation } from "./protocol.ts";
import type { Value } from "./value.ts";

/** A value, and what the packet must be for it to have one. */
interface Computed {
  readonly value: Value;
  readonly needs: Condition;
}

const CODES: Record<ArithmeticOp, number> = {
  "+": BPF_ADD,
  "-": BPF_SUB,
  "*": BPF_MUL,
  "/": BPF_DIV,
  "%": BPF_MOD,
  "&": BPF_AND,
  "|": BPF_OR,
  "^": BPF_XOR,
  "<<": BPF_LSH,
  ">>": BPF_RSH,
};

const RELATIONS: Record<RelationOp, readonly [relation: number, turned: boolean]> = {
  ">": [BPF_JGT, false],
  ">=": [BPF_JGE, false],
  "=": [BPF_JEQ, false],
  "<=": [BPF_JGT, true],
  "<": [BPF_JGE, true],
  "!=": [BPF_JEQ, true],
};

function load(context: Context, node: Arithmetic & { node: "load" }): Computed {
  const { values, layers } = context;
  const index = computed(context, node.index);
  context.place = node;
  const size = node.size as 1 | 2 | 4;
  const { proto } = node;
  switch (proto) {
    case "link":
      return { value: loadIndexed(values, layers.link, 0, index.value, size), needs: index.needs };
    case "radio":
      if (layers.linkType !== 127) return refuseLink(context, "radio information not present in capture");
      return { value: values.load(size, 0, index.value), needs: index.needs };
    case "ip":
    case "ip6":
    case "arp":
    case "rarp":
    case "atalk":
    case "decnet":
    case "lat":
    case "sca":
    case "moprc":
    case "mopdl": {
      const value = loadIndexed(values, networkAt(context), 0, index.value, size);
      return { value, needs: and(index.needs, protocolAbbreviation(context, proto)) };
    }
    case "tcp":
    case "udp":
    case "sctp":
    case "icmp":
    case "igmp":
    case "igrp":
    case "pim":
    case "vrrp":
    case "carp": {
      const base = values.alu(BPF_ADD, ipv4HeaderLength(context), index.value);
      const value = values.load(size, networkAt(context).k, base);
      const first = and(
        linkProtocol(context, ETHERTYPE.IP),
        protocolAbbreviation(context, proto),
        firstFragment(context),
      );
      return { value, needs: and(index.needs, first) };
    }
    case "icmp6": {
      const value = loadIndexed(values, networkAt(context), 40, index.value, size);
      return { value, needs: and(index.needs, linkProtocol(context, ETHERTYPE.IPV6), icmp6(context)) };
    }
    default:
      return refuseQualifier(context, `unsupported index operation on '${proto}'`);
  }
}

/** Only where ICMPv6 follows the IPv6 header at once. */
function icmp6(context: Context): Condition {
  return compare(
    BPF_JEQ,
    loadIndexed(context.values, networkAt(context), 6, context.values.const(0), 1),
    context.values.const(IPPROTO.ICMPV6),
  );
}

/** What the right operand needs is not asked for, as in libpcap: `len + udp[4]` reads those bytes in any packet. */
function operation(context: Context, node: Arithmetic & { node: "operation" }): Computed {
  const left = computed(context, node.left);
  const right = computed(context, node.right);
  context.place = node;
  const k = right.value.op === "const" ? right.value.k : null;
  if (k === 0 && node.op === "/") return refuseRange(context, "division by zero");
  if (k === 0 && node.op === "%") return refuseRange(context, "modulus by zero");
  if (k !== null && k > 31 && (node.op === "<<" || node.op === ">>"))
    return refuseRange(context, "shift by more than 31 bits");
  return { value: context.values.alu(CODES[node.op], left.value, right.value), needs: left.needs };
}

function computed(context: Context, node: Arithmetic): Computed {
  const { values } = context;
  switch (node.node) {
    case "number":
      return { value: values.const(node.value), needs: always };
    case "len":
      return { value: values.len(), needs: always };
    case "negate": {
      const { value, needs } = computed(context, node.operand);
      return { value: values.negate(value), needs };
    }
    case "load":
      return load(context, node);
    case "operation":
      return operation(context, node);
  }
}

/** A comparison of two computed values, unsigned. */
export function relation(context: Context, op: RelationOp, left: Arithmetic, right: Arithmetic): Condition {
  const a = computed(context, left);
  const b = computed(context, right);
  const [code, turned] = RELATIONS[op];
  const test = compare(code, a.value, b.value);
  return and(a.needs, b.needs, turned ? not(test) : test);
}
