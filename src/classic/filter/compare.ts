import { BPF_ADD, BPF_AND, BPF_JGE, BPF_JGT, BPF_JSET, BPF_LSH } from "../insn.ts";
import { and, type Condition, compare, equals, masked, not } from "./condition.ts";
import type { Context } from "./context.ts";
import { loadAt, type Offset } from "./layers.ts";
import type { Value } from "./value.ts";

/** Where the network header begins. */
export function networkAt({ layers }: Context): Offset {
  return { k: layers.payload.k + layers.network, base: layers.payload.base };
}

/** Where it begins when no SNAP header stands before it. */
export function networkWithoutSnapAt({ layers }: Context): Offset {
  return { k: layers.payload.k + layers.networkWithoutSnap, base: layers.payload.base };
}

/** Whether `size` bytes, `delta` behind a place, are `k` as far as the mask goes. */
export function cmp(
  context: Context,
  at: Offset,
  delta: number,
  size: 1 | 2 | 4,
  k: number,
  mask = 0xffffffff,
): Condition {
  const { values } = context;
  return equals(values, masked(values, loadAt(values, at, delta, size), mask), k);
}

export function above(context: Context, at: Offset, delta: number, size: 1 | 2 | 4, k: number): Condition {
  return compare(BPF_JGT, loadAt(context.values, at, delta, size), context.values.const(k));
}

export function atLeast(context: Context, at: Offset, delta: number, size: 1 | 2 | 4, k: number): Condition {
  return compare(BPF_JGE, loadAt(context.values, at, delta, size), context.values.const(k));
}

/** Whether any of the bits is set. */
export function anyBit(context: Context, at: Offset, delta: number, size: 1 | 2 | 4, bits: number): Condition {
  return compare(BPF_JSET, loadAt(context.values, at, delta, size), context.values.const(bits));
}

/** Whether the bytes at a place are these; the last word is compared first. */
export function bytesAre(context: Context, at: Offset, delta: number, bytes: readonly number[]): Condition {
  const parts: Condition[] = [];
  let end = bytes.length;
  while (end > 0) {
    const size = end >= 4 ? 4 : end >= 2 ? 2 : 1;
    const k = bytes.slice(end - size, end).reduce((sum, byte) => sum * 256 + byte, 0);
    end -= size;
    parts.push(cmp(context, at, delta + end, size, k));
  }
  return and(...parts);
}

/** Not a later fragment of an IPv4 datagram: those have no transport header. */
export function firstFragment(context: Context): Condition {
  return not(anyBit(context, networkAt(context), 6, 2, 0x1fff));
}

/** What to add to `networkAt().k` for the transport header of an IPv4 packet. */
export function ipv4HeaderLength(context: Context): Value {
  const { values } = context;
  const { k, base } = networkAt(context);
  if (base === null) return values.msh(k);
  const nibble = values.alu(BPF_AND, values.load(1, k, base), values.const(0xf));
  return values.alu(BPF_ADD, values.alu(BPF_LSH, nibble, values.const(2)), base);
}

/** A field of the transport header of an IPv4 packet. */
export function ipv4Transport(context: Context, delta: number, size: 1 | 2 | 4): Value {
  return context.values.load(size, networkAt(context).k + delta, ipv4HeaderLength(context));
}
