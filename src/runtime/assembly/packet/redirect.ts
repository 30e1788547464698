// Redirects leave their target in the CPU block; whoever runs the program carries it out, or reports it.

import { REDIRECT_FLAGS, REDIRECT_MAP, REDIRECT_TARGET } from "../../layout";
import { redirect_target } from "../maps/redirect";
import { EINVAL } from "./base";

const XDP_ABORTED: i32 = 0;
const XDP_REDIRECT: i32 = 4;
const TC_ACT_SHOT: i32 = 2;
const TC_ACT_REDIRECT: i32 = 7;
const BPF_F_INGRESS: u32 = 1;
/** Redirect to all targets of a map, and not to the interface that the packet came from. */
const BPF_F_BROADCAST: u32 = 8;
const BPF_F_EXCLUDE_INGRESS: u32 = 16;

@inline function leave(target: u32, flags: u32, map: u32): void {
  store<u32>(REDIRECT_TARGET, target);
  store<u32>(REDIRECT_FLAGS, flags);
  store<u32>(REDIRECT_MAP, map);
}

/** bpf_redirect of XDP programs. */
export function xdp_redirect(ifindex: u32, flags: u32): i32 {
  if (flags != 0) return XDP_ABORTED;
  leave(ifindex, flags, 0);
  return XDP_REDIRECT;
}

/** bpf_redirect of tc and lwt programs. */
export function skb_redirect(ifindex: u32, flags: u32): i32 {
  if (flags & ~BPF_F_INGRESS) return TC_ACT_SHOT;
  leave(ifindex, flags, 0);
  return TC_ACT_REDIRECT;
}

export function redirect_peer(ifindex: u32, flags: u32): i32 {
  if (flags != 0) return TC_ACT_SHOT;
  leave(ifindex, flags, 0);
  return TC_ACT_REDIRECT;
}

export function redirect_neigh(ifindex: u32, params: u32, length: u32, flags: u32): i32 {
  // struct bpf_redir_neigh: nh_family, then a union that is 16 bytes long.
  if (flags != 0 || (length != 0 && length < 20)) return TC_ACT_SHOT;
  leave(ifindex, flags, 0);
  return TC_ACT_REDIRECT;
}

/**
 * The target is the first word of the entry: an interface index, or the queue size of a cpumap's. Without an entry the low bits of
 * `flags` are the verdict. A broadcast goes to the whole map.
 */
export function redirect_map(map: u32, key: u32, flags: u32): i32 {
  if (flags & ~(3 | BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS)) return XDP_ABORTED;
  if (flags & BPF_F_BROADCAST) {
    leave(0, flags, map);
    return XDP_REDIRECT;
  }
  const entry = redirect_target(map, key);
  if (entry == 0) return flags & 3;
  leave(load<u32>(entry), flags, map);
  return XDP_REDIRECT;
}

/** Copies of the packet go nowhere by themselves: the target is recorded, the program goes on with the original. */
export function clone_redirect(skb: u32, ifindex: u32, flags: u32): i32 {
  if (flags & ~BPF_F_INGRESS) return EINVAL;
  leave(ifindex, flags, 0);
  return 0;
}
