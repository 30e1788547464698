/* Allocated objects in lists and trees: owners, locks, callbacks. */
#include "kfuncs.h"
struct mynode { struct bpf_list_node l; struct bpf_rb_node r; struct bpf_refcount ref; long key; };
struct lnode { long data; struct bpf_list_node l; };
struct rnode { struct bpf_rb_node r; long key; };
struct myelem { struct bpf_spin_lock lock; struct bpf_list_head head __contains(lnode, l); struct bpf_rb_root root __contains(rnode, r); };
private(A) struct bpf_spin_lock glock;
private(A) struct bpf_rb_root groot __contains(rnode, r);
private(A) struct bpf_list_head ghead __contains(lnode, l);
private(B) struct bpf_spin_lock block;
private(B) struct bpf_rb_root broot __contains(mynode, r);
private(B) struct bpf_list_head bhead __contains(mynode, l);
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, struct myelem); __uint(max_entries, 1); } arr SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, struct rnode *); __uint(max_entries, 1); } x SEC(".maps");
#define obj_new(T) ((T*)bpf_obj_new_impl(bpf_core_type_id_local(T), 0))
static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  struct rnode *x = container_of2(a, struct rnode, r), *y = container_of2(b, struct rnode, r);
  return x->key < y->key;
}
static bool nless(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  struct mynode *x = container_of2(a, struct mynode, r), *y = container_of2(b, struct mynode, r);
  return x->key < y->key;
}
SEC("tc") int obj(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; n->data = 3; int r = n->data; bpf_obj_drop_impl(n, 0); return r; }
SEC("tc") int obj_leak(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; n->data = 3; return 0; }
SEC("tc") int obj_nonull(void *ctx) { struct lnode *n = obj_new(struct lnode); n->data = 3; bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int obj_uaf(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; bpf_obj_drop_impl(n, 0); return n->data; }
SEC("tc") int obj_dropnull(void *ctx) { struct lnode *n = obj_new(struct lnode); bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int obj_dropoff(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; bpf_obj_drop_impl((void*)n + 8, 0); return 0; }
SEC("tc") int obj_special(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; *(long*)&n->l = 1; bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int obj_oob(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; ((long*)n)[10] = 1; bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int obj_badid(void *ctx) { void *n = bpf_obj_new_impl(100000, 0); if (!n) return 1; bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int obj_unkid(struct __sk_buff *ctx) { void *n = bpf_obj_new_impl(ctx->len, 0); if (!n) return 1; bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int list_push(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; n->data = 1; bpf_spin_lock(&glock); bpf_list_push_front_impl(&ghead, &n->l, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int list_push_nolock(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; bpf_list_push_front_impl(&ghead, &n->l, 0, 0); return 0; }
SEC("tc") int list_push_wronglock(void *ctx) { struct lnode *n = obj_new(struct lnode); if (!n) return 1; bpf_spin_lock(&block); bpf_list_push_front_impl(&ghead, &n->l, 0, 0); bpf_spin_unlock(&block); return 0; }
SEC("tc") int list_push_use(void *ctx) { struct lnode *n = obj_new(struct lnode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl(&ghead, &n->l, 0, 0); r = n->data; n->data = 4; bpf_spin_unlock(&glock); return r; }
SEC("tc") int list_push_useafter(void *ctx) { struct lnode *n = obj_new(struct lnode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl(&ghead, &n->l, 0, 0); bpf_spin_unlock(&glock); return n->data; }
SEC("tc") int list_push_twice(void *ctx) { struct lnode *n = obj_new(struct lnode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl(&ghead, &n->l, 0, 0); bpf_list_push_back_impl(&ghead, &n->l, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int list_push_badoff(void *ctx) { struct lnode *n = obj_new(struct lnode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl(&ghead, (void*)&n->data, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int list_push_badtype(void *ctx) { struct mynode *n = obj_new(struct mynode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl(&ghead, (void*)&n->l, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int list_push_rootoff(void *ctx) { struct lnode *n = obj_new(struct lnode); int r; if (!n) return 1; bpf_spin_lock(&glock); bpf_list_push_back_impl((void*)&ghead + 4, (void*)&n->l, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int list_pop(void *ctx) { struct bpf_list_node *l; struct lnode *n; int r; bpf_spin_lock(&glock); l = bpf_list_pop_front(&ghead); bpf_spin_unlock(&glock); if (!l) return 0; n = container_of2(l, struct lnode, l); r = n->data; bpf_obj_drop_impl(n, 0); return r; }
SEC("tc") int list_pop_leak(void *ctx) { struct bpf_list_node *l; struct lnode *n; int r; bpf_spin_lock(&glock); l = bpf_list_pop_back(&ghead); bpf_spin_unlock(&glock); if (!l) return 0; n = container_of2(l, struct lnode, l); r = n->data; return r; }
SEC("tc") int list_peek(void *ctx) { struct bpf_list_node *l; struct lnode *n; int r = 0; bpf_spin_lock(&glock); l = bpf_list_front(&ghead); if (l) { n = container_of2(l, struct lnode, l); r = n->data; } bpf_spin_unlock(&glock); return r; }
SEC("tc") int list_peek_after(void *ctx) { struct bpf_list_node *l; struct lnode *n; int r = 0; bpf_spin_lock(&glock); l = bpf_list_front(&ghead); bpf_spin_unlock(&glock); if (l) { n = container_of2(l, struct lnode, l); r = n->data; } return r; }
SEC("tc") int map_list(void *ctx) { int k = 0; struct myelem *e = bpf_map_lookup_elem(&arr, &k); struct lnode *n; if (!e) return 0; n = obj_new(struct lnode); if (!n) return 0; bpf_spin_lock(&e->lock); bpf_list_push_back_impl(&e->head, &n->l, 0, 0); bpf_spin_unlock(&e->lock); return 0; }
SEC("tc") int map_list_otherlock(void *ctx) { int k = 0; struct myelem *e = bpf_map_lookup_elem(&arr, &k), *f; struct lnode *n; if (!e) return 0; k = 0; f = bpf_map_lookup_elem(&arr, &k); if (!f) return 0; n = obj_new(struct lnode); if (!n) return 0; bpf_spin_lock(&f->lock); bpf_list_push_back_impl(&e->head, &n->l, 0, 0); bpf_spin_unlock(&f->lock); return 0; }
SEC("tc") int rb_add(void *ctx) { struct rnode *n = obj_new(struct rnode); if (!n) return 1; n->key = 5; bpf_spin_lock(&glock); bpf_rbtree_add_impl(&groot, &n->r, less, 0, 0); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int rb_add_remove(void *ctx) { struct rnode *n = obj_new(struct rnode), *m; struct bpf_rb_node *r; if (!n) return 1; n->key = 5; bpf_spin_lock(&glock); bpf_rbtree_add_impl(&groot, &n->r, less, 0, 0); r = bpf_rbtree_remove(&groot, &n->r); bpf_spin_unlock(&glock); if (!r) return 1; bpf_obj_drop_impl(container_of2(r, struct rnode, r), 0); return 0; }
SEC("tc") int rb_first(void *ctx) { struct bpf_rb_node *r; int v = 0; bpf_spin_lock(&glock); r = bpf_rbtree_first(&groot); if (r) v = container_of2(r, struct rnode, r)->key; bpf_spin_unlock(&glock); return v; }
SEC("tc") int rb_root(void *ctx) { struct bpf_rb_node *r, *l; int v = 0; bpf_spin_lock(&glock); r = bpf_rbtree_root(&groot); if (r) { l = bpf_rbtree_left(&groot, r); if (l) v = container_of2(l, struct rnode, r)->key; } bpf_spin_unlock(&glock); return v; }
SEC("tc") int rb_first_remove(void *ctx) { struct bpf_rb_node *r; int v = 0; bpf_spin_lock(&glock); r = bpf_rbtree_first(&groot); if (!r) { bpf_spin_unlock(&glock); return 0; } r = bpf_rbtree_remove(&groot, r); bpf_spin_unlock(&glock); if (r) bpf_obj_drop_impl(container_of2(r, struct rnode, r), 0); return v; }
SEC("tc") int rb_remove_owned(void *ctx) { struct rnode *n = obj_new(struct rnode); struct bpf_rb_node *r; if (!n) return 1; bpf_spin_lock(&glock); r = bpf_rbtree_remove(&groot, &n->r); bpf_spin_unlock(&glock); if (r) bpf_obj_drop_impl(container_of2(r, struct rnode, r), 0); bpf_obj_drop_impl(n, 0); return 0; }
static bool badless(struct bpf_rb_node *a, const struct bpf_rb_node *b) { bpf_rbtree_remove(&groot, a); return 0; }
static bool badless2(struct bpf_rb_node *a, const struct bpf_rb_node *b) { bpf_spin_unlock(&glock); return 0; }
static bool badless3(struct bpf_rb_node *a, const struct bpf_rb_node *b) { bpf_rcu_read_lock(); return 0; }
static bool badless4(struct bpf_rb_node *a, const struct bpf_rb_node *b) { return ((struct rnode*)a)->key; }
static bool badless5(struct bpf_rb_node *a, const struct bpf_rb_node *b) { ((struct rnode*)a)->key = 4; bpf_rbtree_add_impl(&groot, a, less, 0, 0); return 0; }
#define BAD(n, f) SEC("tc") int n(void *ctx) { struct rnode *n = obj_new(struct rnode); if (!n) return 1; bpf_spin_lock(&glock); bpf_rbtree_add_impl(&groot, &n->r, f, 0, 0); bpf_spin_unlock(&glock); return 0; }
BAD(rb_bad1, badless)
BAD(rb_bad2, badless2)
BAD(rb_bad3, badless3)
BAD(rb_bad4, badless4)
BAD(rb_bad5, badless5)
SEC("tc") int both(void *ctx) { struct mynode *n = obj_new(struct mynode), *m; if (!n) return 1; m = bpf_refcount_acquire_impl(n, 0); n->key = 3; bpf_spin_lock(&block); bpf_list_push_front_impl(&bhead, &n->l, 0, 0); bpf_rbtree_add_impl(&broot, &m->r, nless, 0, 0); bpf_spin_unlock(&block); return 0; }
SEC("tc") int ref_leak(void *ctx) { struct mynode *n = obj_new(struct mynode), *m; if (!n) return 1; m = bpf_refcount_acquire_impl(n, 0); bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int ref_none(void *ctx) { struct lnode *n = obj_new(struct lnode), *m; if (!n) return 1; m = bpf_refcount_acquire_impl(n, 0); if (m) bpf_obj_drop_impl(m, 0); bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int ref_nonown(void *ctx) { struct mynode *n = obj_new(struct mynode), *m; if (!n) return 1; bpf_spin_lock(&block); bpf_list_push_front_impl(&bhead, &n->l, 0, 0); m = bpf_refcount_acquire_impl(n, 0); bpf_spin_unlock(&block); if (!m) return 2; int r = m->key; bpf_obj_drop_impl(m, 0); return r; }
SEC("tc") int ref_nonown_nonull(void *ctx) { struct mynode *n = obj_new(struct mynode), *m; if (!n) return 1; bpf_spin_lock(&block); bpf_list_push_front_impl(&bhead, &n->l, 0, 0); m = bpf_refcount_acquire_impl(n, 0); bpf_spin_unlock(&block); bpf_obj_drop_impl(m, 0); return 0; }
SEC("tc") int lock_call(void *ctx) { bpf_spin_lock(&glock); bpf_get_prandom_u32(); bpf_spin_unlock(&glock); return 0; }
SEC("tc") int lock_kf(void *ctx) { bpf_spin_lock(&glock); void *n = obj_new(struct mynode); bpf_spin_unlock(&glock); if (n) bpf_obj_drop_impl(n, 0); return 0; }
SEC("tc") int lock_iter(void *ctx) { struct bpf_iter_num it; int *v, s = 0; bpf_spin_lock(&glock); bpf_iter_num_new(&it, 0, 5); while ((v = bpf_iter_num_next(&it))) s += *v; bpf_iter_num_destroy(&it); bpf_spin_unlock(&glock); return s; }
SEC("tc") int lock_noexit(void *ctx) { bpf_spin_lock(&glock); return 0; }
SEC("tc") int percpu(void *ctx) { struct p { long a; } *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct p), 0); if (!p) return 0; bpf_percpu_obj_drop_impl(p, 0); return 0; }
SEC("tc") int percpu_special(void *ctx) { void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct lnode), 0); if (!p) return 0; bpf_percpu_obj_drop_impl(p, 0); return 0; }
struct big { char a[600]; }; struct fine { long a[4]; }; struct withptr { void *p; };
SEC("tc") int percpu_big(void *ctx) { void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct big), 0); if (!p) return 0; bpf_percpu_obj_drop_impl(p, 0); return 0; }
SEC("tc") int percpu_ptr(void *ctx) { void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct withptr), 0); if (!p) return 0; bpf_percpu_obj_drop_impl(p, 0); return 0; }
SEC("tc") int percpu_wrongdrop(void *ctx) { void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct fine), 0); if (!p) return 0; bpf_obj_drop_impl(p, 0); return 0; }
SEC("tc") int percpu_use(void *ctx) { struct fine *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct fine), 0), *q; if (!p) return 0; q = bpf_this_cpu_ptr(p); q->a[1] = 3; bpf_percpu_obj_drop_impl(p, 0); return 0; }
