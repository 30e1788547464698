import { SKB_DATA, SKB_HEAD, SKB_LEN, SKB_MAC_HEADER, SKB_NETWORK_HEADER } from "../runtime/layout.ts";

// linux/filter.h: offsets below zero count from other places than the packet's first byte.
const SKF_NET_OFF = -0x100000;
const SKF_LL_OFF = -0x200000;

/**
 * LD_ABS and LD_IND (RFC 9669 section 5.5): `size` bytes at `offset` of the packet of `skb`, in network byte order.
 * Null where the packet has no such bytes, which ends the function with r0 = 0 (the kernel's bpf_skb_load_helper_*).
 */
export function packetLoad(view: DataView, skb: number, offset: number, size: number): number | null {
  const data = view.getUint32(skb + SKB_DATA, true);
  let start = data + offset;
  if (offset < 0) {
    if (offset >= SKF_NET_OFF) start = view.getUint32(skb + SKB_NETWORK_HEADER, true) + (offset - SKF_NET_OFF);
    else if (offset >= SKF_LL_OFF) start = view.getUint32(skb + SKB_MAC_HEADER, true) + (offset - SKF_LL_OFF);
    else return null;
  }
  if (start < view.getUint32(skb + SKB_HEAD, true) || start + size > data + view.getUint32(skb + SKB_LEN, true)) {
    return null;
  }
  if (size === 1) return view.getUint8(start);
  return size === 2 ? view.getUint16(start) : view.getUint32(start);
}
