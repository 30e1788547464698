// What a device's receive path makes of an Ethernet frame: the fields of the skb that depend on the packet.

import {
  SKB_DATA, SKB_DATA_END, SKB_DATA_META, SKB_END, SKB_FAMILY, SKB_HEAD, SKB_LEN, SKB_LOCAL_IP4, SKB_LOCAL_IP6, SKB_MAC_HEADER,
  SKB_NETWORK_HEADER, SKB_PKT_TYPE, SKB_PROTOCOL, SKB_REMOTE_IP4, SKB_REMOTE_IP6, SKB_WIRE_LEN,
} from "../../layout";
import { be16, ETH_HLEN, IPV4_HLEN, IPV6_HLEN, PROTO_802_2, PROTO_802_3, PROTO_IPV4, PROTO_IPV6, set } from "./base";

const PACKET_HOST: u32 = 0;
const PACKET_MULTICAST: u32 = 2;
const PACKET_OTHERHOST: u32 = 3;
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
/** Smaller type fields are 802.3 lengths (ETH_P_802_3_MIN). */
const LEAST_ETHER_TYPE: u32 = 0x600;

/** For the loopback device, whose address is all zeros. */
function packetType(mac: u32): u32 {
  if ((load<u8>(mac) & 1) != 0) return PACKET_MULTICAST;
  return (load<u32>(mac) | <u32>load<u16>(mac, 4)) == 0 ? PACKET_HOST : PACKET_OTHERHOST;
}

/** The type of a frame of at least 14 bytes as it is in `skb->protocol`. */
function frameProtocol(mac: u32, size: u32): u32 {
  if (be16(mac + 12) >= LEAST_ETHER_TYPE) return <u32>load<u16>(mac, 12);
  return size >= ETH_HLEN + 2 && load<u16>(mac, 14) == 0xffff ? PROTO_802_3 : PROTO_802_2;
}

function copy16(to: u32, from: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}

/** The socket of test runs takes its addresses from the packet: source is local, destination is remote. */
function setSocket(skb: u32, protocol: u32, network: u32, size: u32): void {
  if (protocol == PROTO_IPV4 && size >= IPV4_HLEN) {
    set(skb, SKB_FAMILY, AF_INET);
    set(skb, SKB_LOCAL_IP4, load<u32>(network, 12));
    set(skb, SKB_REMOTE_IP4, load<u32>(network, 16));
  } else if (protocol == PROTO_IPV6 && size >= IPV6_HLEN) {
    set(skb, SKB_FAMILY, AF_INET6);
    copy16(skb + SKB_LOCAL_IP6, network + 8);
    copy16(skb + SKB_REMOTE_IP6, network + 24);
  }
}

/**
 * Fills the fields of `skb` that a frame of `size` bytes at `mac`, in memory from `head` to `end`, decides. `link`: whether the
 * data begins at the Ethernet header (tc, packet sockets) or after it. A wire_len that is set already stays. The fields must have
 * been those of no packet before.
 */
export function skb_receive(skb: u32, mac: u32, size: u32, head: u32, end: u32, link: u32): void {
  const whole = size >= ETH_HLEN;
  const length = link != 0 ? size : whole ? size - ETH_HLEN : 0;
  const data = mac + size - length;
  const protocol = whole ? frameProtocol(mac, size) : 0;
  set(skb, SKB_LEN, length);
  if (load<u32>(skb, SKB_WIRE_LEN) == 0) set(skb, SKB_WIRE_LEN, length);
  set(skb, SKB_PKT_TYPE, whole ? packetType(mac) : PACKET_HOST);
  set(skb, SKB_PROTOCOL, protocol);
  set(skb, SKB_DATA, data);
  set(skb, SKB_DATA_META, data);
  set(skb, SKB_DATA_END, data + length);
  set(skb, SKB_HEAD, head);
  set(skb, SKB_END, end);
  set(skb, SKB_MAC_HEADER, mac);
  set(skb, SKB_NETWORK_HEADER, mac + ETH_HLEN);
  if (whole) setSocket(skb, protocol, mac + ETH_HLEN, size - ETH_HLEN);
}
