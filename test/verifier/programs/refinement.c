/* What a conditional jump says of its operands, on both sides, and of the numbers linked with them. */
#include "fixture.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);

/* r6 = a value, r7 = 64 unknown bits; the text leaves an offset in r7, or jumps to 9. */
#define OFFSET(text)                                                                                            \
	ASM("*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = values ll; call %[lookup]; if r0 == 0 goto 9f;"    \
	    "r6 = r0; call %[ktime]; r7 = r0; " text "; r6 += r7; r0 = *(u8 *)(r6 + 0); 9: r0 = 0; exit;")

SEC("socket") __naked int above_ok(void)
{
	OFFSET("if r7 > 63 goto 9f");
}
SEC("socket") __naked int above_bad(void)
{
	OFFSET("if r7 > 64 goto 9f");
}
SEC("socket") __naked int below_ok(void)
{
	OFFSET("if r7 < 64 goto 1f; goto 9f; 1:");
}
SEC("socket") __naked int below_bad(void)
{
	OFFSET("if r7 < 65 goto 1f; goto 9f; 1:");
}
SEC("socket") __naked int signed_ok(void)
{
	OFFSET("if r7 s> 63 goto 9f; if r7 s< 0 goto 9f");
}
SEC("socket") __naked int signed_bad(void)
{
	OFFSET("if r7 s> 63 goto 9f; if r7 s< -1 goto 9f");
}
SEC("socket") __naked int signed_alone_ok(void)
{
	OFFSET("if r7 s> 63 goto 9f; if r7 s>= 0 goto 1f; goto 9f; 1:");
}
SEC("socket") __naked int signed_alone_bad(void)
{
	OFFSET("if r7 s> 63 goto 9f");
}
SEC("socket") __naked int equal_ok(void)
{
	OFFSET("if r7 == 63 goto 1f; goto 9f; 1:");
}
SEC("socket") __naked int equal_bad(void)
{
	OFFSET("if r7 != 63 goto 1f; goto 9f; 1:");
}
/* != takes a number off the end of a range. */
SEC("socket") __naked int not_equal_ok(void)
{
	OFFSET("if r7 > 64 goto 9f; if r7 == 64 goto 9f");
}
SEC("socket") __naked int not_equal_bad(void)
{
	OFFSET("if r7 > 64 goto 9f; if r7 == 63 goto 9f");
}
SEC("socket") __naked int bit_test_ok(void)
{
	OFFSET("if r7 & -64 goto 9f");
}
SEC("socket") __naked int bit_test_bad(void)
{
	OFFSET("if r7 & 64 goto 9f");
}
/* 32-bit jumps say nothing of the upper half. */
SEC("socket") __naked int narrow_ok(void)
{
	OFFSET("if w7 > 63 goto 9f; w7 = w7");
}
SEC("socket") __naked int narrow_bad(void)
{
	OFFSET("if w7 > 63 goto 9f");
}
SEC("socket") __naked int narrow_signed_ok(void)
{
	OFFSET("w7 = w7; if w7 s> 63 goto 9f; if w7 s< 0 goto 9f");
}
SEC("socket") __naked int narrow_signed_bad(void)
{
	OFFSET("w7 = w7; if w7 s> 63 goto 9f; if w7 s< -5 goto 9f");
}
/* Against another register. */
SEC("socket") __naked int register_ok(void)
{
	OFFSET("r8 = r7; r8 >>= 58; if r7 > r8 goto 9f");
}
SEC("socket") __naked int register_bad(void)
{
	OFFSET("r8 = r7; r8 >>= 57; if r7 > r8 goto 9f");
}
SEC("socket") __naked int both_learn_ok(void)
{
	OFFSET("call %[random]; r8 = r0; r7 &= 63; if r8 > r7 goto 9f; r7 = r8");
}
SEC("socket") __naked int both_learn_bad(void)
{
	OFFSET("call %[random]; r8 = r0; r7 &= 63; if r8 < r7 goto 9f; r7 = r8");
}
/* A copy learns with its original, also at a constant distance; a changed one does not. */
SEC("socket") __naked int linked_ok(void)
{
	OFFSET("r8 = r7; if r8 > 63 goto 9f");
}
SEC("socket") __naked int linked_bad(void)
{
	OFFSET("r8 = r7; r7 |= 1; if r8 > 63 goto 9f");
}
SEC("socket") __naked int linked_offset_ok(void)
{
	OFFSET("call %[random]; r7 = r0; r8 = r7; r8 += 32; if r7 > 31 goto 9f; r7 = r8");
}
SEC("socket") __naked int linked_offset_bad(void)
{
	OFFSET("call %[random]; r7 = r0; r8 = r7; r8 += 33; if r7 > 31 goto 9f; r7 = r8");
}
/* A copy on the stack learns too; half of one does not tell of the whole. */
SEC("socket") __naked int linked_stack_ok(void)
{
	OFFSET("*(u64 *)(r10 - 16) = r7; if r7 > 63 goto 9f; r7 = *(u64 *)(r10 - 16)");
}
SEC("socket") __naked int linked_stack_bad(void)
{
	OFFSET("*(u32 *)(r10 - 16) = r7; r8 = *(u32 *)(r10 - 16); if r8 > 63 goto 9f");
}
SEC("socket") __naked int narrow_copy_ok(void)
{
	OFFSET("w7 = w7; w8 = w7; if r8 > 63 goto 9f");
}
SEC("socket") __naked int narrow_copy_bad(void)
{
	OFFSET("w8 = w7; if r8 > 63 goto 9f");
}
/* A branch that nothing can take is not walked. */
SEC("socket") __naked int dead_ok(void)
{
	OFFSET("r7 &= 15; if r7 < 16 goto 1f; r7 = 100; 1:");
}
SEC("socket") __naked int dead_bad(void)
{
	OFFSET("r7 &= 15; if r7 < 15 goto 1f; r7 = 100; 1:");
}
SEC("socket") __naked int dead_signed_ok(void)
{
	OFFSET("r7 >>= 60; if r7 s>= 0 goto 1f; r7 = 100; 1:");
}
SEC("socket") __naked int dead_signed_bad(void)
{
	OFFSET("r7 s>>= 60; r7 &= 15; if r7 s> 0 goto 1f; r7 = 100; 1:");
}
/* Both paths meet again: the number matters on the second as on the first. */
SEC("socket") __naked int meeting_ok(void)
{
	OFFSET("r8 = 1; if r7 > 5 goto 1f; r8 = 63; 1: r7 = r8");
}
SEC("socket") __naked int meeting_bad(void)
{
	OFFSET("r8 = 1; if r7 > 5 goto 1f; r8 = 64; 1: r7 = r8");
}
/* Signed and unsigned limits make each other tighter. */
SEC("socket") __naked int deduced_ok(void)
{
	OFFSET("if r7 s< 0 goto 9f; if r7 s>= 64 goto 9f");
}
SEC("socket") __naked int deduced_bad(void)
{
	OFFSET("if r7 s< 0 goto 9f; if r7 < 64 goto 9f");
}
