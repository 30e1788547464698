/* Kernel objects, kptrs, casts; RCU, preemption and interrupt sections; resilient locks. */
#include "kfuncs.h"
struct kp { struct task_struct __kptr *t; struct bpf_cpumask __kptr *c; struct cgroup __kptr *g; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, struct kp); __uint(max_entries, 1); } m SEC(".maps");
SEC("syscall") int from_pid(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; int p = t->pid; bpf_task_release(t); return p; }
SEC("syscall") int from_pid_leak(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; return t->pid; }
SEC("syscall") int from_pid_nonull(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); int p = t->pid; return p; }
SEC("syscall") int from_pid_twice(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; bpf_task_release(t); bpf_task_release(t); return 0; }
SEC("syscall") int release_null(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); bpf_task_release(t); return 0; }
SEC("syscall") int release_wrong(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; bpf_cgroup_release((void*)t); return 0; }
SEC("syscall") int release_off(void *ctx) { struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; bpf_task_release((void*)t + 8); return 0; }
SEC("syscall") int release_ctx(void *ctx) { bpf_task_release(ctx); return 0; }
SEC("syscall") int release_untr(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(); bpf_task_release(t); return 0; }
SEC("syscall") int acq_cur(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(), *u = bpf_task_acquire(t); if (!u) return 0; bpf_task_release(u); return 0; }
SEC("syscall") int acq_parent(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(), *u = bpf_task_acquire(t->parent); if (!u) return 0; bpf_task_release(u); return 0; }
SEC("syscall") int acq_real_parent(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(), *p, *u; bpf_rcu_read_lock(); p = t->real_parent; u = bpf_task_acquire(p); bpf_rcu_read_unlock(); if (!u) return 0; bpf_task_release(u); return 0; }
SEC("syscall") int acq_leader(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(), *p, *u; p = t->group_leader; u = bpf_task_acquire(p); if (!u) return 0; bpf_task_release(u); return 0; }
SEC("syscall") int acq_mm(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(), *u; u = bpf_task_acquire((void*)t->mm); if (!u) return 0; bpf_task_release(u); return 0; }
SEC("syscall") int kptr(void *ctx) { int k = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; t = bpf_task_from_pid(1); if (!t) return 0; o = bpf_kptr_xchg(&v->t, t); if (o) bpf_task_release(o); return 0; }
SEC("syscall") int kptr_rcu(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; bpf_rcu_read_lock(); t = v->t; if (t) { o = bpf_task_acquire(t); if (o) { r = o->pid; bpf_task_release(o); } } bpf_rcu_read_unlock(); return r; }
SEC("syscall") int kptr_norcu(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; t = v->t; if (t) { o = bpf_task_acquire(t); if (o) { r = o->pid; bpf_task_release(o); } } return r; }
SEC("syscall") int kptr_rcu_after(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; bpf_rcu_read_lock(); t = v->t; bpf_rcu_read_unlock(); if (t) { r = t->pid; } return r; }
SEC("syscall") int kptr_rcu_after2(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; bpf_rcu_read_lock(); t = v->t; bpf_rcu_read_unlock(); if (t) { o = bpf_task_acquire(t); if (o) bpf_task_release(o); } return r; }
SEC("syscall") int kptr_rcu_null(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct task_struct *t, *o; if (!v) return 0; bpf_rcu_read_lock(); t = v->t; o = bpf_task_acquire(t); if (o) bpf_task_release(o); bpf_rcu_read_unlock(); return r; }
SEC("raw_tp") int kptr_tp(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct cgroup *t, *o; if (!v) return 0; t = v->g; if (t) r = t->level; return r; }
SEC("tc") int kptr_tc(void *ctx) { int k = 0, r = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); struct cgroup *t, *o; if (!v) return 0; t = v->g; if (t) { o = bpf_cgroup_acquire(t); if (o) bpf_cgroup_release(o); } return r; }
SEC("syscall") int cgroup(void *ctx) { struct cgroup *c = bpf_cgroup_from_id(1); struct task_struct *t; long r; if (!c) return 0; t = bpf_task_from_pid(1); if (!t) { bpf_cgroup_release(c); return 0; } r = bpf_task_under_cgroup(t, c); bpf_task_release(t); bpf_cgroup_release(c); return r; }
SEC("syscall") int cpumask(void *ctx) { struct bpf_cpumask *c = bpf_cpumask_create(); int r; if (!c) return 0; bpf_cpumask_set_cpu(0, c); r = bpf_cpumask_test_cpu(0, (const struct cpumask *)c); bpf_cpumask_release(c); return r; }
SEC("syscall") int cpumask2(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(); return bpf_cpumask_first(t->cpus_ptr); }
SEC("syscall") int cpumask3(void *ctx) { struct task_struct *t = bpf_get_current_task_btf(); bpf_cpumask_set_cpu(0, (void*)t->cpus_ptr); return 0; }
SEC("syscall") int cpumask_set_release(void *ctx) { struct bpf_cpumask *c = bpf_cpumask_create(), *d; if (!c) return 0; d = bpf_cpumask_acquire(c); bpf_cpumask_release(c); bpf_cpumask_release(d); return 0; }
SEC("tc") int cpumask_tc(void *ctx) { struct bpf_cpumask *c = bpf_cpumask_create(); if (!c) return 0; bpf_cpumask_release(c); return 0; }
SEC("syscall") int rdonly(void *ctx) { struct task_struct *t = bpf_rdonly_cast((void*)0xffff888000000000, bpf_core_type_id_kernel(struct task_struct)); return t->pid; }
SEC("syscall") int rdonly_w(void *ctx) { struct task_struct *t = bpf_rdonly_cast((void*)0xffff888000000000, bpf_core_type_id_kernel(struct task_struct)); t->pid = 1; return 0; }
SEC("syscall") int rdonly_void(void *ctx) { int *t = bpf_rdonly_cast((void*)0xffff888000000000, 0); return *t; }
SEC("syscall") int rdonly_void_w(void *ctx) { int *t = bpf_rdonly_cast((void*)0xffff888000000000, 0); *t = 1; return 0; }
SEC("syscall") int rdonly_int(void *ctx) { int *t = bpf_rdonly_cast((void*)0xffff888000000000, bpf_core_type_id_kernel(unsigned int)); return *t; }
SEC("syscall") int rdonly_bad(void *ctx) { int *t = bpf_rdonly_cast((void*)0xffff888000000000, 100000000); return *t; }
SEC("syscall") int rdonly_bad2(void *ctx) { int *t = bpf_rdonly_cast((void*)0xffff888000000000, -1); return *t; }
SEC("tc") int kctx(struct __sk_buff *ctx) { struct sk_buff *s = bpf_cast_to_kern_ctx(ctx); return s->len; }
SEC("xdp") int kctx_xdp(struct xdp_md *ctx) { struct xdp_buff *s = bpf_cast_to_kern_ctx(ctx); return s->frame_sz > 3; }
SEC("xdp") int kctx_bad(struct xdp_md *ctx) { struct xdp_buff *s = bpf_cast_to_kern_ctx((void*)ctx + 4); return s->frame_sz > 3; }
SEC("xdp") int kctx_bad2(struct xdp_md *ctx) { char c[8]; struct xdp_buff *s = bpf_cast_to_kern_ctx(c); return s->frame_sz > 3; }
SEC("syscall") int kctx_sys(void *ctx) { struct xdp_buff *s = bpf_cast_to_kern_ctx(ctx); return s->frame_sz > 3; }
SEC("raw_tp") int rcu_nested(void *ctx) { bpf_rcu_read_lock(); bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0; }
SEC("raw_tp") int rcu_unm(void *ctx) { bpf_rcu_read_unlock(); return 0; }
SEC("raw_tp") int rcu_exit(void *ctx) { bpf_rcu_read_lock(); return 0; }
SEC("syscall") int rcu_sleep(void *ctx) { char b[8]; bpf_rcu_read_lock(); bpf_copy_from_user(b, 8, 0); bpf_rcu_read_unlock(); return 0; }
SEC("syscall") int rcu_sleep_kf(void *ctx) { char b[8]; bpf_rcu_read_lock(); bpf_copy_from_user_str(b, 8, 0, 0); bpf_rcu_read_unlock(); return 0; }
SEC("syscall") int pre_sleep_kf(void *ctx) { char b[8]; bpf_preempt_disable(); bpf_copy_from_user_str(b, 8, 0, 0); bpf_preempt_enable(); return 0; }
SEC("syscall") int irq_sleep_kf(void *ctx) { char b[8]; unsigned long f; bpf_local_irq_save(&f); bpf_copy_from_user_str(b, 8, 0, 0); bpf_local_irq_restore(&f); return 0; }
SEC("syscall") int copy_str(void *ctx) { char b[8]; bpf_copy_from_user_str(b, 8, 0, 0); return b[0]; }
SEC("syscall") int copy_str_oob(void *ctx) { char b[8]; bpf_copy_from_user_str(b, 16, 0, 0); return b[0]; }
SEC("syscall") int copy_str_var(u64 *ctx) { char b[8]; bpf_copy_from_user_str(b, ctx[0], 0, 0); return b[0]; }
SEC("syscall") int copy_str_var2(u64 *ctx) { char b[8]; bpf_copy_from_user_str(b, ctx[0] & 7, 0, 0); return b[0]; }
SEC("tc") int copy_str_ns(u64 *ctx) { char b[8]; bpf_copy_from_user_str(b, 8, 0, 0); return b[0]; }
SEC("tc") int pre(void *ctx) { bpf_preempt_disable(); bpf_preempt_disable(); bpf_preempt_enable(); bpf_preempt_enable(); return 0; }
SEC("tc") int pre_exit(void *ctx) { bpf_preempt_disable(); return 0; }
SEC("tc") int pre_unm(void *ctx) { bpf_preempt_enable(); return 0; }
SEC("tc") int irq(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); bpf_local_irq_save(&g); bpf_local_irq_restore(&g); bpf_local_irq_restore(&f); return 0; }
SEC("tc") int irq_ooo(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); bpf_local_irq_save(&g); bpf_local_irq_restore(&f); bpf_local_irq_restore(&g); return 0; }
SEC("tc") int irq_exit(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); return 0; }
SEC("tc") int irq_uninit(void *ctx) { unsigned long f, g; bpf_local_irq_restore(&f); return 0; }
SEC("tc") int irq_twice(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); bpf_local_irq_save(&f); bpf_local_irq_restore(&f); return 0; }
SEC("tc") int irq_over(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); *(volatile long*)&f = 1; bpf_local_irq_restore(&f); return 0; }
SEC("tc") int irq_copy(void *ctx) { unsigned long f, g; bpf_local_irq_save(&f); g = *(volatile long*)&f; bpf_local_irq_restore(&g); return 0; }
static __noinline void irq_sub1(unsigned long *f) { bpf_local_irq_save(f); }
static __noinline void irq_sub2(unsigned long *f) { bpf_local_irq_restore(f); }
SEC("tc") int irq_subs(void *ctx) { unsigned long f; irq_sub1(&f); irq_sub2(&f); return 0; }
SEC("tc") int irq_map(void *ctx) { int k = 0; struct kp *v = bpf_map_lookup_elem(&m, &k); if (!v) return 0; bpf_local_irq_save((void*)v); return 0; }
struct rl { struct bpf_res_spin_lock l; int a; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, struct rl); __uint(max_entries, 1); } rlm SEC(".maps");
private(L) struct bpf_res_spin_lock l1; private(M) struct bpf_res_spin_lock l2;
SEC("tc") int res(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; bpf_res_spin_unlock(&l1); return 0; }
SEC("tc") int res_noc(void *ctx) { bpf_res_spin_lock(&l1); bpf_res_spin_unlock(&l1); return 0; }
SEC("tc") int res_two(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; if (bpf_res_spin_lock(&l2)) { bpf_res_spin_unlock(&l1); return 1; } bpf_res_spin_unlock(&l2); bpf_res_spin_unlock(&l1); return 0; }
SEC("tc") int res_ooo(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; if (bpf_res_spin_lock(&l2)) { bpf_res_spin_unlock(&l1); return 1; } bpf_res_spin_unlock(&l1); bpf_res_spin_unlock(&l2); return 0; }
SEC("tc") int res_aa(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; if (bpf_res_spin_lock(&l1)) { bpf_res_spin_unlock(&l1); return 1; } bpf_res_spin_unlock(&l1); bpf_res_spin_unlock(&l1); return 0; }
SEC("tc") int res_irq(void *ctx) { unsigned long f; if (bpf_res_spin_lock_irqsave(&l1, &f)) return 1; bpf_res_spin_unlock_irqrestore(&l1, &f); return 0; }
SEC("tc") int res_irq_mix(void *ctx) { unsigned long f; if (bpf_res_spin_lock_irqsave(&l1, &f)) return 1; bpf_res_spin_unlock(&l1); bpf_local_irq_restore(&f); return 0; }
SEC("tc") int res_irq_mix2(void *ctx) { unsigned long f; bpf_local_irq_save(&f); if (bpf_res_spin_lock(&l1)) {bpf_local_irq_restore(&f); return 1; } bpf_res_spin_unlock_irqrestore(&l1, &f); return 0; }
SEC("tc") int res_map(void *ctx) { int k = 0; struct rl *v = bpf_map_lookup_elem(&rlm, &k); if (!v) return 0; if (bpf_res_spin_lock(&v->l)) return 1; v->a = 3; bpf_res_spin_unlock(&v->l); return 0; }
SEC("tc") int res_map_off(void *ctx) { int k = 0; struct rl *v = bpf_map_lookup_elem(&rlm, &k); if (!v) return 0; if (bpf_res_spin_lock((void*)&v->a)) return 1; bpf_res_spin_unlock(&v->l); return 0; }
SEC("tc") int res_helper(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; bpf_get_prandom_u32(); bpf_res_spin_unlock(&l1); return 0; }
SEC("tc") int res_exit(void *ctx) { if (bpf_res_spin_lock(&l1)) return 1; return 0; }
SEC("tc") int kmem(void *ctx) { struct kmem_cache *k = bpf_get_kmem_cache(0xffff888000000000); return k->size; }
SEC("tc") int ms(void *ctx) { return bpf_map_sum_elem_count((void*)&m); }
SEC("tc") int ms_bad(void *ctx) { return bpf_map_sum_elem_count(ctx); }
SEC("tc") int slen(void *ctx) { return bpf_strlen("abc"); }
SEC("tc") int slen_c(void *ctx) { return bpf_strlen(ctx); }
SEC("tc") int strm(void *ctx) { u64 a[1] = {1}; static const char f[] = "x %d"; return bpf_stream_vprintk_impl(1, f, a, 8, 0); }
SEC("tc") int strm_nc(void *ctx) { u64 a[1] = {1}; return bpf_stream_vprintk_impl(1, (void*)a, a, 8, 0); }
