// bpf_perf_event_output of packet programs: samples may end with bytes of the packet.

import { SKB_DATA, SKB_LEN, XDP_DATA } from "../../layout";
import { perf_output } from "../maps/perf";
import { EFAULT, EINVAL, get } from "./base";
import { xdp_get_buff_len } from "./xdp";

/** The low half of `flags` is the index, the next 20 bits are how many bytes of the packet to take. */
const BPF_F_CTXLEN_MASK: u64 = 0xfffff;

@inline function output(map: u32, flags: u64, data: u32, size: u32, packet: u32, length: u64): i32 {
  const wanted = flags >> 32;
  if (wanted > BPF_F_CTXLEN_MASK) return EINVAL;
  if (wanted > length) return EFAULT;
  return perf_output(map, <u32>flags, data, size, packet, <u32>wanted);
}

export function xdp_event_output(xdp: u32, map: u32, flags: u64, data: u32, size: u32): i32 {
  return output(map, flags, data, size, get(xdp, XDP_DATA), xdp_get_buff_len(xdp));
}

export function skb_event_output(skb: u32, map: u32, flags: u64, data: u32, size: u32): i32 {
  return output(map, flags, data, size, get(skb, SKB_DATA), get(skb, SKB_LEN));
}
