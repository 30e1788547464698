// SPDX-License-Identifier: Apache-2.0
//
// Global variables of every kind, and a ring buffer: each Nth packet is reported as an event.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u64 time;
	__u64 number;
	__u32 length;
	__u16 ether_type;
	__u8 source[ETH_ALEN];
	__u8 destination[ETH_ALEN];
	__u8 zero[6];
};

/* .rodata: settings, fixed when the program is loaded. */
const volatile __u32 sample_every = 100;
const volatile __u8 drop_sampled = 0;

/* .data: starts with a value. */
__u32 shortest = 0xffffffff;
struct {
	__u32 enabled;
	char label[12];
} state = { .enabled = 1, .label = "sampler" };

/* .bss: starts with 0. */
__u64 packets;
__u64 bytes;
__u64 lost_events;
__u32 longest;
__u64 sizes[8];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

/* BTF of the events for those who read them. */
const struct event *event_type __attribute__((unused));

static __always_inline void report(struct ethhdr *eth, __u32 length)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		lost_events++;
		return;
	}
	event->time = bpf_ktime_get_ns();
	event->number = packets;
	event->length = length;
	event->ether_type = bpf_ntohs(eth->h_proto);
	__builtin_memcpy(event->source, eth->h_source, ETH_ALEN);
	__builtin_memcpy(event->destination, eth->h_dest, ETH_ALEN);
	__builtin_memset(event->zero, 0, sizeof(event->zero));
	bpf_ringbuf_submit(event, 0);
}

SEC("xdp")
int sampler(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 length = end - data;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	packets++;
	bytes += length;
	if (length < shortest)
		shortest = length;
	if (length > longest)
		longest = length;
	/* Up to 63, 127, 255, 511, 1023, 1279, 1535 bytes, and above. */
	sizes[length < 64 ? 0 : length < 128 ? 1 : length < 256 ? 2 : length < 512 ? 3 :
	      length < 1024 ? 4 : length < 1280 ? 5 : length < 1536 ? 6 : 7]++;

	if (!state.enabled || sample_every == 0 || packets % sample_every != 0)
		return XDP_PASS;
	report(eth, length);
	return drop_sampled ? XDP_DROP : XDP_PASS;
}
