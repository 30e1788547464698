import { REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SIZE, REG_SMAX, REG_SMIN, REG_UMAX, REG_VALUE } from "../../verifier-layout";
import { addHalf, addWord, mulHalf, mulWord, subHalf, subWord } from "./arithmetic";
import { bitwiseHalf, bitwiseWord } from "./bitwise";
import { sync_bounds } from "./bounds";
import { zeroUpper } from "./casts";
import {
  BPF_ADD, BPF_AND, BPF_ARSH, BPF_LSH, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_SUB, BPF_XOR,
} from "./operations";
import { constant, copy_reg, forgetIdentity, mark_unknown, setConstant, setTnum } from "./record";
import {
  shiftLeftHalf, shiftLeftWord, shiftRightHalf, shiftRightSignedHalf, shiftRightSignedWord, shiftRightWord,
} from "./shifts";
import * as tnum from "./tnum";
import { BITS, HALF, LOW_BITS } from "./width";

/** The source operand where it is the destination too. */
const OPERAND: u32 = u32(memory.data(REG_SIZE, 8));

/** A known amount of bits to shift by within the width, or -1. The whole word counts, of a half's shift too. */
// @ts-ignore: decorator
@inline
function shiftAmount(src: u32, is32: u32): i64 {
  const known = (load<i64>(src, REG_MASK) & (is32 ? LOW_BITS : i64(-1))) == 0;
  const by = load<i64>(src, REG_UMAX);
  return known && u64(by) < u64(is32 ? HALF : BITS) ? by : -1;
}

export function alu(dst: u32, src: u32, op: u32, is32: u32, off: u32): void {
  if (src == dst) {
    copy_reg(OPERAND, dst);
    src = OPERAND;
  }
  const av = load<i64>(dst, REG_VALUE);
  const am = load<i64>(dst, REG_MASK);
  const bv = load<i64>(src, REG_VALUE);
  const bm = load<i64>(src, REG_MASK);
  // What an operation on halves does to the ranges of words does not matter: zeroUpper sets them.
  switch (op) {
    case BPF_ADD:
      addHalf(dst, src);
      if (!is32) addWord(dst, src);
      tnum.add(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      break;
    case BPF_SUB:
      subHalf(dst, src);
      if (!is32) subWord(dst, src);
      tnum.sub(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      break;
    case BPF_NEG:
      copy_reg(OPERAND, dst);
      forgetIdentity(dst);
      setConstant(dst, 0);
      subHalf(dst, OPERAND);
      if (!is32) subWord(dst, OPERAND);
      tnum.sub(0, 0, av, am);
      setTnum(dst, tnum.value, tnum.mask);
      break;
    case BPF_MUL:
      mulHalf(dst, src);
      if (!is32) mulWord(dst, src);
      tnum.mul(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      break;
    case BPF_AND:
      tnum.and(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      bitwiseHalf(dst, src, op);
      bitwiseWord(dst, src, op);
      break;
    case BPF_OR:
      tnum.or(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      bitwiseHalf(dst, src, op);
      bitwiseWord(dst, src, op);
      break;
    case BPF_XOR:
      tnum.xor(av, am, bv, bm);
      setTnum(dst, tnum.value, tnum.mask);
      bitwiseHalf(dst, src, op);
      bitwiseWord(dst, src, op);
      break;
    case BPF_LSH: {
      const by = shiftAmount(src, is32);
      if (by < 0) {
        mark_unknown(dst);
        return;
      }
      if (is32) shiftLeftHalf(dst, by);
      else shiftLeftWord(dst, by);
      break;
    }
    case BPF_RSH: {
      const by = shiftAmount(src, is32);
      if (by < 0) {
        mark_unknown(dst);
        return;
      }
      if (is32) shiftRightHalf(dst, by);
      else shiftRightWord(dst, by);
      break;
    }
    case BPF_ARSH: {
      const by = shiftAmount(src, is32);
      if (by < 0) {
        mark_unknown(dst);
        return;
      }
      if (is32) shiftRightSignedHalf(dst, by);
      else shiftRightSignedWord(dst, by);
      break;
    }
    default:
      // Division and remainder: nothing is said of the result.
      mark_unknown(dst);
      return;
  }
  if (is32) zeroUpper(dst);
  sync_bounds(dst);
}

const NO_FORK: i32 = 0;
const FORK_WORD: i32 = 1;
const FORK_HALF: i32 = 2;

/**
 * An arithmetic shift leaves all zeros or all ones of a sign, and compilers select with them: `(x s>> 63) & c`. For such an operand the two
 * values are followed apart, in the whole word or in its lower half, whatever the operation's width.
 */
export function fork_kind(dst: u32, src: u32, op: u32): i32 {
  if ((op != BPF_AND && op != BPF_OR) || load<i64>(src, REG_MASK) != 0) return NO_FORK;
  if (load<i64>(dst, REG_SMIN) == -1 && load<i64>(dst, REG_SMAX) == 0) return FORK_WORD;
  return load<i32>(dst, REG_S32_MIN) == -1 && load<i32>(dst, REG_S32_MAX) == 0 ? FORK_HALF : NO_FORK;
}

/** Operand of `add_const`. */
const ADDEND: u32 = u32(memory.data(REG_SIZE, 8));

export function add_const(reg: u32, low: u32, high: u32): void {
  setConstant(ADDEND, constant(low, high));
  addHalf(reg, ADDEND);
  addWord(reg, ADDEND);
  tnum.add(load<i64>(reg, REG_VALUE), load<i64>(reg, REG_MASK), constant(low, high), 0);
  setTnum(reg, tnum.value, tnum.mask);
  sync_bounds(reg);
}
