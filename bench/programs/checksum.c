#include "common.h"

// Sum of the packet's 16-bit words, folded; the whole packet, up to 2048 bytes.
SEC("xdp") int checksum(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 sum = 0;
  __u16 *at = data;
  for (int i = 0; i < 1024; i++) {
    if ((void *)(at + 1) > end) break;
    sum += *at++;
  }
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (__u16)~sum;
}
