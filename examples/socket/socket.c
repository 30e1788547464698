// SPDX-License-Identifier: Apache-2.0
//
// A socket filter: what it returns is the number of bytes of the packet that the socket gets, 0 for none.
// Counts packets by EtherType and by IP protocol, cuts TCP to its headers and keeps ARP away.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define TCP_SNAP 96

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} ip_protocols SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u16);
	__type(value, __u64);
} ether_types SEC(".maps");

/* Packets too short for their own headers. */
__u64 malformed;

static __always_inline void count_ether_type(__u16 type)
{
	__u64 *count = bpf_map_lookup_elem(&ether_types, &type);
	__u64 one = 1;

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&ether_types, &type, &one, BPF_ANY);
}

static __always_inline int refuse_malformed(void)
{
	__sync_fetch_and_add(&malformed, 1);
	return 0;
}

/* Where the packet starts depends on the socket (a raw packet socket sees the Ethernet header), the network header does not. */
static __always_inline long load_ip_byte(struct __sk_buff *skb, __u32 offset, __u8 *byte)
{
	return bpf_skb_load_bytes_relative(skb, offset, byte, 1, BPF_HDR_START_NET);
}

SEC("socket")
int socket_filter(struct __sk_buff *skb)
{
	__u16 type = bpf_ntohs(skb->protocol);
	__u8 protocol;
	__u32 index;
	__u64 *count;
	long error;

	count_ether_type(type);
	switch (type) {
	case ETH_P_IP:
		error = load_ip_byte(skb, offsetof(struct iphdr, protocol), &protocol);
		break;
	case ETH_P_IPV6:
		error = load_ip_byte(skb, offsetof(struct ipv6hdr, nexthdr), &protocol);
		break;
	case ETH_P_ARP:
		return 0;
	default:
		return skb->len;
	}
	if (error)
		return refuse_malformed();
	index = protocol;
	count = bpf_map_lookup_elem(&ip_protocols, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
	if (protocol == IPPROTO_TCP && skb->len > TCP_SNAP)
		return TCP_SNAP;
	return skb->len;
}
