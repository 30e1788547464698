import {
  ALL_WORDS,
  complement,
  contains,
  type Intervals,
  intersect,
  isAll,
  MAX_WORD,
  NO_WORDS,
  ranges,
  sizeOf,
  union,
} from "./intervals.ts";

/**
 * A set of 64-bit numbers as a filter can tell them apart, by halves: for each set of upper halves the lower ones that go with it.
 * Upper halves of two parts are disjoint, lower ones neither empty nor equal.
 */
export type WideSet = readonly { readonly high: Intervals; readonly low: Intervals }[];

export function product(high: Intervals, low: Intervals): WideSet {
  return high.length === 0 || low.length === 0 ? [] : [{ high, low }];
}

/** Parts with the same lower halves become one; the order is that of their text. */
function canonical(parts: WideSet): WideSet {
  const byLow = new Map<string, { high: Intervals; low: Intervals }>();
  for (const { high, low } of parts) {
    if (high.length === 0 || low.length === 0) continue;
    const key = low.join();
    const before = byLow.get(key);
    byLow.set(key, { high: before === undefined ? high : union(before.high, high), low });
  }
  return [...byLow.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}

/** Both sets with the same upper halves beside each other: every pair of parts, missing ones as empty. */
function paired(one: WideSet, two: WideSet): { high: Intervals; first: Intervals; second: Intervals }[] {
  const rest = (set: WideSet) => complement(set.reduce<Intervals>((all, { high }) => union(all, high), NO_WORDS));
  const full = (set: WideSet) => [...set, { high: rest(set), low: NO_WORDS }];
  return full(one).flatMap((p) =>
    full(two).map((q) => ({ high: intersect(p.high, q.high), first: p.low, second: q.low })),
  );
}

export function wideUnion(one: WideSet, two: WideSet): WideSet {
  return canonical(paired(one, two).map(({ high, first, second }) => ({ high, low: union(first, second) })));
}

export function wideComplement(set: WideSet): WideSet {
  return canonical(
    paired(set, product(ALL_WORDS, ALL_WORDS)).map(({ high, first }) => ({ high, low: complement(first) })),
  );
}

export function wideDisjoint(one: WideSet, two: WideSet): boolean {
  return one.every((p) =>
    two.every((q) => intersect(p.high, q.high).length === 0 || intersect(p.low, q.low).length === 0),
  );
}

export const wideKey = (set: WideSet) => set.map(({ high, low }) => `${high.join()}:${low.join()}`).join(";");

export function wideContains(set: WideSet, high: number, low: number): boolean {
  return set.some((part) => contains(part.high, high) && contains(part.low, low));
}

const at = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low);

/** Upper halves that are listed one by one when a set is told as 64-bit ranges. */
const MAX_LISTED = 16;

/** The set as ascending 64-bit ranges; null where it is no handful of them. */
export function wideRanges(set: WideSet): (readonly [first: bigint, last: bigint])[] | null {
  const parts: [bigint, bigint][] = [];
  for (const { high, low } of set) {
    if (isAll(low)) {
      for (const [first, last] of ranges(high)) parts.push([at(first, 0), at(last, MAX_WORD)]);
      continue;
    }
    if (sizeOf(high) > MAX_LISTED) return null;
    for (const [first, last] of ranges(high))
      for (let h = first; h <= last; h++) for (const [from, to] of ranges(low)) parts.push([at(h, from), at(h, to)]);
  }
  parts.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const out: [bigint, bigint][] = [];
  for (const [first, last] of parts) {
    const before = out[out.length - 1];
    if (before !== undefined && first === before[1] + 1n) before[1] = last;
    else out.push([first, last]);
  }
  return out;
}
