/* Objects of the kernel: trusted, protected by RCU, untrusted, perhaps null; where they come from and what they allow. */
#include "kernel-types.h"

SEC("iter/task") int iterated_ok(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	return task ? task->pid & 0 : 0;
}
SEC("iter/task") __naked int iterated_bad(void)
{
	ASM("r1 = *(u64 *)(r1 + 8); r0 = *(u32 *)(r1 + 8); r0 = 0; exit;");
}
SEC("iter/task") int output_ok(struct bpf_iter__task *ctx)
{
	static const char format[] = "%d\n";
	struct task_struct *task = ctx->task;
	if (!task)
		return 0;
	__u64 pid = task->pid;
	bpf_seq_printf(ctx->meta->seq, format, sizeof format, &pid, sizeof pid);
	return 0;
}
SEC("iter/task") int output_bad(struct bpf_iter__task *ctx)
{
	__u64 pid = 1;
	bpf_seq_write((struct seq_file *)ctx->meta, &pid, sizeof pid);
	return 0;
}
SEC("tp_btf/task_newtask") int argument_ok(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	return task->pid == task->tgid;
}
SEC("tp_btf/task_newtask") int argument_bad(__u64 *ctx)
{
	return ctx[2] == 0;
}
SEC("tp_btf/task_newtask") int written_ok(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	return task->flags & 1;
}
SEC("tp_btf/task_newtask") int written_bad(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	task->flags = 1;
	return 0;
}
/* A pointer read from an object may be followed, and is not to be trusted. */
SEC("tp_btf/task_newtask") int followed_ok(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	return task->last_wakee->pid == 0;
}
SEC("tp_btf/task_newtask") int followed_bad(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_struct *other = bpf_task_acquire(task->last_wakee);
	if (other)
		bpf_task_release(other);
	return 0;
}
/* Some fields of a trusted object are trusted. */
SEC("tp_btf/task_newtask") int trusted_field_ok(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_struct *other = bpf_task_acquire(task->group_leader);
	if (other)
		bpf_task_release(other);
	return 0;
}
SEC("tp_btf/task_newtask") int trusted_field_bad(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_struct *other = bpf_task_acquire(task->real_parent->last_wakee);
	if (other)
		bpf_task_release(other);
	return 0;
}
SEC("tp_btf/task_newtask") int acquired_ok(__u64 *ctx)
{
	struct task_struct *task = bpf_task_acquire((void *)ctx[0]);
	if (task)
		bpf_task_release(task);
	return 0;
}
SEC("tp_btf/task_newtask") int acquired_bad(__u64 *ctx)
{
	struct task_struct *task = bpf_task_acquire((void *)ctx[0]);
	return task != 0;
}
SEC("tp_btf/task_newtask") int null_acquired_ok(__u64 *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);
	int pid = 0;
	if (task) {
		pid = task->pid;
		bpf_task_release(task);
	}
	return pid == 1;
}
SEC("tp_btf/task_newtask") __naked int null_acquired_bad(void)
{
	ASM("r1 = 1; call bpf_task_from_pid; r1 = r0; call bpf_task_release; r0 = 0; exit;");
}
SEC("tp_btf/task_newtask") int released_ok(__u64 *ctx)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(1);
	if (!cgroup)
		return 0;
	int level = cgroup->level;
	bpf_cgroup_release(cgroup);
	return level == 0;
}
SEC("tp_btf/task_newtask") int released_bad(__u64 *ctx)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(1);
	if (!cgroup)
		return 0;
	bpf_cgroup_release(cgroup);
	bpf_cgroup_release(cgroup);
	return 0;
}
/* RCU: a field that is protected by it, inside a section or outside. */
SEC("syscall") int rcu_ok(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *parent;
	int pid = 0;
	bpf_rcu_read_lock();
	parent = task->real_parent;
	parent = bpf_task_acquire(parent);
	bpf_rcu_read_unlock();
	if (parent) {
		pid = parent->pid;
		bpf_task_release(parent);
	}
	return pid == 1;
}
SEC("syscall") int rcu_bad(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *parent;
	parent = bpf_task_acquire(task->real_parent);
	if (parent)
		bpf_task_release(parent);
	return 0;
}
SEC("syscall") int rcu_after_ok(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bpf_rcu_read_lock();
	int pid = task->real_parent->pid;
	bpf_rcu_read_unlock();
	return pid == 1;
}
SEC("syscall") int rcu_after_bad(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *parent;
	bpf_rcu_read_lock();
	parent = task->real_parent;
	bpf_rcu_read_unlock();
	parent = bpf_task_acquire(parent);
	if (parent)
		bpf_task_release(parent);
	return 0;
}
/* Casts: any memory may be read as any type. */
SEC("tc") int cast_ok(struct __sk_buff *skb)
{
	struct task_struct *task = bpf_rdonly_cast((void *)(long)skb->mark, bpf_core_type_id_kernel(struct task_struct));
	return task->pid & 0;
}
SEC("tc") int cast_bad(struct __sk_buff *skb)
{
	struct task_struct *task = bpf_rdonly_cast((void *)(long)skb->mark, bpf_core_type_id_kernel(struct task_struct));
	task->pid = 1;
	return 0;
}
SEC("iter/bpf_map_elem") int element_ok(struct bpf_iter__bpf_map_elem *ctx)
{
	int *key = ctx->key;
	return key ? *key & 0 : 0;
}
SEC("iter/bpf_map_elem") int element_bad(struct bpf_iter__bpf_map_elem *ctx)
{
	int *key = ctx->key;
	if (key)
		*key = 1;
	return 0;
}
SEC("iter/task_file") int file_ok(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	return file ? file->f_flags & 0 : 0;
}
SEC("iter/task_file") __naked int file_bad(void)
{
	ASM("r0 = *(u64 *)(r1 + 40); r0 = 0; exit;");
}
/* Arrays inside objects; offsets that vary are not allowed in them. */
SEC("tp_btf/task_newtask") int array_ok(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	return task->comm[3] == 1;
}
SEC("tp_btf/task_newtask") int array_bad(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	return task->comm[bpf_get_prandom_u32() & 15] == 1;
}
SEC("syscall") int mask_ok(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	bpf_cpumask_set_cpu(1, mask);
	int has = bpf_cpumask_test_cpu(1, (const struct cpumask *)mask);
	bpf_cpumask_release(mask);
	return has;
}
SEC("syscall") int mask_bad(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	bpf_cpumask_set_cpu(1, mask);
	bpf_cpumask_release(mask);
	return 0;
}
