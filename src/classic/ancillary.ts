import { SKF_AD_OFF } from "./insn.ts";

/**
 * Ancillary loads: `ld` at an absolute offset of SKF_AD_OFF + n reads what Linux knows of a packet besides its bytes
 * (linux/filter.h, Documentation/networking/filter.rst "Possible BPF extensions").
 */
export interface Ancillary {
  /** Added to SKF_AD_OFF. */
  readonly offset: number;
  /** As bpf_asm spells it; null where its language has no word. */
  readonly name: string | null;
  readonly what: AncillaryName;
}

export type AncillaryName =
  | "protocol"
  | "packetType"
  | "ifindex"
  | "nla"
  | "nlan"
  | "mark"
  | "queue"
  | "hatype"
  | "rxhash"
  | "cpu"
  | "xorX"
  | "vlanTci"
  | "vlanPresent"
  | "payloadOffset"
  | "random"
  | "vlanTpid";

// biome-ignore format: one row per load reads as a table
export const ANCILLARY: readonly Ancillary[] = [
  { offset:  0, name: "proto",      what: "protocol" },
  { offset:  4, name: "type",       what: "packetType" },
  { offset:  8, name: "ifidx",      what: "ifindex" },
  { offset: 12, name: "nla",        what: "nla" },
  { offset: 16, name: "nlan",       what: "nlan" },
  { offset: 20, name: "mark",       what: "mark" },
  { offset: 24, name: "queue",      what: "queue" },
  { offset: 28, name: "hatype",     what: "hatype" },
  { offset: 32, name: "rxhash",     what: "rxhash" },
  { offset: 36, name: "cpu",        what: "cpu" },
  // A ^= X, from before there was an instruction for it.
  { offset: 40, name: null,         what: "xorX" },
  { offset: 44, name: "vlan_tci",   what: "vlanTci" },
  { offset: 48, name: "vlan_avail", what: "vlanPresent" },
  { offset: 52, name: "poff",       what: "payloadOffset" },
  { offset: 56, name: "rand",       what: "random" },
  { offset: 60, name: "vlan_tpid",  what: "vlanTpid" },
];

/** First `k` of absolute loads that the packet's bytes have nothing to do with. */
export const ANCILLARY_START = SKF_AD_OFF >>> 0;

const byK = new Map(ANCILLARY.map((row) => [ANCILLARY_START + row.offset, row]));

/** What an absolute load with this `k` reads besides the packet, or undefined. */
export function ancillaryAt(k: number): Ancillary | undefined {
  return byK.get(k >>> 0);
}
