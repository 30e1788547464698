/* Arguments of helpers, kind by kind, and which program may call what. */
#include "kernel-types.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);
MAP(table, BPF_MAP_TYPE_HASH, int, char[64], 4);
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, int);
	__type(value, char[64]);
} fixed SEC(".maps");
const char format[] = "%d\n";
char not_constant[] = "%d\n";

/* Memory with a size. */
SEC("tc") int size_ok(struct __sk_buff *skb)
{
	char buffer[16];
	return bpf_skb_load_bytes(skb, 0, buffer, 16) == 0;
}
SEC("tc") __naked int size_bad(void)
{
	ASM("r2 = 0; r3 = r10; r3 += -16; r4 = 17; call %[load]; r0 = 0; exit;", [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") int zero_ok(struct __sk_buff *skb)
{
	__be32 word = 0;
	return bpf_csum_diff(NULL, 0, &word, 4, 0) & 0;
}
SEC("tc") __naked int zero_bad(void)
{
	ASM("r2 = 0; r3 = r10; r3 += -16; r4 = 0; call %[load]; r0 = 0; exit;", [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") __naked int varying_ok(void)
{
	ASM("r6 = r1; r4 = *(u32 *)(r1 + 0); if r4 > 16 goto 1f; if r4 == 0 goto 1f; r2 = 0; r3 = r10; r3 += -16; call %[load]; 1: r0 = 0; exit;",
	    [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") __naked int varying_bad(void)
{
	ASM("r6 = r1; r4 = *(u32 *)(r1 + 0); if r4 > 16 goto 1f; r2 = 0; r3 = r10; r3 += -16; call %[load]; 1: r0 = 0; exit;",
	    [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") __naked int negative_ok(void)
{
	ASM("r4 = *(u32 *)(r1 + 0); if r4 s> 16 goto 1f; if r4 s<= 0 goto 1f; r2 = 0; r3 = r10; r3 += -16; call %[load]; 1: r0 = 0; exit;",
	    [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") __naked int negative_bad(void)
{
	ASM("r6 = r1; call %[ktime]; r4 = r0; r1 = r6; if r4 s> 16 goto 1f; r2 = 0; r3 = r10; r3 += -16; call %[load]; 1: r0 = 0; exit;",
	    [load] "i"(BPF_FUNC_skb_load_bytes));
}
SEC("tc") int null_ok(struct __sk_buff *skb)
{
	return bpf_csum_diff(NULL, 0, NULL, 0, 0) & 0;
}
SEC("tc") __naked int null_bad(void)
{
	ASM("r1 = 0; r2 = 4; r3 = 0; r4 = 0; r5 = 0; call %[diff]; r0 = 0; exit;", [diff] "i"(BPF_FUNC_csum_diff));
}
/* Written by the helper, then known to be there. */
SEC("tc") int written_ok(struct __sk_buff *skb)
{
	__u64 out;
	if (bpf_strtoul("12", 2, 0, (unsigned long *)&out) < 0)
		return 0;
	return out == 12;
}
SEC("tc") __naked int written_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 2; r3 = 0; r4 = r10; r4 += -4; call %[strtol]; r0 = 0; exit;");
}
SEC("tc") int write_to_ok(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	return v ? bpf_skb_load_bytes(skb, 0, v, 64) == 0 : 0;
}
SEC("tc") int write_to_bad(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&fixed, &key);
	return v ? bpf_skb_load_bytes(skb, 0, v, 64) == 0 : 0;
}
/* Constant strings. */
SEC("tc") int string_ok(struct __sk_buff *skb)
{
	return bpf_strncmp("abc", 3, format) == 0;
}
SEC("tc") int string_bad(struct __sk_buff *skb)
{
	return bpf_strncmp("abc", 3, not_constant) == 0;
}
SEC("tc") int format_ok(struct __sk_buff *skb)
{
	char out[32];
	__u64 args[] = { skb->len };
	return bpf_snprintf(out, sizeof out, format, args, sizeof args) > 0;
}
SEC("tc") int format_bad(struct __sk_buff *skb)
{
	char out[32];
	__u64 args[] = { skb->len };
	static const char wrong[] = "%Q\n";
	return bpf_snprintf(out, sizeof out, wrong, args, sizeof args) > 0;
}
/* Anything, and nothing that was not written. */
SEC("tc") __naked int anything_ok(void)
{
	ASM("r2 = 7; r3 = 0; call %[tail]; r0 = 0; exit;", [tail] "i"(BPF_FUNC_skb_change_tail));
}
SEC("tc") __naked int anything_bad(void)
{
	ASM("r2 = 7; call %[tail]; r0 = 0; exit;", [tail] "i"(BPF_FUNC_skb_change_tail));
}
/* Constants. */
SEC("tc") int constant_ok(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_data(&p, 0, 8) != NULL;
}
SEC("tc") int constant_bad(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_data(&p, 0, skb->len) != NULL;
}
/* Which helper a type has. */
SEC("xdp") int allowed_ok(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 0) ? XDP_DROP : XDP_PASS;
}
SEC("tc") int allowed_bad(struct __sk_buff *skb)
{
	return bpf_xdp_adjust_head((void *)skb, 0) ? 1 : 0;
}
SEC("kprobe") int tracing_ok(void *ctx)
{
	char byte;
	return bpf_probe_read_kernel(&byte, 1, NULL) == 0;
}
SEC("socket") int tracing_bad(struct __sk_buff *skb)
{
	return bpf_skb_change_tail(skb, 10, 0) == 0;
}
/* Attach types matter too. */
SEC("cgroup/bind4") int attach_ok(struct bpf_sock_addr *ctx)
{
	return bpf_setsockopt(ctx, 1, 2, &(int){ 1 }, 4) == 0;
}
SEC("cgroup/bind4") int attach_bad(struct bpf_sock_addr *ctx)
{
	struct sockaddr {
		char bytes[16];
	} a = {};
	return bpf_bind(ctx, (void *)&a, 16) == 0;
}
/* Sleeping. */
SEC("uprobe.s") int sleeping_ok(void *ctx)
{
	char byte;
	return bpf_copy_from_user(&byte, 1, NULL) == 0;
}
SEC("uprobe") int sleeping_bad(void *ctx)
{
	char byte;
	return bpf_copy_from_user(&byte, 1, NULL) == 0;
}
/* Numbers that are no helpers. */
SEC("tc") __naked int unknown_ok(void)
{
	ASM("call %[ktime]; r0 = 0; exit;");
}
SEC("tc") __naked int unknown_bad(void)
{
	ASM("call 9999; r0 = 0; exit;");
}
/* Ranges of what helpers return. */
SEC("kprobe") int result_ok(void *ctx)
{
	char buffer[64];
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	long n = bpf_get_stack(ctx, buffer, 64, 0);
	if (n < 0 || !v || n == 64)
		return 0;
	return v[n];
}
SEC("kprobe") int result_bad(void *ctx)
{
	char buffer[64];
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	long n = bpf_get_stack(ctx, buffer, 64, 0);
	if (n > 63 || !v)
		return 0;
	return v[n];
}
SEC("tc") int cpu_ok(void *ctx)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	__u32 cpu = bpf_get_smp_processor_id();
	return v && cpu < 64 ? v[cpu] == 1 : 0;
}
SEC("tc") int cpu_bad(void *ctx)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	return v ? v[bpf_get_smp_processor_id() + 64] == 1 : 0;
}
