#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

// Counts packets by the protocol byte of their IPv4 header.
SEC("xdp") int array_count(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *eth = data;
  struct ipv4 *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end) return XDP_DROP;
  __u32 key = ip->protocol;
  __u64 *count = bpf_map_lookup_elem(&counts, &key);
  if (count) *count += 1;
  return XDP_PASS;
}
