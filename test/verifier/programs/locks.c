/* Spin locks, resilient spin locks, and sections of RCU, preemption and interrupts. */
#include "kernel-types.h"

struct guarded {
	struct bpf_spin_lock lock;
	int count;
};
struct resilient {
	struct bpf_res_spin_lock lock;
	int count;
};
MAP(table, BPF_MAP_TYPE_ARRAY, int, struct guarded, 2);
MAP(tough, BPF_MAP_TYPE_ARRAY, int, struct resilient, 2);
MAP(plain, BPF_MAP_TYPE_ARRAY, int, __u64, 2);

static struct guarded *guarded(int key)
{
	return bpf_map_lookup_elem(&table, &key);
}
static struct resilient *resilient(int key)
{
	return bpf_map_lookup_elem(&tough, &key);
}

SEC("tc") int unlock_ok(void *ctx)
{
	struct guarded *g = guarded(0);
	if (!g)
		return 0;
	bpf_spin_lock(&g->lock);
	g->count++;
	bpf_spin_unlock(&g->lock);
	return 0;
}
SEC("tc") int unlock_bad(void *ctx)
{
	struct guarded *g = guarded(0);
	if (!g)
		return 0;
	bpf_spin_lock(&g->lock);
	g->count++;
	return 0;
}
SEC("tc") int other_ok(void *ctx)
{
	struct guarded *a = guarded(0), *b = guarded(1);
	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	bpf_spin_lock(&b->lock);
	bpf_spin_unlock(&b->lock);
	return 0;
}
SEC("tc") int other_bad(void *ctx)
{
	struct guarded *a = guarded(0), *b = guarded(1);
	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&b->lock);
	return 0;
}
SEC("tc") int nested_ok(void *ctx)
{
	struct guarded *a = guarded(0);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	return 0;
}
SEC("tc") int nested_bad(void *ctx)
{
	struct guarded *a = guarded(0);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	bpf_spin_unlock(&a->lock);
	return 0;
}
/* No helper is called with the lock held. */
SEC("tc") int calls_ok(void *ctx)
{
	struct guarded *a = guarded(0);
	if (!a)
		return 0;
	int x = bpf_get_prandom_u32();
	bpf_spin_lock(&a->lock);
	a->count = x;
	bpf_spin_unlock(&a->lock);
	return 0;
}
SEC("tc") int calls_bad(void *ctx)
{
	struct guarded *a = guarded(0);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	a->count = bpf_get_prandom_u32();
	bpf_spin_unlock(&a->lock);
	return 0;
}
SEC("tc") int touched_ok(void *ctx)
{
	struct guarded *a = guarded(0);
	if (a)
		a->count = 1;
	return 0;
}
SEC("tc") int touched_bad(void *ctx)
{
	struct guarded *a = guarded(0);
	if (a)
		*(volatile int *)&a->lock = 1;
	return 0;
}
SEC("tc") int place_ok(void *ctx)
{
	struct guarded *a = guarded(1);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	return 0;
}
SEC("tc") int place_bad(void *ctx)
{
	struct guarded *a = guarded(1);
	if (!a)
		return 0;
	bpf_spin_lock((void *)&a->count);
	bpf_spin_unlock((void *)&a->count);
	return 0;
}
SEC("tc") int program_ok(void *ctx)
{
	struct guarded *a = guarded(1);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	return 0;
}
SEC("tracepoint/sched/sched_switch") int program_bad(void *ctx)
{
	struct guarded *a = guarded(1);
	if (!a)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&a->lock);
	return 0;
}
/* A resilient lock may fail, and then must not be given back. */
SEC("tc") int resilient_ok(void *ctx)
{
	struct resilient *r = resilient(0);
	if (!r || bpf_res_spin_lock(&r->lock))
		return 0;
	r->count++;
	bpf_res_spin_unlock(&r->lock);
	return 0;
}
SEC("tc") int resilient_bad(void *ctx)
{
	struct resilient *r = resilient(0);
	if (!r)
		return 0;
	bpf_res_spin_lock(&r->lock);
	r->count++;
	bpf_res_spin_unlock(&r->lock);
	return 0;
}
SEC("tc") int order_ok(void *ctx)
{
	struct resilient *a = resilient(0), *b = resilient(1);
	if (!a || !b || bpf_res_spin_lock(&a->lock))
		return 0;
	if (!bpf_res_spin_lock(&b->lock))
		bpf_res_spin_unlock(&b->lock);
	bpf_res_spin_unlock(&a->lock);
	return 0;
}
SEC("tc") int order_bad(void *ctx)
{
	struct resilient *a = resilient(0), *b = resilient(1);
	if (!a || !b || bpf_res_spin_lock(&a->lock))
		return 0;
	if (bpf_res_spin_lock(&b->lock)) {
		bpf_res_spin_unlock(&a->lock);
		return 0;
	}
	bpf_res_spin_unlock(&a->lock);
	bpf_res_spin_unlock(&b->lock);
	return 0;
}
SEC("tc") int resilient_irq_ok(void *ctx)
{
	struct resilient *r = resilient(0);
	unsigned long flags;
	if (!r || bpf_res_spin_lock_irqsave(&r->lock, &flags))
		return 0;
	bpf_res_spin_unlock_irqrestore(&r->lock, &flags);
	return 0;
}
SEC("tc") int resilient_irq_bad(void *ctx)
{
	struct resilient *r = resilient(0);
	unsigned long flags;
	if (!r || bpf_res_spin_lock_irqsave(&r->lock, &flags))
		return 0;
	bpf_local_irq_restore(&flags);
	return 0;
}
/* RCU. */
SEC("syscall") int rcu_ok(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
SEC("syscall") int rcu_bad(void *ctx)
{
	bpf_rcu_read_lock();
	return 0;
}
SEC("syscall") int rcu_sleep_ok(void *ctx)
{
	char byte;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	bpf_copy_from_user(&byte, 1, NULL);
	return 0;
}
SEC("syscall") int rcu_sleep_bad(void *ctx)
{
	char byte;
	bpf_rcu_read_lock();
	bpf_copy_from_user(&byte, 1, NULL);
	bpf_rcu_read_unlock();
	return 0;
}
SEC("syscall") int rcu_unlock_ok(void *ctx)
{
	if (bpf_get_prandom_u32() > 5) {
		bpf_rcu_read_lock();
		bpf_rcu_read_unlock();
	}
	return 0;
}
SEC("syscall") int rcu_unlock_bad(void *ctx)
{
	if (bpf_get_prandom_u32() > 5)
		bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
/* Preemption counts. */
SEC("tc") int preempt_ok(void *ctx)
{
	bpf_preempt_disable();
	bpf_preempt_disable();
	bpf_preempt_enable();
	bpf_preempt_enable();
	return 0;
}
SEC("tc") int preempt_bad(void *ctx)
{
	bpf_preempt_disable();
	bpf_preempt_disable();
	bpf_preempt_enable();
	return 0;
}
SEC("syscall") int preempt_sleep_ok(void *ctx)
{
	char byte;
	bpf_preempt_disable();
	bpf_preempt_enable();
	bpf_copy_from_user(&byte, 1, NULL);
	return 0;
}
SEC("syscall") int preempt_sleep_bad(void *ctx)
{
	char byte;
	bpf_preempt_disable();
	bpf_copy_from_user(&byte, 1, NULL);
	bpf_preempt_enable();
	return 0;
}
/* Interrupts: the flags go back to where they came from, last first. */
SEC("tc") int irq_ok(void *ctx)
{
	unsigned long a, b;
	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&b);
	bpf_local_irq_restore(&a);
	return 0;
}
SEC("tc") int irq_bad(void *ctx)
{
	unsigned long a, b;
	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&a);
	bpf_local_irq_restore(&b);
	return 0;
}
SEC("tc") int irq_flags_ok(void *ctx)
{
	unsigned long a;
	bpf_local_irq_save(&a);
	bpf_local_irq_restore(&a);
	return 0;
}
SEC("tc") int irq_flags_bad(void *ctx)
{
	unsigned long a = 0;
	bpf_local_irq_restore(&a);
	return 0;
}
SEC("tc") int irq_leak_ok(void *ctx)
{
	unsigned long a;
	bpf_local_irq_save(&a);
	int x = bpf_get_smp_processor_id();
	bpf_local_irq_restore(&a);
	return x == 1;
}
SEC("tc") int irq_leak_bad(void *ctx)
{
	unsigned long a;
	bpf_local_irq_save(&a);
	return bpf_get_smp_processor_id() == 1;
}
