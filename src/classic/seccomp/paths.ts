import { defineErrors } from "../../util/index.ts";
import {
  BPF_A,
  BPF_ABS,
  BPF_ALU,
  BPF_AND,
  BPF_DIV,
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JSET,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_NEG,
  BPF_RET,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_X,
  type ClassicInsn,
} from "../insn.ts";
import { DATA_BYTES } from "./data.ts";
import { compare } from "./emulate.ts";
import { COMPARE, type Expression, Expressions } from "./expressions.ts";
import {
  ALL_WORDS,
  complement,
  contains,
  fromRanges,
  type Intervals,
  intersect,
  MAX_WORD,
  members,
  only,
  range,
  single,
  sizeOf,
} from "./intervals.ts";

const pathError = defineErrors({
  E_SECCOMP_PATHS: (d: { limit: number }) =>
    `the filter's ways are too many to tell apart: more than ${d.limit} instructions on all of them together`,
});

/** Instructions that the walk takes on all ways together before it gives up; a comparison counts what is known at it, too. */
const MAX_STEPS = 1_000_000;

/** Values that a formula must lie in, by the formula's id. */
export type Constraints = ReadonlyMap<number, { readonly expression: Expression; readonly set: Intervals }>;

/** One way through the filter: what must hold for it to be taken, and what it returns. Ways exclude each other. */
export interface Path {
  readonly constraints: Constraints;
  readonly result: Expression;
}

export interface Walk {
  readonly paths: readonly Path[];
  /** Instructions that no way takes. */
  readonly unreachable: readonly number[];
}

interface State {
  readonly pc: number;
  readonly a: Expression;
  readonly x: Expression;
  readonly mem: readonly Expression[];
  readonly constraints: Constraints;
}

/** The word and the mask of `word & mask`. */
function maskedWord(expression: Expression): { word: Expression; mask: number } | null {
  if (expression.kind !== "operation" || expression.op !== BPF_AND) return null;
  const { left, right } = expression;
  return left.kind === "word" && right.kind === "constant" ? { word: left, mask: right.value } : null;
}

/** Words with few possible values lose those that contradict what is known of their masks. */
const SMALL = 64;

/** The constraints and one more; null where they cannot all hold. Not every impossible combination is recognised, but most are. */
function assume(
  expressions: Expressions,
  known: Constraints,
  given: Expression,
  allowed: Intervals,
): Constraints | null {
  const { expression, set } = expressions.reduce(given, allowed);
  if (expression.kind === "constant") return contains(set, expression.value) ? known : null;
  const narrowed = intersect(known.get(expression.id)?.set ?? ALL_WORDS, set);
  if (narrowed.length === 0) return null;
  const next = new Map(known).set(expression.id, { expression, set: narrowed });
  const word = expression.kind === "word" ? expression : maskedWord(expression)?.word;
  if (word === undefined) return next;
  const masks = [...next.values()].flatMap((c) => {
    const masked = maskedWord(c.expression);
    return masked !== null && masked.word.id === word.id ? [{ ...masked, set: c.set }] : [];
  });
  if (masks.length === 0) return next;
  const plain = next.get(word.id)?.set;
  if (plain !== undefined && sizeOf(plain) <= SMALL) {
    const left = members(plain).filter((v) => masks.every(({ mask, set }) => contains(set, (v & mask) >>> 0)));
    if (left.length === 0) return null;
    next.set(word.id, { expression: word, set: fromRanges(left.map((v) => [v, v])) });
    return next;
  }
  // Bits that two masks share must agree.
  let [bits, values] = [0, 0];
  for (const { mask, set } of masks) {
    const value = single(set);
    if (value === null) continue;
    if ((value & ~mask) !== 0 || ((value ^ values) & bits & mask) !== 0) return null;
    bits |= mask;
    values |= value;
  }
  return masks.some(({ mask, set }) => (mask & ~bits) === 0 && !contains(set, (values & mask) >>> 0)) ? null : next;
}

/** The values of the left side for which a comparison with a constant holds; of JSET: of `left & k`. */
function holdingSet(op: number, k: number): Intervals {
  switch (op) {
    case BPF_JEQ:
      return only(k);
    case BPF_JGT:
      return range(k + 1, MAX_WORD);
    case BPF_JGE:
      return range(k, MAX_WORD);
    default:
      return range(1, MAX_WORD);
  }
}

/** The values of the right side for which a comparison of a constant with it holds. */
function holdingSetOfRight(op: number, k: number): Intervals {
  if (op === BPF_JGT) return range(0, k - 1);
  return op === BPF_JGE ? range(0, k) : holdingSet(op, k);
}

/** A comparison as `expression ∈ set`. */
function testOf(e: Expressions, op: number, left: Expression, right: Expression): { on: Expression; set: Intervals } {
  if (op === BPF_JSET) return { on: e.operation(BPF_AND, left, right), set: range(1, MAX_WORD) };
  if (right.kind === "constant") return { on: left, set: holdingSet(op, right.value) };
  if (left.kind === "constant") return { on: right, set: holdingSetOfRight(op, left.value) };
  if (left.id === right.id) return { on: e.constant(Number(compare(op, 0, 0))), set: only(1) };
  return { on: e.operation(COMPARE + op, left, right), set: only(1) };
}

/**
 * Walks every way through a filter that `checkSeccomp` accepts, with formulas in the registers instead of numbers. A comparison
 * splits the way in two, unless what is known already decides it.
 * @throws BpfError `E_SECCOMP_PATHS` where that takes too long
 */
export function walkSeccomp(insns: readonly ClassicInsn[]): Walk {
  const e = new Expressions();
  const zero = e.constant(0);
  const seen = new Uint8Array(insns.length);
  const paths: Path[] = [];
  const open: State[] = [
    { pc: 0, a: zero, x: zero, mem: new Array<Expression>(BPF_MEMWORDS).fill(zero), constraints: new Map() },
  ];
  let steps = 0;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    let { pc, a, x, mem, constraints } = state;
    for (;;) {
      if (++steps > MAX_STEPS) throw pathError("E_SECCOMP_PATHS", { limit: MAX_STEPS });
      const { code, jt, jf, k } = insns[pc]!;
      seen[pc++] = 1;
      const kind = code & 7;
      const right = (code & BPF_X) !== 0 ? x : e.constant(k);
      if (kind === BPF_RET) {
        paths.push({ constraints, result: (code & 0x18) === BPF_A ? a : e.constant(k) });
        break;
      }
      if (kind === BPF_LD || kind === BPF_LDX) {
        const mode = code & 0xe0;
        let value = e.constant(mode === BPF_LEN ? DATA_BYTES : k);
        if (mode === BPF_ABS) value = e.word(k / 4);
        else if (mode === BPF_MEM) value = mem[k]!;
        if (kind === BPF_LD) a = value;
        else x = value;
      } else if (kind === BPF_ST || kind === BPF_STX) mem = mem.with(k, kind === BPF_ST ? a : x);
      else if (kind === BPF_MISC) {
        if ((code & 0xf8) === BPF_TAX) x = a;
        else a = x;
      } else if (kind === BPF_ALU) {
        const op = code & 0xf0;
        if (op === BPF_DIV && (code & BPF_X) !== 0) {
          // A division by 0 ends the filter with 0.
          const byZero = assume(e, constraints, x, only(0));
          if (byZero !== null) paths.push({ constraints: byZero, result: zero });
          const others = assume(e, constraints, x, range(1, MAX_WORD));
          if (others === null) break;
          constraints = others;
        }
        a = e.operation(op, a, op === BPF_NEG ? zero : right);
      } else if ((code & 0xf0) === BPF_JA) pc += k;
      else if (jt === jf) pc += jt;
      else {
        steps += constraints.size * 8;
        const { on, set } = testOf(e, code & 0xf0, a, right);
        const yes = assume(e, constraints, on, set);
        const no = assume(e, constraints, on, complement(set));
        if (yes !== null && no !== null) open.push({ pc: pc + jf, a, x, mem, constraints: no });
        const taken = yes ?? no;
        if (taken === null) break;
        constraints = taken;
        pc += yes !== null ? jt : jf;
      }
    }
  }
  return { paths, unreachable: insns.flatMap((_, n) => (seen[n] === 0 ? [n] : [])) };
}
