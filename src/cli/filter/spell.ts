import type { Arithmetic, Expression, Id, Qualifiers } from "../../classic/filter/index.ts";

/** What a kind of id means where no protocol is named (pcap-filter(7)). */
const DEFAULT_PROTOCOLS: Readonly<Record<string, string>> = {
  port: "(tcp or udp or sctp)",
  portrange: "(tcp or udp or sctp)",
  proto: "(ip or ip6)",
  protochain: "(ip or ip6)",
  gateway: "(ip or arp or rarp)",
};

const DEFAULT_BY_FORM: Readonly<Record<Id["form"], string>> = {
  number: "(ip or arp or rarp)",
  ipv4: "(ip or arp or rarp)",
  "ipv4-prefix": "(ip or arp or rarp)",
  "ipv4-mask": "(ip or arp or rarp)",
  ipv6: "ip6",
  mac: "ether",
  arcnet: "link",
  name: "(ip or arp or rarp)",
};

const DIRECTIONS: Readonly<Record<string, string>> = { or: "(src or dst)", and: "(src and dst)" };
const UNDIRECTED = new Set(["proto", "protochain", "gateway"]);

function spellId(id: Id): string {
  switch (id.form) {
    case "number":
      return `${id.value}`;
    case "ipv4-prefix":
      return `${id.text}/${id.bits}`;
    case "ipv4-mask":
      return `${id.text} mask ${id.mask}`;
    case "ipv6":
      return id.bits === null ? id.text : `${id.text}/${id.bits}`;
    default:
      return id.text;
  }
}

/** `(tcp or udp or sctp) (src or dst) port 53`: nothing left to know by heart. */
function spellPrimitive(qualifiers: Qualifiers | null, id: Id): string {
  const kind = qualifiers?.kind ?? "host";
  const proto = qualifiers?.proto ?? DEFAULT_PROTOCOLS[kind] ?? DEFAULT_BY_FORM[id.form];
  const dir = qualifiers?.dir ?? "or";
  const direction = UNDIRECTED.has(kind) ? [] : [DIRECTIONS[dir] ?? dir];
  return [proto, ...direction, kind, spellId(id)].join(" ");
}

function spellArithmetic(value: Arithmetic): string {
  switch (value.node) {
    case "number":
      return `${value.value}`;
    case "len":
      return "len";
    case "load":
      return `${value.proto}[${spellArithmetic(value.index)}:${value.size}]`;
    case "negate":
      return `-${spellArithmetic(value.operand)}`;
    case "operation":
      return `(${spellArithmetic(value.left)} ${value.op} ${spellArithmetic(value.right)})`;
  }
}

/** The expression as it was understood: every operator in parentheses, every abbreviated qualifier written out. */
export function spellExpression(e: Expression): string {
  switch (e.node) {
    case "all":
      return "every packet";
    case "and":
    case "or":
      return `(${spellExpression(e.left)} ${e.node} ${spellExpression(e.right)})`;
    case "not":
      return `not ${spellExpression(e.operand)}`;
    case "id":
      return spellPrimitive(e.qualifiers, e.id);
    case "proto":
      return e.proto;
    case "relation":
      return `${spellArithmetic(e.left)} ${e.op} ${spellArithmetic(e.right)}`;
    case "special":
      return [e.proto, e.word, ...e.names, ...e.numbers].filter((part) => part !== null).join(" ");
  }
}
