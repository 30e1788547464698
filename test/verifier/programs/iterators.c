/* Iterators: made, asked until there is no more, destroyed; loops over them converge. */
#include "kernel-types.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, int[16], 1);

SEC("tc") int numbers_ok(void *ctx)
{
	struct bpf_iter_num it;
	int *i, sum = 0;
	bpf_iter_num_new(&it, 0, 10);
	while ((i = bpf_iter_num_next(&it)))
		sum += *i;
	bpf_iter_num_destroy(&it);
	return sum & 0;
}
SEC("tc") int numbers_bad(void *ctx)
{
	struct bpf_iter_num it;
	int *i, sum = 0;
	bpf_iter_num_new(&it, 0, 10);
	while ((i = bpf_iter_num_next(&it)))
		sum += *i;
	return sum & 0;
}
SEC("tc") int new_ok(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 5, 1);
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int new_bad(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int once_ok(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int once_bad(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int null_ok(void *ctx)
{
	struct bpf_iter_num it;
	int *i, x = 0;
	bpf_iter_num_new(&it, 0, 3);
	i = bpf_iter_num_next(&it);
	if (i)
		x = *i;
	bpf_iter_num_destroy(&it);
	return x & 0;
}
SEC("tc") int null_bad(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 3);
	int x = *(volatile int *)bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return x & 0;
}
/* A number is not bounded by its iterator; it must be compared. */
SEC("tc") int index_ok(void *ctx)
{
	struct bpf_iter_num it;
	int key = 0, *i, *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	bpf_iter_num_new(&it, 0, 16);
	while ((i = bpf_iter_num_next(&it))) {
		__u32 at = *i;
		if (at < 16)
			v[at] = at;
	}
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int index_bad(void *ctx)
{
	struct bpf_iter_num it;
	int key = 0, *i, *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	bpf_iter_num_new(&it, 0, 16);
	while ((i = bpf_iter_num_next(&it)))
		v[*i] = 1;
	bpf_iter_num_destroy(&it);
	return 0;
}
/* What changes in the loop is any number after it. */
SEC("tc") int widened_ok(void *ctx)
{
	struct bpf_iter_num it;
	int key = 0, *v = bpf_map_lookup_elem(&values, &key);
	__u32 n = 0;
	if (!v)
		return 0;
	bpf_iter_num_new(&it, 0, 16);
	while (bpf_iter_num_next(&it))
		n++;
	bpf_iter_num_destroy(&it);
	return n < 16 ? v[n] & 0 : 0;
}
SEC("tc") int widened_bad(void *ctx)
{
	struct bpf_iter_num it;
	int key = 0, *v = bpf_map_lookup_elem(&values, &key);
	__u32 n = 0;
	if (!v)
		return 0;
	bpf_iter_num_new(&it, 0, 16);
	while (bpf_iter_num_next(&it))
		n++;
	bpf_iter_num_destroy(&it);
	return v[n] == 1;
}
SEC("tc") int nested_ok(void *ctx)
{
	struct bpf_iter_num a, b;
	int sum = 0, *i, *j;
	bpf_iter_num_new(&a, 0, 10);
	while ((i = bpf_iter_num_next(&a))) {
		bpf_iter_num_new(&b, 0, *i);
		while ((j = bpf_iter_num_next(&b)))
			sum += *j;
		bpf_iter_num_destroy(&b);
	}
	bpf_iter_num_destroy(&a);
	return sum & 0;
}
SEC("tc") int nested_bad(void *ctx)
{
	struct bpf_iter_num a, b;
	int sum = 0, *i, *j;
	bpf_iter_num_new(&a, 0, 10);
	while ((i = bpf_iter_num_next(&a))) {
		bpf_iter_num_new(&b, 0, *i);
		while ((j = bpf_iter_num_next(&b)))
			sum += *j;
	}
	bpf_iter_num_destroy(&a);
	return sum & 0;
}
SEC("tc") int leave_ok(void *ctx)
{
	struct bpf_iter_num it;
	int *i;
	bpf_iter_num_new(&it, 0, 100);
	while ((i = bpf_iter_num_next(&it)))
		if (*i == 50)
			break;
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int leave_bad(void *ctx)
{
	struct bpf_iter_num it;
	int *i;
	bpf_iter_num_new(&it, 0, 100);
	while ((i = bpf_iter_num_next(&it)))
		if (*i == 50)
			return 1;
	bpf_iter_num_destroy(&it);
	return 0;
}
/* Its slots belong to it. */
SEC("tc") int slots_ok(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 100);
	bpf_iter_num_destroy(&it);
	*(volatile __u64 *)&it = 1;
	return 0;
}
SEC("tc") int slots_bad(void *ctx)
{
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 100);
	*(volatile __u64 *)&it = 1;
	bpf_iter_num_destroy(&it);
	return 0;
}
SEC("tc") int kinds_ok(void *ctx)
{
	struct bpf_iter_bits it;
	__u64 words = 0x11;
	int *bit, sum = 0;
	bpf_iter_bits_new(&it, &words, 1);
	while ((bit = bpf_iter_bits_next(&it)))
		sum += *bit;
	bpf_iter_bits_destroy(&it);
	return sum & 0;
}
SEC("tc") int kinds_bad(void *ctx)
{
	struct bpf_iter_bits it;
	__u64 words = 0x11;
	bpf_iter_bits_new(&it, &words, 1);
	bpf_iter_num_next((void *)&it);
	bpf_iter_bits_destroy(&it);
	return 0;
}
SEC("syscall") int tasks_ok(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *task;
	int count = 0;
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it)))
		count += task->pid == 1;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return count & 0;
}
SEC("syscall") int tasks_bad(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *task;
	int count = 0;
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it)))
		count += task->pid == 1;
	bpf_iter_task_destroy(&it);
	return count & 0;
}
SEC("syscall") int groups_ok(void *ctx)
{
	struct cgroup *group = bpf_cgroup_from_id(1);
	struct cgroup_subsys_state *css;
	struct bpf_iter_css it;
	int count = 0;
	if (!group)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, &group->self, 1);
	while ((css = bpf_iter_css_next(&it)))
		count += css->cgroup->level;
	bpf_iter_css_destroy(&it);
	bpf_rcu_read_unlock();
	bpf_cgroup_release(group);
	return count & 0;
}
SEC("syscall") int groups_bad(void *ctx)
{
	struct cgroup *group = bpf_cgroup_from_id(1);
	struct cgroup_subsys_state *css;
	struct bpf_iter_css it;
	int count = 0;
	if (!group)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, &group->self, 1);
	while ((css = bpf_iter_css_next(&it)))
		count += css->cgroup->level;
	bpf_rcu_read_unlock();
	bpf_iter_css_destroy(&it);
	bpf_cgroup_release(group);
	return count & 0;
}
SEC("syscall") int areas_ok(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	long sum = 0;
	bpf_iter_task_vma_new(&it, task, 0);
	while ((vma = bpf_iter_task_vma_next(&it)))
		sum += vma->vm_end - vma->vm_start;
	bpf_iter_task_vma_destroy(&it);
	return sum & 0;
}
SEC("syscall") int areas_bad(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_iter_task_vma it;
	bpf_iter_task_vma_new(&it, task->real_parent->last_wakee, 0);
	bpf_iter_task_vma_destroy(&it);
	return 0;
}
