/* Contexts of programs that cgroups, sockets and streams run. */
#include "fixture.h"

SEC("cgroup/sock_create") int sock_ok(struct bpf_sock *sk)
{
	sk->mark = 5;
	sk->priority = sk->type;
	return sk->family == 2;
}
SEC("cgroup/sock_create") int sock_bad(struct bpf_sock *sk)
{
	return sk->src_ip4 == 0;
}
SEC("cgroup/post_bind4") int post_bind_ok(struct bpf_sock *sk)
{
	return sk->src_ip4 != 0 && sk->src_port != 0;
}
SEC("cgroup/post_bind4") int post_bind_bad(struct bpf_sock *sk)
{
	sk->mark = 1;
	return 1;
}
SEC("cgroup/post_bind6") int post_bind6_ok(struct bpf_sock *sk)
{
	return sk->src_ip6[3] != 0;
}
SEC("cgroup/post_bind4") int post_bind6_bad(struct bpf_sock *sk)
{
	return sk->src_ip6[3] != 0;
}
SEC("cgroup/bind4") int bind_ok(struct bpf_sock_addr *ctx)
{
	ctx->user_ip4 = 0x0100007f;
	ctx->user_port = 80;
	return 1;
}
SEC("cgroup/bind4") int bind_bad(struct bpf_sock_addr *ctx)
{
	ctx->user_ip6[0] = 0;
	return 1;
}
SEC("cgroup/connect6") int connect_ok(struct bpf_sock_addr *ctx)
{
	ctx->user_ip6[0] = ctx->user_ip6[1];
	return ctx->protocol == 6;
}
SEC("cgroup/connect6") int connect_bad(struct bpf_sock_addr *ctx)
{
	ctx->family = 2;
	return 1;
}
SEC("cgroup/sendmsg4") int sendmsg_ok(struct bpf_sock_addr *ctx)
{
	ctx->msg_src_ip4 = 1;
	return 1;
}
SEC("cgroup/connect4") int sendmsg_bad(struct bpf_sock_addr *ctx)
{
	ctx->msg_src_ip4 = 1;
	return 1;
}
SEC("cgroup/connect_unix") int unix_ok(struct bpf_sock_addr *ctx)
{
	return ctx->type == 1;
}
SEC("cgroup/connect_unix") int unix_bad(struct bpf_sock_addr *ctx)
{
	return ctx->user_ip4 == 1;
}
SEC("cgroup/dev") int device_ok(struct bpf_cgroup_dev_ctx *ctx)
{
	return ctx->major == 1 && (ctx->access_type & 0xffff) == 2;
}
SEC("cgroup/dev") int device_bad(struct bpf_cgroup_dev_ctx *ctx)
{
	ctx->major = 1;
	return 1;
}
SEC("cgroup/dev") __naked int device_narrow_ok(void)
{
	ASM("r0 = *(u16 *)(r1 + 0); r0 = 1; exit;");
}
SEC("cgroup/dev") __naked int device_narrow_bad(void)
{
	ASM("r0 = *(u16 *)(r1 + 4); r0 = 1; exit;");
}
SEC("cgroup/sysctl") int sysctl_ok(struct bpf_sysctl *ctx)
{
	ctx->file_pos = 0;
	return ctx->write == 0;
}
SEC("cgroup/sysctl") int sysctl_bad(struct bpf_sysctl *ctx)
{
	ctx->write = 1;
	return 1;
}
SEC("cgroup/sysctl") __naked int sysctl_narrow_ok(void)
{
	ASM("r0 = *(u8 *)(r1 + 0); r0 = 1; exit;");
}
SEC("cgroup/sysctl") __naked int sysctl_narrow_bad(void)
{
	ASM("r2 = 0; *(u64 *)(r1 + 0) = r2; r0 = 1; exit;");
}
/* The option's bytes lie between two pointers. */
SEC("cgroup/getsockopt") int getsockopt_ok(struct bpf_sockopt *ctx)
{
	__u8 *start = ctx->optval, *end = ctx->optval_end;
	if (start + 1 > end)
		return 0;
	start[0] = 1;
	ctx->retval = 0;
	return 1;
}
SEC("cgroup/getsockopt") int getsockopt_bad(struct bpf_sockopt *ctx)
{
	__u8 *start = ctx->optval, *end = ctx->optval_end;
	if (start + 1 > end)
		return 0;
	start[1] = 1;
	return 1;
}
SEC("cgroup/setsockopt") int setsockopt_ok(struct bpf_sockopt *ctx)
{
	ctx->optlen = 4;
	return 1;
}
SEC("cgroup/setsockopt") int setsockopt_bad(struct bpf_sockopt *ctx)
{
	ctx->retval = 0;
	return 1;
}
SEC("sockops") int sock_ops_ok(struct bpf_sock_ops *ctx)
{
	ctx->reply = ctx->op;
	ctx->sk_txhash = 1;
	return ctx->snd_cwnd > 2;
}
SEC("sockops") int sock_ops_bad(struct bpf_sock_ops *ctx)
{
	ctx->op = 1;
	return 1;
}
SEC("sockops") __naked int sock_ops_size_ok(void)
{
	ASM("r0 = *(u64 *)(r1 + 176); r0 = 1; exit;");
}
SEC("sockops") __naked int sock_ops_size_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 172); r0 = 1; exit;");
}
SEC("sk_msg") int msg_ok(struct sk_msg_md *ctx)
{
	__u8 *data = ctx->data, *end = ctx->data_end;
	return data + 4 <= end && data[3] == ctx->size;
}
SEC("sk_msg") int msg_bad(struct sk_msg_md *ctx)
{
	__u8 *data = ctx->data, *end = ctx->data_end;
	return data + 3 <= end && data[3] == ctx->size;
}
SEC("sk_skb/stream_verdict") int stream_ok(struct __sk_buff *skb)
{
	skb->priority = 1;
	return skb->local_port == 80;
}
SEC("sk_skb/stream_verdict") int stream_bad(struct __sk_buff *skb)
{
	return skb->mark;
}
SEC("sk_reuseport") int reuseport_ok(struct sk_reuseport_md *ctx)
{
	__u8 *data = ctx->data;
	return data + 1 <= (__u8 *)ctx->data_end && ctx->ip_protocol == 6 ? SK_PASS : SK_DROP;
}
SEC("sk_reuseport") int reuseport_bad(struct sk_reuseport_md *ctx)
{
	ctx->hash = 1;
	return SK_PASS;
}
SEC("sk_lookup") int lookup_ok(struct bpf_sk_lookup *ctx)
{
	return ctx->local_port == 80 && ctx->remote_ip4 != 0;
}
SEC("sk_lookup") int lookup_bad(struct bpf_sk_lookup *ctx)
{
	ctx->local_port = 1;
	return SK_PASS;
}
SEC("flow_dissector") int dissector_ok(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;
	keys->thoff = 20;
	keys->ip_proto = 6;
	return BPF_OK;
}
SEC("flow_dissector") int dissector_bad(struct __sk_buff *skb)
{
	return skb->len ? BPF_OK : BPF_DROP;
}
SEC("flow_dissector") __naked int flow_keys_ok(void)
{
	ASM("r1 = *(u64 *)(r1 + 144); r2 = *(u32 *)(r1 + 52); r0 = 0; exit;");
}
SEC("flow_dissector") __naked int flow_keys_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 144); r2 = *(u32 *)(r1 + 56); r0 = 0; exit;");
}
SEC("netfilter") __naked int netfilter_ok(void)
{
	ASM("r2 = *(u64 *)(r1 + 0); r3 = *(u64 *)(r1 + 8); r0 = 1; exit;");
}
SEC("netfilter") __naked int netfilter_bad(void)
{
	ASM("r2 = *(u32 *)(r1 + 0); r0 = 1; exit;");
}
