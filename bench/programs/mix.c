#include "common.h"

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

// 100 rounds of a Jenkins-style mix of three words of the packet.
SEC("xdp") int mix(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 *words = data;
  if (data + 12 > end) return XDP_DROP;
  __u32 a = words[0], b = words[1], c = words[2];
#pragma clang loop unroll(disable)
  for (int i = 0; i < 100; i++) {
    a -= c; a ^= ROTATE(c, 4); c += b;
    b -= a; b ^= ROTATE(a, 6); a += c;
    c -= b; c ^= ROTATE(b, 8); b += a;
    a -= c; a ^= ROTATE(c, 16); c += b;
    b -= a; b ^= ROTATE(a, 19); a += c;
    c -= b; c ^= ROTATE(b, 4); b += a;
  }
  return a ^ b ^ c;
}
