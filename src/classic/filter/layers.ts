import { BPF_ADD } from "../insn.ts";
import type { LinkType } from "./link-types.ts";
import type { Value, Values, Word } from "./value.ts";

/** A place in the packet: a constant, or a constant beyond what another value says. */
export interface Offset {
  readonly k: number;
  readonly base: Value | null;
}

/** Where the headers stand that the next primitive speaks of; `vlan`, `mpls`, `pppoes` and tunnels move them for all that follows. */
export interface Layers {
  readonly family: LinkType["family"];
  /** The number of the link type whose header stands at `link`. */
  readonly linkType: number;
  readonly link: Offset;
  /** k is -1 where no protocol number is. */
  readonly type: Offset;
  readonly payload: Offset;
  readonly network: number;
  readonly networkWithoutSnap: number;
  readonly vlans: number;
  readonly labels: number;
  /** In Geneve, where the two places are the same if there is no link-layer header. */
  readonly inner: { readonly link: Word; readonly payload: Word } | null;
}

export function at(k: number, base: Value | null = null): Offset {
  return { k, base };
}

export function firstLayers(link: LinkType, linkType: number): Layers {
  const { family, network, networkWithoutSnap } = link;
  return {
    family,
    linkType,
    link: at(0),
    type: at(link.type),
    payload: at(link.payload),
    network,
    networkWithoutSnap,
    vlans: 0,
    labels: 0,
    inner: null,
  };
}

/** What stands `delta` bytes behind a place. */
export function loadAt(values: Values, offset: Offset, delta: number, size: 1 | 2 | 4): Value {
  return values.load(size, offset.k + delta, offset.base);
}

/** What stands behind a place at an index that is itself computed. */
export function loadIndexed(values: Values, offset: Offset, delta: number, index: Value, size: 1 | 2 | 4): Value {
  const base = offset.base === null ? index : values.alu(BPF_ADD, offset.base, index);
  return values.load(size, offset.k + delta, base);
}
