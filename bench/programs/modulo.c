#include "common.h"

// 63 steps of eight dependent 64-bit remainders each.
SEC("xdp") int modulo(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u64 *words = data;
  if (data + 24 > end) return XDP_DROP;
  __u64 x = words[0] | 1, y = words[1] | 1, z = words[2] | 1;
#pragma clang loop unroll(disable)
  for (__u64 i = 1; i < 64; i++) {
    x += z % (y | i); y += x % (z | 1);
    z ^= y % (x | i); x ^= z % (y | 1);
    y += x % (z | i); z += y % (x | 1);
    x ^= z % (y | i); y ^= x % (z | 1);
  }
  return x ^ y ^ z;
}
