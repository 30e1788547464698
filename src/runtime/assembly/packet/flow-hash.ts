// bpf_get_hash_recalc: a hash of the flow that the packet belongs to. The kernel keys its own with a secret, so that no program
// may rely on the value; this one depends on addresses, protocol and ports only, the same for every packet of a flow.

import { SKB_DATA, SKB_HASH, SKB_HASH_VALID, SKB_LEN, SKB_NETWORK_HEADER, SKB_PROTOCOL } from "../../layout";
import { get, PROTO_8021AD, PROTO_8021Q, PROTO_IPV4, PROTO_IPV6, set } from "./base";

const IPPROTO_TCP: u32 = 6;
const IPPROTO_UDP: u32 = 17;
const IPPROTO_DCCP: u32 = 33;
const IPPROTO_SCTP: u32 = 132;
const IPPROTO_UDPLITE: u32 = 136;

/** One step of MurmurHash3 (32 bits). */
@inline function mix(hash: u32, word: u32): u32 {
  word *= 0xcc9e2d51;
  word = rotl<u32>(word, 15) * 0x1b873593;
  return rotl<u32>(hash ^ word, 13) * 5 + 0xe6546b64;
}

@inline function finish(hash: u32): u32 {
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  hash ^= hash >> 16;
  return hash == 0 ? 1 : hash;
}

function hasPorts(protocol: u32): bool {
  return (
    protocol == IPPROTO_TCP ||
    protocol == IPPROTO_UDP ||
    protocol == IPPROTO_SCTP ||
    protocol == IPPROTO_DCCP ||
    protocol == IPPROTO_UDPLITE
  );
}

function flowHash(at: u32, end: u32, protocol: u32): u32 {
  // At most two VLAN tags lie before the network header.
  for (let tags = 0; tags < 2 && (protocol == PROTO_8021Q || protocol == PROTO_8021AD) && at + 4 <= end; tags++) {
    protocol = load<u16>(at + 2);
    at += 4;
  }
  let hash = protocol;
  let transport: u32 = 0;
  let ports: u32 = 0;
  if (protocol == PROTO_IPV4 && at + 20 <= end) {
    hash = mix(mix(hash, load<u32>(at + 12)), load<u32>(at + 16));
    transport = load<u8>(at + 9);
    const fragmented = (load<u16>(at + 6) & 0xff3f) != 0;
    ports = fragmented ? 0 : at + (<u32>(load<u8>(at) & 15) << 2);
  } else if (protocol == PROTO_IPV6 && at + 40 <= end) {
    for (let i: u32 = 8; i < 40; i += 4) hash = mix(hash, load<u32>(at + i));
    transport = load<u8>(at + 6);
    ports = at + 40;
  }
  hash = mix(hash, transport);
  if (ports != 0 && hasPorts(transport) && ports + 4 <= end) hash = mix(hash, load<u32>(ports));
  return finish(hash);
}

export function get_hash_recalc(skb: u32): u32 {
  if (get(skb, SKB_HASH_VALID) == 0) {
    const end = get(skb, SKB_DATA) + get(skb, SKB_LEN);
    set(skb, SKB_HASH, flowHash(get(skb, SKB_NETWORK_HEADER), end, get(skb, SKB_PROTOCOL)));
    set(skb, SKB_HASH_VALID, 1);
  }
  return get(skb, SKB_HASH);
}
