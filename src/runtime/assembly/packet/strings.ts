// bpf_strtol, bpf_strtoul, bpf_strncmp.

import { EINVAL, ERANGE } from "./base";

/** Digits that are looked at. */
const DIGITS: u32 = 63;

@inline function isSpace(c: u32): bool {
  return (c >= 9 && c <= 13) || c == 32 || c == 0xa0;
}

@inline function digit(c: u32): u32 {
  if (c >= 48 && c <= 57) return c - 48;
  const low = c | 32;
  return low >= 97 && low <= 102 ? low - 87 : 255;
}

// Results of `parse` besides its return value.
let magnitude: u64 = 0;
let negative: bool = false;

@inline function at(position: u32, end: u32): u32 {
  return position < end ? <u32>load<u8>(position) : 0;
}

/** Bytes used, or an errno. */
function parse(text: u32, length: u32, flags: u32): i32 {
  let base: u32 = flags & 0x1f;
  if (length == 0 || flags & ~0x1f) return EINVAL;
  if (base != 0 && base != 8 && base != 10 && base != 16) return EINVAL;
  const limit = text + length;
  let p = text;
  while (p < limit && isSpace(load<u8>(p))) p++;
  negative = at(p, limit) == 45;
  if (negative) p++;
  if (p >= limit) return EINVAL;
  const end = min(limit, p + DIGITS);
  if (at(p, end) == 48 && (at(p + 1, end) | 32) == 120 && digit(at(p + 2, end)) < 16) {
    if (base == 0) base = 16;
    if (base == 16) p += 2;
  } else if (base == 0) {
    base = at(p, end) == 48 ? 8 : 10;
  } else if (base == 16 && at(p, end) == 48 && (at(p + 1, end) | 32) == 120) {
    p += 2;
  }
  const first = p;
  magnitude = 0;
  let overflow = false;
  for (let d = digit(at(p, end)); d < base; d = digit(at(p, end))) {
    if (magnitude > (u64.MAX_VALUE - d) / base) overflow = true;
    magnitude = magnitude * base + d;
    p++;
  }
  if (overflow) return ERANGE;
  return p == first ? EINVAL : <i32>(p - text);
}

export function strtol(text: u32, length: u32, flags: u32, result: u32): i32 {
  store<i64>(result, 0);
  const used = parse(text, length, flags);
  if (used < 0) return used;
  const value: i64 = negative ? <i64>(0 - magnitude) : <i64>magnitude;
  if (negative ? value > 0 : value < 0) return ERANGE;
  store<i64>(result, value);
  return used;
}

export function strtoul(text: u32, length: u32, flags: u32, result: u32): i32 {
  store<u64>(result, 0);
  const used = parse(text, length, flags);
  if (used < 0) return used;
  if (negative) return EINVAL;
  store<u64>(result, magnitude);
  return used;
}

export function strncmp(a: u32, size: u32, b: u32): i32 {
  for (let i: u32 = 0; i < size; i++) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x != y) return x < y ? -1 : 1;
    if (x == 0) return 0;
  }
  return 0;
}
