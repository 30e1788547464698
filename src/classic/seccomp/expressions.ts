import { BPF_ADD, BPF_AND, BPF_DIV, BPF_LSH, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_SUB, BPF_XOR } from "../insn.ts";
import { arithmetic, compare } from "./emulate.ts";
import {
  complement,
  fromRanges,
  type Intervals,
  intersect,
  MAX_WORD,
  members,
  only,
  ranges,
  single,
  sizeOf,
} from "./intervals.ts";

/** What a register holds, as a formula over the words of the data. Equal formulas of one `Expressions` have one id. */
export type Expression =
  | { readonly id: number; readonly kind: "constant"; readonly value: number }
  | { readonly id: number; readonly kind: "word"; readonly word: number }
  /** Arithmetic by BPF's code, or a comparison (1 or 0) by its code with COMPARE. */
  | {
      readonly id: number;
      readonly kind: "operation";
      readonly op: number;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Marks the code of a comparison among those of arithmetic. */
export const COMPARE = 0x100;

/** Ranges that a mask's preimage may have before it is kept as a formula of its own. */
const MAX_PREIMAGE_RANGES = 16;

/** Makes formulas, simplified where that is exact. */
export class Expressions {
  readonly #made = new Map<string, Expression>();

  #intern(key: string, make: (id: number) => Expression): Expression {
    let found = this.#made.get(key);
    if (found === undefined) {
      found = make(this.#made.size);
      this.#made.set(key, found);
    }
    return found;
  }

  constant(value: number): Expression {
    return this.#intern(`c${value}`, (id) => ({ id, kind: "constant", value }));
  }

  word(word: number): Expression {
    return this.#intern(`w${word}`, (id) => ({ id, kind: "word", word }));
  }

  operation(op: number, left: Expression, right: Expression): Expression {
    if (left.kind === "constant" && right.kind === "constant") {
      const value =
        op >= COMPARE
          ? Number(compare(op - COMPARE, left.value, right.value))
          : arithmetic(op, left.value, right.value);
      if (value !== null) return this.constant(value);
    }
    if (op === BPF_AND && left.kind === "constant") return this.operation(op, right, left);
    if (op === BPF_AND && right.kind === "constant") {
      if (right.value === 0) return right;
      if (right.value === MAX_WORD) return left;
      if (left.kind === "operation" && left.op === BPF_AND && left.right.kind === "constant")
        return this.operation(op, left.left, this.constant((left.right.value & right.value) >>> 0));
    }
    if (
      right.kind === "constant" &&
      right.value === 0 &&
      [BPF_ADD, BPF_SUB, BPF_OR, BPF_XOR, BPF_RSH, BPF_LSH].includes(op)
    )
      return left;
    return this.#intern(`o${op}:${left.id}:${right.id}`, (id) => ({ id, kind: "operation", op, left, right }));
  }

  /**
   * `expression ∈ set` said of something simpler: of the word under constant arithmetic, wherever that is exact.
   */
  reduce(expression: Expression, set: Intervals): { expression: Expression; set: Intervals } {
    if (expression.kind !== "operation" || expression.right.kind !== "constant") return { expression, set };
    const { op, left, right } = expression;
    const preimage = preimageOf(op, right.value, set);
    if (preimage !== null) return this.reduce(left, preimage);
    // (w | k) == v says of the other bits that w & ~k == v & ~k.
    if (op === BPF_OR) {
      const out = complement(set);
      const value = single(set) ?? single(out);
      if (value !== null) {
        const rest = ~right.value >>> 0;
        const possible = (value & right.value) >>> 0 === right.value;
        const inner = possible ? only((value & rest) >>> 0) : [];
        const masked = this.operation(BPF_AND, left, this.constant(rest));
        return this.reduce(masked, single(set) !== null ? inner : complement(inner));
      }
    }
    return { expression, set };
  }
}

function rotated(set: Intervals, by: number): Intervals {
  const parts = ranges(set).flatMap(([first, last]): [number, number][] => {
    if (last - first === MAX_WORD) return [[0, MAX_WORD]];
    const [from, to] = [(first + by) >>> 0, (last + by) >>> 0];
    return from <= to
      ? [[from, to]]
      : [
          [from, MAX_WORD],
          [0, to],
        ];
  });
  return fromRanges(parts);
}

/** The words w with (w & mask) ∈ set, or null where those are too many ranges. */
function maskPreimage(mask: number, set: Intervals): Intervals | null {
  const low = (mask & -mask) >>> 0;
  const below = low - 1;
  // Bits above the lowest one of the mask that the mask leaves free: each doubles the ranges.
  const free = ~mask & ~below & MAX_WORD & (2 ** (32 - Math.clz32(mask)) - 1);
  const top = 32 - Math.clz32(mask);
  if (top === 32 && free === 0) {
    const parts = ranges(set).flatMap(([first, last]): [number, number][] => {
      const from = Math.ceil(first / low) * low;
      const to = Math.floor(last / low) * low + below;
      return from > to ? [] : [[from, to]];
    });
    return fromRanges(parts);
  }
  // A single bit high up: two ranges for 0x40000000.
  if (mask !== low || 2 ** (32 - top) * 2 > MAX_PREIMAGE_RANGES) return null;
  const parts: [number, number][] = [];
  const has = (v: number) => intersect(set, only(v)).length > 0;
  for (let base = 0; base <= MAX_WORD; base += low * 2) {
    if (has(0)) parts.push([base, base + low - 1]);
    if (has(low)) parts.push([base + low, base + 2 * low - 1]);
  }
  return fromRanges(parts);
}

function preimageOf(op: number, k: number, set: Intervals): Intervals | null {
  switch (op) {
    case BPF_ADD:
      return rotated(set, -k);
    case BPF_SUB:
      return rotated(set, k);
    case BPF_RSH: {
      const limit = MAX_WORD >>> k;
      const by = 2 ** (k & 31);
      const inside = intersect(set, [0, limit]);
      return fromRanges(ranges(inside).map(([first, last]) => [first * by, last * by + by - 1]));
    }
    case BPF_XOR: {
      const few = sizeOf(set) <= MAX_PREIMAGE_RANGES;
      if (!few && sizeOf(set) <= MAX_WORD - MAX_PREIMAGE_RANGES) return null;
      const points = members(few ? set : complement(set)).map((v): [number, number] => [(v ^ k) >>> 0, (v ^ k) >>> 0]);
      return few ? fromRanges(points) : complement(fromRanges(points));
    }
    case BPF_AND:
      return k === 0 ? null : maskPreimage(k, set);
    default:
      return null;
  }
}

/** Evaluates formulas over given words, each once. */
export function evaluator(words: readonly number[]): (expression: Expression) => number {
  const known = new Map<number, number>();
  const evaluate = (expression: Expression): number => {
    if (expression.kind === "constant") return expression.value;
    if (expression.kind === "word") return words[expression.word]!;
    let value = known.get(expression.id);
    if (value === undefined) {
      const { op } = expression;
      const [left, right] = [evaluate(expression.left), evaluate(expression.right)];
      value = op >= COMPARE ? Number(compare(op - COMPARE, left, right)) : (arithmetic(op, left, right) ?? 0);
      known.set(expression.id, value);
    }
    return value;
  };
  return evaluate;
}

const SIGNS: ReadonlyMap<number, string> = new Map([
  [BPF_ADD, "+"],
  [BPF_SUB, "-"],
  [BPF_MUL, "*"],
  [BPF_DIV, "/"],
  [BPF_OR, "|"],
  [BPF_AND, "&"],
  [BPF_XOR, "^"],
  [BPF_LSH, "<<"],
  [BPF_RSH, ">>"],
  [COMPARE + 0x10, "=="],
  [COMPARE + 0x20, ">"],
  [COMPARE + 0x30, ">="],
]);

/** A formula in C's words; `word` names the words of the data. Formulas deeper than eight levels are cut. */
export function expressionText(expression: Expression, word: (word: number) => string, depth = 8): string {
  if (expression.kind === "constant") return numberText(expression.value);
  if (expression.kind === "word") return word(expression.word);
  if (depth === 0) return "…";
  const [left, right] = [expression.left, expression.right].map((e) => {
    const text = expressionText(e, word, depth - 1);
    return e.kind === "operation" && e.op !== BPF_NEG ? `(${text})` : text;
  });
  return expression.op === BPF_NEG ? `-${left}` : `${left} ${SIGNS.get(expression.op)!} ${right}`;
}

/** Small numbers decimal, others hexadecimal. */
export function numberText(value: number | bigint): string {
  return value < 256 ? String(value) : `0x${value.toString(16)}`;
}
