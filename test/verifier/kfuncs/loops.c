/* Loops with iterators that have to converge. */
#include "kfuncs.h"
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long); __uint(max_entries, 64); } h SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, long[16]); __uint(max_entries, 4); } a SEC(".maps");
int g[64]; long acc;
#define TC SEC("tc") int
#define FOR(it, v, s, e) for (struct bpf_iter_num it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))), *p##it = (bpf_iter_num_new(&it, (s), (e)), (void)bpf_iter_num_destroy, (void *)0); ({ int *t = bpf_iter_num_next(&it); t && ((v) = *t, 1); });)
TC l1(struct __sk_buff *s) { int i, sum = 0; FOR(it, i, 0, s->len) { if (i >= 0 && i < 64) sum += g[i]; } return sum; }
TC l2(struct __sk_buff *s) { int i, j, sum = 0; FOR(it, i, 0, 10) { FOR(jt, j, 0, 10) { if (i * j > 50) break; sum += i ^ j; } if (sum > 100) break; } return sum; }
TC l3(struct __sk_buff *s) { int i; long *v; FOR(it, i, 0, 100) { int k = i & 3; v = bpf_map_lookup_elem(&h, &k); if (!v) continue; *v += i; } return 0; }
TC l4(struct __sk_buff *s) { int i; unsigned char *d = (void*)(long)s->data, *e = (void*)(long)s->data_end; int sum = 0; FOR(it, i, 0, 64) { if (i < 0 || i > 63) break; if (d + i + 1 > e) break; sum += d[i]; } return sum; }
TC l5(struct __sk_buff *s) { int i; char b[64] = {}; FOR(it, i, 0, 64) { b[i & 63] = i; } return b[s->len & 63]; }
TC l6(struct __sk_buff *s) { int i, n = 0; FOR(it, i, 0, 1000) { n++; if (n > 10) n = 0; g[n] = i; } return n; }
TC l9(struct __sk_buff *s) { int i, n = 0; FOR(it, i, 0, 1000) { n++; } g[n] = 1; return n; }
TC l10(struct __sk_buff *s) { int i; void *p = 0; FOR(it, i, 0, 10) { if (i == 5) p = s; } return p != 0; }
TC l11(struct __sk_buff *s) { int i; struct task_struct *t = 0; FOR(it, i, 0, 10) { t = bpf_task_from_pid(i); if (t) bpf_task_release(t); } return 0; }
TC l12(struct __sk_buff *s) { int i; struct task_struct *t = 0; FOR(it, i, 0, 10) { t = bpf_task_from_pid(i); if (t && i == 5) break; if (t) bpf_task_release(t); t = 0; } if (t) bpf_task_release(t); return 0; }
TC l13(struct __sk_buff *s) { int i; struct task_struct *t = 0; FOR(it, i, 0, 10) { t = bpf_task_from_pid(i); } if (t) bpf_task_release(t); return 0; }
static __noinline int sub(int i, int *p) { *p += i; return i > 3; }
TC l14(struct __sk_buff *s) { int i, x = 0; FOR(it, i, 0, 100) { if (sub(i, &x)) continue; g[i & 15]++; } return x; }
__weak __noinline int gsub(int i) { int j, r = 0; FOR(it, j, 0, 10) r += i; return r; }
TC l15(struct __sk_buff *s) { int i, x = 0; FOR(it, i, 0, 100) x += gsub(i); return x; }
TC l16(struct __sk_buff *s) { int i, k = 0; FOR(it, i, 0, 100) { long *v = bpf_map_lookup_elem(&a, &k); if (!v) break; int j; FOR(jt, j, 0, 16) { if (j < 0 || j >= 16) break; acc += v[j]; v[j] = i; } k = (k + 1) & 3; } return 0; }
static int cb(int i, void *c) { int j; FOR(it, j, 0, 5) { *(int*)c += j; } return 0; }
TC l17(struct __sk_buff *s) { int x = 0; bpf_loop(10, cb, &x, 0); return x; }
TC l18(struct __sk_buff *s) { int i, x = 0; FOR(it, i, 0, 10) { bpf_loop(i, cb, &x, 0); } return x; }
TC l19(struct __sk_buff *s) { int i, st = 0; FOR(it, i, 0, 100) { switch (st) { case 0: st = 1; break; case 1: st = (i & 1) ? 2 : 0; break; case 2: st = 3; acc++; break; default: st = 0; } } return st; }
TC l20(struct __sk_buff *s) { int i; long x = 1, y = 1; FOR(it, i, 0, 100) { long z = x + y; x = y; y = z; if (z > 100000) { x = 1; y = 1; } g[x & 63] = y; } return y; }
TC l21(struct __sk_buff *s) { int i, j, k, n = 0; FOR(it, i, 0, 5) FOR(jt, j, i, 5) FOR(kt, k, j, 5) n += i + j + k; return n; }
TC l22(struct __sk_buff *s) { struct bpf_iter_num it[2]; int *v, n = 0; bpf_iter_num_new(&it[0], 0, 5); bpf_iter_num_new(&it[1], 0, 5); while (1) { v = bpf_iter_num_next(&it[n & 1 ? 0 : 1]); if (!v) break; n += *v; } bpf_iter_num_destroy(&it[0]); bpf_iter_num_destroy(&it[1]); return n; }
TC l23(struct __sk_buff *s) { struct bpf_iter_num it[2]; int *v, n = 0; bpf_iter_num_new(&it[0], 0, 5); bpf_iter_num_new(&it[1], 0, 5); while ((v = bpf_iter_num_next(&it[0]))) { n += *v; if (s->len > n) { v = bpf_iter_num_next(&it[1]); if (v) n ^= *v; } } bpf_iter_num_destroy(&it[1]); bpf_iter_num_destroy(&it[0]); return n; }
SEC("syscall") int l24(void *c) { struct bpf_iter_task it; struct task_struct *t, *keep = 0; int n = 0; bpf_rcu_read_lock(); bpf_iter_task_new(&it, 0, 0); while ((t = bpf_iter_task_next(&it))) { if (t->pid == 7 && !keep) keep = bpf_task_acquire(t); n++; } bpf_iter_task_destroy(&it); bpf_rcu_read_unlock(); if (keep) { n += keep->tgid; bpf_task_release(keep); } return n; }
SEC("syscall") int l25(void *c) { struct bpf_iter_task it; struct task_struct *t; int n = 0, i; bpf_rcu_read_lock(); bpf_iter_task_new(&it, 0, 0); while ((t = bpf_iter_task_next(&it))) { FOR(jt, i, 0, 10) { n += t->pid + i; } } bpf_iter_task_destroy(&it); bpf_rcu_read_unlock(); return n; }
SEC("syscall") int l26(void *c) { struct cgroup *cg = bpf_cgroup_from_id(1); struct bpf_iter_css it; struct cgroup_subsys_state *css; int n = 0; if (!cg) return 0; bpf_rcu_read_lock(); bpf_iter_css_new(&it, &cg->self, 1); while ((css = bpf_iter_css_next(&it))) { n += css->id; } bpf_iter_css_destroy(&it); bpf_rcu_read_unlock(); bpf_cgroup_release(cg); return n; }
SEC("syscall") int l27(void *c) { struct bpf_iter_task it; struct task_struct *t; int n = 0; bpf_rcu_read_lock(); bpf_iter_task_new(&it, 0, 0); while ((t = bpf_iter_task_next(&it))) { bpf_rcu_read_unlock(); bpf_rcu_read_lock(); n++; } bpf_iter_task_destroy(&it); bpf_rcu_read_unlock(); return n; }
TC l28(struct __sk_buff *s) { int i, n = 0; FOR(it, i, 0, 10) { if (i == 3) return 7; n++; } return n; }
TC l29(struct __sk_buff *s) { int i = 0, n = 0; while (i < 100 && 1) { i++; n += g[i & 63]; } return n; }
TC l30(struct __sk_buff *s) { struct bpf_iter_num it; int *v; bpf_iter_num_new(&it, 0, 10); for (int i = 0; i < 50; i++) { v = bpf_iter_num_next(&it); if (v) acc += *v; } bpf_iter_num_destroy(&it); return 0; }
TC l31(struct __sk_buff *s) { struct bpf_iter_num it; int *v, *w = 0; bpf_iter_num_new(&it, 0, 10); while ((v = bpf_iter_num_next(&it))) { w = v; } bpf_iter_num_destroy(&it); return w ? *w : 0; }
TC l32(struct __sk_buff *s) { int i, n = 0; bpf_preempt_disable(); FOR(it, i, 0, 10) { n += i; } bpf_preempt_enable(); return n; }
TC l33(struct __sk_buff *s) { int i; FOR(it, i, 0, 10) { bpf_preempt_disable(); if (i == 3) break; bpf_preempt_enable(); } return 0; }
TC l34(struct __sk_buff *s) { int i; unsigned long f; FOR(it, i, 0, 10) { bpf_local_irq_save(&f); acc += i; bpf_local_irq_restore(&f); } return 0; }
TC l35(struct __sk_buff *s) { int i, off = 0; unsigned char *d, *e; FOR(it, i, 0, 10) { d = (void*)(long)s->data; e = (void*)(long)s->data_end; if (off < 0 || off > 1000) break; if (d + off + 4 > e) break; off += d[off] * 4 + 4; } return off; }
TC l36(struct __sk_buff *s) { int i, n = s->len; FOR(it, i, 0, 20) { if (n & 1) n = n * 3 + 1; else n >>= 1; if (n == 1) break; } return n; }
TC l37(struct __sk_buff *s) { int i; char b[32]; FOR(it, i, 0, 32) { if (i >= 0 && i < 32) b[i] = i; } return b[3]; }
TC l38(struct __sk_buff *s) { int i; long st[4] = {}; FOR(it, i, 0, 32) { st[i & 3] += st[(i + 1) & 3] + i; } return st[0]; }
TC l39(struct __sk_buff *s) { int i; long x = bpf_get_prandom_u32(); FOR(it, i, 0, 32) { if (x & (1 << (i & 31))) acc++; x = x * 1103515245 + 12345; } return x; }
TC l40(struct __sk_buff *s) { int i; struct __sk_buff *p = s; FOR(it, i, 0, 5) { acc += p->len; p = (i > 2) ? s : p; } return 0; }
