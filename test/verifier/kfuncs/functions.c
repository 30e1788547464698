/* Global functions' arguments and tags, static ones, exceptions. */
#include "kfuncs.h"
#define __arg_ctx2 __attribute__((btf_decl_tag("arg:ctx")))
#define T(x) __attribute__((btf_decl_tag("arg:" #x)))
#define G __weak __noinline int
struct mys { int a; long b; }; struct myfwd; struct myemp {}; enum mye { E1, E2 }; union myu { int a; char c; };
struct mybig { char a[400]; };
G g_scalar(int a, unsigned long b) { return a + b; }
G g_ctx(struct __sk_buff *skb) { return skb->len; }
G g_ctx_tag(void *skb T(ctx)) { return ((struct __sk_buff*)skb)->len; }
G g_mem(struct mys *p) { if (!p) return 0; return p->a; }
G g_mem_nonull(struct mys *p) { return p->a; }
G g_mem_nn(struct mys *p T(nonnull)) { return p->a; }
G g_mem_w(int *p) { if (p) *p = 3; return 0; }
G g_mem_oob(int *p) { if (p) return p[1]; return 0; }
G g_fwd(struct myfwd *p) { return p != 0; }
G g_void(void *p) { return p != 0; }
G g_arr(int (*p)[4]) { return p ? (*p)[2] : 0; }
G g_char(const char *p) { return p ? *p : 0; }
G g_pp(int **p) { return p ? *p != 0 : 0; }
G g_struct(struct mys p) { return p.a; }
G g_enum(enum mye x) { return x; }
__weak __noinline struct mys *g_retp(int x) { return 0; }
__weak __noinline void g_retv(int x) { asm volatile("" :: "r"(x)); }
__weak __noinline enum mye g_rete(int x) { return x; }
G g_trust(struct task_struct *t T(trusted)) { return t->pid; }
G g_trust_nn(struct task_struct *t T(trusted) T(nonnull)) { return t->pid; }
G g_trust_null(struct task_struct *t T(trusted) T(nullable)) { return t ? t->pid : 0; }
G g_trust_null2(struct task_struct *t T(trusted) T(nullable)) { return t->pid; }
G g_trust_bad(struct mys *t T(trusted)) { return t->a; }
G g_untr(struct task_struct *t T(untrusted)) { return t->pid; }
G g_untr_int(int *t T(untrusted)) { return *t; }
G g_untr_w(int *t T(untrusted)) { *t = 3; return 0; }
G g_untr_nn(int *t T(untrusted) T(nonnull)) { return *t; }
G g_untr_void(void *t T(untrusted)) { return *(int*)t; }
G g_untr_u(union myu *t T(untrusted)) { return t->a; }
G g_nullable(struct mys *t T(nullable)) { return t->a; }
G g_bogus(struct mys *t T(bogus)) { return t->a; }
G g_tagint(int t T(nonnull)) { return t; }
G g_ctx_nn(void *c T(ctx) T(nonnull)) { return 1; }
G g_ctx_wrong(struct mys *c T(ctx)) { return 1; }
G g_arena(void *c T(arena)) { return c != 0; }
G g_arena2(void *c T(arena) T(nonnull)) { return c != 0; }
G g_dyn(struct bpf_dynptr *d) { return bpf_dynptr_size(d); }
G g_dyn_tag(struct bpf_dynptr *d T(nonnull)) { return bpf_dynptr_size(d); }
G g_six(int a, int b, int c, int d, int e) { return a + b + c + d + e; }
G g_float(float f) { return 1; }
static __noinline int st_scalar(int a) { return a * 3; }
static __noinline int st_mem(struct mys *p) { return p->a; }
static __noinline int st_ctx(struct __sk_buff *p) { return p->len; }
static __noinline int st_tag(struct mys *p T(nonnull)) { return p->a; }
static __noinline int st_dyn(struct bpf_dynptr *d) { return bpf_dynptr_size(d); }
int gl;
#define P(n, body) SEC("tc") int n(struct __sk_buff *ctx) { body }
P(p_scalar, return g_scalar(ctx->len, 3);)
P(p_scalar_ptr, return g_scalar((long)ctx, 3);)
P(p_ctx, return g_ctx(ctx);)
P(p_ctx_off, return g_ctx((void*)ctx + 4);)
P(p_ctx_stack, int x = 0; return g_ctx((void*)&x);)
P(p_ctx_tag, return g_ctx_tag(ctx);)
P(p_mem, struct mys x = {}; return g_mem(&x);)
P(p_mem_small, int x = 0; return g_mem((void*)&x);)
P(p_mem_null, return g_mem(0);)
P(p_mem_uninit, struct mys x; return g_mem(&x);)
P(p_mem_nonull, struct mys x = {}; return g_mem_nonull(&x);)
P(p_mem_nn, struct mys x = {}; return g_mem_nn(&x);)
P(p_mem_nn_null, return g_mem_nn(0);)
P(p_mem_w, return g_mem_w(&gl);)
P(p_mem_oob, return g_mem_oob(&gl);)
P(p_mem_ctx, return g_mem_w((void*)ctx);)
P(p_mem_pkt, void *d = (void*)(long)ctx->data; if (d + 16 > (void*)(long)ctx->data_end) return 0; return g_mem(d);)
P(p_mem_pkt2, void *d = (void*)(long)ctx->data; if (d + 8 > (void*)(long)ctx->data_end) return 0; return g_mem(d);)
P(p_fwd, return g_fwd(0);)
P(p_void, return g_void(0);)
P(p_arr, int a[4] = {}; return g_arr(&a);)
P(p_char, char c = 1; return g_char(&c);)
P(p_pp, int *c = 0; return g_pp(&c);)
P(p_struct, struct mys x = {}; return g_struct(x);)
P(p_enum, return g_enum(ctx->len);)
P(p_retp, return g_retp(1) != 0;)
P(p_retv, g_retv(1); return 0;)
P(p_rete, return g_rete(1);)
P(p_trust, return g_trust(bpf_get_current_task_btf());)
P(p_trust_null, return g_trust_null(bpf_get_current_task_btf());)
P(p_trust_null0, return g_trust_null(0);)
P(p_trust_0, return g_trust(0);)
P(p_trust_ctx, return g_trust((void*)ctx);)
P(p_trust_null2, return g_trust_null2(0);)
P(p_trust_nn, return g_trust_nn(0);)
P(p_trust_bad, return g_trust_bad(0);)
P(p_trust_mm, struct task_struct *t = bpf_get_current_task_btf(); return g_trust((void*)t->mm);)
P(p_untr, return g_untr(0);)
P(p_untr_int, return g_untr_int((void*)ctx);)
P(p_untr_w, return g_untr_w(0);)
P(p_untr_nn, return g_untr_nn(0);)
P(p_untr_void, return g_untr_void(0);)
P(p_untr_u, return g_untr_u(0);)
P(p_nullable, return g_nullable(0);)
P(p_bogus, return g_bogus(0);)
P(p_tagint, return g_tagint(0);)
P(p_ctx_nn, return g_ctx_nn(ctx);)
P(p_ctx_wrong, return g_ctx_wrong((void*)ctx);)
P(p_arena, return g_arena(0);)
P(p_arena_ctx, return g_arena(ctx);)
P(p_arena2, return g_arena2(0);)
P(p_dyn, struct bpf_dynptr d; bpf_dynptr_from_skb(ctx, 0, &d); return g_dyn(&d);)
P(p_dyn_un, struct bpf_dynptr d; return g_dyn(&d);)
P(p_dyn_tag, struct bpf_dynptr d; bpf_dynptr_from_skb(ctx, 0, &d); return g_dyn_tag(&d);)
P(p_six, return g_six(1,2,3,4,5);)
P(p_float, return g_float(1);)
P(s_scalar, return st_scalar(ctx->len);)
P(s_scalar_ptr, return st_scalar((long)ctx);)
P(s_mem, struct mys x = {}; return st_mem(&x);)
P(s_ctx, return st_ctx(ctx);)
P(s_ctx2, char c[200] = {}; return st_ctx((void*)c);)
P(s_ctx_off, return st_ctx((void*)ctx + 4);)
P(s_tag, struct mys x = {}; return st_tag(&x);)
P(s_dyn, struct bpf_dynptr d; bpf_dynptr_from_skb(ctx, 0, &d); return st_dyn(&d);)
P(s_dyn_un, struct bpf_dynptr d; return st_dyn(&d);)
P(lock_global, bpf_preempt_disable(); int r = g_scalar(1, 2); bpf_preempt_enable(); return r;)
SEC("tc") int main_noctx(int x) { return 0; }
SEC("tc") int main_two(struct __sk_buff *c, int x) { return 0; }
SEC("xdp") int main_wrong(struct __sk_buff *c) { return 1; }
SEC("xdp") int x_ctx(struct xdp_md *c) { return g_ctx((void*)c); }
SEC("kprobe") int k_ctx(struct pt_regs *c) { return g_ctx_tag(c); }
G gk(struct pt_regs *c) { return c->ip; }
G gk2(bpf_user_pt_regs_t *c) { return c->ip; }
G gk3(struct pt_regs *c T(ctx)) { return c->ip; }
SEC("kprobe") int k_ctx2(struct pt_regs *c) { return gk(c); }
SEC("kprobe") int k_ctx3(struct pt_regs *c) { return gk2(c); }
SEC("kprobe") int k_ctx4(struct pt_regs *c) { return gk3(c); }
G gr(u64 *c T(ctx)) { return c[0]; }
SEC("raw_tp") int r_ctx(u64 *c) { return gr(c); }
SEC("tc") int r_ctx_tc(u64 *c) { return gr(c); }
SEC("syscall") int r_ctx_sys(u64 *c) { return gr(c); }
SEC("tp") int r_ctx_tp(u64 *c) { return gr(c); }
SEC("perf_event") int pe(struct bpf_perf_event_data *c) { return gk3((void*)c); }
// exceptions
SEC("tc") int thr(struct __sk_buff *c) { if (c->len > 3) bpf_throw(0); return 1; }
SEC("tc") int thr_bad(struct __sk_buff *c) { bpf_throw(c->len); return 1; }
SEC("xdp") int thr_x(struct xdp_md *c) { bpf_throw(7); return 1; }
SEC("cgroup_skb/ingress") int thr_cg(struct __sk_buff *c) { bpf_throw(7); return 1; }
SEC("tc") int thr_ref(struct __sk_buff *c) { void *p = bpf_obj_new_impl(bpf_core_type_id_local(struct mys), 0); if (!p) return 0; bpf_throw(0); return 1; }
SEC("tc") int thr_rcu(struct __sk_buff *c) { bpf_rcu_read_lock(); bpf_throw(0); return 1; }
SEC("tc") int thr_pre(struct __sk_buff *c) { bpf_preempt_disable(); bpf_throw(0); return 1; }
static __noinline int thr_st(int x) { if (x) bpf_throw(x); return 1; }
G thr_gl(int x) { if (x) bpf_throw(x); return 1; }
SEC("tc") int thr_sub(struct __sk_buff *c) { return thr_st(c->len); }
SEC("tc") int thr_glob(struct __sk_buff *c) { return thr_gl(c->len); }
__noinline int ecb(u64 c) { return 0; }
__noinline int ecb2(u64 c, int d) { return 0; }
__noinline int ecb3(struct mys *c) { return 0; }
__noinline int ecb4(u64 c) { bpf_throw(0); return 0; }
__noinline int ecb5(u64 c) { return c; }
static __noinline int ecb6(u64 c) { return 0; }
#define EX(x) __attribute__((btf_decl_tag("exception_callback:" #x)))
SEC("tc") EX(ecb) int ex1(struct __sk_buff *c) { bpf_throw(c->len); return 1; }
SEC("tc") EX(ecb2) int ex2(struct __sk_buff *c) { bpf_throw(c->len); return 1; }
SEC("tc") EX(ecb3) int ex3(struct __sk_buff *c) { bpf_throw(c->len); return 1; }
SEC("tc") EX(ecb4) int ex4(struct __sk_buff *c) { bpf_throw(c->len); return 1; }
SEC("xdp") EX(ecb5) int ex5(struct xdp_md *c) { bpf_throw(0); return 1; }
SEC("tc") EX(ecb) int ex8(struct __sk_buff *c) { return ecb(1); }
static long loopcb(u32 i, void *c) { bpf_throw(0); return 0; }
SEC("tc") int thr_cb(struct __sk_buff *c) { bpf_loop(5, loopcb, 0, 0); return 1; }
