/* The context of each program type: fields, sizes, offsets, reading and writing. */
#include "fixture.h"
#include <linux/bpf_perf_event.h>

SEC("xdp") int xdp_fields_ok(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex == ctx->rx_queue_index ? XDP_PASS : XDP_DROP;
}
SEC("xdp") __naked int xdp_fields_bad(void)
{
	ASM("r0 = *(u16 *)(r1 + 12); r0 = 2; exit;");
}
SEC("xdp/devmap") int xdp_egress_ok(struct xdp_md *ctx)
{
	return ctx->egress_ifindex ? XDP_PASS : XDP_DROP;
}
SEC("xdp") int xdp_egress_bad(struct xdp_md *ctx)
{
	return ctx->egress_ifindex ? XDP_PASS : XDP_DROP;
}
SEC("xdp") __naked int xdp_write_ok(void)
{
	ASM("r0 = 2; r2 = *(u32 *)(r1 + 16); *(u64 *)(r10 - 8) = r2; exit;");
}
SEC("xdp") __naked int xdp_write_bad(void)
{
	ASM("r0 = 2; r2 = 1; *(u32 *)(r1 + 16) = r2; exit;");
}
/* Past the end, before the start, between fields. */
SEC("socket") __naked int skb_end_ok(void)
{
	ASM("r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("socket") __naked int skb_end_bad(void)
{
	ASM("r0 = *(u32 *)(r1 + 192); exit;");
}
SEC("socket") __naked int skb_before_ok(void)
{
	ASM("r0 = *(u32 *)(r1 + 4); exit;");
}
SEC("socket") __naked int skb_before_bad(void)
{
	ASM("r0 = *(u32 *)(r1 - 4); exit;");
}
SEC("socket") __naked int skb_narrow_ok(void)
{
	ASM("r0 = *(u8 *)(r1 + 9); exit;");
}
SEC("socket") __naked int skb_narrow_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 8); exit;");
}
/* Fields that a socket filter does not have, tc has. */
SEC("tc") int skb_tc_fields_ok(struct __sk_buff *skb)
{
	skb->priority = skb->tc_classid;
	skb->tc_index = 1;
	skb->cb[2] = 7;
	skb->mark = skb->hash;
	return 0;
}
SEC("socket") int skb_tc_fields_bad(struct __sk_buff *skb)
{
	return skb->tc_classid;
}
SEC("tc") int skb_tstamp_ok(struct __sk_buff *skb)
{
	skb->tstamp = skb->tstamp + 1;
	return skb->tstamp_type;
}
SEC("tc") int skb_tstamp_bad(struct __sk_buff *skb)
{
	skb->hwtstamp = 1;
	return 0;
}
SEC("socket") int skb_cb_ok(struct __sk_buff *skb)
{
	skb->cb[0] = 1;
	skb->cb[4] = skb->cb[0];
	return 0;
}
SEC("socket") int skb_cb_bad(struct __sk_buff *skb)
{
	skb->mark = 1;
	return 0;
}
SEC("cgroup_skb/egress") int skb_cgroup_ok(struct __sk_buff *skb)
{
	skb->tstamp = 5;
	return skb->family == 2;
}
SEC("cgroup_skb/egress") int skb_cgroup_bad(struct __sk_buff *skb)
{
	return skb->data_meta & 1;
}
SEC("tc") int skb_family_ok(struct __sk_buff *skb)
{
	return skb->vlan_present;
}
SEC("tc") int skb_family_bad(struct __sk_buff *skb)
{
	return skb->local_port;
}
SEC("lwt_xmit") int lwt_ok(struct __sk_buff *skb)
{
	skb->mark = 4;
	skb->cb[1] = 5;
	return 0;
}
SEC("lwt_in") int lwt_bad(struct __sk_buff *skb)
{
	skb->tc_index = 1;
	return 0;
}
/* A context moves by no offset when it is given to a helper or a field is read. */
SEC("tc") __naked int moved_ok(void)
{
	ASM("r2 = r1; r0 = *(u32 *)(r2 + 8); r0 = 0; exit;");
}
SEC("tc") __naked int moved_bad(void)
{
	ASM("r6 = r1; call %[random]; r0 &= 4; r6 += r0; r0 = *(u32 *)(r6 + 0); r0 = 0; exit;");
}
SEC("tc") int passed_ok(struct __sk_buff *skb)
{
	bpf_skb_change_tail(skb, 100, 0);
	return 0;
}
SEC("tc") __naked int passed_bad(void)
{
	ASM("r1 += 4; r2 = 100; r3 = 0; call %[tail]; r0 = 0; exit;", [tail] "i"(BPF_FUNC_skb_change_tail));
}
SEC("tc") __naked int atomic_ok(void)
{
	ASM("r2 = *(u32 *)(r1 + 8); r2 += 1; *(u32 *)(r1 + 8) = r2; r0 = 0; exit;");
}
SEC("tc") __naked int atomic_bad(void)
{
	ASM("r2 = 1; lock *(u32 *)(r1 + 8) += r2; r0 = 0; exit;");
}
/* A pointer in a context. */
SEC("tc") __naked int leak_ok(void)
{
	ASM("r2 = 5; *(u32 *)(r1 + 48) = r2; r0 = 0; exit;");
}
SEC("tc") __naked int leak_bad(void)
{
	ASM("*(u64 *)(r1 + 152) = r1; *(u32 *)(r1 + 148) = r10; r0 = 0; exit;");
}
/* Registers of a kprobe, read only. */
SEC("kprobe") __naked int kprobe_ok(void)
{
	ASM("r0 = *(u64 *)(r1 + 112); r0 = *(u64 *)(r1 + 160); r0 = 0; exit;");
}
SEC("kprobe") __naked int kprobe_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 168); r0 = 0; exit;");
}
SEC("kprobe") __naked int kprobe_aligned_ok(void)
{
	ASM("r0 = *(u32 *)(r1 + 112); r0 = 0; exit;");
}
SEC("kprobe") __naked int kprobe_aligned_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 116); r0 = 0; exit;");
}
SEC("kretprobe") __naked int kprobe_write_ok(void)
{
	ASM("r2 = *(u64 *)(r1 + 80); r0 = 0; exit;");
}
SEC("kretprobe") __naked int kprobe_write_bad(void)
{
	ASM("r2 = 0; *(u64 *)(r1 + 80) = r2; r0 = 0; exit;");
}
SEC("tracepoint/sched/sched_switch") __naked int tracepoint_ok(void)
{
	ASM("r0 = *(u64 *)(r1 + 8); r0 = *(u32 *)(r1 + 8188); r0 = 0; exit;");
}
SEC("tracepoint/sched/sched_switch") __naked int tracepoint_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 0); r0 = 0; exit;");
}
SEC("tracepoint/sched/sched_switch") __naked int tracepoint_end_ok(void)
{
	ASM("r0 = *(u64 *)(r1 + 8184); r0 = 0; exit;");
}
SEC("tracepoint/sched/sched_switch") __naked int tracepoint_end_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 8192); r0 = 0; exit;");
}
SEC("raw_tp/sched_switch") int raw_tracepoint_ok(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] == 0;
}
SEC("raw_tp/sched_switch") __naked int raw_tracepoint_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 96); r0 = 0; exit;");
}
SEC("perf_event") int perf_event_ok(struct bpf_perf_event_data *ctx)
{
	return ctx->sample_period > ctx->addr;
}
SEC("perf_event") __naked int perf_event_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 184); r0 = 0; exit;");
}
SEC("syscall") __naked int syscall_ok(void)
{
	ASM("r0 = *(u64 *)(r1 + 1000); *(u64 *)(r1 + 8) = r0; r0 = 0; exit;");
}
SEC("syscall") __naked int syscall_bad(void)
{
	ASM("r0 = *(u64 *)(r1 - 8); r0 = 0; exit;");
}
