#include "common.h"

struct flow {
  __be32 source, destination;
  __be16 source_port, destination_port;
  __u32 protocol;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct flow);
  __type(value, __u64);
} flows SEC(".maps");

// Counts packets per 5-tuple.
SEC("xdp") int lru_flow(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *eth = data;
  struct ipv4 *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > end || eth->type != bpf_htons(ETH_P_IP)) return XDP_DROP;
  struct ports *ports = (void *)ip + ((ip->version_length & 15) << 2);
  if ((void *)(ports + 1) > end) return XDP_DROP;
  struct flow key = {
    .source = ip->source,
    .destination = ip->destination,
    .source_port = ports->source,
    .destination_port = ports->destination,
    .protocol = ip->protocol,
  };
  __u64 *count = bpf_map_lookup_elem(&flows, &key);
  if (count) {
    __sync_fetch_and_add(count, 1);
    return XDP_PASS;
  }
  __u64 one = 1;
  bpf_map_update_elem(&flows, &key, &one, BPF_ANY);
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
