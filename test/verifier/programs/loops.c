/* Loops: bounded by what is known, by may_goto, by iterators and bpf_loop. */
#include "fixture.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);

/* Counts up to a constant, or for ever. */
SEC("socket") __naked int counted_ok(void)
{
	ASM("r0 = 0; r6 = 0; 1: r6 += 1; if r6 < 100 goto 1b; exit;");
}
SEC("socket") __naked int counted_bad(void)
{
	ASM("r0 = 0; r6 = 0; 1: r6 ^= 1; if r6 < 100 goto 1b; exit;");
}

/* Nothing changes from round to round. */
SEC("socket") __naked int idle_ok(void)
{
	ASM("r0 = 0; r6 = 10; 1: r6 -= 1; if r6 > 0 goto 1b; exit;");
}
SEC("socket") __naked int idle_bad(void)
{
	ASM("r0 = 0; r6 = 10; 1: r7 = r6; if r6 > 0 goto 1b; exit;");
}

/* The bound comes from a number with or without a limit. */
SEC("socket") int unknown_bound_ok(void *ctx)
{
	__u32 end = bpf_get_prandom_u32() & 31;
	volatile int sum = 0;
	for (__u32 i = 0; i < end; i++)
		sum += i;
	return 0;
}
SEC("socket") __naked int unknown_bound_bad(void)
{
	ASM("call %[ktime]; r7 = r0; r6 = 0; r0 = 0; 1: r6 += 1; if r6 < r7 goto 1b; exit;");
}

/* Two loops, one in the other. */
SEC("socket") __naked int nested_ok(void)
{
	ASM("r0 = 0; r6 = 0; 1: r7 = 0; 2: r7 += 1; if r7 < 9 goto 2b; r6 += 1; if r6 < 9 goto 1b; exit;");
}
SEC("socket") __naked int nested_bad(void)
{
	ASM("r0 = 0; r6 = 0; 1: r7 = 0; 2: r7 += 1; if r7 < 9 goto 2b; if r6 < 9 goto 1b; exit;");
}

/* The loop variable is an index of memory. */
SEC("socket") int fill_ok(void *ctx)
{
	int key = 0;
	char *v = bpf_map_lookup_elem(&values, &key);
	if (!v)
		return 0;
	for (int i = 0; i < 64; i++) {
		barrier_var(i);
		v[i] = i;
	}
	return 0;
}
SEC("socket") __naked int fill_bad(void)
{
	ASM("*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = values ll; call %[lookup]; if r0 == 0 goto 2f;"
	    "r6 = 0; 1: r7 = r0; r7 += r6; *(u8 *)(r7 + 0) = 1; r6 += 1; if r6 < 65 goto 1b; 2: r0 = 0; exit;");
}

/* may_goto ends any loop; what is in it must still be safe. */
SEC("socket") __naked int may_goto_ok(void)
{
	ASM("r0 = 0; r6 = 0; 1: .8byte 0x00000000000200e5; r6 += 1; goto 1b; exit;");
}
SEC("socket") __naked int may_goto_bad(void)
{
	ASM("r0 = 0; r6 = r10; 1: .8byte 0x00000000000300e5; r6 += -8; *(u64 *)(r6 + 0) = 0; goto 1b; exit;");
}

/* Many paths through a loop: states that are alike are not walked twice. */
SEC("socket") __naked int forks_ok(void)
{
	ASM("r6 = 0; 1: call %[random]; if r0 > 7 goto 2f; r7 = 1; 2: r7 = 2; r6 += 1; if r6 < 60 goto 1b; r0 = 0; exit;");
}
SEC("socket") __naked int forks_bad(void)
{
	ASM("r7 = 0; r6 = 0; 1: call %[random]; if r0 > 7 goto 2f; r7 += 1; 2: r6 += 1; if r6 < 60 goto 1b;"
	    "r8 = r10; r8 -= r7; *(u8 *)(r8 - 460) = 1; r0 = 0; exit;");
}

/* Signed, down to below zero. */
SEC("socket") __naked int downwards_ok(void)
{
	ASM("r0 = 0; r6 = 20; 1: r6 += -1; if r6 s>= 0 goto 1b; exit;");
}
SEC("socket") __naked int downwards_bad(void)
{
	ASM("r0 = 0; r6 = 20; 1: r6 += 0; if r6 s>= 0 goto 1b; exit;");
}

/* A 32-bit counter that wraps. */
SEC("socket") __naked int narrow_counter_ok(void)
{
	ASM("r0 = 0; w6 = -40; 1: w6 += 1; if w6 != 0 goto 1b; exit;");
}
SEC("socket") __naked int narrow_counter_bad(void)
{
	ASM("r0 = 0; w6 = -40; 1: w6 ^= 3; if w6 != 0 goto 1b; exit;");
}

/* A loop that calls a function. */
__sub int twice(int x)
{
	barrier_var(x);
	return x * 2;
}
SEC("socket") int calling_ok(void *ctx)
{
	volatile int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += twice(i);
	return 0;
}
__sub __naked int endless(void)
{
	asm volatile("1: r0 = r1; if r1 != 5 goto 1b; exit;");
}
SEC("socket") __naked int calling_bad(void)
{
	ASM("r1 = 1; call endless; r0 = 0; exit;");
}
