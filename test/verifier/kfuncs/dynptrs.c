/* Dynptrs of packets and ring buffers, workqueues, task work, connections, arenas. */
#include "kfuncs.h"
struct wqv { struct bpf_wq w; struct bpf_timer t; struct bpf_task_work tw; int x; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, struct wqv); __uint(max_entries, 2); } wqm SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, struct wqv); __uint(max_entries, 2); } wqh SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 4); } arena SEC(".maps");
char garr[100];
#define TC SEC("tc") int
TC skb_slice(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; return p[13]; }
TC skb_slice_nonull(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); return p[13]; }
TC skb_slice_oob(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; return p[14]; }
TC skb_slice_w(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; p[1] = 3; return 0; }
TC skb_slice_rdwr(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice_rdwr(&d, 0, b, 14); if (!p) return 1; p[1] = 3; return 0; }
TC skb_slice_opt(struct __sk_buff *s) { struct bpf_dynptr d; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, 0, 14); if (!p) return 1; return p[1]; }
TC skb_slice_small(struct __sk_buff *s) { struct bpf_dynptr d; char b[8]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; return p[1]; }
TC skb_slice_var(struct __sk_buff *s) { struct bpf_dynptr d; char b[64]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, s->len & 31); if (!p) return 1; return p[1]; }
TC skb_slice_inval(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; bpf_skb_pull_data(s, 14); return p[1]; }
TC skb_slice_inval2(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; bpf_dynptr_from_skb(s, 0, &d); p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; *(volatile long*)&d = 3; return p[1]; }
TC skb_uninit(struct __sk_buff *s) { struct bpf_dynptr d; return bpf_dynptr_size(&d); }
TC skb_clone(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_dynptr_from_skb(s, 0, &d); bpf_dynptr_clone(&d, &e); bpf_dynptr_adjust(&e, 1, 5); return bpf_dynptr_size(&e) + bpf_dynptr_is_null(&d); }
TC skb_clone_un(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_dynptr_clone(&d, &e); return bpf_dynptr_size(&e); }
TC rb_clone(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); bpf_dynptr_clone(&d, &e); bpf_ringbuf_submit_dynptr(&d, 0); return 0; }
TC rb_clone_use(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); bpf_dynptr_clone(&d, &e); bpf_ringbuf_submit_dynptr(&d, 0); return bpf_dynptr_size(&e); }
TC rb_leak(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); return 0; }
TC rb_clone_submit(struct __sk_buff *s) { struct bpf_dynptr d, e; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); bpf_dynptr_clone(&d, &e); bpf_ringbuf_submit_dynptr(&e, 0); return 0; }
TC rb_data(struct __sk_buff *s) { struct bpf_dynptr d; int *p; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); p = bpf_dynptr_data(&d, 0, 8); if (p) *p = 3; bpf_ringbuf_submit_dynptr(&d, 0); return 0; }
TC rb_data_after(struct __sk_buff *s) { struct bpf_dynptr d; int *p; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); p = bpf_dynptr_data(&d, 0, 8); bpf_ringbuf_submit_dynptr(&d, 0); if (p) *p = 3; return 0; }
TC rb_slice(struct __sk_buff *s) { struct bpf_dynptr d; char b[8]; int *p; bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d); p = bpf_dynptr_slice_rdwr(&d, 0, b, 8); if (p) *p = 3; bpf_ringbuf_submit_dynptr(&d, 0); return 0; }
TC memdyn(struct __sk_buff *s) { struct bpf_dynptr d; bpf_dynptr_from_mem(garr, 100, 0, &d); bpf_dynptr_memset(&d, 0, 10, 1); return 0; }
TC over(struct __sk_buff *s) { struct bpf_dynptr d; bpf_dynptr_from_mem(garr, 100, 0, &d); bpf_dynptr_from_mem(garr, 100, 0, &d); return 0; }
TC meta(struct __sk_buff *s) { struct bpf_dynptr d; char b[4]; char *p; if (bpf_dynptr_from_skb_meta(s, 0, &d)) return 1; p = bpf_dynptr_slice_rdwr(&d, 0, b, 4); if (p) *p = 1; return 0; }
SEC("xdp") int xdpd(struct xdp_md *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_xdp(s, 0, &d)) return 1; p = bpf_dynptr_slice_rdwr(&d, 0, b, 14); if (!p) return 1; p[1] = 3; return 2; }
SEC("xdp") int xdp_pull(struct xdp_md *s) { char *d = (void*)(long)s->data; if (d + 1 > (char*)(long)s->data_end) return 1; bpf_xdp_pull_data(s, 10); return d[0]; }
SEC("cgroup_skb/egress") int cg_rdwr(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice_rdwr(&d, 0, b, 14); if (!p) return 1; return 0; }
SEC("socket") int so_slice(struct __sk_buff *s) { struct bpf_dynptr d; char b[14]; char *p; if (bpf_dynptr_from_skb(s, 0, &d)) return 1; p = bpf_dynptr_slice(&d, 0, b, 14); if (!p) return 1; return p[2]; }
SEC("xdp") int xdp_skb(struct xdp_md *s) { struct bpf_dynptr d; return bpf_dynptr_from_skb((void*)s, 0, &d); }
TC skb_stackctx(struct __sk_buff *s) { struct bpf_dynptr d; char c[200]; return bpf_dynptr_from_skb((void*)c, 0, &d); }
static int wqcb(void *map, int *key, void *value) { struct wqv *v = value; v->x = *key; return 0; }
static int wqcb1(void *map, int *key, void *value) { return 1; }
static int wqcb2(void *map, int *key, void *value) { char b[8]; bpf_copy_from_user_str(b, 8, 0, 0); return 0; }
static int wqcb3(void *map, int *key, void *value) { bpf_rcu_read_lock(); return 0; }
static int twcb(struct bpf_map *map, void *key, void *value) { struct wqv *v = value; v->x = *(int*)key; return 5; }
static int twcb2(struct bpf_map *map, void *key, void *value) { char b[8]; bpf_copy_from_user_str(b, 8, 0, 0); return 5; }
#define WQ(n, cb, m) TC n(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&m, &k); if (!v) return 0; if (bpf_wq_init(&v->w, &m, 0)) return 0; if (bpf_wq_set_callback_impl(&v->w, cb, 0, 0)) return 0; bpf_wq_start(&v->w, 0); return 0; }
WQ(wq_ok, wqcb, wqm) WQ(wq_hash, wqcb, wqh) WQ(wq_ret, wqcb1, wqm) WQ(wq_sleep, wqcb2, wqm) WQ(wq_rcu, wqcb3, wqm)
TC wq_map(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_wq_init(&v->w, &wqh, 0); }
TC wq_off(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_wq_init((void*)&v->t, &wqm, 0); }
TC wq_stack(struct __sk_buff *s) { struct bpf_wq w = {}; return bpf_wq_init(&w, &wqm, 0); }
TC wq_nomap(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_wq_init(&v->w, s, 0); }
TC wq_mapval(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_wq_init(&v->w, v, 0); }
TC wq_mapstk(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_wq_init(&v->w, &k, 0); }
TC tw(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), &v->tw, &wqm, twcb, 0); }
TC tw_sleep(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), &v->tw, &wqm, twcb2, 0); }
TC tw_map(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), &v->tw, &wqh, twcb, 0); }
TC tw_off(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), (void*)&v->t, &wqm, twcb, 0); }
TC tw_var(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), (void*)v + (s->len & 8), &wqm, twcb, 0); }
TC tw_null(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(0, &v->tw, &wqm, twcb, 0); }
TC tw_cbnull(struct __sk_buff *s) { int k = 0; struct wqv *v = bpf_map_lookup_elem(&wqm, &k); if (!v) return 0; return bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), &v->tw, &wqm, 0, 0); }
TC ct(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn *c = bpf_skb_ct_lookup(s, &t, sizeof(t.ipv4), &o, sizeof(o)); int r; if (!c) return 0; r = bpf_ct_change_timeout(c, 10); bpf_ct_release(c); return r; }
TC ct_leak(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn *c = bpf_skb_ct_lookup(s, &t, sizeof(t.ipv4), &o, sizeof(o)); return 0; }
TC ct_new(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn___init *i = bpf_skb_ct_alloc(s, &t, sizeof(t.ipv4), &o, sizeof(o)); struct nf_conn *c; if (!i) return 0; bpf_ct_set_timeout(i, 3); c = bpf_ct_insert_entry(i); if (c) bpf_ct_release(c); return 0; }
TC ct_alias(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn___init *i = bpf_skb_ct_alloc(s, &t, sizeof(t.ipv4), &o, sizeof(o)); struct nf_conn *c; if (!i) return 0; bpf_ct_change_timeout((void*)i, 3); c = bpf_ct_insert_entry(i); if (c) bpf_ct_release(c); return 0; }
TC ct_alias2(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn___init *i = bpf_skb_ct_alloc(s, &t, sizeof(t.ipv4), &o, sizeof(o)); struct nf_conn *c; if (!i) return 0; bpf_ct_release((void*)i); return 0; }
TC ct_badlen(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn *c = bpf_skb_ct_lookup(s, &t, 100, &o, sizeof(o)); if (c) bpf_ct_release(c); return 0; }
TC ct_wstatus(struct __sk_buff *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn *c = bpf_skb_ct_lookup(s, &t, sizeof(t.ipv4), &o, sizeof(o)); if (!c) return 0; c->status = 3; bpf_ct_release(c); return 0; }
SEC("xdp") int ct_xdp(struct xdp_md *s) { struct bpf_sock_tuple t = {}; struct bpf_ct_opts o = {}; struct nf_conn *c = bpf_skb_ct_lookup((void*)s, &t, sizeof(t.ipv4), &o, sizeof(o)); if (c) bpf_ct_release(c); return 0; }
SEC("syscall") int ar(void *c) { void *p = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); if (!p) return 1; bpf_arena_free_pages(&arena, p, 1); return 0; }
SEC("syscall") int ar_bad(void *c) { void *p = bpf_arena_alloc_pages(c, 0, 1, -1, 0); return p != 0; }
SEC("syscall") int ar_deref(void *c) { int *p = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); if (!p) return 1; *p = 3; return 0; }
SEC("syscall") int ar_as(void *c) { int __attribute__((address_space(1))) *p = (int __attribute__((address_space(1)))*)bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); if (!p) return 1; *p = 3; return p[5000]; }
SEC("syscall") int ar_rcu(void *c) { bpf_rcu_read_lock(); void *p = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); bpf_rcu_read_unlock(); return 0; }
SEC("tc") int ar_tc(void *c) { void *p = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0); return 0; }
extern int bpf_nope(int x) __ksym __weak;
TC weakk(struct __sk_buff *s) { if (bpf_nope) return bpf_nope(1); return 0; }
TC weakk2(struct __sk_buff *s) { return bpf_nope(1); }
