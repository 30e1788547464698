import { Dice, HOSTS4, HOSTS6, LABELS, MACS, PORTS, SESSIONS, VLANS } from "./make-capture.ts";

/** Expressions from the grammar of pcap-filter(7), with addresses and ports of the made packets. */
class Grammar {
  readonly dice: Dice;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  private net(): string {
    return this.dice.pick([
      "10",
      "10.0",
      "10.0.0.0/8",
      "10.0.0.0/24",
      "192.168.1",
      "192.168.0.0/16",
      "10.0.0.0 mask 255.255.0.0",
      "224.0.0.0/4",
      "172.16.0.0/12",
      "10.0.0.1",
    ]);
  }

  private net6(): string {
    return this.dice.pick(["fe80::/10", "2001:db8::/32", "ff00::/8", "2001:db8::/48", "::/0", "2001:db8::5/128"]);
  }

  private dir(): string {
    return this.dice.pick(["", "", "src ", "dst ", "src or dst ", "src and dst ", "dst or src ", "dst and src "]);
  }

  private port(): string {
    return this.dice.chance(15)
      ? this.dice.pick(["http", "domain", "ssh", "smtp", "https", "ntp"])
      : String(this.dice.pick(PORTS));
  }

  private range(): string {
    return this.dice.pick(["20-80", "1-1024", "80-80", "443-22", "1000-65535", "6000-7000", "53-443", "0-100"]);
  }

  private ids(one: () => string): string {
    const { dice } = this;
    if (dice.chance(75)) return one();
    return `(${Array.from({ length: 2 + dice.below(2) }, one).join(dice.pick([" or ", " or ", " and "]))})`;
  }

  primitive(): string {
    const { dice } = this;
    const proto = (list: readonly string[]): string => dice.pick(list);
    switch (dice.below(22)) {
      case 0:
      case 1:
        return `${proto(["", "", "", "ip ", "arp ", "rarp "])}${this.dir()}host ${this.ids(() => dice.pick(HOSTS4))}`;
      case 2:
        return `${proto(["", "ip6 "])}${this.dir()}host ${this.ids(() => dice.pick(HOSTS6))}`;
      case 3:
        return `${proto(["", "", "ip ", "arp ", "rarp "])}${this.dir()}net ${this.net()}`;
      case 4:
        return `${proto(["", "ip6 "])}${this.dir()}net ${this.net6()}`;
      case 5:
      case 6:
      case 7:
        return `${proto(["", "", "tcp ", "udp ", "sctp "])}${this.dir()}port ${this.ids(() => this.port())}`;
      case 8:
        return `${proto(["", "tcp ", "udp ", "sctp "])}${this.dir()}portrange ${this.range()}`;
      case 9:
        return dice.pick([
          "ip proto 6",
          "ip proto \\udp",
          "ip6 proto 17",
          "ip6 proto \\tcp",
          "proto 132",
          "proto \\icmp",
          "ip proto 47",
          "proto 4",
          "ip6 proto 58",
          "ip6 proto 44",
          "ip proto (1 or 2)",
          "proto ospf",
          "ip proto gre",
        ]);
      case 10:
      case 11:
        return dice.pick([
          "ip",
          "ip6",
          "arp",
          "rarp",
          "tcp",
          "udp",
          "icmp",
          "icmp6",
          "sctp",
          "igmp",
          "pim",
          "ah",
          "esp",
          "vrrp",
          "igrp",
          "carp",
        ]);
      case 12:
        return dice.pick([
          "less 60",
          "greater 60",
          "len > 80",
          "len <= 100",
          "len = 54",
          "len != 70",
          "greater 1000",
          "less 30",
        ]);
      case 13:
      case 14:
      case 15:
      case 16:
        return this.relation();
      case 17:
        return dice.pick(["ip multicast", "ip6 multicast", "ip broadcast"]);
      default:
        return this.linkPrimitive();
    }
  }

  protected linkPrimitive(): string {
    const { dice } = this;
    return dice.pick([
      "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
      "icmp[icmptype] = icmp-echo",
      "icmp6[icmp6type] == icmp6-neighborsolicit",
      "ip[6:2] & 0x1fff = 0",
      "udp[4:2] > 20",
    ]);
  }

  protected loadable(): string {
    return this.dice.pick([
      "ip",
      "ip",
      "ip",
      "tcp",
      "udp",
      "icmp",
      "icmp6",
      "ip6",
      "ip6",
      "arp",
      "rarp",
      "sctp",
      "igmp",
      "pim",
    ]);
  }

  private load(depth: number): string {
    const { dice } = this;
    const size = dice.pick(["", "", ":1", ":2", ":2", ":4"]);
    const index =
      depth > 0 && dice.chance(12)
        ? this.arithmetic(depth - 1)
        : String(dice.pick([0, 0, 1, 2, 4, 6, 8, 9, 12, 13, 16, 20, 40]));
    return `${this.loadable()}[${index}${size}]`;
  }

  private arithmetic(depth: number): string {
    const { dice } = this;
    if (depth === 0 || dice.chance(35)) {
      if (dice.chance(12)) return "len";
      return dice.chance(25)
        ? String(dice.pick([0, 1, 2, 3, 5, 6, 15, 17, 64, 80, 255, 1500, 0x1fff]))
        : this.load(depth);
    }
    const left = this.arithmetic(depth - 1);
    const op = dice.pick(["+", "-", "*", "&", "&", "|", "^", "<<", ">>", "/", "%"]);
    const right =
      op === "<<" || op === ">>"
        ? String(dice.below(9))
        : op === "/" || op === "%"
          ? String(1 + dice.below(7))
          : this.arithmetic(depth - 1);
    return dice.chance(60) ? `(${left} ${op} ${right})` : `${left} ${op} ${right}`;
  }

  relation(): string {
    const { dice } = this;
    const op = dice.pick([">", ">=", "=", "==", "<", "<=", "!="]);
    if (dice.chance(70)) {
      const left = dice.chance(60) ? this.load(1) : `${this.load(1)} & ${dice.pick([1, 2, 3, 15, 240, 0x1fff, 255])}`;
      return `${left} ${op} ${dice.pick([0, 1, 2, 3, 5, 6, 15, 17, 20, 64, 80, 443, 1024])}`;
    }
    return `${this.arithmetic(2)} ${op} ${this.arithmetic(2)}`;
  }

  expression(depth: number): string {
    const { dice } = this;
    if (depth === 0 || dice.chance(25)) return dice.chance(15) ? `not ${this.primitive()}` : this.primitive();
    const parts = Array.from({ length: 2 + dice.below(2) }, () => this.expression(depth - 1));
    const joined = parts.reduce((text, part) => `${text} ${dice.pick(["and", "or", "&&", "||"])} ${part}`);
    const whole = dice.chance(40) ? `(${joined})` : joined;
    return dice.chance(12) ? `not (${joined})` : whole;
  }
}

class EthernetGrammar extends Grammar {
  protected override linkPrimitive(): string {
    const { dice } = this;
    switch (dice.below(8)) {
      case 0:
        return `ether ${dice.pick(["", "src ", "dst ", "src or dst ", "src and dst "])}host ${dice.pick(MACS)}`;
      case 1:
        return dice.pick([
          "ether broadcast",
          "broadcast",
          "ether multicast",
          "multicast",
          "ether src 02:00:00:00:00:01",
          "ether dst ff:ff:ff:ff:ff:ff",
        ]);
      case 2:
        return `ether proto ${dice.pick(["\\ip", "\\arp", "0x800", "0x86dd", "\\iso", "\\stp", "\\ipx", "\\netbeui", "0x88cc", "6", "\\atalk", "\\aarp", "\\decnet", "loopback"])}`;
      case 3:
        return dice.pick([
          "iso",
          "clnp",
          "esis",
          "isis",
          "l1",
          "l2",
          "iih",
          "lsp",
          "snp",
          "csnp",
          "psnp",
          "stp",
          "ipx",
          "netbeui",
          "atalk",
          "aarp",
          "decnet",
          "lat",
          "sca",
          "moprc",
          "mopdl",
          "iso proto 0x81",
          "isis proto 18",
        ]);
      case 4:
        return dice.pick([
          "llc",
          "llc i",
          "llc s",
          "llc u",
          "llc rr",
          "llc rnr",
          "llc rej",
          "llc ui",
          "llc ua",
          "llc disc",
          "llc sabme",
          "llc test",
          "llc xid",
          "llc frmr",
        ]);
      case 5:
        return dice.pick([
          "vlan",
          `vlan ${dice.pick(VLANS)}`,
          "mpls",
          `mpls ${dice.pick(LABELS)}`,
          "pppoed",
          "pppoes",
          `pppoes ${dice.pick(SESSIONS)}`,
        ]);
      case 6:
        return dice.pick([
          "ether[0] & 1 = 1",
          "ether[12:2] = 0x800",
          "ether[6:4] = 0x02000000",
          "decnet host 1.5",
          "decnet src 10.5",
          "geneve",
          "geneve 11",
          "inbound",
          "outbound",
        ]);
      default:
        return super.linkPrimitive();
    }
  }

  protected override loadable(): string {
    return this.dice.chance(15) ? "ether" : super.loadable();
  }

  /** A chain of encapsulations in front, as people write them. */
  stacked(): string {
    const { dice } = this;
    const layer = (): string =>
      dice.pick([
        "vlan",
        `vlan ${dice.pick(VLANS)}`,
        "mpls",
        `mpls ${dice.pick(LABELS)}`,
        "pppoes",
        `pppoes ${dice.pick(SESSIONS)}`,
        "geneve",
      ]);
    const layers = Array.from({ length: 1 + dice.below(3) }, layer);
    return `${layers.join(" and ")} and ${dice.chance(70) ? this.primitive() : `(${this.expression(1)})`}`;
  }
}

class WlanGrammar extends Grammar {
  protected override linkPrimitive(): string {
    const { dice } = this;
    switch (dice.below(5)) {
      case 0:
        return `wlan ${dice.pick(["", "src ", "dst ", "src or dst ", "src and dst ", "ra ", "ta ", "addr1 ", "addr2 ", "addr3 ", "addr4 "])}host ${dice.pick(MACS)}`.replace(
          /(ra|ta|addr.) host/,
          "$1",
        );
      case 1:
        return dice.pick([
          "type mgt",
          "type ctl",
          "type data",
          "type mgt subtype beacon",
          "type ctl subtype ack",
          "type data subtype qos-data",
          "subtype probe-req",
          "subtype null",
          "type data subtype data-cf-ack",
          "wlan type mgt subtype deauth",
        ]);
      case 2:
        return dice.pick([
          "dir nods",
          "dir tods",
          "dir fromds",
          "dir dstods",
          "dir 1",
          "broadcast",
          "multicast",
          "wlan broadcast",
          "wlan multicast",
        ]);
      case 3:
        return dice.pick([
          "llc",
          "llc i",
          "llc u",
          "llc ui",
          "wlan[0] = 8",
          "wlan[1] & 3 = 2",
          "ether proto \\arp",
          "iso",
          "stp",
          "atalk",
          "ipx",
          "ether[4:4] = 0x02000000",
          "link[0] & 12 = 8",
          "vlan",
          "vlan 5",
        ]);
      default:
        return super.linkPrimitive();
    }
  }
}

/** Generated expressions for a link type. */
export function generatedExpressions(linkType: number, count: number, seed = 1): string[] {
  const dice = new Dice(seed * 7919 + linkType);
  if (linkType === 1) {
    const grammar = new EthernetGrammar(dice);
    return Array.from({ length: count }, () =>
      dice.chance(20) ? grammar.stacked() : grammar.expression(dice.below(3)),
    );
  }
  const grammar = linkType === 105 || linkType === 127 ? new WlanGrammar(dice) : new Grammar(dice);
  return Array.from({ length: count }, () => grammar.expression(dice.below(3)));
}
