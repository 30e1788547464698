import { BPF_ADD, BPF_AND, BPF_JEQ, BPF_MUL } from "../insn.ts";
import type { Special } from "./ast.ts";
import { cmp, firstFragment, ipv4HeaderLength, networkAt } from "./compare.ts";
import { and, type Condition, compare, equals, masked, or, put, when } from "./condition.ts";
import { type Context, refuseRange, takeWord } from "./context.ts";
import { at, type Layers, loadAt } from "./layers.ts";
import { linkProtocol } from "./link-protocol.ts";
import { ETHERTYPE, IPPROTO } from "./numbers.ts";
import type { Value, Word } from "./value.ts";

const GENEVE_PORT = 6081;
const VXLAN_PORT = 4789;
const UDP_BYTES = 8;

/** What a tunnel's header must say; `base` + `k` is where it stands. */
type Says = (k: number, base: Value | null) => Condition;

/** UDP to the port over IPv4 or IPv6, with such a header in it; where the header stands is put into the word. */
function overUdp(context: Context, port: number, says: Says, header: Word): Condition {
  const { values } = context;
  const network = networkAt(context);
  const length = ipv4HeaderLength(context);
  const udp4 = and(
    cmp(context, network, 9, 1, IPPROTO.UDP),
    firstFragment(context),
    equals(values, values.load(2, network.k + 2, length), port),
  );
  const k4 = network.k + UDP_BYTES;
  const ip4 = and(
    linkProtocol(context, ETHERTYPE.IP),
    udp4,
    says(k4, length),
    put(header, values.alu(BPF_ADD, length, values.const(k4))),
  );
  const udp6 = and(cmp(context, network, 6, 1, IPPROTO.UDP), equals(values, loadAt(values, network, 42, 2), port));
  const k6 = network.k + 40 + UDP_BYTES;
  const start6 = network.base === null ? values.const(k6) : values.alu(BPF_ADD, network.base, values.const(k6));
  const ip6 = and(linkProtocol(context, ETHERTYPE.IPV6), udp6, says(k6, network.base), put(header, start6));
  return or(ip4, ip6);
}

function virtualNetwork(context: Context, { numbers, word }: Special): number | null {
  const [vni] = numbers;
  if (vni !== undefined && vni > 0xffffff)
    return refuseRange(context, `${word} VNI ${vni} greater than maximum 16777215`);
  return vni ?? null;
}

function inside(layers: Layers, change: Pick<Layers, "link" | "type" | "payload" | "inner">): Layers {
  return { ...layers, family: "ethernet", linkType: 1, network: 0, networkWithoutSnap: 0, ...change };
}

/** Geneve (RFC 8926); all that follows in the expression looks into it, at an Ethernet frame or at what the header's type names. */
export function geneve(context: Context, special: Special): Condition {
  const { values } = context;
  const vni = virtualNetwork(context, special);
  const says: Says = (k, base) => {
    const version = equals(values, masked(values, values.load(1, k, base), 0xc0), 0);
    if (vni === null) return version;
    return and(version, equals(values, masked(values, values.load(4, k + 4, base), 0xffffff00), vni * 256));
  };
  const header = takeWord(context);
  const type = takeWord(context);
  const link = takeWord(context);
  const payload = takeWord(context);
  const found = overUdp(context, GENEVE_PORT, says, header);
  const add = (value: Value, other: number | Value): Value =>
    values.alu(BPF_ADD, value, typeof other === "number" ? values.const(other) : other);
  const options = values.alu(
    BPF_MUL,
    values.alu(BPF_AND, values.load(1, 0, header), values.const(0x3f)),
    values.const(4),
  );
  const carried = values.load(2, 2, header);
  const isFrame = compare(BPF_JEQ, carried, values.const(ETHERTYPE.TEB));
  const places = and(
    put(link, add(add(options, 8), header)),
    put(type, add(header, 2)),
    put(payload, link),
    { is: "touch", value: carried },
    when(isFrame, and(put(type, add(link, 12)), put(payload, add(link, 14)))),
  );
  context.layers = inside(context.layers, {
    link: at(0, link),
    type: at(0, type),
    payload: at(0, payload),
    inner: { link, payload },
  });
  return and(found, places);
}

/** VXLAN (RFC 7348); all that follows in the expression looks at the Ethernet frame in it. */
export function vxlan(context: Context, special: Special): Condition {
  const { values } = context;
  const vni = virtualNetwork(context, special);
  const says: Says = (k, base) => {
    const flag = equals(values, masked(values, values.load(1, k, base), 8), 8);
    if (vni === null) return flag;
    return and(flag, equals(values, masked(values, values.load(4, k + 4, base), 0xffffff00), vni * 256));
  };
  const header = takeWord(context);
  const found = overUdp(context, VXLAN_PORT, says, header);
  context.layers = inside(context.layers, {
    link: at(8, header),
    type: at(20, header),
    payload: at(22, header),
    inner: null,
  });
  return found;
}

/** In Geneve, whether there is a link-layer header at all. */
export function hasLinkHeader(context: Context): Condition[] {
  const { inner } = context.layers;
  return inner === null ? [] : [{ is: "not", of: compare(BPF_JEQ, inner.link, inner.payload) }];
}
