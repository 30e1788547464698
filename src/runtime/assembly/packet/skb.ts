// Helpers on `struct __sk_buff`: bytes, length, hash, type. The packet is [data, data + len); head and tail room lie between
// SKB_HEAD and SKB_END. Where room is missing the packet moves within them, as the kernel would reallocate.

import {
  SKB_CSUM_LEVEL,
  SKB_DATA,
  SKB_DATA_END,
  SKB_DATA_META,
  SKB_END,
  SKB_HASH,
  SKB_HASH_VALID,
  SKB_HEAD,
  SKB_LEN,
  SKB_MAC_HEADER,
  SKB_NETWORK_HEADER,
  SKB_PKT_TYPE,
} from "../../layout";
import { EACCES, EFAULT, EINVAL, ENOMEM, ENOTSUPP, get, set } from "./base";

/** Longest packet that programs may make: four pages less the room that the kernel keeps (SKB_MAX_ALLOC). */
export const MAX_LEN: u32 = 16064;

const BPF_F_RECOMPUTE_CSUM: u32 = 1;
const BPF_F_INVALIDATE_HASH: u32 = 2;
const BPF_HDR_START_MAC: u32 = 0;
const BPF_HDR_START_NET: u32 = 1;
const PACKET_OTHERHOST: u32 = 3;

export function setLength(skb: u32, length: u32): void {
  set(skb, SKB_LEN, length);
  set(skb, SKB_DATA_END, get(skb, SKB_DATA) + length);
}

/** Moves the start of the data by `delta` bytes; the end stays. */
export function moveData(skb: u32, delta: i32): void {
  const data = get(skb, SKB_DATA) + delta;
  set(skb, SKB_DATA, data);
  set(skb, SKB_DATA_META, data);
  setLength(skb, get(skb, SKB_LEN) - delta);
}

export function moveHeaders(skb: u32, delta: i32): void {
  set(skb, SKB_MAC_HEADER, get(skb, SKB_MAC_HEADER) + delta);
  set(skb, SKB_NETWORK_HEADER, get(skb, SKB_NETWORK_HEADER) + delta);
}

/** Makes `front` bytes of room before the data and `back` after it; false where head to end is too small. */
export function reserve(skb: u32, front: u32, back: u32): bool {
  const data = get(skb, SKB_DATA);
  const head = get(skb, SKB_HEAD);
  const tail = data + get(skb, SKB_LEN);
  const end = get(skb, SKB_END);
  const haveFront = data - head;
  const haveBack = end - tail;
  if (front <= haveFront && back <= haveBack) return true;
  if (<u64>front + back > <u64>haveFront + haveBack) return false;
  const delta: i32 = front > haveFront ? <i32>(front - haveFront) : -<i32>(back - haveBack);
  let first = min(data, get(skb, SKB_MAC_HEADER));
  if (delta < 0) first = max(first, head - delta);
  memory.copy(first + delta, first, tail - first);
  const moved = data + delta;
  set(skb, SKB_DATA, moved);
  set(skb, SKB_DATA_META, moved);
  set(skb, SKB_DATA_END, tail + delta);
  moveHeaders(skb, delta);
  return true;
}

export function clearHash(skb: u32): void {
  set(skb, SKB_HASH, 0);
  set(skb, SKB_HASH_VALID, 0);
}

@inline function holds(skb: u32, offset: u32, length: u32): bool {
  return offset <= 0x7fffffff && <u64>offset + length <= get(skb, SKB_LEN);
}

export function skb_load_bytes(skb: u32, offset: u32, to: u32, length: u32): i32 {
  if (!holds(skb, offset, length)) {
    memory.fill(to, 0, length);
    return EFAULT;
  }
  memory.copy(to, get(skb, SKB_DATA) + offset, length);
  return 0;
}

export function skb_load_bytes_relative(skb: u32, offset: u32, to: u32, length: u32, from: u32): i32 {
  const header = get(skb, from == BPF_HDR_START_NET ? SKB_NETWORK_HEADER : SKB_MAC_HEADER);
  const end = get(skb, SKB_DATA) + get(skb, SKB_LEN);
  if (from > BPF_HDR_START_NET || offset > 0xffff || <u64>header + offset + length > end) {
    memory.fill(to, 0, length);
    return EFAULT;
  }
  memory.copy(to, header + offset, length);
  return 0;
}

export function skb_store_bytes(skb: u32, offset: u32, from: u32, length: u32, flags: u32): i32 {
  if (flags & ~(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH)) return EINVAL;
  if (!holds(skb, offset, length)) return EFAULT;
  memory.copy(get(skb, SKB_DATA) + offset, from, length);
  if (flags & BPF_F_INVALIDATE_HASH) clearHash(skb);
  return 0;
}

/** All data is within direct reach already. */
export function skb_pull_data(skb: u32, length: u32): i32 {
  return length > get(skb, SKB_LEN) ? ENOMEM : 0;
}

export function skb_change_head(skb: u32, length: u32, flags: u32): i32 {
  const total = get(skb, SKB_LEN) + length;
  if (flags != 0 || total > MAX_LEN || <i32>length < 0) return EINVAL;
  if (!reserve(skb, length, 0)) return ENOMEM;
  moveData(skb, -(<i32>length));
  const data = get(skb, SKB_DATA);
  memory.fill(data, 0, length);
  set(skb, SKB_MAC_HEADER, data);
  return 0;
}

export function skb_change_tail(skb: u32, length: u32, flags: u32): i32 {
  const network: i64 = get(skb, SKB_NETWORK_HEADER);
  if (flags != 0 || length > MAX_LEN || <i64>length < network - get(skb, SKB_DATA)) return EINVAL;
  const old = get(skb, SKB_LEN);
  if (length > old) {
    if (!reserve(skb, 0, length - old)) return ENOMEM;
    memory.fill(get(skb, SKB_DATA) + old, 0, length - old);
  }
  setLength(skb, length);
  return 0;
}

export function skb_change_type(skb: u32, type: u32): i32 {
  if (get(skb, SKB_PKT_TYPE) > PACKET_OTHERHOST || type > PACKET_OTHERHOST) return EINVAL;
  set(skb, SKB_PKT_TYPE, type);
  return 0;
}

export function set_hash(skb: u32, hash: u32): i32 {
  set(skb, SKB_HASH, hash);
  set(skb, SKB_HASH_VALID, 1);
  return 0;
}

export function set_hash_invalid(skb: u32): void {
  clearHash(skb);
}

/** Packets carry no checksum of their whole data (CHECKSUM_COMPLETE) that could be updated. */
export function csum_update(skb: u32, csum: u32): i64 {
  return ENOTSUPP;
}

export function csum_level(skb: u32, level: u32): i32 {
  const now = get(skb, SKB_CSUM_LEVEL);
  if (level == 0) return now == 0 ? EACCES : <i32>now - 1;
  if (level == 1) set(skb, SKB_CSUM_LEVEL, min(now + 1, 4));
  else if (level == 2) set(skb, SKB_CSUM_LEVEL, now == 0 ? 0 : now - 1);
  else if (level == 3) set(skb, SKB_CSUM_LEVEL, 0);
  else return EINVAL;
  return 0;
}

/** No control groups and no routes: their default. */
export function get_cgroup_classid(skb: u32): u32 {
  return 0;
}

export function get_route_realm(skb: u32): u32 {
  return 0;
}
