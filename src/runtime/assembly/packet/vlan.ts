// VLAN tags. The outermost tag that bpf_skb_vlan_push adds lies beside the packet (vlan_tci, vlan_proto), as with hardware that
// inserts tags; only the one below it is in the data.

import { SKB_DATA, SKB_LEN, SKB_MAC_HEADER, SKB_NETWORK_HEADER, SKB_PROTOCOL, SKB_VLAN_PRESENT, SKB_VLAN_PROTO, SKB_VLAN_TCI } from "../../layout";
import { be16, EINVAL, ENOMEM, ETH_HLEN, get, PROTO_802_2, PROTO_802_3, PROTO_8021AD, PROTO_8021Q, set, VLAN_HLEN } from "./base";
import { moveData, reserve } from "./skb";

/** Bytes of the two Ethernet addresses. */
const ADDRESSES: u32 = 12;

@inline function isVlan(protocol: u32): bool {
  return protocol == PROTO_8021Q || protocol == PROTO_8021AD;
}

function setTag(skb: u32, present: u32, protocol: u32, tci: u32): void {
  set(skb, SKB_VLAN_PRESENT, present);
  set(skb, SKB_VLAN_PROTO, protocol);
  set(skb, SKB_VLAN_TCI, tci);
}

/** Puts the tag beside the packet into it. */
function insertTag(skb: u32): i32 {
  if (get(skb, SKB_DATA) != get(skb, SKB_MAC_HEADER)) return EINVAL;
  if (!reserve(skb, VLAN_HLEN, 0)) return ENOMEM;
  moveData(skb, -(<i32>VLAN_HLEN));
  const data = get(skb, SKB_DATA);
  memory.copy(data, data + VLAN_HLEN, ADDRESSES);
  const protocol = get(skb, SKB_VLAN_PROTO);
  store<u16>(data + ADDRESSES, <u16>protocol);
  store<u16>(data + ADDRESSES + 2, bswap<u16>(<u16>get(skb, SKB_VLAN_TCI)));
  set(skb, SKB_MAC_HEADER, data);
  set(skb, SKB_NETWORK_HEADER, get(skb, SKB_NETWORK_HEADER) - VLAN_HLEN);
  set(skb, SKB_PROTOCOL, protocol);
  return 0;
}

/** Takes the tag out of the packet; its TCI, or an errno. */
function removeTag(skb: u32): i32 {
  const data = get(skb, SKB_DATA);
  if (data != get(skb, SKB_MAC_HEADER)) return EINVAL;
  if (get(skb, SKB_LEN) < ETH_HLEN + VLAN_HLEN) return ENOMEM;
  const tci = be16(data + ETH_HLEN);
  const inner = be16(data + ETH_HLEN + 2);
  memory.copy(data + VLAN_HLEN, data, ADDRESSES);
  moveData(skb, VLAN_HLEN);
  const start = data + VLAN_HLEN;
  set(skb, SKB_MAC_HEADER, start);
  if (get(skb, SKB_NETWORK_HEADER) < start + ETH_HLEN) set(skb, SKB_NETWORK_HEADER, start + ETH_HLEN);
  if (inner >= 0x600) set(skb, SKB_PROTOCOL, bswap<u16>(<u16>inner));
  else set(skb, SKB_PROTOCOL, load<u16>(start + ETH_HLEN) == 0xffff ? PROTO_802_3 : PROTO_802_2);
  return tci;
}

export function skb_vlan_push(skb: u32, protocol: u32, tci: u32): i32 {
  if (get(skb, SKB_VLAN_PRESENT) != 0) {
    const error = insertTag(skb);
    if (error != 0) return error;
  }
  protocol &= 0xffff;
  setTag(skb, 1, isVlan(protocol) ? protocol : PROTO_8021Q, tci & 0xffff);
  return 0;
}

export function skb_vlan_pop(skb: u32): i32 {
  if (get(skb, SKB_VLAN_PRESENT) != 0) {
    setTag(skb, 0, 0, 0);
  } else {
    if (!isVlan(get(skb, SKB_PROTOCOL))) return 0;
    const tci = removeTag(skb);
    if (tci < 0) return tci;
  }
  // The next tag, if any, takes the place beside the packet.
  const protocol = get(skb, SKB_PROTOCOL);
  if (!isVlan(protocol)) return 0;
  const tci = removeTag(skb);
  if (tci < 0) return tci;
  setTag(skb, 1, protocol, tci);
  return 0;
}
