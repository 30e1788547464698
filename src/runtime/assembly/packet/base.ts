// What the packet helpers share: errno numbers, network byte order, Ethernet.

export const ENOMEM: i32 = -12;
export const EACCES: i32 = -13;
export const EFAULT: i32 = -14;
export const EINVAL: i32 = -22;
export const ERANGE: i32 = -34;
export const EALREADY: i32 = -114;
export const ENOTSUPP: i32 = -524;

export const ETH_HLEN: u32 = 14;
export const VLAN_HLEN: u32 = 4;
export const IPV4_HLEN: u32 = 20;
export const IPV6_HLEN: u32 = 40;

/** Values of `skb->protocol` as a little-endian program sees them: network byte order. */
export const PROTO_IPV4: u32 = 0x0008;
export const PROTO_IPV6: u32 = 0xdd86;
export const PROTO_8021Q: u32 = 0x0081;
export const PROTO_8021AD: u32 = 0xa888;
/** 802.3 frames without and with an 802.2 header have numbers below any EtherType. */
export const PROTO_802_3: u32 = 0x0100;
export const PROTO_802_2: u32 = 0x0400;

@inline export function get(at: u32, field: i32): u32 {
  return load<u32>(at + field);
}

@inline export function set(at: u32, field: i32, value: u32): void {
  store<u32>(at + field, value);
}

@inline export function be16(at: u32): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

@inline export function be32(at: u32): u32 {
  return bswap<u32>(load<u32>(at));
}
