/* Memory that helpers hand out: ring buffer records, buffers of raw tracepoints, per-CPU data of the kernel. */
#include "fixture.h"

RINGBUF(ring);
MAP(sizes, BPF_MAP_TYPE_ARRAY, int, __u64, 1);

SEC("xdp") __naked int record_ok(void)
{
	ASM("r1 = ring ll; r2 = 24; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; *(u64 *)(r0 + 16) = 1; r1 = r0; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_bad(void)
{
	ASM("r1 = ring ll; r2 = 24; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; *(u64 *)(r0 + 24) = 1; r1 = r0; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_null_ok(void)
{
	ASM("r1 = ring ll; r2 = 8; r3 = 0; call %[reserve]; if r0 != 0 goto 1f; r0 = 2; exit; 1: r1 = r0; r2 = 0; call %[discard]; r0 = 2; exit;");
}
SEC("xdp") __naked int record_null_bad(void)
{
	ASM("r1 = ring ll; r2 = 8; r3 = 0; call %[reserve]; r1 = r0; r2 = 0; call %[discard]; r0 = 2; exit;");
}
SEC("xdp") __naked int record_leak_ok(void)
{
	ASM("r1 = ring ll; r2 = 8; r3 = 0; call %[reserve]; r6 = r0; if r6 == 0 goto 1f; r1 = r6; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_leak_bad(void)
{
	ASM("r1 = ring ll; r2 = 8; r3 = 0; call %[reserve]; r0 = 2; exit;");
}
SEC("xdp") __naked int record_moved_ok(void)
{
	ASM("r1 = ring ll; r2 = 16; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r1 = r0; r1 += 8; r1 -= 8; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_moved_bad(void)
{
	ASM("r1 = ring ll; r2 = 16; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r1 = r0; r1 += 8; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_after_ok(void)
{
	ASM("r1 = ring ll; r2 = 16; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r6 = r0; r7 = *(u64 *)(r6 + 0); r1 = r0; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_after_bad(void)
{
	ASM("r1 = ring ll; r2 = 16; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r6 = r0; r1 = r0; r2 = 0; call %[submit]; r7 = *(u64 *)(r6 + 0); 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_size_ok(void)
{
	ASM("r1 = ring ll; r2 = 100; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r1 = r0; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int record_size_bad(void)
{
	ASM("call %[random]; r2 = r0; r2 &= 63; r1 = ring ll; r3 = 0; call %[reserve]; if r0 == 0 goto 1f; r1 = r0; r2 = 0; call %[submit]; 1: r0 = 2; exit;");
}
/* A record as a helper's memory. */
SEC("tc") int record_helper_ok(struct __sk_buff *skb)
{
	char *record = bpf_ringbuf_reserve(&ring, 32, 0);
	if (!record)
		return 0;
	bpf_skb_load_bytes(skb, 0, record, 32);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
SEC("tc") int record_helper_bad(struct __sk_buff *skb)
{
	char *record = bpf_ringbuf_reserve(&ring, 32, 0);
	if (!record)
		return 0;
	bpf_skb_load_bytes(skb, 0, record + 1, 32);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
/* Freed on one path only. */
SEC("tc") int record_paths_ok(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!record)
		return 0;
	if (skb->len > 100)
		bpf_ringbuf_submit(record, 0);
	else
		bpf_ringbuf_discard(record, 0);
	return 0;
}
SEC("tc") int record_paths_bad(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!record)
		return 0;
	if (skb->len > 100)
		bpf_ringbuf_submit(record, 0);
	return 0;
}
/* The size given to ringbuf_output may vary, not beyond the memory. */
SEC("tc") int output_ok(struct __sk_buff *skb)
{
	char buffer[32] = {};
	bpf_ringbuf_output(&ring, buffer, skb->len & 31, 0);
	return 0;
}
SEC("tc") int output_bad(struct __sk_buff *skb)
{
	char buffer[32] = {};
	bpf_ringbuf_output(&ring, buffer, skb->len & 63, 0);
	return 0;
}
/* The buffer of a writable tracepoint ends where the attach decides: any constant offset will do. */
SEC("raw_tp.w/sys_enter") __naked int buffer_ok(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r3 = *(u64 *)(r2 + 80); r0 = 0; exit;");
}
SEC("raw_tp.w/sys_enter") __naked int buffer_bad(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r3 = *(u64 *)(r2 - 8); r0 = 0; exit;");
}
SEC("raw_tp.w/sys_enter") __naked int buffer_constant_ok(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r2 += 16; r3 = *(u64 *)(r2 + 0); r0 = 0; exit;");
}
SEC("raw_tp.w/sys_enter") __naked int buffer_constant_bad(void)
{
	ASM("r6 = *(u64 *)(r1 + 0); call %[random]; r0 &= 15; r6 += r0; r3 = *(u64 *)(r6 + 0); r0 = 0; exit;");
}
/* Only what a context's own pointers point to. */
SEC("raw_tp/sys_enter") __naked int plain_ok(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r0 = 0; exit;");
}
SEC("raw_tp/sys_enter") __naked int plain_bad(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r3 = *(u64 *)(r2 + 0); r0 = 0; exit;");
}
