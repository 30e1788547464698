import { assert } from "../../util/index.ts";
import { BPF_ADD, BPF_AND, BPF_DIV, BPF_LSH, BPF_MOD, BPF_MUL, BPF_OR, BPF_RSH, BPF_SUB, BPF_XOR } from "../insn.ts";

/**
 * What a program computes from a packet, as expressions without effect. Equal expressions are one object, so that the rest compares by identity:
 * a value that a register holds already is never computed again.
 */
export type Value = { readonly id: number } & (
  | { readonly op: "const"; readonly k: number }
  | { readonly op: "len" }
  /** Bytes of the packet at `k`, or at `index` + `k`. */
  | { readonly op: "load"; readonly size: 1 | 2 | 4; readonly k: number; readonly index: Value | null }
  /** Four times the low nibble of the byte at `k`: the length of an IPv4 header. */
  | { readonly op: "msh"; readonly k: number }
  | { readonly op: "alu"; readonly code: number; readonly left: Value; readonly right: Value }
  | { readonly op: "negate"; readonly of: Value }
  /** What was last put in a word of scratch memory. */
  | { readonly op: "word"; readonly n: number }
);

/** A word of scratch memory. */
export type Word = Value & { readonly op: "word" };

/** The words of scratch memory that a value is computed from. */
export function wordsIn(value: Value): readonly number[] {
  switch (value.op) {
    case "word":
      return [value.n];
    case "load":
      return value.index === null ? [] : wordsIn(value.index);
    case "alu":
      return [...wordsIn(value.left), ...wordsIn(value.right)];
    case "negate":
      return wordsIn(value.of);
    default:
      return [];
  }
}

/** Whether the value is computed from what stands in the scratch word. */
export function readsWord(value: Value, word: Word): boolean {
  return wordsIn(value).includes(word.n);
}

const COMMUTATIVE = new Set([BPF_ADD, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR]);

/** Operations of which 0 is the result where their left operand is 0. */
const ZERO_FROM_ZERO = new Set([BPF_DIV, BPF_MOD, BPF_LSH, BPF_RSH]);

/** 32-bit unsigned arithmetic as the machine does it; null where it has no result. */
export function compute(code: number, a: number, b: number): number | null {
  switch (code) {
    case BPF_ADD:
      return (a + b) >>> 0;
    case BPF_SUB:
      return (a - b) >>> 0;
    case BPF_MUL:
      return Math.imul(a, b) >>> 0;
    case BPF_DIV:
      return b === 0 ? null : Math.floor(a / b) >>> 0;
    case BPF_MOD:
      return b === 0 ? null : (a % b) >>> 0;
    case BPF_AND:
      return (a & b) >>> 0;
    case BPF_OR:
      return (a | b) >>> 0;
    case BPF_XOR:
      return (a ^ b) >>> 0;
    case BPF_LSH:
      return b < 32 ? (a << b) >>> 0 : 0;
    case BPF_RSH:
      return b < 32 ? a >>> b : 0;
  }
  return null;
}

/** The largest number a value can be. */
export function upperBound(value: Value): number {
  switch (value.op) {
    case "const":
      return value.k;
    case "msh":
      return 60;
    case "load":
      return value.size === 4 ? 0xffffffff : 2 ** (8 * value.size) - 1;
    case "alu": {
      const left = upperBound(value.left);
      const right = upperBound(value.right);
      switch (value.code) {
        case BPF_AND:
          return Math.min(left, right);
        case BPF_ADD:
          return Math.min(left + right, 0xffffffff);
        case BPF_MUL:
          return Math.min(left * right, 0xffffffff);
        case BPF_RSH:
        case BPF_DIV:
        case BPF_MOD:
          return left;
        case BPF_LSH:
          return value.right.op === "const" ? Math.min(left * 2 ** value.right.k, 0xffffffff) : 0xffffffff;
      }
    }
  }
  return 0xffffffff;
}

/** Makes values, each only once. */
export class Values {
  private readonly made = new Map<string, Value>();
  /** Off for programs as the expression says them, without any folding. */
  private readonly folding: boolean;

  constructor(folding: boolean) {
    this.folding = folding;
  }

  /** Set where no load may be left out, even if the result does not depend on it. */
  keepLoads = false;

  private share(key: string, make: (id: number) => Value): Value {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const value = make(this.made.size);
    this.made.set(key, value);
    return value;
  }

  const(k: number): Value {
    const word = k >>> 0;
    return this.share(`#${word}`, (id) => ({ id, op: "const", k: word }));
  }

  len(): Value {
    return this.share("len", (id) => ({ id, op: "len" }));
  }

  word(n: number): Word {
    return this.share(`M${n}`, (id) => ({ id, op: "word", n })) as Word;
  }

  msh(k: number): Value {
    return this.share(`msh${k}`, (id) => ({ id, op: "msh", k }));
  }

  negate(of: Value): Value {
    if (of.op === "const") return this.const(-of.k);
    return this.share(`-${of.id}`, (id) => ({ id, op: "negate", of }));
  }

  load(size: 1 | 2 | 4, k: number, index: Value | null): Value {
    const at = k >>> 0;
    if (index?.op === "const") return this.load(size, at + index.k, null);
    // Adding inside the load is the same as before it only where the sum cannot wrap.
    if (this.folding && index?.op === "alu" && index.code === BPF_ADD && index.right.op === "const") {
      if (upperBound(index.left) + index.right.k + at <= 0xffffffff)
        return this.load(size, at + index.right.k, index.left);
    }
    return this.share(`[${size}:${at}+${index?.id ?? ""}]`, (id) => ({ id, op: "load", size, k: at, index }));
  }

  alu(code: number, left: Value, right: Value): Value {
    if (left.op === "const" && right.op === "const") {
      const folded = compute(code, left.k, right.k);
      assert(folded !== null, "division by zero reached the values");
      return this.const(folded);
    }
    if (!this.keepLoads && left.op === "const" && left.k === 0 && ZERO_FROM_ZERO.has(code)) return left;
    if (left.op === "const" && COMMUTATIVE.has(code)) return this.alu(code, right, left);
    if (this.folding && right.op === "const") {
      const simple = this.simplified(code, left, right.k);
      if (simple !== null) return simple;
    }
    return this.share(`${code}(${left.id},${right.id})`, (id) => ({ id, op: "alu", code, left, right }));
  }

  private simplified(code: number, left: Value, k: number): Value | null {
    const neutral =
      code === BPF_MUL || code === BPF_DIV ? 1 : code === BPF_AND ? 0xffffffff : code === BPF_MOD ? -1 : 0;
    if (k === neutral) return left;
    if (!this.keepLoads && k === 0 && (code === BPF_MUL || code === BPF_AND)) return this.const(0);
    if (code === BPF_SUB) return this.alu(BPF_ADD, left, this.const(-k));
    if (left.op === "alu" && left.code === code && left.right.op === "const" && COMMUTATIVE.has(code)) {
      return this.alu(code, left.left, this.const(compute(code, left.right.k, k) ?? 0));
    }
    return null;
  }
}
