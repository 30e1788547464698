/* Dynptrs: local memory, ring buffer records, packets; slices; what ends them. */
#include "kernel-types.h"

RINGBUF(ring);
MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);
MAP(keeps, BPF_MAP_TYPE_ARRAY, int, struct bpf_dynptr, 1);

SEC("tc") int local_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	int key = 0;
	char out[8];
	char *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	bpf_dynptr_from_mem(v, 64, 0, &p);
	return bpf_dynptr_read(out, sizeof out, &p, 4, 0) == 0;
}
SEC("tc") int local_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char buffer[64] = {}, out[8];
	bpf_dynptr_from_mem(buffer, 64, 0, &p);
	return bpf_dynptr_read(out, sizeof out, &p, 4, 0) == 0;
}
SEC("tc") int unset_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_size(&p) > 10;
}
SEC("tc") int unset_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	return bpf_dynptr_size(&p) > 10;
}
SEC("tc") int record_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	int x = 1;
	if (bpf_ringbuf_reserve_dynptr(&ring, skb->len, 0, &p) == 0)
		bpf_dynptr_write(&p, 0, &x, sizeof x, 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}
SEC("tc") int record_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	int x = 1;
	if (bpf_ringbuf_reserve_dynptr(&ring, skb->len, 0, &p))
		return 0;
	bpf_dynptr_write(&p, 0, &x, sizeof x, 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}
SEC("tc") int data_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	__u32 *data = bpf_dynptr_data(&p, 8, 8);
	if (data)
		data[1] = 5;
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}
SEC("tc") int data_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	__u32 *data = bpf_dynptr_data(&p, 8, 8);
	if (data)
		data[2] = 5;
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}
SEC("tc") int data_after_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	int x = 0;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	__u32 *data = bpf_dynptr_data(&p, 0, 4);
	if (data)
		x = *data;
	bpf_ringbuf_submit_dynptr(&p, 0);
	return x & 0;
}
SEC("tc") int data_after_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	__u32 *data = bpf_dynptr_data(&p, 0, 4);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return data ? *data == 1 : 0;
}
SEC("tc") int once_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p, q;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &q);
	bpf_ringbuf_submit_dynptr(&p, 0);
	bpf_ringbuf_submit_dynptr(&q, 0);
	return 0;
}
SEC("tc") int once_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}
/* Its two stack slots belong to it. */
SEC("tc") int overwritten_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	*(volatile __u64 *)&p = 1;
	return 0;
}
SEC("tc") int overwritten_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	*(volatile __u64 *)&p = 1;
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}
SEC("tc") int read_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_is_null(&p);
}
SEC("tc") int read_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return *(volatile __u64 *)&p == 0;
}
SEC("tc") int slice_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u8 buffer[16];
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 0, buffer, sizeof buffer);
	return data ? data[15] == 6 : 0;
}
SEC("tc") int slice_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u8 buffer[16];
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 0, buffer, sizeof buffer);
	return data ? ((volatile __u8 *)data)[16] == 6 : 0;
}
SEC("tc") int slice_write_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u8 buffer[16];
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice_rdwr(&p, 0, buffer, sizeof buffer);
	if (data)
		data[3] = 6;
	return 0;
}
SEC("tc") int slice_write_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u8 buffer[16];
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 0, buffer, sizeof buffer);
	if (data)
		data[3] = 6;
	return 0;
}
SEC("tc") int slice_null_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 14, NULL, 20);
	return data ? data[9] == 6 : 0;
}
SEC("tc") int slice_null_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 14, NULL, 20);
	return data[9] == 6;
}
/* What moves the packet ends slices of it. */
SEC("tc") int slice_moved_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	bpf_skb_pull_data(skb, 0);
	__u8 *data = bpf_dynptr_slice(&p, 14, NULL, 20);
	return data ? data[9] == 6 : 0;
}
SEC("tc") int slice_moved_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	__u8 *data = bpf_dynptr_slice(&p, 14, NULL, 20);
	bpf_skb_pull_data(skb, 0);
	return data ? data[9] == 6 : 0;
}
SEC("xdp") int xdp_ok(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	__u8 buffer[14];
	bpf_dynptr_from_xdp(ctx, 0, &p);
	__u8 *eth = bpf_dynptr_slice_rdwr(&p, 0, buffer, sizeof buffer);
	if (eth)
		eth[13] = 0;
	return XDP_PASS;
}
SEC("tc") int xdp_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_xdp((void *)skb, 0, &p);
	return 0;
}
SEC("tc") int clone_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p, q;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	bpf_dynptr_clone(&p, &q);
	int size = bpf_dynptr_size(&q);
	bpf_ringbuf_submit_dynptr(&q, 0);
	return size == 64;
}
SEC("tc") int clone_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p, q;
	bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &p);
	bpf_dynptr_clone(&p, &q);
	bpf_ringbuf_submit_dynptr(&q, 0);
	return bpf_dynptr_size(&p) == 64;
}
SEC("tc") int adjust_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	bpf_dynptr_adjust(&p, 14, 34);
	return bpf_dynptr_size(&p) == 20;
}
SEC("tc") int adjust_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	bpf_dynptr_adjust((void *)&p + 8, 14, 34);
	return 0;
}
/* Functions take them whole. */
__global int global_size(struct bpf_dynptr *p)
{
	return bpf_dynptr_size(p);
}
SEC("tc") int argument_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return global_size(&p) > 60;
}
SEC("tc") int argument_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	return global_size(&p) > 60;
}
