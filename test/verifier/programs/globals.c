/* Global functions: checked alone, by their prototypes and argument tags. */
#include "kernel-types.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);

struct point {
	int x, y;
};

__global int number(int x)
{
	return x * 3;
}
__global int index_unchecked(__u64 i)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	return v ? v[i] : 0;
}
__global int index_checked(__u64 i)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	return v && i < 64 ? v[i] : 0;
}
SEC("tc") int alone_ok(struct __sk_buff *skb)
{
	return index_checked(5) & 0;
}
SEC("tc") int alone_bad(struct __sk_buff *skb)
{
	return index_unchecked(5) & 0;
}
/* What it returns is any number. */
SEC("tc") int result_ok(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	__u32 at = number(2);
	return v && at < 64 ? v[at] == 1 : 0;
}
SEC("tc") int result_bad(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	__u32 at = number(2);
	return v ? v[at] == 1 : 0;
}
/* Memory of a known size may be null inside. */
__global int sums(struct point *p)
{
	return p ? p->x + p->y : 0;
}
__global int sums_unchecked(struct point *p)
{
	return p->x + p->y;
}
SEC("tc") int memory_ok(struct __sk_buff *skb)
{
	struct point p = { 1, 2 };
	return sums(&p) == 3;
}
SEC("tc") int memory_bad(struct __sk_buff *skb)
{
	struct point p = { 1, 2 };
	return sums_unchecked(&p) == 3;
}
__global int sums_nonnull(struct point *p __nonnull_arg)
{
	return p->x + p->y;
}
SEC("tc") int nonnull_ok(struct __sk_buff *skb)
{
	struct point p = { 1, 2 };
	return sums_nonnull(&p) == 3;
}
SEC("tc") int nonnull_bad(struct __sk_buff *skb)
{
	return sums_nonnull((void *)(long)skb->len) == 3;
}
SEC("tc") int null_ok(struct __sk_buff *skb)
{
	return sums(NULL) == 3;
}
SEC("tc") int null_bad(struct __sk_buff *skb)
{
	int key = skb->len;
	return sums_nonnull(bpf_map_lookup_elem(&values, &key)) == 3;
}
SEC("tc") int size_ok(struct __sk_buff *skb)
{
	char bytes[8] __attribute__((aligned(8))) = {};
	return sums((void *)bytes) == 3;
}
SEC("tc") int size_bad(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	return v ? sums((void *)(v + 60)) == 3 : 0;
}
/* Contexts. */
__global int length(struct __sk_buff *skb)
{
	return skb->len;
}
SEC("tc") int context_ok(struct __sk_buff *skb)
{
	return length(skb) > 100;
}
SEC("tc") int context_bad(struct __sk_buff *skb)
{
	struct __sk_buff copy = {};
	return length(&copy) > 100;
}
__global int tagged(void *ctx __ctx_arg)
{
	return ((struct __sk_buff *)ctx)->len;
}
SEC("tc") int context_tag_ok(struct __sk_buff *skb)
{
	return tagged(skb) > 100;
}
SEC("tc") int context_tag_bad(struct __sk_buff *skb)
{
	return tagged((void *)skb + 4) > 100;
}
/* A type that it cannot take. */
__global int unknown_pointer(void *p)
{
	return 1;
}
__global int returns_pointer_kind(char *c)
{
	return c ? *c : 0;
}
SEC("tc") int type_ok(struct __sk_buff *skb)
{
	char c = 1;
	return returns_pointer_kind(&c) == 1;
}
SEC("tc") int type_bad(struct __sk_buff *skb)
{
	int x = 1, *p = &x;
	barrier_var(p);
	return unknown_pointer(&p) == 1;
}
__global int *gives_pointer(int x)
{
	return NULL;
}
__global void gives_nothing(int x)
{
	barrier_var(x);
}
SEC("tc") int void_ok(struct __sk_buff *skb)
{
	return number(skb->len) == 3;
}
SEC("tc") int void_bad(struct __sk_buff *skb)
{
	int *p = gives_pointer(skb->len);
	return p == 0;
}
/* Tasks by tag. */
__global int pid_of(struct task_struct *task __trusted_arg)
{
	return task->pid;
}
__global int pid_maybe(struct task_struct *task __trusted_arg __nullable_arg)
{
	return task ? task->pid : 0;
}
SEC("tp_btf/task_newtask") int trusted_ok(__u64 *ctx)
{
	return pid_of((void *)ctx[0]) == 1;
}
SEC("tp_btf/task_newtask") int trusted_bad(__u64 *ctx)
{
	struct task_struct *task = bpf_rdonly_cast((void *)ctx[0], bpf_core_type_id_kernel(struct task_struct));
	return pid_of(task) == 1;
}
SEC("tp_btf/task_newtask") int nullable_ok(__u64 *ctx)
{
	return pid_maybe(NULL) == 1;
}
SEC("tp_btf/task_newtask") int nullable_bad(__u64 *ctx)
{
	return pid_of(NULL) == 1;
}
/* The arguments are numbers where numbers are asked for. */
SEC("tc") int pointer_as_number_ok(struct __sk_buff *skb)
{
	return number(skb->len) & 0;
}
SEC("tc") int pointer_as_number_bad(struct __sk_buff *skb)
{
	asm volatile("r1 = r10; call number; r0 = 0" ::: "r0", "r1", "r2", "r3", "r4", "r5");
	return 0;
}
/* Locks stay outside. */
struct guarded {
	struct bpf_spin_lock lock;
	int count;
};
MAP(table, BPF_MAP_TYPE_ARRAY, int, struct guarded, 1);
__sub int static_number(int x)
{
	barrier_var(x);
	return x + 1;
}
SEC("tc") int locked_ok(struct __sk_buff *skb)
{
	int key = 0;
	struct guarded *g = bpf_map_lookup_elem(&table, &key);
	if (!g)
		return 0;
	bpf_spin_lock(&g->lock);
	g->count = static_number(3);
	bpf_spin_unlock(&g->lock);
	return 0;
}
SEC("tc") int locked_bad(struct __sk_buff *skb)
{
	int key = 0;
	struct guarded *g = bpf_map_lookup_elem(&table, &key);
	if (!g)
		return 0;
	bpf_spin_lock(&g->lock);
	g->count = number(3);
	bpf_spin_unlock(&g->lock);
	return 0;
}
