/* What every program of this folder includes: the kernel's types, made from its BTF when the test runs, and its functions. */
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#define K extern __ksym
#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))
#define private(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))
#define container_of2(ptr, type, member) ((type *)((void *)(ptr) - __builtin_offsetof(type, member)))
K int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end);
K int *bpf_iter_num_next(struct bpf_iter_num *it);
K void bpf_iter_num_destroy(struct bpf_iter_num *it);
K int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable, unsigned int flags);
K struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it);
K void bpf_iter_task_destroy(struct bpf_iter_task *it);
K int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start, unsigned int flags);
K struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it);
K void bpf_iter_css_destroy(struct bpf_iter_css *it);
K int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *p, u32 n);
K int *bpf_iter_bits_next(struct bpf_iter_bits *it);
K void bpf_iter_bits_destroy(struct bpf_iter_bits *it);
K void bpf_rcu_read_lock(void);
K void bpf_rcu_read_unlock(void);
K void bpf_preempt_disable(void);
K void bpf_preempt_enable(void);
K void bpf_local_irq_save(unsigned long *);
K void bpf_local_irq_restore(unsigned long *);
K int bpf_res_spin_lock(struct bpf_res_spin_lock *lock);
K void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock);
K int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *f);
K void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock, unsigned long *f);
K struct task_struct *bpf_task_acquire(struct task_struct *p);
K void bpf_task_release(struct task_struct *p);
K struct task_struct *bpf_task_from_pid(s32 pid);
K struct cgroup *bpf_cgroup_from_id(u64 id);
K struct cgroup *bpf_cgroup_acquire(struct cgroup *c);
K void bpf_cgroup_release(struct cgroup *c);
K long bpf_task_under_cgroup(struct task_struct *t, struct cgroup *c);
K void *bpf_obj_new_impl(u64 id, void *meta);
K void bpf_obj_drop_impl(void *p, void *meta);
K void *bpf_percpu_obj_new_impl(u64 id, void *meta);
K void bpf_percpu_obj_drop_impl(void *p, void *meta);
K void *bpf_refcount_acquire_impl(void *p, void *meta);
K int bpf_list_push_front_impl(struct bpf_list_head *h, struct bpf_list_node *n, void *meta, u64 off);
K int bpf_list_push_back_impl(struct bpf_list_head *h, struct bpf_list_node *n, void *meta, u64 off);
K struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *h);
K struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *h);
K struct bpf_list_node *bpf_list_front(struct bpf_list_head *h);
K int bpf_rbtree_add_impl(struct bpf_rb_root *r, struct bpf_rb_node *n, bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, u64 off);
K struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *r, struct bpf_rb_node *n);
K struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *r);
K struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *r);
K struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *r, struct bpf_rb_node *n);
K void *bpf_rdonly_cast(const void *obj, u32 id);
K void *bpf_cast_to_kern_ctx(void *obj);
K int bpf_dynptr_from_skb(struct __sk_buff *s, u64 flags, struct bpf_dynptr *p);
K int bpf_dynptr_from_skb_meta(struct __sk_buff *s, u64 flags, struct bpf_dynptr *p);
K int bpf_dynptr_from_xdp(struct xdp_md *x, u64 flags, struct bpf_dynptr *p);
K void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 off, void *buf, u32 sz);
K void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 off, void *buf, u32 sz);
K int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 s, u32 e);
K int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *c);
K bool bpf_dynptr_is_null(const struct bpf_dynptr *p);
K __u32 bpf_dynptr_size(const struct bpf_dynptr *p);
K int bpf_dynptr_memset(struct bpf_dynptr *p, u32 off, u32 size, u8 val);
K void bpf_throw(u64 cookie);
K int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags);
K int bpf_wq_start(struct bpf_wq *wq, unsigned int flags);
K int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (cb)(void *map, int *key, void *value), unsigned int flags, void *aux);
K int bpf_task_work_schedule_signal_impl(struct task_struct *task, struct bpf_task_work *tw, void *map, int (*cb)(struct bpf_map *map, void *key, void *value), void *aux);
K struct bpf_cpumask *bpf_cpumask_create(void);
K void bpf_cpumask_release(struct bpf_cpumask *c);
K struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *c);
K void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *c);
K bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *c);
K u32 bpf_cpumask_first(const struct cpumask *c);
K int bpf_copy_from_user_str(void *dst, u32 sz, const void *src, u64 flags);
K int bpf_xdp_pull_data(struct xdp_md *x, u32 len);
K struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *s, struct bpf_sock_tuple *t, u32 tsz, struct bpf_ct_opts *o, u32 osz);
K struct nf_conn___init *bpf_skb_ct_alloc(struct __sk_buff *s, struct bpf_sock_tuple *t, u32 tsz, struct bpf_ct_opts *o, u32 osz);
K struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *n);
K void bpf_ct_set_timeout(struct nf_conn___init *n, u32 t);
K int bpf_ct_change_timeout(struct nf_conn *n, u32 t);
K void bpf_ct_release(struct nf_conn *n);
K int bpf_strlen(const char *s);
K int bpf_stream_vprintk_impl(int id, const char *fmt, const void *args, u32 len, void *aux);
K s64 bpf_map_sum_elem_count(const struct bpf_map *map);
K void *bpf_arena_alloc_pages(void *map, void *addr, u32 cnt, int node, u64 flags);
K void bpf_arena_free_pages(void *map, void *ptr, u32 cnt);
K struct kmem_cache *bpf_get_kmem_cache(u64 addr);
char LICENSE[] SEC("license") = "GPL";
