/* Open-coded iterators: made, gone on with, destroyed, and misused. */
#include "kfuncs.h"
int arr[100];
SEC("tc") int num_sum(void *ctx) {
  struct bpf_iter_num it; int *v, sum = 0;
  bpf_iter_num_new(&it, 0, 100);
  while ((v = bpf_iter_num_next(&it))) sum += *v;
  bpf_iter_num_destroy(&it);
  return sum & 1;
}
SEC("tc") int num_arr(void *ctx) {
  struct bpf_iter_num it; int *v, sum = 0;
  bpf_iter_num_new(&it, 0, 100);
  while ((v = bpf_iter_num_next(&it))) { int i = *v; if (i < 0 || i >= 100) break; sum += arr[i]; }
  bpf_iter_num_destroy(&it);
  return sum & 1;
}
SEC("tc") int num_nested(void *ctx) {
  struct bpf_iter_num it, jt; int *v, *w, sum = 0;
  bpf_iter_num_new(&it, 0, 10);
  while ((v = bpf_iter_num_next(&it))) {
    bpf_iter_num_new(&jt, 0, *v);
    while ((w = bpf_iter_num_next(&jt))) { if (*w > 5) sum += *w; else sum ^= *v; }
    bpf_iter_num_destroy(&jt);
  }
  bpf_iter_num_destroy(&it);
  return sum & 1;
}
SEC("tc") int num_nodestroy(void *ctx) {
  struct bpf_iter_num it; int *v, sum = 0;
  bpf_iter_num_new(&it, 0, 100);
  while ((v = bpf_iter_num_next(&it))) sum += *v;
  return sum & 1;
}
SEC("tc") int num_nonew(void *ctx) {
  struct bpf_iter_num it; int *v, sum = 0;
  v = bpf_iter_num_next(&it);
  return 0;
}
SEC("tc") int num_after_destroy(void *ctx) {
  struct bpf_iter_num it; int *v;
  bpf_iter_num_new(&it, 0, 100);
  bpf_iter_num_destroy(&it);
  v = bpf_iter_num_next(&it);
  return 0;
}
SEC("tc") int num_twice(void *ctx) {
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, 100);
  bpf_iter_num_new(&it, 0, 100);
  bpf_iter_num_destroy(&it);
  return 0;
}
SEC("tc") int num_null(void *ctx) {
  struct bpf_iter_num it; int *v, s;
  bpf_iter_num_new(&it, 0, 100);
  v = bpf_iter_num_next(&it);
  s = *v;
  bpf_iter_num_destroy(&it);
  return s;
}
SEC("tc") int num_overwrite(void *ctx) {
  struct bpf_iter_num it; int *v, s = 0;
  bpf_iter_num_new(&it, 0, 100);
  *(volatile long *)&it = 5;
  bpf_iter_num_destroy(&it);
  return s;
}
SEC("tc") int num_read(void *ctx) {
  struct bpf_iter_num it; int *v; long s = 0;
  bpf_iter_num_new(&it, 0, 100);
  s = *(volatile long *)&it;
  bpf_iter_num_destroy(&it);
  return s;
}
SEC("tc") int num_misalign(void *ctx) {
  char b[32]; struct bpf_iter_num *it = (void *)(b + 4);
  bpf_iter_num_new(it, 0, 100);
  bpf_iter_num_destroy(it);
  return 0;
}
SEC("tc") int num_ret_use(void *ctx) {
  struct bpf_iter_num it; int *v = 0;
  bpf_iter_num_new(&it, 0, 100);
  v = bpf_iter_num_next(&it);
  if (!v) { bpf_iter_num_destroy(&it); return 0; }
  bpf_iter_num_destroy(&it);
  return *v;
}
static __noinline int work(struct bpf_iter_num *it, int x) {
  int *v = bpf_iter_num_next(it); return v ? *v + x : x;
}
SEC("tc") int num_sub(void *ctx) {
  struct bpf_iter_num it; int s = 0;
  bpf_iter_num_new(&it, 0, 100);
  s = work(&it, s); s = work(&it, s);
  bpf_iter_num_destroy(&it);
  return s;
}
SEC("raw_tp") int task_rcu(void *ctx) {
  struct bpf_iter_task it; struct task_struct *t; int n = 0;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&it, 0, 0);
  while ((t = bpf_iter_task_next(&it))) n += t->pid;
  bpf_iter_task_destroy(&it);
  bpf_rcu_read_unlock();
  return n;
}
SEC("syscall") int task_sys(void *ctx) {
  struct bpf_iter_task it; struct task_struct *t; int n = 0;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&it, 0, 0);
  while ((t = bpf_iter_task_next(&it))) n += t->pid;
  bpf_iter_task_destroy(&it);
  bpf_rcu_read_unlock();
  return n;
}
SEC("syscall") int task_norcu(void *ctx) {
  struct bpf_iter_task it; struct task_struct *t; int n = 0;
  bpf_iter_task_new(&it, 0, 0);
  while ((t = bpf_iter_task_next(&it))) n += t->pid;
  bpf_iter_task_destroy(&it);
  return n;
}
SEC("syscall") int task_unlock(void *ctx) {
  struct bpf_iter_task it; struct task_struct *t; int n = 0;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&it, 0, 0);
  bpf_rcu_read_unlock();
  t = bpf_iter_task_next(&it);
  bpf_iter_task_destroy(&it);
  return n;
}
SEC("syscall") int bits(void *ctx) {
  struct bpf_iter_bits it; u64 d = 0x55; int *v, n = 0;
  bpf_iter_bits_new(&it, &d, 1);
  while ((v = bpf_iter_bits_next(&it))) n += *v;
  bpf_iter_bits_destroy(&it);
  return n;
}
SEC("tc") int num_state(void *ctx) {
  struct bpf_iter_num it; int *v, a = 0, b = 1; 
  bpf_iter_num_new(&it, 0, 100);
  while ((v = bpf_iter_num_next(&it))) { int c = a + b; a = b; b = c; if (c > 1000) break; if (*v == 7) continue; arr[3] = c; }
  bpf_iter_num_destroy(&it);
  return b;
}
