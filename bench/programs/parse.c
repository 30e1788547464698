#include "common.h"

// Walks type-length-value options after the Ethernet header, byte by byte: counts them and sums their values.
SEC("xdp") int parse(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 offset = sizeof(struct ethernet), options = 0, sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 40; i++) {
    // The mask, out of the compiler's sight, keeps the verifier's states few.
    asm volatile("%0 &= 0xff" : "+r"(offset));
    __u8 *at = data + offset;
    if ((void *)(at + 1) > end) break;
    __u8 type = at[0];
    if (type == 0) break;
    if (type == 1) {
      offset++;
      continue;
    }
    if ((void *)(at + 2) > end) return XDP_DROP;
    __u8 length = at[1];
    if (length < 2 || length > 40) return XDP_DROP;
    if ((void *)(at + 4) <= end) sum += bpf_ntohs(*(__u16 *)(at + 2));
    options++;
    offset += length;
  }
  return (options << 16) | (sum & 0xffff);
}
