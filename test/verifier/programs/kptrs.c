/* Pointers to objects kept in map values: exchanged, read under RCU, never copied. */
#include "kernel-types.h"

struct slot {
	struct task_struct __kptr *task;
	struct bpf_cpumask __kptr *mask;
	__u64 plain;
};
MAP(slots, BPF_MAP_TYPE_ARRAY, int, struct slot, 1);
struct weak_slot {
	struct task_struct __attribute__((btf_type_tag("kptr_untrusted"))) *task;
};
MAP(weak, BPF_MAP_TYPE_ARRAY, int, struct weak_slot, 1);
struct percpu_slot {
	struct bpf_cpumask __kptr *mask;
};
MAP(hashed, BPF_MAP_TYPE_HASH, int, struct slot, 4);

static struct slot *slot(void)
{
	int key = 0;
	return bpf_map_lookup_elem(&slots, &key);
}

SEC("syscall") int exchange_ok(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct task_struct *task = bpf_task_from_pid(1);
	if (!task)
		return 0;
	task = bpf_kptr_xchg(&s->task, task);
	if (task)
		bpf_task_release(task);
	return 0;
}
SEC("syscall") int exchange_bad(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct task_struct *task = bpf_task_from_pid(1);
	if (!task)
		return 0;
	bpf_kptr_xchg(&s->task, task);
	return 0;
}
SEC("syscall") int null_ok(void *ctx)
{
	struct slot *s = slot();
	struct task_struct *task;
	if (!s)
		return 0;
	task = bpf_kptr_xchg(&s->task, NULL);
	int pid = 0;
	if (task) {
		pid = task->pid;
		bpf_task_release(task);
	}
	return pid & 0;
}
SEC("syscall") int null_bad(void *ctx)
{
	struct slot *s = slot();
	struct task_struct *task;
	if (!s)
		return 0;
	task = bpf_kptr_xchg(&s->task, NULL);
	bpf_task_release(task);
	return 0;
}
/* The type must be the field's. */
SEC("syscall") int type_ok(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	mask = bpf_kptr_xchg(&s->mask, mask);
	if (mask)
		bpf_cpumask_release(mask);
	return 0;
}
SEC("syscall") int type_bad(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	void *mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	void *old = bpf_kptr_xchg(&s->task, mask);
	if (old)
		bpf_task_release(old);
	return 0;
}
/* The object is gone after it has been put into the map, but for RCU. */
SEC("syscall") int given_ok(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	struct bpf_cpumask *old = bpf_kptr_xchg(&s->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	return 0;
}
SEC("syscall") int given_bad(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	struct bpf_cpumask *old = bpf_kptr_xchg(&s->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	bpf_cpumask_release(mask);
	return 0;
}
/* Loads and stores of the field. */
SEC("tc") int load_ok(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	s->plain = 1;
	struct task_struct *task = s->task;
	return task ? task->pid == 1 : 0;
}
SEC("tc") int load_bad(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	return *(volatile int *)&s->task;
}
SEC("tc") int store_ok(void *ctx)
{
	int key = 0;
	struct weak_slot *s = bpf_map_lookup_elem(&weak, &key);
	if (s)
		s->task = NULL;
	return 0;
}
SEC("tc") int store_bad(void *ctx)
{
	struct slot *s = slot();
	if (s)
		s->task = NULL;
	return 0;
}
SEC("tc") int untrusted_ok(void *ctx)
{
	int key = 0;
	struct weak_slot *s = bpf_map_lookup_elem(&weak, &key);
	struct task_struct *task = s ? s->task : NULL;
	return task ? task->pid == 1 : 0;
}
SEC("tc") int untrusted_bad(void *ctx)
{
	int key = 0;
	struct weak_slot *s = bpf_map_lookup_elem(&weak, &key);
	struct task_struct *task = s ? s->task : NULL;
	if (!task)
		return 0;
	task = bpf_task_acquire(task);
	if (task)
		bpf_task_release(task);
	return 0;
}
SEC("syscall") int protected_ok(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	bpf_rcu_read_lock();
	struct bpf_cpumask *mask = s->mask;
	int has = mask ? bpf_cpumask_test_cpu(0, (const struct cpumask *)mask) : 0;
	bpf_rcu_read_unlock();
	return has;
}
SEC("syscall") int protected_bad(void *ctx)
{
	struct slot *s = slot();
	if (!s)
		return 0;
	struct bpf_cpumask *mask = s->mask;
	int has = mask ? bpf_cpumask_test_cpu(0, (const struct cpumask *)mask) : 0;
	return has;
}
/* The field's address is exact. */
SEC("syscall") int address_ok(void *ctx)
{
	int key = 1;
	struct slot *s = bpf_map_lookup_elem(&hashed, &key);
	if (!s)
		return 0;
	struct bpf_cpumask *mask = bpf_kptr_xchg(&s->mask, NULL);
	if (mask)
		bpf_cpumask_release(mask);
	return 0;
}
SEC("syscall") int address_bad(void *ctx)
{
	int key = 1;
	struct slot *s = bpf_map_lookup_elem(&hashed, &key);
	if (!s)
		return 0;
	struct bpf_cpumask *mask = bpf_kptr_xchg(&s->plain, NULL);
	if (mask)
		bpf_cpumask_release(mask);
	return 0;
}
/* Helpers do not write over it. */
SEC("tc") int helper_ok(struct __sk_buff *skb)
{
	struct slot *s = slot();
	return s ? bpf_skb_load_bytes(skb, 0, &s->plain, 8) == 0 : 0;
}
SEC("tc") int helper_bad(struct __sk_buff *skb)
{
	struct slot *s = slot();
	return s ? bpf_skb_load_bytes(skb, 0, &s->mask, 8) == 0 : 0;
}
