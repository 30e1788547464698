/* A program that is not under the GPL: helpers and kernel functions that ask for it. */
#define LICENSE "Proprietary"
#include "kernel-types.h"

SEC("kprobe") int helper_ok(void *ctx)
{
	return bpf_get_smp_processor_id() == 1;
}
SEC("kprobe") int helper_bad(void *ctx)
{
	char byte;
	return bpf_probe_read_kernel(&byte, 1, NULL) == 0;
}
SEC("tc") int function_ok(void *ctx)
{
	return 0;
}
SEC("tc") int function_bad(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}
SEC("kprobe") int printk_ok(void *ctx)
{
	return 0;
}
SEC("kprobe") int printk_bad(void *ctx)
{
	bpf_printk("x");
	return 0;
}
SEC("tracepoint/sched/sched_switch") int signal_ok(void *ctx)
{
	return bpf_get_current_pid_tgid() == 1;
}
SEC("tracepoint/sched/sched_switch") int signal_bad(void *ctx)
{
	char bytes[8];
	return bpf_probe_read_user(bytes, 8, NULL) == 0;
}
