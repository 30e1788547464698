/* The stack: spills of every size, what was written, what was not, offsets that vary. */
#include "fixture.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);

SEC("socket") __naked int limits_ok(void)
{
	ASM("*(u64 *)(r10 - 512) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int limits_bad(void)
{
	ASM("*(u64 *)(r10 - 520) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int above_frame_ok(void)
{
	ASM("*(u8 *)(r10 - 1) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int above_frame_bad(void)
{
	ASM("*(u8 *)(r10 + 0) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int aligned_ok(void)
{
	ASM("*(u32 *)(r10 - 12) = 0; r0 = 0; exit;");
}
SEC("socket") __naked int aligned_bad(void)
{
	ASM("*(u32 *)(r10 - 11) = 0; r0 = 0; exit;");
}
/* A pointer comes back whole; part of it does not come back. */
SEC("socket") __naked int pointer_spill_ok(void)
{
	ASM("*(u64 *)(r10 - 8) = r1; r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("socket") __naked int pointer_spill_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = r1; *(u8 *)(r10 - 8) = 0; r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("socket") __naked int pointer_part_ok(void)
{
	ASM("r1 = 9; *(u64 *)(r10 - 8) = r1; r0 = *(u32 *)(r10 - 8); exit;");
}
SEC("socket") __naked int pointer_part_bad(void)
{
	ASM("*(u32 *)(r10 - 8) = r1; r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
/* A number comes back with its range, at 8, 4, 2 and 1 bytes. */
#define SPILLED(text)                                                                                           \
	ASM("*(u64 *)(r10 - 8) = 0; call %[ktime]; r7 = r0; " text "; r2 = r10; r2 += -8; r2 += r7; r0 = *(u8 *)(r2 + 0); r0 = 0; exit;")
SEC("socket") __naked int spill8_ok(void)
{
	SPILLED("r7 &= 7; *(u64 *)(r10 - 16) = r7; r7 = *(u64 *)(r10 - 16)");
}
SEC("socket") __naked int spill8_bad(void)
{
	SPILLED("r7 &= 8; *(u64 *)(r10 - 16) = r7; r7 = *(u64 *)(r10 - 16)");
}
SEC("socket") __naked int spill4_ok(void)
{
	SPILLED("r7 &= 7; *(u32 *)(r10 - 16) = r7; r7 = *(u32 *)(r10 - 16)");
}
SEC("socket") __naked int spill4_bad(void)
{
	SPILLED("r7 &= 7; *(u32 *)(r10 - 16) = r7; *(u8 *)(r10 - 15) = r7; r7 = *(u32 *)(r10 - 16)");
}
SEC("socket") __naked int spill2_ok(void)
{
	SPILLED("r7 &= 7; *(u16 *)(r10 - 16) = r7; r7 = *(u16 *)(r10 - 16)");
}
SEC("socket") __naked int spill2_bad(void)
{
	SPILLED("r7 &= 7; *(u16 *)(r10 - 10) = r7; *(u16 *)(r10 - 12) = r7; r7 = *(u32 *)(r10 - 12)");
}
SEC("socket") __naked int spill_immediate_ok(void)
{
	SPILLED("*(u64 *)(r10 - 16) = 5; r7 = *(u64 *)(r10 - 16)");
}
SEC("socket") __naked int spill_immediate_bad(void)
{
	SPILLED("*(u64 *)(r10 - 16) = 8; r7 = *(u64 *)(r10 - 16)");
}
/* A narrow fill of a wide spill. */
SEC("socket") __naked int fill_narrow_ok(void)
{
	SPILLED("r7 &= 7; *(u64 *)(r10 - 16) = r7; r7 = *(u32 *)(r10 - 16)");
}
SEC("socket") __naked int fill_narrow_bad(void)
{
	SPILLED("r7 &= 15; *(u64 *)(r10 - 16) = r7; r7 = *(u32 *)(r10 - 16)");
}
/* Zeros stay known as zeros. */
SEC("socket") __naked int zeros_ok(void)
{
	SPILLED("*(u8 *)(r10 - 16) = 0; r7 = *(u8 *)(r10 - 16)");
}
SEC("socket") __naked int zeros_bad(void)
{
	SPILLED("*(u64 *)(r10 - 16) = r7; *(u8 *)(r10 - 16) = 0; r7 = *(u64 *)(r10 - 16)");
}
/* A number on the stack without a spill: any byte. */
SEC("socket") __naked int overwritten_ok(void)
{
	SPILLED("r7 &= 7; *(u64 *)(r10 - 16) = r7; r8 = 0; *(u64 *)(r10 - 24) = r8; r7 = *(u64 *)(r10 - 16)");
}
SEC("socket") __naked int overwritten_bad(void)
{
	SPILLED("r7 &= 7; *(u64 *)(r10 - 16) = r7; r8 = r0; *(u64 *)(r10 - 16) = r8; r7 = *(u64 *)(r10 - 16)");
}
/* Offsets that vary: inside the frame, not over its end. */
SEC("socket") __naked int variable_ok(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0; call %[random]; r0 &= 8; r2 = r10; r2 += -16; r2 += r0; *(u64 *)(r2 + 0) = 1; r0 = 0; exit;");
}
SEC("socket") __naked int variable_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = 0; call %[random]; r0 &= 24; r2 = r10; r2 += -16; r2 += r0; *(u64 *)(r2 + 0) = 1; r0 = 0; exit;");
}
/* What a varying write may have hit is no pointer any more. */
SEC("socket") __naked int variable_over_pointer_ok(void)
{
	ASM("r6 = r1; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 24) = 0; call %[random]; r0 &= 7; r2 = r10; r2 += r0;"
	    "*(u8 *)(r2 - 24) = 1; r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("socket") __naked int variable_over_pointer_bad(void)
{
	ASM("r6 = r1; *(u64 *)(r10 - 8) = r1; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 24) = 0; call %[random]; r0 &= 7; r2 = r10; r2 += r0;"
	    "*(u8 *)(r2 - 12) = 1; r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
/* Helpers read what was written only; with CAP_PERFMON also what was not, and write into nothing. */
SEC("socket") __naked int helper_key_ok(void)
{
	ASM("*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = values ll; call %[lookup]; r0 = 0; exit;");
}
SEC("socket") __naked int helper_key_bad(void)
{
	ASM("*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -3; r1 = values ll; call %[lookup]; r0 = 0; exit;");
}
/* Atomics need a number there. */
SEC("socket") __naked int atomic_ok(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; r1 = 1; lock *(u64 *)(r10 - 8) += r1; r0 = 0; exit;");
}
SEC("socket") __naked int atomic_bad(void)
{
	ASM("*(u64 *)(r10 - 8) = 0; r1 = 1; lock *(u64 *)(r10 - 516) += r1; r0 = 0; exit;");
}
/* Slots differ by path: the second path brings something else. */
SEC("socket") __naked int paths_ok(void)
{
	ASM("r6 = r1; *(u64 *)(r10 - 8) = r1; call %[random]; if r0 > 5 goto 1f; *(u64 *)(r10 - 8) = r6; 1: r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
SEC("socket") __naked int paths_bad(void)
{
	ASM("r6 = r1; *(u64 *)(r10 - 8) = r1; call %[random]; if r0 > 5 goto 1f; *(u64 *)(r10 - 8) = r0; 1: r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;");
}
