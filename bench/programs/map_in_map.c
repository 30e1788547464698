#include "common.h"

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
};

struct inner tenant_0 SEC(".maps"), tenant_1 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 2);
  __type(key, __u32);
  __array(values, struct inner);
} tenants SEC(".maps") = {.values = {&tenant_0, &tenant_1}};

// Counts packets by tenant (last bit of the source address) and class (upper bits of the type of service).
SEC("xdp") int map_in_map(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *eth = data;
  struct ipv4 *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end) return XDP_DROP;
  __u32 tenant = ip->source >> 24 & 1;
  void *map = bpf_map_lookup_elem(&tenants, &tenant);
  if (!map) return XDP_DROP;
  __u32 class = ip->tos >> 2;
  __u64 *count = bpf_map_lookup_elem(map, &class);
  if (count) *count += 1;
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
