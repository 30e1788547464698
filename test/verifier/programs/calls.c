/* Functions of the program: frames, stack, arguments, registers over calls, recursion. */
#include "fixture.h"

#define FRAME(name, size, next)                                                                                 \
	__sub __naked int name(void)                                                                \
	{                                                                                                       \
		asm volatile("*(u64 *)(r10 - " size ") = 0; r1 = 0; call " next "; r0 = 0; exit;");             \
	}
#define LEAF(name, size)                                                                                        \
	__sub __naked int name(void)                                                                \
	{                                                                                                       \
		asm volatile("*(u64 *)(r10 - " size ") = 0; r0 = 0; exit;");                                    \
	}

LEAF(deep7, "16")
FRAME(deep6, "16", "deep7")
FRAME(deep5, "16", "deep6")
FRAME(deep4, "16", "deep5")
FRAME(deep3, "16", "deep4")
FRAME(deep2, "16", "deep3")
FRAME(deep1, "16", "deep2")
FRAME(deep0, "16", "deep1")

/* Eight frames in all. */
SEC("socket") __naked int frames_ok(void)
{
	ASM("call deep1; r0 = 0; exit;");
}
SEC("socket") __naked int frames_bad(void)
{
	ASM("call deep0; r0 = 0; exit;");
}

/* 512 bytes of stack on a chain of calls. */
LEAF(wide256, "256")
LEAF(wide288, "288")
SEC("socket") __naked int stack_sum_ok(void)
{
	ASM("*(u64 *)(r10 - 256) = 0; call wide256; r0 = 0; exit;");
}
SEC("socket") __naked int stack_sum_bad(void)
{
	ASM("*(u64 *)(r10 - 256) = 0; call wide288; r0 = 0; exit;");
}

/* Chains count, not functions: two leaves side by side do not add up. */
SEC("socket") __naked int stack_chains_ok(void)
{
	ASM("*(u64 *)(r10 - 200) = 0; call wide256; call wide288; r0 = 0; exit;");
}
FRAME(middle, "128", "wide288")
SEC("socket") __naked int stack_chains_bad(void)
{
	ASM("*(u64 *)(r10 - 128) = 0; call wide256; call middle; r0 = 0; exit;");
}

/* r1 to r5 are gone after a call, r6 to r9 stay. */
SEC("socket") __naked int saved_ok(void)
{
	ASM("r6 = 1; call deep7; r0 = r6; exit;");
}
SEC("socket") __naked int saved_bad(void)
{
	ASM("r2 = 1; call deep7; r0 = r2; exit;");
}

/* A callee does not see its caller's r6 to r9. */
__sub __naked int reads_r1(void)
{
	asm volatile("r0 = r1; exit;");
}
__sub __naked int reads_r6(void)
{
	asm volatile("r0 = r6; exit;");
}
SEC("socket") __naked int callee_registers_ok(void)
{
	ASM("r1 = 1; call reads_r1; r0 = 0; exit;");
}
SEC("socket") __naked int callee_registers_bad(void)
{
	ASM("r6 = 1; call reads_r6; r0 = 0; exit;");
}

/* No function calls itself, by any way. */
__sub __naked int self(void)
{
	asm volatile("if r1 == 0 goto 1f; r1 = 0; call self; 1: r0 = 0; exit;");
}
__sub __naked int once(void)
{
	asm volatile("if r1 == 0 goto 1f; r1 = 0; call reads_r1; 1: r0 = 0; exit;");
}
SEC("socket") __naked int recursion_ok(void)
{
	ASM("r1 = 1; call once; r0 = 0; exit;");
}
SEC("socket") __naked int recursion_bad(void)
{
	ASM("r1 = 1; call self; r0 = 0; exit;");
}

/* A callee writes its caller's stack, and its own frame does not outlive it. */
__sub __naked int writes_there(void)
{
	asm volatile("*(u64 *)(r1 + 0) = 5; r0 = 0; exit;");
}
__sub __naked int returns_frame(void)
{
	asm volatile("r0 = r10; exit;");
}
SEC("socket") __naked int caller_stack_ok(void)
{
	ASM("r1 = r10; r1 += -8; call writes_there; r0 = *(u64 *)(r10 - 8); exit;");
}
SEC("socket") __naked int caller_stack_bad(void)
{
	ASM("call returns_frame; r0 = 0; exit;");
}

/* What a callee leaves on its caller's stack is known afterwards. */
SEC("socket") __naked int known_after_ok(void)
{
	ASM("*(u64 *)(r10 - 64) = 0; *(u64 *)(r10 - 56) = 0; r1 = r10; r1 += -8; call writes_there;"
	    "r1 = *(u64 *)(r10 - 8); r2 = r10; r2 += r1; *(u8 *)(r2 - 8) = 0; r0 = 0; exit;");
}
__sub __naked int writes_random(void)
{
	asm volatile("r6 = r1; call 7; *(u64 *)(r6 + 0) = r0; r0 = 0; exit;");
}
SEC("socket") __naked int known_after_bad(void)
{
	ASM("r1 = r10; r1 += -8; call writes_random;"
	    "r1 = *(u64 *)(r10 - 8); r2 = r10; r2 += r1; *(u8 *)(r2 - 8) = 0; r0 = 0; exit;");
}

/* A pointer through a callee and back; a value's range through a callee. */
__sub __naked int same(void)
{
	asm volatile("r0 = r1; exit;");
}
SEC("socket") __naked int through_ok(void)
{
	ASM("call same; r0 = *(u32 *)(r0 + 0); exit;");
}
SEC("socket") __naked int through_bad(void)
{
	ASM("r1 = 10; call same; r0 = *(u32 *)(r0 + 0); exit;");
}
SEC("socket") __naked int range_through_ok(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; call %[random]; r1 = r0; r1 &= 7; call same; r1 = r10; r1 += r0; r0 = *(u8 *)(r1 - 8); exit;");
}
SEC("socket") __naked int range_through_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; call %[random]; r1 = r0; r1 &= 15; call same; r1 = r10; r1 += r0; r0 = *(u8 *)(r1 - 8); exit;");
}
