// SPDX-License-Identifier: Apache-2.0
//
// A stateless firewall for XDP. Who is blocked comes from three places:
//   - constants below, so that the example does something without any setup;
//   - the map "blocked": single IPv4 addresses, and "blocked_nets": IPv4 networks by longest prefix;
//   - the map "port_rules": destination ports by protocol, allowed or denied.
// It counts packets and bytes per verdict and protocol, and keeps the flows it let through.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define IP4(a, b, c, d) bpf_htonl((a) << 24 | (b) << 16 | (c) << 8 | (d))
#define MAX_VLANS 2
#define FRAGMENT_OFFSET 0x1fff

struct vlan_header {
	__be16 tci;
	__be16 type;
};

struct hits {
	__u64 hits;
};

struct network {
	__u32 prefix_length;
	__be32 address;
};

enum action { ACTION_ALLOW, ACTION_DENY };

struct port_key {
	__u16 port;
	__u8 protocol;
	__u8 zero;
};

struct port_rule {
	enum action action;
	__u32 reserved;
	__u64 hits;
};

/* Rows of "counters": one for each verdict and protocol. */
enum traffic {
	DROP_ADDRESS,
	DROP_NETWORK,
	DROP_PORT,
	DROP_MALFORMED,
	PASS_TCP,
	PASS_UDP,
	PASS_ICMP,
	PASS_OTHER,
	PASS_NOT_IP,
	TRAFFIC_ROWS,
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct flow {
	__be32 source;
	__be32 destination;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 zero[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __be32);
	__type(value, struct hits);
} blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, struct hits);
} blocked_nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct port_key);
	__type(value, struct port_rule);
} port_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TRAFFIC_ROWS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow);
	__type(value, struct counter);
} flows SEC(".maps");

/* What is blocked without any map entry; a loader may change it before the program is loaded. 0 = unused. */
const volatile __be32 default_blocked[4] = {
	IP4(203, 0, 113, 66),
	IP4(198, 51, 100, 23),
};
/* Telnet and SMB. */
const volatile __u16 default_denied_ports[4] = { 23, 445 };
/* Lines of bpf_printk that one run may write. */
const volatile __u32 log_limit = 5;

__u32 logged;

static __always_inline int count(__u32 row, __u64 bytes, int verdict)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &row);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
	return verdict;
}

static __always_inline void log_blocked(__be32 source)
{
	if (logged >= log_limit)
		return;
	logged++;
	bpf_printk("blocked %pI4", &source);
}

static __always_inline int is_default_blocked(__be32 source)
{
	for (int i = 0; i < 4; i++)
		if (source == default_blocked[i] && source != 0)
			return 1;
	return 0;
}

static __always_inline int is_default_denied(__u16 port)
{
	for (int i = 0; i < 4; i++)
		if (port == default_denied_ports[i] && port != 0)
			return 1;
	return 0;
}

/* A row of "port_rules" decides, the default list only where there is none. */
static __always_inline int port_denied(__u8 protocol, __u16 port)
{
	struct port_key key = { .port = port, .protocol = protocol };
	struct port_rule *rule = bpf_map_lookup_elem(&port_rules, &key);

	if (rule) {
		__sync_fetch_and_add(&rule->hits, 1);
		return rule->action == ACTION_DENY;
	}
	return is_default_denied(port);
}

static __always_inline void count_flow(const struct flow *key, __u64 bytes)
{
	struct counter *flow = bpf_map_lookup_elem(&flows, key);

	if (flow) {
		__sync_fetch_and_add(&flow->packets, 1);
		__sync_fetch_and_add(&flow->bytes, bytes);
	} else {
		struct counter first = { .packets = 1, .bytes = bytes };

		bpf_map_update_elem(&flows, key, &first, BPF_ANY);
	}
}

/* Reads both ports, which TCP and UDP have in the same place. */
static __always_inline int read_ports(void *l4, void *end, struct flow *flow)
{
	struct udphdr *header = l4;

	if (flow->protocol == IPPROTO_TCP && l4 + sizeof(struct tcphdr) > end)
		return -1;
	if ((void *)(header + 1) > end)
		return -1;
	flow->source_port = bpf_ntohs(header->source);
	flow->destination_port = bpf_ntohs(header->dest);
	return 0;
}

static __always_inline int filter_ipv4(struct iphdr *ip, void *end, __u64 bytes)
{
	struct network net = { .prefix_length = 32 };
	struct flow flow = {};
	struct hits *hits;
	__u32 header;

	if ((void *)(ip + 1) > end)
		return count(DROP_MALFORMED, bytes, XDP_DROP);
	header = ip->ihl * 4;
	if (header < sizeof(*ip) || (void *)ip + header > end)
		return count(DROP_MALFORMED, bytes, XDP_DROP);

	hits = bpf_map_lookup_elem(&blocked, &ip->saddr);
	if (hits)
		__sync_fetch_and_add(&hits->hits, 1);
	if (hits || is_default_blocked(ip->saddr)) {
		log_blocked(ip->saddr);
		return count(DROP_ADDRESS, bytes, XDP_DROP);
	}
	net.address = ip->saddr;
	hits = bpf_map_lookup_elem(&blocked_nets, &net);
	if (hits) {
		__sync_fetch_and_add(&hits->hits, 1);
		return count(DROP_NETWORK, bytes, XDP_DROP);
	}

	flow.source = ip->saddr;
	flow.destination = ip->daddr;
	flow.protocol = ip->protocol;
	/* Only the first fragment has ports. */
	if ((ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
	    !(ip->frag_off & bpf_htons(FRAGMENT_OFFSET))) {
		if (read_ports((void *)ip + header, end, &flow) < 0)
			return count(DROP_MALFORMED, bytes, XDP_DROP);
		if (port_denied(flow.protocol, flow.destination_port))
			return count(DROP_PORT, bytes, XDP_DROP);
	}
	count_flow(&flow, bytes);
	switch (ip->protocol) {
	case IPPROTO_TCP:
		return count(PASS_TCP, bytes, XDP_PASS);
	case IPPROTO_UDP:
		return count(PASS_UDP, bytes, XDP_PASS);
	case IPPROTO_ICMP:
		return count(PASS_ICMP, bytes, XDP_PASS);
	}
	return count(PASS_OTHER, bytes, XDP_PASS);
}

static __always_inline int filter_ipv6(struct ipv6hdr *ip, void *end, __u64 bytes)
{
	struct flow flow = {};

	if ((void *)(ip + 1) > end)
		return count(DROP_MALFORMED, bytes, XDP_DROP);
	flow.protocol = ip->nexthdr;
	switch (ip->nexthdr) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		if (read_ports(ip + 1, end, &flow) < 0)
			return count(DROP_MALFORMED, bytes, XDP_DROP);
		if (port_denied(flow.protocol, flow.destination_port))
			return count(DROP_PORT, bytes, XDP_DROP);
		return count(ip->nexthdr == IPPROTO_TCP ? PASS_TCP : PASS_UDP, bytes, XDP_PASS);
	case IPPROTO_ICMPV6:
		return count(PASS_ICMP, bytes, XDP_PASS);
	}
	return count(PASS_OTHER, bytes, XDP_PASS);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 bytes = end - data;
	struct ethhdr *eth = data;
	void *next = eth + 1;
	__be16 type;

	if (next > end)
		return count(DROP_MALFORMED, bytes, XDP_DROP);
	type = eth->h_proto;
	for (int i = 0; i < MAX_VLANS; i++) {
		struct vlan_header *vlan = next;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > end)
			return count(DROP_MALFORMED, bytes, XDP_DROP);
		type = vlan->type;
		next = vlan + 1;
	}
	switch (type) {
	case bpf_htons(ETH_P_IP):
		return filter_ipv4(next, end, bytes);
	case bpf_htons(ETH_P_IPV6):
		return filter_ipv6(next, end, bytes);
	}
	return count(PASS_NOT_IP, bytes, XDP_PASS);
}
