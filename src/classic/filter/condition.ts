import { BPF_AND, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET, BPF_SUB } from "../insn.ts";
import type { Value, Values, Word } from "./value.ts";

/** Comparison of a value with another, unsigned: BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET. */
export interface Test {
  readonly relation: number;
  readonly left: Value;
  readonly right: Value;
}

/** What must hold for a packet; read from the left, no more than is needed. `put` always holds and fills a word of scratch memory; `touch` always holds and refuses packets that have no such bytes. */
export type Condition =
  | { readonly is: "always" | "never" }
  | { readonly is: "test"; readonly test: Test }
  | { readonly is: "put"; readonly word: Word; readonly value: Value }
  | { readonly is: "touch"; readonly value: Value }
  | { readonly is: "not"; readonly of: Condition }
  | { readonly is: "and" | "or"; readonly left: Condition; readonly right: Condition };

export const always: Condition = { is: "always" };
export const never: Condition = { is: "never" };

export function and(...parts: readonly Condition[]): Condition {
  return parts.reduceRight(
    (right, left) => (right === always ? left : left === always ? right : { is: "and", left, right }),
    always,
  );
}

export function or(...parts: readonly Condition[]): Condition {
  return parts.reduceRight(
    (right, left) => (right === never ? left : left === never ? right : { is: "or", left, right }),
    never,
  );
}

export function not(of: Condition): Condition {
  return of.is === "not" ? of.of : { is: "not", of };
}

/** Does what `then` does where the condition holds; holds in any case that `then` does not refuse. */
export function when(condition: Condition, then: Condition): Condition {
  return or(not(condition), then);
}

export function put(word: Word, value: Value): Condition {
  return { is: "put", word, value };
}

export function compare(relation: number, left: Value, right: Value): Condition {
  return { is: "test", test: { relation, left, right } };
}

export function equals(values: Values, left: Value, k: number): Condition {
  return compare(BPF_JEQ, left, values.const(k));
}

/** The value without the bits outside the mask. */
export function masked(values: Values, value: Value, mask: number): Value {
  return mask >>> 0 === 0xffffffff ? value : values.alu(BPF_AND, value, values.const(mask));
}

/** The outcome of comparing constants, else null. `x >= 0` stays, for packets that end before x. */
export function decided({ relation, left, right }: Test): boolean | null {
  if (left.op === "const" && right.op === "const") {
    switch (relation) {
      case BPF_JEQ:
        return left.k === right.k;
      case BPF_JGT:
        return left.k > right.k;
      case BPF_JGE:
        return left.k >= right.k;
      default:
        return (left.k & right.k) !== 0;
    }
  }
  return null;
}

/** The same question in the form that costs least: `x & m` is compared with 0 by JSET; a negative answer is turned by `turned`. */
export function simplest(values: Values, test: Test): { test: Test; turned: boolean } {
  const { relation, left, right } = test;
  if (right.op === "const" && right.k === 0) {
    if (
      left.op === "alu" &&
      left.code === BPF_AND &&
      left.right.op === "const" &&
      (relation === BPF_JEQ || relation === BPF_JGT)
    ) {
      return { test: { relation: BPF_JSET, left: left.left, right: left.right }, turned: relation === BPF_JEQ };
    }
    if (left.op === "alu" && left.code === BPF_SUB && relation === BPF_JEQ) {
      return simplest(values, { relation, left: left.left, right: left.right });
    }
    if (relation === BPF_JGT) return { test: { relation: BPF_JEQ, left, right }, turned: true };
  }
  if (left.op === "const" && right.op !== "const") {
    if (relation === BPF_JEQ || relation === BPF_JSET)
      return { test: { relation, left: right, right: left }, turned: false };
    // k > x is not (x >= k), k >= x is not (x > k).
    return { test: { relation: relation === BPF_JGT ? BPF_JGE : BPF_JGT, left: right, right: left }, turned: true };
  }
  return { test, turned: false };
}
