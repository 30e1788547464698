import { BPF_ADD, BPF_AND, BPF_MUL, BPF_OR, BPF_SUB } from "../operations";
import * as tnum from "../tnum";
import { BITS, word } from "../width";
import { run } from "./concrete";

/*
 * Every pair of tnums against every pair of their members, at 8 bits 6561 x 6561 pairs of up to 256 x 256. What an operation makes of all members
 * is a set of at most 256 numbers, kept as bits, and the set for a tnum with an unknown bit is the union of the sets with the bit known: so each
 * pair costs one union.
 */
const VALUES: i32 = 1 << BITS;
const SET: u32 = 32;
/** Value and mask (u8 each) by number; number by value and mask; sets of members; sets of results for one right operand. */
const TABLES: u32 = 8 << 20;
const PARTS: u32 = TABLES;
const NUMBER: u32 = PARTS + (1 << 14);
const MEMBERS: u32 = NUMBER + (1 << 17);
const RESULTS: u32 = MEMBERS + (1 << 18);

let count: i32 = 0;

function valueOf(n: i32): i64 {
  return word(i64(load<u8>(PARTS + n * 2)));
}
function maskOf(n: i32): i64 {
  return word(i64(load<u8>(PARTS + n * 2 + 1)));
}
function numberOf(v: i64, m: i64): i32 {
  return i32(load<u16>(NUMBER + ((((u32(v) & 255) << 8) | (u32(m) & 255)) << 1)));
}
function put(set: u32, x: i64): void {
  const at = u32(x) & 255;
  const w = set + ((at >> 6) << 3);
  store<u64>(w, load<u64>(w) | (u64(1) << u64(at & 63)));
}
function has(set: u32, x: i32): bool {
  return ((load<u64>(set + ((x >> 6) << 3)) >> u64(x & 63)) & 1) != 0;
}

/** Numbers the tnums, those with fewer unknown bits first. */
function prepare(): void {
  count = 0;
  for (let unknown = 0; unknown <= BITS; unknown++) {
    for (let m = 0; m < VALUES; m++) {
      if (popcnt(m) != unknown) continue;
      for (let v = 0; v < VALUES; v++) {
        if ((v & m) != 0) continue;
        store<u8>(PARTS + count * 2, u8(v));
        store<u8>(PARTS + count * 2 + 1, u8(m));
        store<u16>(NUMBER + (((v << 8) | m) << 1), u16(count));
        const set = MEMBERS + count * SET;
        memory.fill(set, 0, SET);
        for (let x = 0; x < VALUES; x++) if ((x & ~m) == v) put(set, i64(x));
        count++;
      }
    }
  }
}

function apply(op: u32, av: i64, am: i64, bv: i64, bm: i64): void {
  switch (op) {
    case BPF_ADD: tnum.add(av, am, bv, bm); break;
    case BPF_SUB: tnum.sub(av, am, bv, bm); break;
    case BPF_MUL: tnum.mul(av, am, bv, bm); break;
    case BPF_AND: tnum.and(av, am, bv, bm); break;
    case BPF_OR: tnum.or(av, am, bv, bm); break;
    default: tnum.xor(av, am, bv, bm);
  }
}

/** Pairs for which some result of members is no member of the result, or a known bit of the result is unknown too. */
export function check_tnums(op: u32): i32 {
  if (count == 0) prepare();
  let failures = 0;
  for (let b = 0; b < count; b++) {
    const bv = valueOf(b);
    const bm = maskOf(b);
    const right = MEMBERS + b * SET;
    for (let a = 0; a < count; a++) {
      const av = valueOf(a);
      const am = maskOf(a);
      const set = RESULTS + a * SET;
      if (am == 0) {
        memory.fill(set, 0, SET);
        for (let y = 0; y < VALUES; y++) if (has(right, y)) put(set, run(op, false, av, word(i64(y))));
      } else {
        const bit = am & -am;
        const zero = RESULTS + numberOf(av, am ^ bit) * SET;
        const one = RESULTS + numberOf(av | bit, am ^ bit) * SET;
        for (let w: u32 = 0; w < SET; w += 8) store<u64>(set + w, load<u64>(zero + w) | load<u64>(one + w));
      }
      apply(op, av, am, bv, bm);
      if ((tnum.value & tnum.mask) != 0 || word(tnum.value) != tnum.value || word(tnum.mask) != tnum.mask) {
        failures++;
        continue;
      }
      const members = MEMBERS + numberOf(tnum.value, tnum.mask) * SET;
      let outside: u64 = 0;
      for (let w: u32 = 0; w < SET; w += 8) outside |= load<u64>(set + w) & ~load<u64>(members + w);
      if (outside != 0) failures++;
    }
  }
  return failures;
}

/** The next member, by looking for it. */
export function check_next(): i32 {
  if (count == 0) prepare();
  let failures = 0;
  for (let n = 0; n < count; n++) {
    const set = MEMBERS + n * SET;
    const v = valueOf(n);
    const m = maskOf(n);
    let next = i32(v | m) & (VALUES - 1);
    for (let x = VALUES - 1; x >= 0; x--) {
      if (tnum.next(v, m, word(i64(x))) != word(i64(next))) failures++;
      if (has(set, x)) next = x;
    }
  }
  return failures;
}

/** Every range of unsigned numbers lies in its tnum, and no tnum with fewer unknown bits has both ends as a prefix. */
export function check_range(): i32 {
  let failures = 0;
  for (let least = 0; least < VALUES; least++) {
    for (let most = least; most < VALUES; most++) {
      tnum.range(word(i64(least)), word(i64(most)));
      const m = i32(tnum.mask) & (VALUES - 1);
      const v = i32(tnum.value) & (VALUES - 1);
      for (let x = least; x <= most; x++) if ((x & ~m) != v) failures++;
      const differ = least ^ most;
      if (m != (differ == 0 ? 0 : (1 << (32 - clz(differ))) - 1)) failures++;
    }
  }
  return failures;
}
