// The Internet checksum (RFC 1071, RFC 1624) and the helpers that keep it right. All sums are over data as it lies in memory.

import { SKB_DATA, SKB_LEN } from "../../layout";
import { EFAULT, EINVAL, get } from "./base";

/** Size of the field in the low bits of `flags`; 0 stands for a difference made by bpf_csum_diff. */
const BPF_F_HDR_FIELD_MASK: u32 = 15;
const BPF_F_PSEUDO_HDR: u32 = 16;
const BPF_F_MARK_MANGLED_0: u32 = 32;
const BPF_F_MARK_ENFORCE: u32 = 64;
const BPF_F_IPV6: u32 = 128;
const L4_FLAGS: u32 = BPF_F_HDR_FIELD_MASK | BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_IPV6;

/** 64-bit sum of 32-bit words to 32 bits, end-around carry. */
@inline function fold32(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  return <u32>((sum & 0xffffffff) + (sum >> 32));
}

@inline function fold16(sum: u32): u32 {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

@inline function add(a: u32, b: u32): u32 {
  const sum = a + b;
  return sum + u32(sum < b);
}

function sum(at: u32, length: u32, seed: u32): u32 {
  let total: u64 = seed;
  const end = at + (length & ~3);
  for (; at < end; at += 4) total += load<u32>(at);
  if (length & 2) total += load<u16>(at);
  if (length & 1) total += length & 2 ? <u64>load<u8>(at, 2) << 16 : load<u8>(at);
  return fold32(total);
}

/** The difference as 16 bits in a word: what l3_csum_replace and l4_csum_replace take with size 0. */
export function csum_diff(from: u32, fromSize: u32, to: u32, toSize: u32, seed: u32): i64 {
  if (fromSize == 0) return fold16(toSize == 0 ? seed : sum(to, toSize, seed));
  if (toSize == 0) return fold16(~sum(from, fromSize, ~seed));
  return fold16(add(sum(to, toSize, seed), ~sum(from, fromSize, 0)));
}

/** RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). `difference` is ~m + m'. */
@inline function replace(at: u32, difference: u32): void {
  store<u16>(at, <u16>~fold16(add(~<u32>load<u16>(at), difference)));
}

@inline function add16(a: u32, b: u32): u32 {
  const sum = a + b;
  return (sum + (sum >> 16)) & 0xffff;
}

/** The same on 16 bits, which tells the two zeros of ones' complement apart as the IPv4 header's helper does. */
function replace16(at: u32, from: u32, to: u32): void {
  store<u16>(at, <u16>~add16(add16(~<u32>load<u16>(at) & 0xffff, ~from & 0xffff), to & 0xffff));
}

/** Replaces `from` by `to` in the checksum at `at`; an errno where size and operands do not fit. */
function change(at: u32, from: u64, to: u64, size: u32): i32 {
  if (size == 0) {
    if (from != 0) return EINVAL;
    replace(at, <u32>to);
  } else if (size == 2) {
    replace(at, add(~<u32>(from & 0xffff), <u32>(to & 0xffff)));
  } else if (size == 4) {
    replace(at, add(~<u32>from, <u32>to));
  } else {
    return EINVAL;
  }
  return 0;
}

@inline function fieldAt(skb: u32, offset: u32): u32 {
  if (offset > 0xffff || offset & 1 || offset + 2 > get(skb, SKB_LEN)) return 0;
  return get(skb, SKB_DATA) + offset;
}

export function l3_csum_replace(skb: u32, offset: u32, from: u64, to: u64, flags: u32): i32 {
  if (flags & ~BPF_F_HDR_FIELD_MASK) return EINVAL;
  const at = fieldAt(skb, offset);
  if (at == 0) return EFAULT;
  if (flags != 2) return change(at, from, to, flags);
  replace16(at, <u32>from, <u32>to);
  return 0;
}

export function l4_csum_replace(skb: u32, offset: u32, from: u64, to: u64, flags: u32): i32 {
  if (flags & ~L4_FLAGS) return EINVAL;
  const at = fieldAt(skb, offset);
  if (at == 0) return EFAULT;
  const mayBeAbsent = (flags & BPF_F_MARK_MANGLED_0) != 0;
  if (mayBeAbsent && !(flags & BPF_F_MARK_ENFORCE) && load<u16>(at) == 0) return 0;
  const error = change(at, from, to, flags & BPF_F_HDR_FIELD_MASK);
  if (error != 0) return error;
  if (mayBeAbsent && load<u16>(at) == 0) store<u16>(at, 0xffff);
  return 0;
}
