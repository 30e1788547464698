/* Packets: what a comparison with the end allows, and what takes it away again. */
#include "fixture.h"

#define BETWEEN "r6 = r1; r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4);"

SEC("xdp") __naked int checked_ok(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 14; if r4 > r3 goto 9f; r0 = *(u16 *)(r2 + 12); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int checked_bad(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 14; if r4 > r3 goto 9f; r0 = *(u16 *)(r2 + 13); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int side_ok(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 14; if r4 <= r3 goto 1f; goto 9f; 1: r0 = *(u8 *)(r2 + 13); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int side_bad(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 14; if r4 <= r3 goto 9f; r0 = *(u8 *)(r2 + 13); 9: r0 = 2; exit;");
}
/* "Less" says a byte more than "less or equal". */
SEC("xdp") __naked int strict_ok(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 8; if r4 >= r3 goto 9f; r0 = *(u8 *)(r2 + 8); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int strict_bad(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 8; if r4 > r3 goto 9f; r0 = *(u8 *)(r2 + 8); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int reversed_ok(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 8; if r3 < r4 goto 9f; r0 = *(u64 *)(r2 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int reversed_bad(void)
{
	ASM(BETWEEN "r4 = r2; r4 += 8; if r3 > r4 goto 9f; r0 = *(u64 *)(r2 + 0); 9: r0 = 2; exit;");
}
/* Copies of the pointer learn too, those at other variable offsets do not. */
SEC("xdp") __naked int copies_ok(void)
{
	ASM(BETWEEN "r5 = r2; r5 += 4; r4 = r2; r4 += 8; if r4 > r3 goto 9f; r0 = *(u32 *)(r5 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int copies_bad(void)
{
	ASM(BETWEEN "r5 = r2; r5 += 4; r4 = r2; r4 += 8; if r4 > r3 goto 9f; r0 = *(u64 *)(r5 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int variable_ok(void)
{
	ASM(BETWEEN "r7 = r2; r8 = r3; call %[random]; r0 &= 255; r7 += r0; r4 = r7; r4 += 4; if r4 > r8 goto 9f; r0 = *(u32 *)(r7 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int variable_bad(void)
{
	ASM(BETWEEN "r7 = r2; r8 = r3; call %[random]; r4 = r7; r4 += 4; if r4 > r8 goto 9f; r0 &= 255; r7 += r0; r0 = *(u32 *)(r7 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int variable_limit_ok(void)
{
	ASM(BETWEEN "r7 = r2; r8 = r3; call %[random]; r0 &= 0x7fff; r7 += r0; r4 = r7; r4 += 4; if r4 > r8 goto 9f; r0 = *(u32 *)(r7 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int variable_limit_bad(void)
{
	ASM(BETWEEN "r7 = r2; r8 = r3; call %[random]; r0 &= 0x1ffff; r7 += r0; r4 = r7; r4 += 4; if r4 > r8 goto 9f; r0 = *(u32 *)(r7 + 0); 9: r0 = 2; exit;");
}
/* Meta data lies before the data, and is compared with it. */
SEC("xdp") __naked int meta_ok(void)
{
	ASM("r2 = *(u32 *)(r1 + 8); r3 = *(u32 *)(r1 + 0); r4 = r2; r4 += 4; if r4 > r3 goto 9f; r0 = *(u32 *)(r2 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int meta_bad(void)
{
	ASM("r2 = *(u32 *)(r1 + 8); r3 = *(u32 *)(r1 + 4); r4 = r2; r4 += 4; if r4 > r3 goto 9f; r0 = *(u32 *)(r2 + 0); 9: r0 = 2; exit;");
}
/* Helpers that move the data end all that was known. */
SEC("xdp") __naked int moved_ok(void)
{
	ASM(BETWEEN "r2 = -14; call %[head]; r2 = *(u32 *)(r6 + 0); r3 = *(u32 *)(r6 + 4); r4 = r2; r4 += 8; if r4 > r3 goto 9f;"
	    "r0 = *(u64 *)(r2 + 0); 9: r0 = 2; exit;", [head] "i"(BPF_FUNC_xdp_adjust_head));
}
SEC("xdp") __naked int moved_bad(void)
{
	ASM(BETWEEN "r7 = r2; r4 = r2; r4 += 8; if r4 > r3 goto 9f; r2 = -14; call %[head]; r0 = *(u64 *)(r7 + 0); 9: r0 = 2; exit;",
	    [head] "i"(BPF_FUNC_xdp_adjust_head));
}
SEC("tc") int written_ok(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	data[5] = 1;
	return 0;
}
SEC("lwt_in") int written_bad(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	data[5] = 1;
	return 0;
}
/* A function that may move the data does so for its callers. */
__sub int moves(struct __sk_buff *skb)
{
	return bpf_skb_pull_data(skb, 0);
}
__sub int keeps(struct __sk_buff *skb)
{
	return skb->len;
}
SEC("tc") int callee_ok(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	int n = keeps(skb);
	return data[5] + n;
}
SEC("tc") int callee_bad(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	int n = moves(skb);
	return data[5] + n;
}
/* Global functions count by what they are able to do. */
__global int global_moves(struct __sk_buff *skb)
{
	return bpf_skb_pull_data(skb, 0);
}
__global int global_keeps(struct __sk_buff *skb)
{
	return skb->len;
}
SEC("tc") int global_callee_ok(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	int n = global_keeps(skb);
	return data[5] + n;
}
SEC("tc") int global_callee_bad(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	int n = global_moves(skb);
	return data[5] + n;
}
/* Atomics do not touch packets. */
SEC("tc") __naked int atomic_ok(void)
{
	ASM("r2 = *(u32 *)(r1 + 76); r3 = *(u32 *)(r1 + 80); r4 = r2; r4 += 8; if r4 > r3 goto 9f; r0 = 1; *(u64 *)(r2 + 0) = r0; 9: r0 = 0; exit;");
}
SEC("tc") __naked int atomic_bad(void)
{
	ASM("r2 = *(u32 *)(r1 + 76); r3 = *(u32 *)(r1 + 80); r4 = r2; r4 += 8; if r4 > r3 goto 9f; r0 = 1; lock *(u64 *)(r2 + 0) += r0; 9: r0 = 0; exit;");
}
/* The end is no pointer to go through. */
SEC("xdp") __naked int end_ok(void)
{
	ASM(BETWEEN "r3 -= r2; r0 = r3; r0 = 2; exit;");
}
SEC("xdp") __naked int end_bad(void)
{
	ASM(BETWEEN "r0 = *(u8 *)(r3 + 0); r0 = 2; exit;");
}
SEC("xdp") __naked int end_moved_ok(void)
{
	ASM(BETWEEN "r2 += 1; r2 -= 1; r4 = r2; r4 += 1; if r4 > r3 goto 9f; r0 = *(u8 *)(r2 + 0); 9: r0 = 2; exit;");
}
SEC("xdp") __naked int end_moved_bad(void)
{
	ASM(BETWEEN "r3 += 1; r0 = 2; exit;");
}
/* As a helper's memory. */
SEC("tc") int to_helper_ok(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data;
	if (data + 16 > (char *)(long)skb->data_end)
		return 0;
	return bpf_csum_diff((void *)data, 16, 0, 0, 0) & 1;
}
SEC("tc") int to_helper_bad(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data;
	if (data + 12 > (char *)(long)skb->data_end)
		return 0;
	return bpf_csum_diff((void *)data, 16, 0, 0, 0) & 1;
}
/* Headers behind a header whose length is in the packet. */
SEC("xdp") int header_ok(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 34 > end)
		return XDP_PASS;
	__u8 *next = data + 14 + (data[14] & 15) * 4;
	if (next + 4 > end)
		return XDP_PASS;
	return next[3] == 80 ? XDP_DROP : XDP_PASS;
}
SEC("xdp") int header_bad(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 34 > end)
		return XDP_PASS;
	__u8 *next = data + 14 + (data[14] & 15) * 4;
	return next[3] == 80 ? XDP_DROP : XDP_PASS;
}
