/* Sockets: what kind a pointer is, what may be read, references that go back. */
#include "fixture.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} socks SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} xsks SEC(".maps");

SEC("tc") int release_ok(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, -1, 0);
	if (!sk)
		return 0;
	int port = sk->src_port;
	bpf_sk_release(sk);
	return port == 80;
}
SEC("tc") int release_bad(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, -1, 0);
	return sk != 0;
}
SEC("tc") int twice_ok(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *a = bpf_sk_lookup_udp(skb, &tuple, sizeof tuple.ipv6, -1, 0);
	struct bpf_sock *b = bpf_sk_lookup_udp(skb, &tuple, sizeof tuple.ipv6, -1, 0);
	if (b)
		bpf_sk_release(b);
	if (a)
		bpf_sk_release(a);
	return 0;
}
SEC("tc") int twice_bad(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *a = bpf_sk_lookup_udp(skb, &tuple, sizeof tuple.ipv6, -1, 0);
	if (a) {
		bpf_sk_release(a);
		bpf_sk_release(a);
	}
	return 0;
}
SEC("tc") int after_ok(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, -1, 0);
	int state = 0;
	if (sk) {
		state = sk->state;
		bpf_sk_release(sk);
	}
	return state == 1;
}
SEC("tc") int after_bad(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, -1, 0);
	if (!sk)
		return 0;
	bpf_sk_release(sk);
	return sk->state == 1;
}
/* sock_common knows less than a full socket. */
SEC("tc") int common_ok(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	return sk ? sk->protocol == 6 : 0;
}
SEC("tc") int common_bad(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	return sk->protocol == 6;
}
SEC("tc") int null_ok(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	return sk ? sk->family == 2 : 0;
}
SEC("tc") __naked int null_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); r0 = *(u32 *)(r1 + 4); r0 = 0; exit;");
}
SEC("tc") int tcp_ok(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_tcp_sock *tp = sk ? bpf_tcp_sock(sk) : 0;
	return tp ? tp->snd_cwnd > 10 : 0;
}
SEC("tc") int tcp_bad(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_tcp_sock *tp = sk ? bpf_tcp_sock(sk) : 0;
	if (!tp)
		return 0;
	tp->snd_cwnd = 10;
	return 0;
}
SEC("tc") __naked int tcp_end_ok(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call %[tcp]; if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 80); 1: r0 = 0; exit;", [tcp] "i"(BPF_FUNC_tcp_sock));
}
SEC("tc") __naked int tcp_end_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call %[tcp]; if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 116); 1: r0 = 0; exit;", [tcp] "i"(BPF_FUNC_tcp_sock));
}
SEC("tc") __naked int field_ok(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call %[full]; if r0 == 0 goto 1f; r1 = *(u16 *)(r0 + 48); r1 = *(u8 *)(r0 + 24); 1: r0 = 0; exit;", [full] "i"(BPF_FUNC_sk_fullsock));
}
SEC("tc") __naked int field_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call %[full]; if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 24); 1: r0 = 0; exit;", [full] "i"(BPF_FUNC_sk_fullsock));
}
SEC("tc") __naked int moved_ok(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; r2 = *(u32 *)(r1 + 4); 1: r0 = 0; exit;");
}
SEC("tc") __naked int moved_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; r1 += 4; r2 = *(u32 *)(r1 + 0); 1: r0 = 0; exit;");
}
SEC("tc") int storage_ok(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	__u64 *v = bpf_sk_storage_get(&storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return v ? *v & 1 : 0;
}
SEC("tc") int storage_bad(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u64 *v = bpf_sk_storage_get(&storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return v ? *v & 1 : 0;
}
SEC("tc") int listener_ok(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_get_listener_sock(sk);
	return sk ? sk->src_port : 0;
}
SEC("tc") int listener_bad(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_get_listener_sock(sk);
	if (sk)
		bpf_sk_release(sk);
	return 0;
}
SEC("sk_lookup") int assign_ok(struct bpf_sk_lookup *ctx)
{
	int key = 0;
	struct bpf_sock *sk = bpf_map_lookup_elem(&socks, &key);
	if (!sk)
		return SK_PASS;
	bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return SK_PASS;
}
SEC("sk_lookup") int assign_bad(struct bpf_sk_lookup *ctx)
{
	int key = 0;
	struct bpf_sock *sk = bpf_map_lookup_elem(&socks, &key);
	if (!sk)
		return SK_PASS;
	bpf_sk_assign(ctx, sk, 0);
	return SK_PASS;
}
SEC("xdp") int xsk_ok(struct xdp_md *ctx)
{
	int key = 0;
	struct bpf_xdp_sock *xs = bpf_map_lookup_elem(&xsks, &key);
	return xs && xs->queue_id == 1 ? XDP_PASS : XDP_DROP;
}
SEC("xdp") int xsk_bad(struct xdp_md *ctx)
{
	int key = 0;
	struct bpf_xdp_sock *xs = bpf_map_lookup_elem(&xsks, &key);
	if (xs)
		xs->queue_id = 1;
	return XDP_PASS;
}
SEC("sockops") int ops_ok(struct bpf_sock_ops *ctx)
{
	int key = 0;
	struct bpf_sock *sk = ctx->sk;
	if (sk)
		bpf_sk_storage_delete(&storage, sk);
	bpf_sock_map_update(ctx, &socks, &key, 0);
	return 1;
}
SEC("sockops") int ops_bad(struct bpf_sock_ops *ctx)
{
	int key = 0;
	bpf_sock_map_update(ctx, &storage, &key, 0);
	return 1;
}
