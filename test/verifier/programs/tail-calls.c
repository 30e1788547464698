/* Tail calls: the map, the context, the stack, what is held. */
#include "kernel-types.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, int);
} programs SEC(".maps");
MAP(values, BPF_MAP_TYPE_ARRAY, int, int, 2);
RINGBUF(ring);

SEC("tc") int map_ok(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &programs, 1);
	return 0;
}
SEC("tc") int map_bad(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &values, 1);
	return 0;
}
SEC("tc") __naked int context_ok(void)
{
	ASM("r2 = programs ll; r3 = 0; call %[tail_call]; r0 = 0; exit;");
}
SEC("tc") __naked int context_bad(void)
{
	ASM("r1 = r10; r2 = programs ll; r3 = 0; call %[tail_call]; r0 = 0; exit;");
}
SEC("tc") __naked int fall_through_ok(void)
{
	ASM("r6 = r1; r2 = programs ll; r3 = 5; call %[tail_call]; r0 = *(u32 *)(r6 + 0); exit;");
}
SEC("tc") __naked int fall_through_bad(void)
{
	ASM("r2 = programs ll; r3 = 5; call %[tail_call]; r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("tc") int held_ok(struct __sk_buff *skb)
{
	int *record = bpf_ringbuf_reserve(&ring, 4, 0);
	if (record)
		bpf_ringbuf_submit(record, 0);
	bpf_tail_call(skb, &programs, 1);
	return 0;
}
SEC("tc") int held_bad(struct __sk_buff *skb)
{
	int *record = bpf_ringbuf_reserve(&ring, 4, 0);
	if (!record)
		return 0;
	bpf_tail_call(skb, &programs, 1);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
SEC("tc") int preempt_ok(struct __sk_buff *skb)
{
	bpf_preempt_disable();
	bpf_preempt_enable();
	bpf_tail_call(skb, &programs, 1);
	return 0;
}
SEC("tc") int preempt_bad(struct __sk_buff *skb)
{
	bpf_preempt_disable();
	bpf_tail_call(skb, &programs, 1);
	bpf_preempt_enable();
	return 0;
}
/* With functions around, 256 bytes of stack above the call. */
__sub int jumps(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &programs, 1);
	return 0;
}
SEC("tc") __naked int stack_ok(void)
{
	ASM("*(u64 *)(r10 - 240) = 0; call jumps; r0 = 0; exit;");
}
SEC("tc") __naked int stack_bad(void)
{
	ASM("*(u64 *)(r10 - 264) = 0; call jumps; r0 = 0; exit;");
}
/* Packet pointers do not outlive a callee that may jump elsewhere. */
SEC("tc") int packet_ok(struct __sk_buff *skb)
{
	jumps(skb);
	__u8 *data = (void *)(long)skb->data;
	return data + 6 <= (__u8 *)(long)skb->data_end ? data[5] == 1 : 0;
}
SEC("tc") int packet_bad(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	if (data + 6 > (__u8 *)(long)skb->data_end)
		return 0;
	jumps(skb);
	return data[5] == 1;
}
/* Programs look up arrays of programs, they do not read them. */
SEC("tc") int lookup_ok(struct __sk_buff *skb)
{
	int key = 0;
	return bpf_map_lookup_elem(&values, &key) != 0;
}
SEC("tc") int lookup_bad(struct __sk_buff *skb)
{
	int key = 0;
	return bpf_map_lookup_elem(&programs, &key) != 0;
}
