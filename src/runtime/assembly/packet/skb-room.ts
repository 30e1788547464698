// Room for headers inside the packet: bpf_skb_adjust_room, bpf_skb_change_proto.

import { SKB_CSUM_LEVEL, SKB_DATA, SKB_ENCAPSULATION, SKB_LEN, SKB_MAC_HEADER, SKB_NETWORK_HEADER, SKB_PROTOCOL } from "../../layout";
import { EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP, get, IPV4_HLEN, IPV6_HLEN, PROTO_IPV4, PROTO_IPV6, set } from "./base";
import { clearHash, MAX_LEN, moveData, moveHeaders, reserve } from "./skb";

const BPF_ADJ_ROOM_NET: u32 = 0;
const BPF_ADJ_ROOM_MAC: u32 = 1;
const FIXED_GSO: u64 = 1;
const ENCAP_L3_IPV4: u64 = 2;
const ENCAP_L3_IPV6: u64 = 4;
const ENCAP_L3: u64 = ENCAP_L3_IPV4 | ENCAP_L3_IPV6;
const ENCAP_L4_GRE: u64 = 8;
const ENCAP_L4_UDP: u64 = 16;
const NO_CSUM_RESET: u64 = 32;
const ENCAP_L2_ETH: u64 = 64;
const DECAP_L3_IPV4: u64 = 128;
const DECAP_L3_IPV6: u64 = 256;
const DECAP_L3: u64 = DECAP_L3_IPV4 | DECAP_L3_IPV6;
const ENCAP_L2_SHIFT: u64 = 56;
const ENCAP: u64 = ENCAP_L3 | ENCAP_L4_GRE | ENCAP_L4_UDP | ENCAP_L2_ETH | (0xff << ENCAP_L2_SHIFT);

const ETH_HLEN: u64 = 14;
const ROOM_MAX: u32 = 0xfff;

/** Opens `length` zeroed bytes after the first `offset` bytes of the data. */
function push(skb: u32, offset: u32, length: u32): i32 {
  if (!reserve(skb, length, 0)) return ENOMEM;
  moveData(skb, -(<i32>length));
  moveHeaders(skb, -(<i32>length));
  const data = get(skb, SKB_DATA);
  memory.copy(data, data + length, offset);
  memory.fill(data + offset, 0, length);
  return 0;
}

/** Removes `length` bytes after the first `offset` bytes of the data. */
function pop(skb: u32, offset: u32, length: u32): i32 {
  if (offset + length > get(skb, SKB_LEN)) return ENOMEM;
  const data = get(skb, SKB_DATA);
  memory.copy(data + length, data, offset);
  moveData(skb, length);
  moveHeaders(skb, length);
  return 0;
}

@inline function macLength(skb: u32): u32 {
  return get(skb, SKB_NETWORK_HEADER) - get(skb, SKB_MAC_HEADER);
}

function grow(skb: u32, offset: u32, length: u32, flags: u64): i32 {
  const encapsulate = (flags & ENCAP_L3) != 0;
  const innerMac = flags >> ENCAP_L2_SHIFT;
  const mac = macLength(skb);
  if (encapsulate) {
    if ((flags & ENCAP_L3) == ENCAP_L3) return EINVAL;
    if ((flags & ENCAP_L4_GRE) != 0 && (flags & ENCAP_L4_UDP) != 0) return EINVAL;
    if (get(skb, SKB_ENCAPSULATION) != 0) return EALREADY;
    if (innerMac > length) return EINVAL;
    if ((flags & ENCAP_L2_ETH) != 0 && innerMac < ETH_HLEN) return EINVAL;
  }
  const error = push(skb, offset, length);
  if (error != 0 || !encapsulate) return error;
  set(skb, SKB_ENCAPSULATION, 1);
  set(skb, SKB_NETWORK_HEADER, get(skb, SKB_DATA) + mac);
  set(skb, SKB_PROTOCOL, (flags & ENCAP_L3_IPV6) != 0 ? PROTO_IPV6 : PROTO_IPV4);
  return 0;
}

function shrink(skb: u32, offset: u32, length: u32, flags: u64): i32 {
  if (flags & ~(FIXED_GSO | DECAP_L3 | NO_CSUM_RESET)) return EINVAL;
  const error = pop(skb, offset, length);
  if (error != 0) return error;
  if (flags & DECAP_L3) set(skb, SKB_PROTOCOL, (flags & DECAP_L3_IPV6) != 0 ? PROTO_IPV6 : PROTO_IPV4);
  return 0;
}

export function skb_adjust_room(skb: u32, difference: i32, mode: u32, flags: u64): i32 {
  if (flags & ~(ENCAP | DECAP_L3 | FIXED_GSO | NO_CSUM_RESET)) return EINVAL;
  const length: u32 = difference < 0 ? 0 - <u32>difference : <u32>difference;
  if (length > ROOM_MAX) return EFAULT;
  const protocol = get(skb, SKB_PROTOCOL);
  if (protocol != PROTO_IPV4 && protocol != PROTO_IPV6) return ENOTSUPP;
  let offset = macLength(skb);
  let least: u32 = protocol == PROTO_IPV4 ? IPV4_HLEN : IPV6_HLEN;
  if (mode == BPF_ADJ_ROOM_NET) offset += least;
  else if (mode != BPF_ADJ_ROOM_MAC) return ENOTSUPP;
  if (flags & DECAP_L3) {
    if (difference >= 0 || (flags & DECAP_L3) == DECAP_L3) return EINVAL;
    least = (flags & DECAP_L3_IPV6) != 0 ? IPV6_HLEN : IPV4_HLEN;
  }
  const total = get(skb, SKB_LEN);
  const network = total - (get(skb, SKB_NETWORK_HEADER) - get(skb, SKB_DATA));
  if (difference < 0) {
    if (length >= network || network - length < least) return ENOTSUPP;
  } else if (total + length > MAX_LEN) {
    return ENOTSUPP;
  }
  const error = difference < 0 ? shrink(skb, offset, length, flags) : grow(skb, offset, length, flags);
  if (error == 0 && (flags & NO_CSUM_RESET) == 0) set(skb, SKB_CSUM_LEVEL, 0);
  return error;
}

export function skb_change_proto(skb: u32, protocol: u32, flags: u32): i32 {
  if (flags != 0) return EINVAL;
  const from = get(skb, SKB_PROTOCOL);
  const to = protocol & 0xffff;
  let error = ENOTSUPP;
  if (from == PROTO_IPV4 && to == PROTO_IPV6) error = push(skb, macLength(skb), IPV6_HLEN - IPV4_HLEN);
  else if (from == PROTO_IPV6 && to == PROTO_IPV4) error = pop(skb, macLength(skb), IPV6_HLEN - IPV4_HLEN);
  if (error != 0) return error;
  set(skb, SKB_PROTOCOL, to);
  clearHash(skb);
  return 0;
}
