#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u32);
} programs SEC(".maps");

// A chain of five programs; element n of `programs` is step_n.
#define STEP(n)                                    \
  SEC("xdp") int step_##n(struct xdp_md *ctx) {    \
    bpf_tail_call(ctx, &programs, n + 1);          \
    return XDP_ABORTED;                            \
  }

SEC("xdp") int tail_calls(struct xdp_md *ctx) {
  bpf_tail_call(ctx, &programs, 0);
  return XDP_ABORTED;
}
STEP(0)
STEP(1)
STEP(2)
STEP(3)
SEC("xdp") int step_4(struct xdp_md *ctx) { return XDP_TX; }

char _license[] SEC("license") = "GPL";
