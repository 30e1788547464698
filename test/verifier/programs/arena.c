/* Arenas: memory shared with user space, addressed by casts. */
#include "kernel-types.h"

#ifndef BPF_MAP_TYPE_ARENA
#define BPF_MAP_TYPE_ARENA 33
#endif
#ifndef __ulong
#define __ulong(name, value) enum { arena_##name = value } name
#endif
struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, 1 << 10);
	__uint(max_entries, 16);
	__ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");
MAP(values, BPF_MAP_TYPE_ARRAY, int, __u64, 1);

SEC("syscall") __naked int access_ok(void)
{
	/* r1 becomes an arena pointer (addr_space_cast 0, 1), any offset will do. */
	ASM("r2 = arena ll; r1 = 0; .8byte 0x00000001000111bf; r0 = *(u64 *)(r1 + 4000); *(u64 *)(r1 + 8) = r0; r0 = 0; exit;");
}
SEC("syscall") __naked int access_bad(void)
{
	ASM("r2 = arena ll; r1 = 0; r0 = *(u64 *)(r1 + 4000); r0 = 0; exit;");
}
/* Without an arena there are no casts. */
SEC("syscall") __naked int cast_ok(void)
{
	ASM("r2 = arena ll; r1 = 5; .8byte 0x00000001000111bf; r0 = 0; exit;");
}
SEC("syscall") __naked int cast_bad(void)
{
	ASM("r1 = 5; .8byte 0x00000001000111bf; r0 = 0; exit;");
}
SEC("syscall") __naked int arithmetic_ok(void)
{
	ASM("r2 = arena ll; r1 = 5; .8byte 0x00000001000111bf; call %[random]; r1 = 7; .8byte 0x00000001000111bf; r1 += r0; r0 = *(u8 *)(r1 + 0); r0 = 0; exit;");
}
SEC("syscall") __naked int arithmetic_bad(void)
{
	ASM("r2 = arena ll; r1 = 5; call %[random]; r1 = 7; r1 += r0; r0 = *(u8 *)(r1 + 0); r0 = 0; exit;");
}
/* An arena is no map to look things up in, and its pointers are no memory for helpers. */
SEC("syscall") __naked int lookup_ok(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = values ll; call %[lookup]; r0 = 0; exit;");
}
SEC("syscall") __naked int lookup_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = arena ll; call %[lookup]; r0 = 0; exit;");
}
SEC("syscall") __naked int helper_ok(void)
{
	ASM("r3 = arena ll; r2 = 0; .8byte 0x00000001000122bf; r1 = *(u64 *)(r2 + 0); *(u64 *)(r10 - 8) = r1; r0 = 0; exit;");
}
SEC("syscall") __naked int helper_bad(void)
{
	ASM("r3 = arena ll; r2 = 0; .8byte 0x00000001000122bf; r1 = values ll; call %[lookup]; r0 = 0; exit;");
}
SEC("syscall") int pages_ok(void *ctx)
{
	void __arena *p = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (p)
		bpf_arena_free_pages(&arena, p, 1);
	return 0;
}
SEC("syscall") int pages_bad(void *ctx)
{
	void __arena *p = bpf_arena_alloc_pages((void *)5, NULL, 1, -1, 0);
	return p != NULL;
}
