/* What every program of this folder includes: the UAPI, libbpf's helpers, and short spellings for inline assembly. */
#pragma once
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#ifndef LICENSE
#define LICENSE "GPL"
#endif
char _license[] SEC("license") = LICENSE;

#define __naked __attribute__((naked))
/* A function that only assembly calls, or that must stay a function. */
#define __sub static __attribute__((used, noinline))
/* A global function that the compiler knows nothing of at its calls. */
#define __global __attribute__((weak, noinline))
#define __ctx_arg __attribute__((btf_decl_tag("arg:ctx")))
#define __nonnull_arg __attribute__((btf_decl_tag("arg:nonnull")))
#define __nullable_arg __attribute__((btf_decl_tag("arg:nullable")))
#define __trusted_arg __attribute__((btf_decl_tag("arg:trusted")))
#define __untrusted_arg __attribute__((btf_decl_tag("arg:untrusted")))
#define __arena_arg __attribute__((btf_decl_tag("arg:arena")))

/* A program that is all assembly; helpers by name as %[lookup], constants as %[name]. */
#define ASM(text, ...)                                                                                          \
	asm volatile(text                                                                                       \
		     :                                                                                          \
		     : [lookup] "i"(BPF_FUNC_map_lookup_elem), [update] "i"(BPF_FUNC_map_update_elem),          \
		       [delete] "i"(BPF_FUNC_map_delete_elem), [ktime] "i"(BPF_FUNC_ktime_get_ns),              \
		       [random] "i"(BPF_FUNC_get_prandom_u32), [smp_id] "i"(BPF_FUNC_get_smp_processor_id),     \
		       [tail_call] "i"(BPF_FUNC_tail_call), [loop] "i"(BPF_FUNC_loop),                          \
		       [reserve] "i"(BPF_FUNC_ringbuf_reserve), [submit] "i"(BPF_FUNC_ringbuf_submit),          \
		       [discard] "i"(BPF_FUNC_ringbuf_discard), [output] "i"(BPF_FUNC_ringbuf_output),          \
		       [printk] "i"(BPF_FUNC_trace_printk), [strtol] "i"(BPF_FUNC_strtol), ##__VA_ARGS__        \
		     : "memory")

#define MAP(name, kind, key_type, value_type, entries)                                                          \
	struct {                                                                                                \
		__uint(type, kind);                                                                             \
		__uint(max_entries, entries);                                                                   \
		__type(key, key_type);                                                                          \
		__type(value, value_type);                                                                      \
	} name SEC(".maps")

#define RINGBUF(name)                                                                                           \
	struct {                                                                                                \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                             \
		__uint(max_entries, 4096);                                                                      \
	} name SEC(".maps")
