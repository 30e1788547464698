#include "common.h"

struct value {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, struct value);
} counts SEC(".maps");

// Counts packets and bytes by protocol, per CPU.
SEC("xdp") int percpu_count(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *eth = data;
  struct ipv4 *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end) return XDP_DROP;
  __u32 key = ip->protocol;
  struct value *v = bpf_map_lookup_elem(&counts, &key);
  if (v) {
    v->packets += 1;
    v->bytes += end - data;
  }
  return XDP_PASS;
}
