/**
 * A set of unsigned 32-bit numbers as ranges [first, last, first, last, …], ascending, apart by at least one number.
 * Equal sets are equal arrays.
 */
export type Intervals = readonly number[];

export const MAX_WORD = 0xffffffff;
export const ALL_WORDS: Intervals = [0, MAX_WORD];
export const NO_WORDS: Intervals = [];

/** The numbers from first to last; none where last is smaller. */
export function range(first: number, last: number): Intervals {
  return first > last ? NO_WORDS : [first, last];
}

export const only = (value: number): Intervals => [value, value];

export function complement(set: Intervals): Intervals {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) out.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= MAX_WORD) out.push(next, MAX_WORD);
  return out;
}

export function intersect(one: Intervals, two: Intervals): Intervals {
  const out: number[] = [];
  for (let i = 0, j = 0; i < one.length && j < two.length; ) {
    const first = Math.max(one[i]!, two[j]!);
    const last = Math.min(one[i + 1]!, two[j + 1]!);
    if (first <= last) out.push(first, last);
    if (one[i + 1]! < two[j + 1]!) i += 2;
    else j += 2;
  }
  return out;
}

/** Ranges in any order, overlapping or not, as a set. */
export function fromRanges(ranges: readonly (readonly [first: number, last: number])[]): Intervals {
  const out: number[] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const end = out.length - 1;
    if (end > 0 && first <= out[end]! + 1) out[end] = Math.max(out[end]!, last);
    else out.push(first, last);
  }
  return out;
}

export function ranges(set: Intervals): [number, number][] {
  return Array.from({ length: set.length / 2 }, (_, i) => [set[2 * i]!, set[2 * i + 1]!]);
}

export function union(one: Intervals, two: Intervals): Intervals {
  return fromRanges([...ranges(one), ...ranges(two)]);
}

export function contains(set: Intervals, value: number): boolean {
  // The last range that begins at or before the value.
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[2 * middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= set[2 * low - 1]!;
}

export function sizeOf(set: Intervals): number {
  let size = 0;
  for (let i = 0; i < set.length; i += 2) size += set[i + 1]! - set[i]! + 1;
  return size;
}

/** The one member; null where there are none or several. */
export function single(set: Intervals): number | null {
  return set.length === 2 && set[0] === set[1] ? set[0]! : null;
}

export function sameSet(one: Intervals, two: Intervals): boolean {
  return one.length === two.length && one.every((v, i) => v === two[i]);
}

export const isAll = (set: Intervals) => set.length === 2 && set[0] === 0 && set[1] === MAX_WORD;

/** The members of a small set. */
export function members(set: Intervals): number[] {
  return ranges(set).flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}
