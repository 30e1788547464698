// SPDX-License-Identifier: Apache-2.0
//
// Accounting for tc: packets and bytes by direction and protocol. As iproute2's manual page tc-bpf(8) attaches it:
//   tc qdisc add dev em1 clsact
//   tc filter add dev em1 ingress bpf da obj accounting.bpf.o program ingress
//   tc filter add dev em1 egress bpf da obj accounting.bpf.o program egress
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Apache-2.0";

enum direction { INGRESS, EGRESS, DIRECTIONS };

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct protocol_key {
	__u16 ether_type;
	__u8 protocol;
	__u8 direction;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DIRECTIONS);
	__type(key, __u32);
	__type(value, struct counter);
} directions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct protocol_key);
	__type(value, struct counter);
} protocols SEC(".maps");

static __always_inline void add(struct counter *counter, __u64 bytes)
{
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->bytes, bytes);
}

/* The IP protocol number, 0 where there is none. */
static __always_inline __u8 ip_protocol(struct __sk_buff *skb)
{
	void *end = (void *)(long)skb->data_end;
	void *network = (void *)(long)skb->data + ETH_HLEN;

	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP): {
		struct iphdr *ip = network;

		return (void *)(ip + 1) > end ? 0 : ip->protocol;
	}
	case bpf_htons(ETH_P_IPV6): {
		struct ipv6hdr *ip = network;

		return (void *)(ip + 1) > end ? 0 : ip->nexthdr;
	}
	}
	return 0;
}

static __always_inline int account(struct __sk_buff *skb, __u32 direction)
{
	struct protocol_key key = {
		.ether_type = bpf_ntohs(skb->protocol),
		.protocol = ip_protocol(skb),
		.direction = direction,
	};
	struct counter *counter = bpf_map_lookup_elem(&directions, &direction);

	if (counter)
		add(counter, skb->len);
	counter = bpf_map_lookup_elem(&protocols, &key);
	if (counter) {
		add(counter, skb->len);
	} else {
		struct counter first = { .packets = 1, .bytes = skb->len };

		bpf_map_update_elem(&protocols, &key, &first, BPF_NOEXIST);
	}
	return TC_ACT_OK;
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	return account(skb, INGRESS);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	return account(skb, EGRESS);
}
