// SPDX-License-Identifier: Apache-2.0
//
// A packet parser in stages: each stage reads one header and jumps to the next through a program array.
// Stages hand over where they are through metadata in front of the packet. A stage without a successor ends the run.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Apache-2.0";

enum stage { STAGE_VLAN, STAGE_IPV4, STAGE_IPV6, STAGE_TCP, STAGE_UDP, STAGES };

/* Rows of "reached": every stage, the entry, and how runs end. */
enum reached { REACHED_ENTRY = STAGES, REACHED_END, REACHED_UNKNOWN, REACHED_CUT, REACHED_ROWS };

#define MAX_OFFSET 256

struct vlan_header {
	__be16 tci;
	__be16 type;
};

/* Metadata in front of the packet. */
struct cursor {
	/* Of the next header, from the start of the packet. */
	__u32 offset;
};

int parse_vlan(struct xdp_md *ctx);
int parse_ipv4(struct xdp_md *ctx);
int parse_ipv6(struct xdp_md *ctx);
int parse_tcp(struct xdp_md *ctx);
int parse_udp(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = {
		[STAGE_VLAN] = &parse_vlan,
		[STAGE_IPV4] = &parse_ipv4,
		[STAGE_IPV6] = &parse_ipv6,
		[STAGE_TCP] = &parse_tcp,
		[STAGE_UDP] = &parse_udp,
	},
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REACHED_ROWS);
	__type(key, __u32);
	__type(value, __u64);
} reached SEC(".maps");

/* Packets by destination port. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u16);
	__type(value, __u64);
} ports SEC(".maps");

static __always_inline void count(__u32 row)
{
	__u64 *value = bpf_map_lookup_elem(&reached, &row);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline int finish(__u32 row, int verdict)
{
	count(row);
	return verdict;
}

/* The header at the cursor, null where fewer than `size` bytes are left. */
static __always_inline void *header(struct xdp_md *ctx, __u32 size)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct cursor *cursor = (void *)(long)ctx->data_meta;
	__u32 offset;

	if ((void *)(cursor + 1) > data)
		return 0;
	offset = cursor->offset;
	if (offset > MAX_OFFSET)
		return 0;
	data += offset;
	return data + size > end ? 0 : data;
}

static __always_inline void advance(struct xdp_md *ctx, __u32 size)
{
	void *data = (void *)(long)ctx->data;
	struct cursor *cursor = (void *)(long)ctx->data_meta;

	if ((void *)(cursor + 1) <= data)
		cursor->offset += size;
}

/* Goes to the stage of an EtherType; comes back only where there is none. */
static __always_inline int by_ether_type(struct xdp_md *ctx, __be16 type)
{
	switch (type) {
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		bpf_tail_call(ctx, &stages, STAGE_VLAN);
		break;
	case bpf_htons(ETH_P_IP):
		bpf_tail_call(ctx, &stages, STAGE_IPV4);
		break;
	case bpf_htons(ETH_P_IPV6):
		bpf_tail_call(ctx, &stages, STAGE_IPV6);
		break;
	}
	return finish(REACHED_UNKNOWN, XDP_PASS);
}

static __always_inline int by_protocol(struct xdp_md *ctx, __u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		bpf_tail_call(ctx, &stages, STAGE_TCP);
		break;
	case IPPROTO_UDP:
		bpf_tail_call(ctx, &stages, STAGE_UDP);
		break;
	}
	return finish(REACHED_UNKNOWN, XDP_PASS);
}

static __always_inline int count_port(__be16 port)
{
	__u16 key = bpf_ntohs(port);
	__u64 *value = bpf_map_lookup_elem(&ports, &key);
	__u64 one = 1;

	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(&ports, &key, &one, BPF_ANY);
	return finish(REACHED_END, XDP_PASS);
}

SEC("xdp")
int parser(struct xdp_md *ctx)
{
	struct cursor *cursor;
	struct ethhdr *eth;
	void *data;

	count(REACHED_ENTRY);
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*cursor)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	cursor = (void *)(long)ctx->data_meta;
	if ((void *)(cursor + 1) > data)
		return XDP_ABORTED;
	cursor->offset = 0;
	eth = header(ctx, sizeof(*eth));
	if (!eth)
		return finish(REACHED_CUT, XDP_DROP);
	advance(ctx, sizeof(*eth));
	return by_ether_type(ctx, eth->h_proto);
}

SEC("xdp")
int parse_vlan(struct xdp_md *ctx)
{
	struct vlan_header *vlan = header(ctx, sizeof(*vlan));

	count(STAGE_VLAN);
	if (!vlan)
		return finish(REACHED_CUT, XDP_DROP);
	advance(ctx, sizeof(*vlan));
	return by_ether_type(ctx, vlan->type);
}

SEC("xdp")
int parse_ipv4(struct xdp_md *ctx)
{
	struct iphdr *ip = header(ctx, sizeof(*ip));

	count(STAGE_IPV4);
	if (!ip || ip->ihl < 5)
		return finish(REACHED_CUT, XDP_DROP);
	advance(ctx, ip->ihl * 4);
	return by_protocol(ctx, ip->protocol);
}

SEC("xdp")
int parse_ipv6(struct xdp_md *ctx)
{
	struct ipv6hdr *ip = header(ctx, sizeof(*ip));

	count(STAGE_IPV6);
	if (!ip)
		return finish(REACHED_CUT, XDP_DROP);
	advance(ctx, sizeof(*ip));
	return by_protocol(ctx, ip->nexthdr);
}

SEC("xdp")
int parse_tcp(struct xdp_md *ctx)
{
	struct tcphdr *tcp = header(ctx, sizeof(*tcp));

	count(STAGE_TCP);
	return tcp ? count_port(tcp->dest) : finish(REACHED_CUT, XDP_DROP);
}

SEC("xdp")
int parse_udp(struct xdp_md *ctx)
{
	struct udphdr *udp = header(ctx, sizeof(*udp));

	count(STAGE_UDP);
	return udp ? count_port(udp->dest) : finish(REACHED_CUT, XDP_DROP);
}
