#include "common.h"

struct prefix {
  __u32 length;
  __be32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, __u32);
} routes SEC(".maps");

// Looks the destination address up in a routing table.
SEC("xdp") int lpm_route(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *eth = data;
  struct ipv4 *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->type != bpf_htons(ETH_P_IP)) return XDP_DROP;
  struct prefix key = {.length = 32, .address = ip->destination};
  __u32 *hop = bpf_map_lookup_elem(&routes, &key);
  return hop ? *hop : XDP_DROP;
}
