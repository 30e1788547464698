#include "../programs/common.h"

// What costs a verifier time, a program each; `programs/build.sh` compiles them. None is run.

struct record {
  __u64 count;
  __u64 bytes;
  __u8 table[256];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, struct record);
} records SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, struct record);
} totals SEC(".maps");

// Out of the compiler's sight.
#define OPAQUE(x) asm volatile("" : "+r"(x))

/** Options of varying length, the loop unrolled: a path for every way through. */
SEC("xdp") int unrolled_parse(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 offset = sizeof(struct ethernet), sum = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 24; i++) {
    asm volatile("%0 &= 0xff" : "+r"(offset));
    __u8 *at = data + offset;
    if ((void *)(at + 4) > end) break;
    if (at[0] == 0) break;
    if (at[0] == 1) {
      offset++;
      continue;
    }
    if (at[1] < 2 || at[1] > 40) return XDP_DROP;
    sum += at[2] + at[3];
    offset += at[1];
  }
  return sum & 1 ? XDP_PASS : XDP_DROP;
}

/** A bounded loop whose rounds differ in the counter, with branches inside. */
SEC("xdp") int bounded_loop(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u64 hash = 0, odd = 0;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < 200; i++) {
    __u8 *at = data + i;
    if ((void *)(at + 1) > end) break;
    if (*at & 1) odd++;
    else hash ^= *at;
    hash = hash * 31 + odd;
    OPAQUE(hash);
  }
  return hash & 1 ? XDP_PASS : XDP_DROP;
}

/** Indices that come from comparisons: exact values matter far back along the path. */
SEC("xdp") int precision(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u8 *at = data;
  __u32 key = 0;
  if ((void *)(at + 64) > end) return XDP_DROP;
  struct record *total = bpf_map_lookup_elem(&totals, &key);
  if (!total) return XDP_DROP;
  __u64 index = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 12; i++) {
    if (at[i] > 100) index += 3;
    OPAQUE(index);
    if (at[i + 16] > 7) index += 5;
    OPAQUE(index);
    if (index < 250) total->table[index]++;
  }
  return index & 1 ? XDP_PASS : XDP_DROP;
}

/** More values than registers, kept on the stack over branches. */
SEC("xdp") int spills(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u8 *at = data;
  volatile __u64 slots[24];
  if ((void *)(at + 64) > end) return XDP_DROP;
#pragma clang loop unroll(full)
  for (int i = 0; i < 24; i++) slots[i] = at[i];
#pragma clang loop unroll(disable)
  for (int round = 0; round < 24; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 24; i++)
      if (slots[i] > 3) slots[(i * 7 + 5) % 24] += slots[i];
  }
  return slots[3] & 1 ? XDP_PASS : XDP_DROP;
}

static __attribute__((noinline)) __u64 leaf(const __u8 *at, __u64 seed) {
  OPAQUE(seed);
  if (at[0] > 10) seed += at[1];
  if (at[2] > 20) seed ^= at[3];
  return seed & 0xff;
}
static __attribute__((noinline)) __u64 inner(const __u8 *at, __u64 seed) {
  seed = leaf(at, seed);
  if (seed > 128) return leaf(at + 4, seed);
  return leaf(at + 8, seed + 1);
}

/** Functions in functions, each called from many places. */
SEC("xdp") int calls(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u8 *at = data;
  __u64 seed = 1;
  if ((void *)(at + 64) > end) return XDP_DROP;
#pragma clang loop unroll(full)
  for (int i = 0; i < 24; i++) seed += inner(at + i, seed);
  return seed & 1 ? XDP_PASS : XDP_DROP;
}

struct walk {
  __u8 *data, *end;
  __u64 sum;
};
static long visit(__u32 n, struct walk *walk) {
  __u32 key = n & 15;
  struct record *total = bpf_map_lookup_elem(&totals, &key);
  if (!total) return 1;
  if (total->count > 100) walk->sum += total->bytes;
  else if (total->bytes > 100) walk->sum ^= total->count;
  total->table[n & 255]++;
  return walk->sum > 100000;
}

/** Loops whose body is a callback. */
SEC("xdp") int callbacks(struct xdp_md *ctx) {
  struct walk walk = {0};
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) bpf_loop(1000 + ctx->rx_queue_index, visit, &walk, 0);
  return walk.sum & 1 ? XDP_PASS : XDP_DROP;
}

/** Lookups and updates, each of which may fail. */
SEC("xdp") int lookups(struct xdp_md *ctx) {
  __u64 sum = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 40; i++) {
    __u32 key = ctx->rx_queue_index + i;
    struct record *record = bpf_map_lookup_elem(&records, &key);
    if (!record) {
      key &= 15;
      record = bpf_map_lookup_elem(&totals, &key);
      if (!record) return XDP_DROP;
    }
    record->count++;
    if (record->bytes > 1000) sum += record->bytes;
  }
  return sum & 1 ? XDP_PASS : XDP_DROP;
}

/** Nearly a million instructions: a loop whose rounds are all different. */
SEC("xdp") int million_loop(struct xdp_md *ctx) {
  __u64 hash = 0;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < 99990; i++) {
    hash = hash * 31 + i;
    hash ^= hash >> 7;
    OPAQUE(hash);
    hash += 0x9e3779b9;
    OPAQUE(hash);
  }
  return hash & 1 ? XDP_PASS : XDP_DROP;
}

/** Too many paths: states that never cover each other, up to the limit. */
SEC("xdp") int million_paths(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u8 *at = data;
  __u32 key = 0;
  if ((void *)(at + 64) > end) return XDP_DROP;
  struct record *total = bpf_map_lookup_elem(&totals, &key);
  if (!total) return XDP_DROP;
  __u64 index = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 40; i++) {
    if (at[i] > 100) index += 1ull << i;
    OPAQUE(index);
  }
  if (index < 255) total->table[index]++;
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
