/* Values and keys of maps, maps themselves, and what may be done with them. */
#include "fixture.h"

struct pair {
	__u64 key[2];
};
MAP(values, BPF_MAP_TYPE_ARRAY, int, char[48], 4);
MAP(table, BPF_MAP_TYPE_HASH, struct pair, char[48], 4);
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__type(value, int);
} queue SEC(".maps");
MAP(percpu, BPF_MAP_TYPE_PERCPU_HASH, int, __u64, 4);
MAP(stacks, BPF_MAP_TYPE_STACK_TRACE, int, __u64[16], 4);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, int, int, 0);
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, int);
	__type(value, __u64);
} readable SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_WRONLY_PROG);
	__type(key, int);
	__type(value, __u64);
} writable SEC(".maps");
struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, __u64);
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps");
const volatile int limit = 8;
int counter;
static const int table_of_four[4] = { 1, 2, 3, 4 };

#define LOOKUP(map, size)                                                                                       \
	"r6 = r1; r1 = 0; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 16) = r1; r2 = r10; r2 += -" size "; r1 = " map " ll; call %[lookup];"

SEC("socket") __naked int null_ok(void)
{
	ASM(LOOKUP("table", "16") "if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 40); 1: r0 = 0; exit;");
}
SEC("socket") __naked int null_bad(void)
{
	ASM(LOOKUP("table", "16") "r1 = *(u64 *)(r0 + 40); r0 = 0; exit;");
}
/* An element of an array that is known to be there is not null. */
SEC("socket") __naked int array_constant_ok(void)
{
	ASM("r1 = 3; *(u32 *)(r10 - 8) = r1; r2 = r10; r2 += -8; r1 = values ll; call %[lookup]; r1 = *(u64 *)(r0 + 40); r0 = 0; exit;");
}
SEC("socket") __naked int array_constant_bad(void)
{
	ASM("r1 = 4; *(u32 *)(r10 - 8) = r1; r2 = r10; r2 += -8; r1 = values ll; call %[lookup]; r1 = *(u64 *)(r0 + 40); r0 = 0; exit;");
}
SEC("socket") __naked int null_math_ok(void)
{
	ASM(LOOKUP("table", "16") "if r0 == 0 goto 1f; r0 += 8; r1 = *(u64 *)(r0 + 32); 1: r0 = 0; exit;");
}
SEC("socket") __naked int null_math_bad(void)
{
	ASM(LOOKUP("table", "16") "r0 += 8; if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 32); 1: r0 = 0; exit;");
}
/* A test of one copy tells of the others. */
SEC("socket") __naked int null_copy_ok(void)
{
	ASM(LOOKUP("table", "16") "r7 = r0; *(u64 *)(r10 - 24) = r0; if r7 == 0 goto 1f; r0 = *(u64 *)(r10 - 24); r1 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;");
}
SEC("socket") __naked int null_copy_bad(void)
{
	ASM(LOOKUP("table", "16") "r7 = r0; r1 = 0; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 16) = r1; r2 = r10; r2 += -16; r1 = table ll; call %[lookup];"
	    "if r7 == 0 goto 1f; r1 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;");
}
SEC("socket") __naked int value_end_ok(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; *(u64 *)(r0 + 40) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int value_end_bad(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; *(u64 *)(r0 + 41) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int value_start_ok(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; r0 += 8; *(u64 *)(r0 - 8) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int value_start_bad(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; *(u64 *)(r0 - 8) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int atomic_ok(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; r1 = 1; lock *(u64 *)(r0 + 40) += r1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int atomic_bad(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; r1 = 1; lock *(u64 *)(r0 + 48) += r1; 1: r0 = 0; exit;");
}
/* Pointers stored in values (root may). */
SEC("socket") __naked int read_only_ok(void)
{
	ASM(LOOKUP("readable", "4") "if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;");
}
SEC("socket") __naked int read_only_bad(void)
{
	ASM(LOOKUP("readable", "4") "if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int write_only_ok(void)
{
	ASM(LOOKUP("writable", "4") "if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int write_only_bad(void)
{
	ASM(LOOKUP("writable", "4") "if r0 == 0 goto 1f; r1 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;");
}
SEC("tc") int update_ok(void *ctx)
{
	struct pair key = {};
	char value[48] = {};
	return bpf_map_update_elem(&table, &key, value, 0) == 0;
}
SEC("tc") int update_bad(void *ctx)
{
	int key = 0;
	__u64 value = 0;
	return bpf_map_update_elem(&readable, &key, &value, 0) == 0;
}
/* Keys are read whole, from memory that may be read. */
SEC("socket") __naked int key_ok(void)
{
	ASM("r1 = 0; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 16) = r1; r2 = r10; r2 += -16; r1 = table ll; call %[lookup]; r0 = 0; exit;");
}
SEC("socket") __naked int key_bad(void)
{
	ASM("r1 = 0; *(u64 *)(r10 - 8) = r1; r2 = r10; r2 += -8; r1 = table ll; call %[lookup]; r0 = 0; exit;");
}
SEC("xdp") __naked int key_in_packet_ok(void)
{
	ASM("r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r4 = r2; r4 += 16; if r4 > r3 goto 1f; r1 = table ll; call %[lookup]; 1: r0 = 2; exit;");
}
SEC("xdp") __naked int key_in_packet_bad(void)
{
	ASM("r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r4 = r2; r4 += 15; if r4 > r3 goto 1f; r1 = table ll; call %[lookup]; 1: r0 = 2; exit;");
}
/* A map is not memory, but its kernel object can be looked at. */
SEC("socket") __naked int map_pointer_ok(void)
{
	ASM("r1 = values ll; r2 = r10; r2 += -4; *(u32 *)(r10 - 4) = 0; call %[lookup]; r0 = 0; exit;");
}
SEC("socket") __naked int map_pointer_bad(void)
{
	ASM("r1 = values ll; *(u64 *)(r1 + 0) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int map_moved_ok(void)
{
	ASM("r1 = values ll; r3 = r1; r1 = r3; r2 = r10; r2 += -4; *(u32 *)(r10 - 4) = 0; call %[lookup]; r0 = 0; exit;");
}
SEC("socket") __naked int map_moved_bad(void)
{
	ASM("r1 = values ll; r1 += 8; r2 = r10; r2 += -4; *(u32 *)(r10 - 4) = 0; call %[lookup]; r0 = 0; exit;");
}
/* Maps in maps. */
SEC("socket") int inner_ok(void *ctx)
{
	int key = 0;
	void *map = bpf_map_lookup_elem(&outer, &key);
	if (!map)
		return 0;
	__u64 *value = bpf_map_lookup_elem(map, &key);
	return value ? *value : 0;
}
SEC("socket") int inner_bad(void *ctx)
{
	int key = 0;
	void *map = bpf_map_lookup_elem(&outer, &key);
	__u64 *value = bpf_map_lookup_elem(map, &key);
	return value ? *value : 0;
}
/* Each helper takes maps of its kinds. */
SEC("socket") int kind_ok(void *ctx)
{
	int value = 0;
	bpf_map_push_elem(&queue, &value, 0);
	return bpf_map_pop_elem(&queue, &value);
}
SEC("socket") int kind_bad(void *ctx)
{
	int value = 0;
	bpf_map_push_elem(&values, &value, 0);
	return 0;
}
SEC("tc") int percpu_ok(void *ctx)
{
	int key = 0;
	__u64 *v = bpf_map_lookup_percpu_elem(&percpu, &key, 0);
	return v ? *v : 0;
}
SEC("tc") int percpu_bad(void *ctx)
{
	int key = 0;
	__u64 *v = bpf_map_lookup_percpu_elem(&writable, &key, 0);
	return v != 0;
}
SEC("perf_event") int stack_ok(void *ctx)
{
	return bpf_get_stackid(ctx, &stacks, 0) > 0;
}
SEC("perf_event") int stack_bad(void *ctx)
{
	int key = 0;
	return bpf_map_update_elem(&stacks, &key, &key, 0);
}
SEC("xdp") int events_ok(void *ctx)
{
	__u64 data = 1;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &data, 8);
	return XDP_PASS;
}
SEC("xdp") int events_bad(void *ctx)
{
	int key = 0;
	return bpf_map_lookup_elem(&events, &key) ? XDP_PASS : XDP_DROP;
}
/* Constants of read-only data are known at load; others are not. */
SEC("socket") int constant_ok(void *ctx)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	for (int i = 0; i < limit; i++)
		v[i] = 1;
	return 0;
}
SEC("socket") __naked int constant_bad(void)
{
	ASM(LOOKUP("values", "4") "if r0 == 0 goto 1f; r1 = counter ll; r2 = *(u32 *)(r1 + 0); r0 += r2; *(u8 *)(r0 + 0) = 1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int global_ok(void)
{
	ASM("r1 = counter ll; r2 = 7; *(u32 *)(r1 + 0) = r2; r0 = 0; exit;");
}
SEC("socket") __naked int global_bad(void)
{
	ASM("r1 = limit ll; r2 = 7; *(u32 *)(r1 + 0) = r2; r0 = 0; exit;");
}
SEC("socket") int constant_table_ok(void *ctx)
{
	return table_of_four[bpf_get_prandom_u32() & 3];
}
SEC("socket") __naked int constant_table_bad(void)
{
	ASM("call %[random]; r0 &= 7; r0 <<= 2; r1 = limit ll; r1 += r0; r0 = *(u32 *)(r1 + 0); exit;");
}
