/* Special fields of values by BTF: which helper finds which, where they may be. */
#include "kernel-types.h"

struct many {
	__u64 plain;
	struct bpf_timer timer;
	struct bpf_spin_lock lock;
	struct bpf_wq work;
	struct task_struct __kptr *task;
};
struct deep {
	int before;
	struct {
		struct bpf_timer timer;
		int after;
	} inner[2];
};
MAP(table, BPF_MAP_TYPE_HASH, int, struct many, 4);
MAP(plain, BPF_MAP_TYPE_HASH, int, __u64[8], 4);

static struct many *many(void)
{
	int key = 0;
	return bpf_map_lookup_elem(&table, &key);
}

SEC("tc") int between_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	if (m)
		m->plain = 1;
	return 0;
}
SEC("tc") int between_bad(struct __sk_buff *skb)
{
	struct many *m = many();
	if (m)
		*(volatile __u64 *)&m->work = 1;
	return 0;
}
SEC("tc") int timer_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	return m ? bpf_timer_init(&m->timer, &table, 0) == 0 : 0;
}
SEC("tc") int timer_bad(struct __sk_buff *skb)
{
	int key = 0;
	void *v = bpf_map_lookup_elem(&plain, &key);
	return v ? bpf_timer_init(v, &plain, 0) == 0 : 0;
}
SEC("tc") int lock_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	if (!m)
		return 0;
	bpf_spin_lock(&m->lock);
	m->plain = 1;
	bpf_spin_unlock(&m->lock);
	return 0;
}
SEC("tc") int lock_bad(struct __sk_buff *skb)
{
	int key = 0;
	void *v = bpf_map_lookup_elem(&plain, &key);
	if (!v)
		return 0;
	bpf_spin_lock(v);
	bpf_spin_unlock(v);
	return 0;
}
SEC("tc") int varying_ok(struct __sk_buff *skb)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&plain, &key);
	if (v)
		v[skb->len & 63] = 1;
	return 0;
}
SEC("tc") int varying_bad(struct __sk_buff *skb)
{
	char *v = (char *)many();
	if (v)
		v[skb->len & 15] = 1;
	return 0;
}
SEC("syscall") int work_ok(void *ctx)
{
	struct many *m = many();
	return m ? bpf_wq_init(&m->work, &table, 0) == 0 : 0;
}
SEC("syscall") int work_bad(void *ctx)
{
	struct many *m = many();
	return m ? bpf_wq_init((void *)&m->timer, &table, 0) == 0 : 0;
}
SEC("tc") int helper_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	return m ? bpf_skb_load_bytes(skb, 0, &m->plain, 8) == 0 : 0;
}
SEC("tc") int helper_bad(struct __sk_buff *skb)
{
	struct many *m = many();
	return m ? bpf_skb_load_bytes(skb, 0, &m->plain, 9) == 0 : 0;
}
SEC("tc") int atomic_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	if (m)
		__sync_fetch_and_add(&m->plain, 1);
	return 0;
}
SEC("tc") int atomic_bad(struct __sk_buff *skb)
{
	struct many *m = many();
	if (m)
		__sync_fetch_and_add((__u64 *)&m->task, 1);
	return 0;
}
SEC("tc") int pointer_ok(struct __sk_buff *skb)
{
	struct many *m = many();
	struct task_struct *task = m ? m->task : NULL;
	return task ? task->pid == 1 : 0;
}
SEC("tc") int pointer_bad(struct __sk_buff *skb)
{
	struct many *m = many();
	struct task_struct *task = m ? m->task : NULL;
	return task->pid == 1;
}
/* Updating an element does not need its special fields to be right. */
SEC("tc") int update_ok(struct __sk_buff *skb)
{
	struct many m = {};
	int key = 1;
	return bpf_map_update_elem(&table, &key, &m, 0) == 0;
}
SEC("tc") int update_bad(struct __sk_buff *skb)
{
	__u64 m[4] = {};
	int key = 1;
	asm volatile("" ::"r"(m) : "memory");
	return bpf_map_update_elem(&table, &key, (void *)m + 24, 0) == 0;
}
