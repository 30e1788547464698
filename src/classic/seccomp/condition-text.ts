import type { Condition, Subject, Term } from "./conditions.ts";
import { wordText } from "./disassemble.ts";
import { expressionText, numberText } from "./expressions.ts";
import { complement, type Intervals, isAll, MAX_WORD, ranges } from "./intervals.ts";
import { type WideSet, wideComplement, wideRanges } from "./wide-sets.ts";

/** Names of a system call's arguments for conditions: `args[1]` where there is none. */
function fieldName(index: number, names: readonly string[]): string {
  return index < 0 ? "instruction_pointer" : (names[index] ?? `args[${index}]`);
}

/** `x == 5`, `x in {1, 3..7}`, `x != 5`, `x >= 5`: of ranges and of what lies between them the shorter. */
function rangesText(
  name: string,
  inside: readonly (readonly [bigint, bigint])[],
  outside: readonly (readonly [bigint, bigint])[] | null,
  max: bigint,
): string {
  const one = inside.length === 1 ? inside[0]! : null;
  if (one !== null && one[0] === one[1]) return `${name} == ${numberText(one[0])}`;
  if (one !== null && one[0] === 1n && one[1] === max) return `${name} != 0`;
  if (one !== null && one[0] === 0n) return `${name} <= ${numberText(one[1])}`;
  if (one !== null && one[1] === max) return `${name} >= ${numberText(one[0])}`;
  const points = (list: readonly (readonly [bigint, bigint])[]) =>
    list.map(([a, b]) => (a === b ? numberText(a) : `${numberText(a)}..${numberText(b)}`)).join(", ");
  // A range takes more to read than a number.
  const cost = (list: readonly (readonly [bigint, bigint])[]) => list.reduce((n, [a, b]) => n + (a === b ? 1 : 2), 0);
  if (outside !== null && outside.length > 0 && cost(outside) < cost(inside)) {
    const hole = outside.length === 1 ? outside[0]! : null;
    return hole !== null && hole[0] === hole[1]
      ? `${name} != ${numberText(hole[0])}`
      : `${name} not in ${outside.length === 1 ? points(outside) : `{${points(outside)}}`}`;
  }
  return one === null ? `${name} in {${points(inside)}}` : `${name} in ${points(inside)}`;
}

function wordsText(name: string, set: Intervals): string {
  const wide = (s: Intervals) => ranges(s).map(([a, b]): [bigint, bigint] => [BigInt(a), BigInt(b)]);
  return rangesText(name, wide(set), wide(complement(set)), BigInt(MAX_WORD));
}

const MAX_64 = (1n << 64n) - 1n;

/** A 64-bit field: as one number where the filter looks at it as one, else by its halves. */
function fieldText(
  { index, highMask, lowMask }: Subject & { kind: "field" },
  set: WideSet,
  names: readonly string[],
): string {
  const name = fieldName(index, names);
  const whole = highMask === MAX_WORD && lowMask === MAX_WORD;
  const mask = (BigInt(highMask) << 32n) | BigInt(lowMask);
  const maskText = (m: number | bigint) => `0x${m.toString(16)}`;
  const ranged = wideRanges(set);
  const low = lowMask === MAX_WORD ? `(u32)${name}` : `${name} & ${maskText(lowMask)}`;
  if (highMask === 0) return wordsText(lowMask === MAX_WORD ? low : `(${low})`, set[0]!.low);
  if (ranged !== null && lowMask !== 0) {
    const out = wideRanges(wideComplement(set));
    return rangesText(whole ? name : `(${name} & ${maskText(mask)})`, ranged, out, MAX_64);
  }
  const high = highMask === MAX_WORD ? `${name} >> 32` : `(${name} >> 32) & ${maskText(highMask)}`;
  const parts = set.map((part) => {
    const texts = [
      ...(isAll(part.high) ? [] : [wordsText(`(${high})`, part.high)]),
      ...(isAll(part.low) ? [] : [wordsText(lowMask === MAX_WORD ? low : `(${low})`, part.low)]),
    ];
    return texts.join(" && ");
  });
  return parts.length === 1 ? parts[0]! : `(${parts.map((p) => `(${p})`).join(" || ")})`;
}

function conditionText({ subject, set }: Condition, names: readonly string[]): string {
  if (subject.kind === "field") return fieldText(subject, set, names);
  const word = (w: number) => {
    const text = w < 2 ? wordText(w) : wordText(w).replace(/^args\[(\d)\]/, (_, i) => fieldName(Number(i), names));
    return w >= 2 && w % 2 === 0 ? `(u32)${text}` : w < 2 ? text : `(${text})`;
  };
  const text = expressionText(subject.expression, word);
  return wordsText(subject.expression.kind === "operation" ? `(${text})` : text, set[0]!.low);
}

/** A term as text: `domain == 2 && type != 1`; an empty one holds always. */
export function termText(term: Term, names: readonly string[]): string {
  return [...term.values()].map((c) => conditionText(c, names)).join(" && ");
}
