/* Functions that helpers call back: bpf_loop, for_each, find_vma, timers, work queues, user ring buffers; exceptions. */
#include "kernel-types.h"

struct element {
	struct bpf_timer timer;
	struct bpf_wq work;
	int count;
};
MAP(values, BPF_MAP_TYPE_ARRAY, int, int[16], 4);
MAP(table, BPF_MAP_TYPE_HASH, int, __u64, 4);
MAP(elements, BPF_MAP_TYPE_ARRAY, int, struct element, 1);
MAP(others, BPF_MAP_TYPE_ARRAY, int, struct element, 1);
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} users SEC(".maps");

struct state {
	int sum, at;
};

static int adds(__u32 i, struct state *s)
{
	s->sum += i;
	return 0;
}
static int reads_far(__u32 i, struct state *s)
{
	return ((volatile int *)s)[200];
}
SEC("tc") int loop_ok(void *ctx)
{
	struct state s = {};
	bpf_loop(10, adds, &s, 0);
	return s.sum & 0;
}
SEC("tc") int loop_bad(void *ctx)
{
	struct state s = {};
	bpf_loop(10, reads_far, &s, 0);
	return s.sum & 0;
}
static int stops(__u32 i, void *none)
{
	return i > 5;
}
static int returns_many(__u32 i, void *none)
{
	return i;
}
SEC("tc") int result_ok(void *ctx)
{
	return bpf_loop(10, stops, NULL, 0) & 0;
}
SEC("tc") int result_bad(void *ctx)
{
	return bpf_loop(10, returns_many, NULL, 0) & 0;
}
/* What the callback changes is not known after the loop. */
static int next_at(__u32 i, struct state *s)
{
	s->at++;
	return 0;
}
SEC("tc") int changed_ok(void *ctx)
{
	struct state s = {};
	int key = 0, *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	bpf_loop(3, next_at, &s, 0);
	__u32 at = s.at;
	return at < 16 ? v[at] == 1 : 0;
}
SEC("tc") int changed_bad(void *ctx)
{
	struct state s = {};
	int key = 0, *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	bpf_loop(3, next_at, &s, 0);
	__u32 at = s.at;
	return v[at] == 1;
}
/* An index inside the callback. */
struct pointer {
	int *v;
};
static int index_checked(__u32 i, struct pointer *p)
{
	if (i < 16)
		p->v[i] = 1;
	return 0;
}
static int index_unchecked(__u32 i, struct pointer *p)
{
	p->v[i] = 1;
	return 0;
}
SEC("tc") int index_ok(void *ctx)
{
	int key = 0;
	struct pointer p = { bpf_map_lookup_elem(&values, &key) };
	if (!p.v)
		return 0;
	bpf_loop(16, index_checked, &p, 0);
	return 0;
}
SEC("tc") int index_bad(void *ctx)
{
	int key = 0;
	struct pointer p = { bpf_map_lookup_elem(&values, &key) };
	if (!p.v)
		return 0;
	bpf_loop(16, index_unchecked, &p, 0);
	return 0;
}
static int outer_loop(__u32 i, struct state *s)
{
	bpf_loop(5, adds, s, 0);
	return 0;
}
static int leaks(__u32 i, void *none)
{
	return bpf_task_from_pid(1) != 0;
}
SEC("syscall") int nested_ok(void *ctx)
{
	struct state s = {};
	bpf_loop(5, outer_loop, &s, 0);
	return 0;
}
SEC("syscall") int nested_bad(void *ctx)
{
	bpf_loop(5, leaks, NULL, 0);
	return 0;
}
SEC("tc") int context_ok(void *ctx)
{
	bpf_loop(5, stops, NULL, 0);
	return 0;
}
SEC("tc") int context_bad(void *ctx)
{
	bpf_loop(5, (void *)5, NULL, 0);
	return 0;
}
/* Elements of maps. */
static long each(struct bpf_map *map, int *key, __u64 *value, struct state *s)
{
	s->sum += *value + *key;
	return 0;
}
static long each_key(struct bpf_map *map, int *key, __u64 *value, struct state *s)
{
	*key = 1;
	return 0;
}
SEC("tc") int each_ok(void *ctx)
{
	struct state s = {};
	bpf_for_each_map_elem(&table, each, &s, 0);
	return s.sum & 0;
}
SEC("tc") int each_bad(void *ctx)
{
	struct state s = {};
	bpf_for_each_map_elem(&table, each_key, &s, 0);
	return s.sum & 0;
}
static long each_end(struct bpf_map *map, int *key, int *value, void *none)
{
	value[15] = 1;
	return 0;
}
static long each_past(struct bpf_map *map, int *key, int *value, void *none)
{
	value[16] = 1;
	return 0;
}
SEC("tc") int each_value_ok(void *ctx)
{
	bpf_for_each_map_elem(&values, each_end, NULL, 0);
	return 0;
}
SEC("tc") int each_value_bad(void *ctx)
{
	bpf_for_each_map_elem(&values, each_past, NULL, 0);
	return 0;
}
/* User ring buffers. */
static long sample(struct bpf_dynptr *p, struct state *s)
{
	int x;
	if (bpf_dynptr_read(&x, sizeof x, p, 0, 0) == 0)
		s->sum += x;
	return 0;
}
static long sample_write(struct bpf_dynptr *p, struct state *s)
{
	*(volatile __u64 *)p = 1;
	return 0;
}
SEC("tc") int drain_ok(void *ctx)
{
	struct state s = {};
	bpf_user_ringbuf_drain(&users, sample, &s, 0);
	return 0;
}
SEC("tc") int drain_bad(void *ctx)
{
	struct state s = {};
	bpf_user_ringbuf_drain(&users, sample_write, &s, 0);
	return 0;
}
/* Timers. */
static int expired(void *map, int *key, struct element *e)
{
	e->count++;
	return 0;
}
static int expired_one(void *map, int *key, struct element *e)
{
	return 1;
}
SEC("tc") int timer_ok(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	if (!e)
		return 0;
	bpf_timer_init(&e->timer, &elements, 0);
	bpf_timer_set_callback(&e->timer, expired);
	bpf_timer_start(&e->timer, 1000, 0);
	return 0;
}
SEC("tc") int timer_bad(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	if (!e)
		return 0;
	bpf_timer_set_callback(&e->timer, expired_one);
	return 0;
}
SEC("tc") int timer_map_ok(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&others, &key);
	return e ? bpf_timer_init(&e->timer, &others, 0) == 0 : 0;
}
SEC("tc") int timer_map_bad(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&others, &key);
	return e ? bpf_timer_init(&e->timer, &elements, 0) == 0 : 0;
}
SEC("tc") int timer_field_ok(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	return e ? bpf_timer_cancel(&e->timer) == 0 : 0;
}
SEC("tc") int timer_field_bad(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	return e ? bpf_timer_cancel((void *)&e->count) == 0 : 0;
}
SEC("tc") int timer_place_ok(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	return e ? e->count == 1 : 0;
}
SEC("tc") int timer_place_bad(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	return e ? *(volatile int *)&e->timer == 1 : 0;
}
/* Work queues: their callbacks may sleep. */
static int works(void *map, int *key, void *value)
{
	char byte;
	bpf_copy_from_user(&byte, 1, NULL);
	return 0;
}
static int timer_sleeps(void *map, int *key, struct element *e)
{
	char byte;
	bpf_copy_from_user(&byte, 1, NULL);
	return 0;
}
SEC("syscall") int work_ok(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	if (!e || bpf_wq_init(&e->work, &elements, 0))
		return 0;
	bpf_wq_set_callback_impl(&e->work, works, 0, NULL);
	bpf_wq_start(&e->work, 0);
	return 0;
}
SEC("syscall") int work_bad(void *ctx)
{
	int key = 0;
	struct element *e = bpf_map_lookup_elem(&elements, &key);
	if (!e)
		return 0;
	bpf_timer_set_callback(&e->timer, timer_sleeps);
	return 0;
}
/* Exceptions: nothing may be held. */
SEC("tc") int throw_ok(struct __sk_buff *skb)
{
	if (skb->len > 100)
		bpf_throw(5);
	return 0;
}
SEC("tc") int throw_bad(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, -1, 0);
	if (!sk)
		return 0;
	if (skb->len > 100)
		bpf_throw(5);
	bpf_sk_release(sk);
	return 0;
}
__sub int throws(struct __sk_buff *skb)
{
	if (skb->len > 100)
		bpf_throw(1);
	return skb->len;
}
SEC("tc") int throw_deep_ok(struct __sk_buff *skb)
{
	int n = throws(skb);
	return n & 0;
}
SEC("tc") int throw_deep_bad(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	int n = throws(skb);
	bpf_rcu_read_unlock();
	return n & 0;
}
__global int caught(__u64 cookie)
{
	return 0;
}
__global int caught_context(__u64 cookie, __u64 more)
{
	return 0;
}
SEC("tc") __attribute__((btf_decl_tag("exception_callback:caught"))) int catch_ok(struct __sk_buff *skb)
{
	if (skb->len > 100)
		bpf_throw(5);
	return 0;
}
SEC("tc") __attribute__((btf_decl_tag("exception_callback:caught_context"))) int catch_bad(struct __sk_buff *skb)
{
	if (skb->len > 100)
		bpf_throw(5);
	return 0;
}
