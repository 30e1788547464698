import { BPF_AND } from "../insn.ts";
import { WORD_IP, wideField } from "./data.ts";
import { type Expression, evaluator } from "./expressions.ts";
import { ALL_WORDS, MAX_WORD } from "./intervals.ts";
import type { Constraints } from "./paths.ts";
import { product, type WideSet, wideContains, wideDisjoint, wideKey, wideUnion } from "./wide-sets.ts";

/** What a condition speaks of: a 64-bit field under a mask for each half (0: that half is not looked at), or any other formula. */
export type Subject =
  | { readonly kind: "field"; readonly index: number; readonly highMask: number; readonly lowMask: number }
  | { readonly kind: "formula"; readonly expression: Expression };

export interface Condition {
  readonly subject: Subject;
  /** Of a formula, the lower halves count. */
  readonly set: WideSet;
}

/** Conditions that hold together, by the text of their subjects. */
export type Term = ReadonlyMap<string, Condition>;

const keyOf = (s: Subject) => (s.kind === "field" ? `f${s.index}/${s.highMask}/${s.lowMask}` : `e${s.expression.id}`);

/** A half of a 64-bit field, masked or not. */
function halfOf(expression: Expression): { word: number; mask: number } | null {
  if (expression.kind === "word") return expression.word < WORD_IP ? null : { word: expression.word, mask: MAX_WORD };
  if (expression.kind !== "operation" || expression.op !== BPF_AND) return null;
  const { left, right } = expression;
  if (left.kind !== "word" || right.kind !== "constant" || left.word < WORD_IP) return null;
  return { word: left.word, mask: right.value };
}

/** For each word the masks that the ways look at it with. */
function masksOf(all: readonly Constraints[]): Map<number, number[]> {
  const masks = new Map<number, number[]>();
  for (const constraints of all) {
    for (const { expression } of constraints.values()) {
      const half = halfOf(expression);
      if (half === null) continue;
      const known = masks.get(half.word) ?? [];
      if (!known.includes(half.mask)) masks.set(half.word, [...known, half.mask]);
    }
  }
  return masks;
}

/** The mask of the other half that belongs to this half's: whole goes with whole, and what is left over goes together. */
function partner(mask: number, own: readonly number[], others: readonly number[]): number {
  const plain = own.includes(MAX_WORD) && others.includes(MAX_WORD);
  if (plain && mask === MAX_WORD) return MAX_WORD;
  const left = (list: readonly number[]) => list.filter((m) => !(plain && m === MAX_WORD));
  return left(own).length === 1 && left(others).length === 1 ? left(others)[0]! : 0;
}

/** The conditions of several ways, with the halves of 64-bit fields joined; `apart` lists formulas that are told elsewhere. */
export function termsOf(all: readonly Constraints[], apart: (expression: Expression) => boolean): Term[] {
  const masks = masksOf(all);
  return all.map((constraints) => {
    const halves = new Map<string, { subject: Subject; high: WideSet; low: WideSet }>();
    for (const { expression, set } of constraints.values()) {
      if (apart(expression)) continue;
      const half = halfOf(expression);
      const everything = product(ALL_WORDS, ALL_WORDS);
      let subject: Subject = { kind: "formula", expression };
      let isHigh = false;
      if (half !== null) {
        const { index, high } = wideField(half.word);
        isHigh = high;
        const other = partner(half.mask, masks.get(half.word)!, masks.get(half.word ^ 1) ?? []);
        subject = { kind: "field", index, highMask: high ? half.mask : other, lowMask: high ? other : half.mask };
      }
      const key = keyOf(subject);
      const before = halves.get(key) ?? { subject, high: everything, low: everything };
      if (isHigh) halves.set(key, { ...before, high: product(set, ALL_WORDS) });
      else halves.set(key, { ...before, low: product(ALL_WORDS, set) });
    }
    const entries = [...halves].map(([key, { subject, high, low }]): [string, Condition] => [
      key,
      { subject, set: product(high[0]!.high, low[0]!.low) },
    ]);
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function disjoint(one: Term, two: Term): boolean {
  for (const [key, { set }] of one) {
    const other = two.get(key);
    if (other !== undefined && wideDisjoint(set, other.set)) return true;
  }
  return false;
}

const without = (term: Term, key: string): Term => new Map([...term].filter(([k]) => k !== key));
const termKey = (term: Term) => [...term].map(([key, { set }]) => `${key}=${wideKey(set)}`).join("|");
const EVERYTHING = wideKey(product(ALL_WORDS, ALL_WORDS));

/** Two terms as one where they differ in one condition only. */
function merged(one: Term, two: Term): Term | null {
  if (one.size !== two.size) return null;
  let different: string | null = null;
  for (const [key, { set }] of one) {
    const other = two.get(key);
    if (other === undefined) return null;
    if (wideKey(set) === wideKey(other.set)) continue;
    if (different !== null) return null;
    different = key;
  }
  if (different === null) return one;
  const { subject, set } = one.get(different)!;
  const both = wideUnion(set, two.get(different)!.set);
  if (wideKey(both) === EVERYTHING) return without(one, different);
  return new Map([...one].map(([key, c]) => [key, key === different ? { subject, set: both } : c]));
}

/** Whether everything that satisfies `one` satisfies `two`. */
function covered(one: Term, two: Term): boolean {
  for (const [key, { set }] of two) {
    const own = one.get(key);
    if (own === undefined || wideKey(wideUnion(own.set, set)) !== wideKey(set)) return false;
  }
  return true;
}

function mergeAll(terms: readonly Term[]): Term[] {
  const out = [...new Map(terms.map((t) => [termKey(t), t])).values()];
  for (let i = 0; i < out.length; i++) {
    for (let j = 0; j < out.length; j++) {
      if (i === j) continue;
      const one = covered(out[j]!, out[i]!) ? out[i]! : merged(out[i]!, out[j]!);
      if (one === null) continue;
      out[i] = one;
      out.splice(j, 1);
      // What has grown may meet those that were looked at before.
      i = -1;
      break;
    }
  }
  return out;
}

/** Above this many terms of a system call they are shown as the filter has them. */
const MAX_SIMPLIFIED = 200;

/**
 * Fewer and shorter terms that mean the same: conditions are left out of a term as long as it does not reach into `others`, which is
 * what must not be covered; then terms that differ in one condition become one.
 */
export function simplify(terms: readonly Term[], others: readonly Term[]): Term[] {
  if (terms.length + others.length > MAX_SIMPLIFIED) return [...new Map(terms.map((t) => [termKey(t), t])).values()];
  const short = mergeAll(terms).map((term) => {
    let now = term;
    for (const key of term.keys()) {
      const wider = without(now, key);
      if (others.every((other) => disjoint(wider, other))) now = wider;
    }
    return now;
  });
  return mergeAll(short);
}

/** Whether data satisfies a term. */
export function satisfies(term: Term, words: readonly number[]): boolean {
  const evaluate = evaluator(words);
  for (const { subject, set } of term.values()) {
    let [high, low] = [0, 0];
    if (subject.kind === "formula") low = evaluate(subject.expression);
    else {
      const word = WORD_IP + 2 + subject.index * 2;
      low = (words[word]! & subject.lowMask) >>> 0;
      high = (words[word + 1]! & subject.highMask) >>> 0;
    }
    if (!wideContains(set, high, low)) return false;
  }
  return true;
}
