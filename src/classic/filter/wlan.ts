import { BPF_ADD, BPF_AND, BPF_JSET, BPF_LSH, BPF_OR } from "../insn.ts";
import type { Direction, Special } from "./ast.ts";
import { anyBit, bytesAre, cmp } from "./compare.ts";
import { and, type Condition, compare, not, or, put, when } from "./condition.ts";
import { type Context, refuseLink, refuseRange, takeWord } from "./context.ts";
import { filterError } from "./errors.ts";
import { at } from "./layers.ts";
import type { Value } from "./value.ts";
import { WLAN_DIRECTIONS, WLAN_SUBTYPES, WLAN_TYPES } from "./wlan-names.ts";

/** Bits of the frame control field (IEEE 802.11): type and subtype in byte 0, direction in byte 1. */
const TYPE_MASK = 0x0c;
const SUBTYPE_MASK = 0xf0;
const CONTROL = 0x04;
const DATA = 0x08;
const QOS = 0x80;
const TO_DS = 1;
const FROM_DS = 2;
const RADIOTAP = 127;

/**
 * Where an 802.11 frame and its payload begin differs from packet to packet: radiotap's length stands in it (low byte first), QoS adds two
 * bytes, and radiotap's flag 0x20 says that the header is padded to a multiple of four. Found once, before everything else.
 */
export function startWlan(context: Context): void {
  const { values, layers } = context;
  const radiotap = layers.linkType === RADIOTAP;
  const frame = radiotap ? takeWord(context) : null;
  const payload = takeWord(context);
  const base = at(0, frame);
  const control = values.load(1, 0, frame);
  const has = (value: Value, bits: number): Condition => compare(BPF_JSET, value, values.const(bits));
  const add = (value: Value, k: number): Value => values.alu(BPF_ADD, value, values.const(k));
  const length = values.alu(
    BPF_OR,
    values.alu(BPF_LSH, values.load(1, 3, null), values.const(8)),
    values.load(1, 2, null),
  );
  const header = frame === null ? values.const(24) : add(frame, 24);
  const withQos = frame === null ? values.const(26) : add(payload, 2);
  const isData = and(has(control, DATA), not(has(control, CONTROL)));
  const padded = put(payload, values.alu(BPF_AND, add(payload, 3), values.const(0xfffffffc)));
  // The word of present fields, low byte first: flags, and before them a time stamp; not where more such words follow.
  const present = values.load(4, 4, null);
  const flag = (k: number): Condition => has(values.load(1, k, null), 0x20);
  const stamped = has(present, 0x01000000);
  const isPadded = and(
    has(present, 0x02000000),
    not(has(present, 0x80)),
    or(and(stamped, flag(16)), and(not(stamped), flag(8))),
  );
  const qos = when(has(control, QOS), put(payload, withQos));
  const adjusted = radiotap ? and(qos, when(isPadded, padded)) : qos;
  context.prelude = {
    frame: frame === null ? null : { word: frame, condition: put(frame, length) },
    payload: {
      word: payload,
      condition: and(put(payload, header), { is: "touch", value: control }, when(isData, adjusted)),
    },
  };
  context.layers = { ...layers, link: base, payload: at(0, payload), type: at(24, frame) };
}

export function wlanData(context: Context): Condition {
  const { link } = context.layers;
  return and(not(anyBit(context, link, 0, 1, CONTROL)), anyBit(context, link, 0, 1, DATA));
}

/** The conditions under which destination and source stand in one or another of the four addresses. */
function byDirection(context: Context, side: "src" | "dst", is: (offset: number) => Condition): Condition {
  const { link } = context.layers;
  const data = (): Condition => anyBit(context, link, 0, 1, DATA);
  const bit = (k: number): Condition => anyBit(context, link, 1, 1, k);
  const notControl = not(anyBit(context, link, 0, 1, CONTROL));
  if (side === "dst") {
    const inData = or(and(not(bit(TO_DS)), is(4)), and(bit(TO_DS), is(16)));
    return and(notControl, or(and(not(data()), is(4)), and(data(), inData)));
  }
  const fromDs = and(bit(FROM_DS), or(and(not(bit(TO_DS)), is(16)), and(bit(TO_DS), is(24))));
  const inData = or(and(not(bit(FROM_DS)), is(10)), fromDs);
  return and(notControl, or(and(not(data()), is(10)), and(data(), inData)));
}

export function wlanHost(context: Context, bytes: readonly number[], dir: Direction): Condition {
  const { link } = context.layers;
  const is = (offset: number): Condition => bytesAre(context, link, offset, bytes);
  const isControl = cmp(context, link, 0, 1, CONTROL, TYPE_MASK);
  // Clear-to-send and acknowledgement have one address only.
  const oneAddress = or(cmp(context, link, 0, 1, 0xc0, SUBTYPE_MASK), cmp(context, link, 0, 1, 0xd0, SUBTYPE_MASK));
  const second = and(not(and(isControl, oneAddress)), is(10));
  switch (dir) {
    case "src":
    case "dst":
      return byDirection(context, dir, is);
    case "and":
      return and(byDirection(context, "src", is), byDirection(context, "dst", is));
    case "or":
    case null:
      return or(byDirection(context, "src", is), byDirection(context, "dst", is));
    case "addr1":
      return is(4);
    case "addr2":
      return second;
    case "addr3":
      return and(not(isControl), is(16));
    case "addr4":
      return and(cmp(context, link, 1, 1, 3, 3), is(24));
    case "ra":
      return and(anyBit(context, link, 0, 1, DATA), is(4));
    case "ta":
      return and(anyBit(context, link, 0, 1, DATA), second);
  }
}

export function wlanBroadcast(context: Context): Condition {
  return wlanHost(context, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "dst");
}

/** The lowest bit of a destination's first byte. */
export function wlanMulticast(context: Context): Condition {
  return byDirection(context, "dst", (offset) => anyBit(context, context.layers.link, offset, 1, 1));
}

function onlyWlan(context: Context, what: string): void {
  if (context.layers.family !== "wlan") refuseLink(context, `802.11 link-layer ${what} supported only on 802.11`);
}

function refuseName(context: Context, text: string, why: string): never {
  throw filterError("E_FILTER_NAME", { text, why, ...context.place });
}

/** `type T`, `type T subtype S` and `subtype S`; each argument is a name or a number. */
export function wlanType(context: Context, { word, names }: Special): Condition {
  const [first = "", second] = names;
  const number = (text: string, mask: number, what: string): number | null => {
    const at = text.indexOf("#");
    if (at < 0) return null;
    const value = Number(text.slice(at + 1));
    return (value & ~mask) !== 0 || value > 255 ? refuseRange(context, `invalid 802.11 ${what} value ${value}`) : value;
  };
  const name = (text: string): string => text.slice(text.indexOf("=") + 1);
  const { link } = context.layers;
  let value: number;
  let mask = TYPE_MASK | SUBTYPE_MASK;
  if (word === "subtype") {
    const found = WLAN_SUBTYPES.find((row) => row.name === name(first));
    value =
      found === undefined ? refuseName(context, name(first), "unknown 802.11 type name") : found.type | found.subtype;
  } else {
    value =
      number(first, TYPE_MASK, "type") ??
      WLAN_TYPES.get(name(first)) ??
      refuseName(context, name(first), "unknown 802.11 type name");
    if (second === undefined) mask = TYPE_MASK;
    else {
      const type = value;
      const found = WLAN_SUBTYPES.find((row) => row.type === type && row.name === name(second));
      value |=
        number(second, SUBTYPE_MASK, "subtype") ??
        found?.subtype ??
        refuseName(context, name(second), "unknown 802.11 subtype name");
    }
  }
  onlyWlan(context, "types");
  return cmp(context, link, 0, 1, value, mask);
}

export function wlanDirection(context: Context, { numbers, names }: Special): Condition {
  const name = (names[0] ?? "").replace(/^dir[=#]/, "");
  const value =
    numbers[0] ?? WLAN_DIRECTIONS.get(name.toLowerCase()) ?? refuseName(context, name, "unknown 802.11 direction");
  onlyWlan(context, "direction");
  return cmp(context, context.layers.link, 1, 1, value, 3);
}
