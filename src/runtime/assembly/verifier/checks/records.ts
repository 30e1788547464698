import {
  REG_MASK, REG_S32_MAX, REG_S32_MIN, REG_SIZE, REG_SMAX, REG_SMIN, REG_U32_MAX, REG_U32_MIN, REG_UMAX, REG_UMIN, REG_VALUE, SCRATCH_REGS,
} from "../../../verifier-layout";
import { add_const, alu } from "../alu";
import { bounds_sane, scalar_within, sync_bounds } from "../bounds";
import { branch_taken } from "../branch";
import { sign_extend, truncate, zext32 } from "../casts";
import { BPF_ARSH, BPF_LSH, BPF_NEG, BPF_RSH } from "../operations";
import { copy_reg, mark_unknown, setConstant, setSigned, setSignedHalf, setTnum, setUnsigned, setUnsignedHalf } from "../record";
import { refine } from "../refine";
import { BITS, cut, HALF, low, LOW_BITS, widen, word } from "../width";
import { contains, holds, run } from "./concrete";

/*
 * Registers of which one thing is known: every tnum, every unsigned and signed range, every range of the lower half, brought into agreement; and
 * at small widths every pair of two such things. For each of them, and each operation, every member's result must be among the result's values.
 */
const VALUES: i32 = 1 << BITS;
const HALVES: i32 = 1 << HALF;
const LIST: u32 = 16 << 20;
const A: u32 = SCRATCH_REGS + 8 * REG_SIZE;
const B: u32 = A + REG_SIZE;
const OTHER: u32 = B + REG_SIZE;

/** Records by what they say, open addressing: number + 1. */
const SEEN: u32 = 1 << 20;
const SEEN_SLOTS: u32 = 1 << 18;
/** Members of the records at hand. */
const LEFT: u32 = SEEN + (SEEN_SLOTS << 2);
const RIGHT: u32 = LEFT + (256 << 3);

/** Singles from 0; pairs from `singles`. */
let singles: i32 = 0;
let total: i32 = 0;

function at(n: i32): u32 {
  return LIST + u32(n) * REG_SIZE;
}

/** The members of a record, in a list; answers how many. */
function members(reg: u32, list: u32): i32 {
  let n = 0;
  for (let x = 0; x < VALUES; x++) {
    const value = word(i64(x));
    if (!contains(reg, value)) continue;
    store<i64>(list + (n << 3), value);
    n++;
  }
  return n;
}
// @ts-ignore: decorator
@inline
function member(list: u32, n: i32): i64 {
  return load<i64>(list + (n << 3));
}

/** Whether a record before says the same; if not, it is noted. */
function seen(n: i32): bool {
  const reg = at(n);
  let hash: u64 = 0;
  for (let w = REG_VALUE; w <= REG_U32_MIN; w += 8) hash = (hash ^ load<u64>(reg + w)) * 0x9e3779b97f4a7c15;
  let slot = u32(hash >> 40) & (SEEN_SLOTS - 1);
  for (;;) {
    const other = load<i32>(SEEN + (slot << 2));
    if (other == 0) break;
    let differ: u64 = 0;
    for (let w = REG_VALUE; w <= REG_U32_MIN; w += 8) differ |= load<u64>(reg + w) ^ load<u64>(at(other - 1) + w);
    if (differ == 0) return true;
    slot = (slot + 1) & (SEEN_SLOTS - 1);
  }
  store<i32>(SEEN + (slot << 2), n + 1);
  return false;
}

/** Enters the record after the last one, unless nothing fits it; the members of what was given must be kept. */
function enter(): i32 {
  const reg = at(total);
  copy_reg(OTHER, reg);
  sync_bounds(reg);
  let any = false;
  let lost = 0;
  for (let x = 0; x < VALUES; x++) {
    const value = word(i64(x));
    if (!contains(OTHER, value)) continue;
    any = true;
    if (!contains(reg, value)) lost = 1;
  }
  if (any && !seen(total)) total++;
  return lost;
}

function fresh(): u32 {
  const end = at(total + 1);
  const pages = memory.size();
  if (end > u32(pages) << 16) memory.grow(64);
  mark_unknown(at(total));
  return at(total);
}

const TNUM: i32 = 0;
const UNSIGNED: i32 = 1;
const SIGNED: i32 = 2;
const UNSIGNED_HALF: i32 = 3;
const SIGNED_HALF: i32 = 4;
const KINDS: i32 = 5;

/** Values that the two numbers which make up one piece of knowledge go through. */
function span(kind: i32): i32 {
  return kind >= UNSIGNED_HALF ? HALVES : VALUES;
}

/** Adds a piece of knowledge to a record; false where the numbers are none. */
function learn(reg: u32, kind: i32, x: i32, y: i32): bool {
  const a = word(i64(x));
  const b = word(i64(y));
  const c = cut(x);
  const d = cut(y);
  if (kind == TNUM) {
    if ((x & y) != 0) return false;
    setTnum(reg, a, b);
  } else if (kind == UNSIGNED) {
    if (x > y) return false;
    setUnsigned(reg, a, b);
  } else if (kind == SIGNED) {
    if (a > b) return false;
    setSigned(reg, a, b);
  } else if (kind == UNSIGNED_HALF) {
    if (x > y) return false;
    setUnsignedHalf(reg, c, d);
  } else {
    if (c > d) return false;
    setSignedHalf(reg, c, d);
  }
  return true;
}

/** Builds the list, with pairs of pieces if wanted; answers how many records lost a member when brought into agreement. */
export function prepare(pairs: bool): i32 {
  let failures = 0;
  total = 0;
  memory.fill(SEEN, 0, SEEN_SLOTS << 2);
  for (let kind = 0; kind < KINDS; kind++) {
    for (let x = 0; x < span(kind); x++) {
      for (let y = 0; y < span(kind); y++) if (learn(fresh(), kind, x, y)) failures += enter();
    }
  }
  singles = total;
  if (!pairs) return failures;
  for (let first = 0; first < KINDS; first++) {
    for (let second = first + 1; second < KINDS; second++) {
      for (let x = 0; x < span(first); x++) {
        for (let y = 0; y < span(first); y++) {
          if (!learn(fresh(), first, x, y)) continue;
          for (let z = 0; z < span(second); z++) {
            for (let w = 0; w < span(second); w++) {
              const reg = fresh();
              learn(reg, first, x, y);
              if (learn(reg, second, z, w)) failures += enter();
            }
          }
        }
      }
    }
  }
  return failures;
}

export function records(): i32 {
  return total;
}

/** What is left of a value by a change of width. */
function extended(x: i64, bits: i32): i64 {
  return (x << i64(64 - bits)) >> i64(64 - bits);
}

/** Moves, casts, negation and shifts by constants of every record. */
export function check_unary(): i32 {
  let failures = 0;
  for (let n = 0; n < total; n++) {
    const reg = at(n);
    const count = members(reg, LEFT);
    copy_reg(A, reg);
    zext32(A);
    for (let x = 0; x < count; x++) if (!contains(A, member(LEFT, x) & LOW_BITS)) failures++;
    // Bytes of one bit.
    if (BITS == 8) {
      for (let bytes = 1; bytes <= 4; bytes <<= 1) {
        copy_reg(A, reg);
        truncate(A, bytes);
        copy_reg(B, reg);
        sign_extend(B, bytes, 0);
        copy_reg(OTHER, reg);
        sign_extend(OTHER, bytes, 1);
        for (let x = 0; x < count; x++) {
          const value = member(LEFT, x);
          const signed = extended(value, bytes);
          if (!contains(A, value & ((i64(1) << i64(bytes)) - 1)) || !contains(B, signed) || !contains(OTHER, signed & LOW_BITS)) failures++;
        }
      }
    }
    for (let is32: u32 = 0; is32 < 2; is32++) {
      copy_reg(A, reg);
      alu(A, A, BPF_NEG, is32, 0);
      for (let x = 0; x < count; x++) if (!contains(A, run(BPF_NEG, is32 != 0, member(LEFT, x), 0))) failures++;
      failures += checkShift(reg, count, BPF_LSH, is32) + checkShift(reg, count, BPF_RSH, is32) + checkShift(reg, count, BPF_ARSH, is32);
    }
  }
  return failures;
}

function checkShift(reg: u32, count: i32, op: u32, is32: u32): i32 {
  let failures = 0;
  const width = is32 ? HALF : BITS;
  for (let by = 0; by < width; by++) {
    copy_reg(A, reg);
    setConstant(B, i64(by));
    alu(A, B, op, is32, 0);
    for (let x = 0; x < count; x++) if (!contains(A, run(op, is32 != 0, member(LEFT, x), i64(by)))) failures++;
  }
  return failures;
}

/** Every single record (constants are among these) and every record, or one in `stride`, as operands of an operation. */
export function check_binary(op: u32, is32: u32, stride: i32): i32 {
  let failures = 0;
  for (let m = 0; m < singles; m++) {
    const right = at(m);
    const rights = members(right, RIGHT);
    for (let n = m % stride; n < total; n += stride) {
      const lefts = members(at(n), LEFT);
      copy_reg(A, at(n));
      alu(A, right, op, is32, 0);
      for (let x = 0; x < lefts; x++) {
        for (let y = 0; y < rights; y++) {
          if (!contains(A, run(op, is32 != 0, member(LEFT, x), member(RIGHT, y)))) failures++;
        }
      }
    }
  }
  return failures;
}

/** The same for a comparison: its outcome where it is called known, and what is left on the side where it holds. */
export function check_compare(op: u32, is32: u32, stride: i32): i32 {
  let failures = 0;
  for (let m = 0; m < singles; m++) {
    const right = at(m);
    const rights = members(right, RIGHT);
    for (let n = m % stride; n < total; n += stride) {
      const lefts = members(at(n), LEFT);
      const taken = branch_taken(at(n), right, op, is32);
      copy_reg(A, at(n));
      copy_reg(B, right);
      refine(A, B, op, is32);
      for (let x = 0; x < lefts; x++) {
        const a = member(LEFT, x);
        for (let y = 0; y < rights; y++) {
          const b = member(RIGHT, y);
          const truth = holds(op, is32 != 0, a, b);
          if (taken >= 0 && (taken != 0) != truth) failures++;
          if (truth && (!contains(A, a) || !contains(B, b))) failures++;
        }
      }
    }
  }
  return failures;
}

/** Copies with a constant added, and inclusion. */
export function check_relations(): i32 {
  let failures = 0;
  for (let n = 0; n < singles; n++) {
    const reg = at(n);
    if (!bounds_sane(reg)) failures++;
    const count = members(reg, LEFT);
    for (let c = 0; c < VALUES; c++) {
      const added = word(i64(c));
      copy_reg(A, reg);
      add_const(A, u32(added), u32(added >> 32));
      for (let x = 0; x < count; x++) if (!contains(A, word(member(LEFT, x) + added))) failures++;
    }
    for (let m = 0; m < singles; m++) {
      if (!scalar_within(at(m), reg)) continue;
      for (let x = 0; x < count; x++) if (!contains(at(m), member(LEFT, x))) failures++;
    }
  }
  return failures;
}
