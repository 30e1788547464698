/* What arithmetic leaves known of a number: a value is 64 bytes, the number is an offset into it. */
#include "fixture.h"

MAP(values, BPF_MAP_TYPE_ARRAY, int, char[64], 1);

/* r6 = a value, r7 = 64 bits that nobody knows; then the text, which leaves an offset in r7 for one byte. */
#define OFFSET(text)                                                                                            \
	ASM("*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = values ll; call %[lookup]; if r0 == 0 goto 9f;"    \
	    "r6 = r0; call %[ktime]; r7 = r0; " text "; r6 += r7; r0 = *(u8 *)(r6 + 0); 9: r0 = 0; exit;")

SEC("socket") __naked int and_ok(void)
{
	OFFSET("r7 &= 63");
}
SEC("socket") __naked int and_bad(void)
{
	OFFSET("r7 &= 64");
}
SEC("socket") __naked int and_negative_ok(void)
{
	OFFSET("r7 &= 0x3f; r7 &= -8");
}
SEC("socket") __naked int and_negative_bad(void)
{
	OFFSET("r7 &= -8");
}
SEC("socket") __naked int shift_right_ok(void)
{
	OFFSET("r7 >>= 58");
}
SEC("socket") __naked int shift_right_bad(void)
{
	OFFSET("r7 >>= 57");
}
SEC("socket") __naked int shift_right_signed_ok(void)
{
	OFFSET("r7 s>>= 59; r7 += 32");
}
SEC("socket") __naked int shift_right_signed_bad(void)
{
	OFFSET("r7 s>>= 57; r7 += 32");
}
SEC("socket") __naked int shift_left_ok(void)
{
	OFFSET("r7 &= 7; r7 <<= 3");
}
SEC("socket") __naked int shift_left_bad(void)
{
	OFFSET("r7 &= 7; r7 <<= 4");
}
SEC("socket") __naked int multiply_ok(void)
{
	OFFSET("r7 &= 7; r7 *= 9");
}
SEC("socket") __naked int multiply_bad(void)
{
	OFFSET("r7 &= 7; r7 *= 10");
}
SEC("socket") __naked int add_ok(void)
{
	OFFSET("r7 &= 31; r8 = r7; r8 &= 15; r7 += r8; r7 += 16");
}
SEC("socket") __naked int add_bad(void)
{
	OFFSET("r7 &= 31; r8 = r7; r8 &= 31; r7 += r8; r7 += 16");
}
SEC("socket") __naked int subtract_ok(void)
{
	OFFSET("r7 &= 31; r8 = 63; r8 -= r7; r7 = r8");
}
SEC("socket") __naked int subtract_bad(void)
{
	OFFSET("r7 &= 31; r8 = 30; r8 -= r7; r7 = r8");
}
SEC("socket") __naked int or_ok(void)
{
	OFFSET("r7 &= 31; r7 |= 32");
}
SEC("socket") __naked int or_bad(void)
{
	OFFSET("r7 &= 31; r7 |= 64");
}
SEC("socket") __naked int xor_ok(void)
{
	OFFSET("r7 &= 31; r7 ^= 60");
}
SEC("socket") __naked int xor_bad(void)
{
	OFFSET("r7 &= 31; r7 ^= 68");
}
/* A remainder is not bounded by its divisor on this kernel. */
SEC("socket") __naked int remainder_ok(void)
{
	OFFSET("r7 %%= 64; r7 &= 63");
}
SEC("socket") __naked int remainder_bad(void)
{
	OFFSET("r7 %%= 64");
}
SEC("socket") __naked int negate_ok(void)
{
	OFFSET("r7 &= 31; r7 = -r7; r7 += 31; r7 &= 63");
}
SEC("socket") __naked int negate_bad(void)
{
	OFFSET("r7 &= 31; r7 = -r7; r7 += 30");
}
SEC("socket") __naked int narrow_move_ok(void)
{
	OFFSET("w7 = w7; r7 >>= 26");
}
SEC("socket") __naked int narrow_move_bad(void)
{
	OFFSET("w7 = w7; r7 >>= 25");
}
SEC("socket") __naked int narrow_and_ok(void)
{
	OFFSET("w7 &= 63");
}
SEC("socket") __naked int narrow_and_bad(void)
{
	OFFSET("w7 &= -1");
}
/* Narrow addition clears the upper half. */
SEC("socket") __naked int narrow_add_ok(void)
{
	OFFSET("r7 &= 15; w7 += 48");
}
SEC("socket") __naked int narrow_add_bad(void)
{
	OFFSET("r7 &= 15; w7 += -1");
}
SEC("socket") __naked int narrow_shift_ok(void)
{
	OFFSET("w7 >>= 26");
}
SEC("socket") __naked int narrow_shift_bad(void)
{
	OFFSET("w7 s>>= 26");
}
SEC("socket") __naked int byte_swap_ok(void)
{
	OFFSET("r7 = be16 r7; r7 >>= 10");
}
SEC("socket") __naked int byte_swap_bad(void)
{
	OFFSET("r7 &= 63; r7 = be16 r7");
}
#if __clang_major__ >= 18 && defined(__BPF_CPU_VERSION__) && __BPF_CPU_VERSION__ >= 4
SEC("socket") __naked int sign_extend_ok(void)
{
	OFFSET("r7 &= 31; r7 = (s8)r7");
}
SEC("socket") __naked int sign_extend_bad(void)
{
	OFFSET("r7 &= 255; r7 = (s8)r7");
}
SEC("socket") __naked int narrow_sign_extend_ok(void)
{
	OFFSET("w7 = (s8)w7; w7 &= 63");
}
SEC("socket") __naked int narrow_sign_extend_bad(void)
{
	OFFSET("w7 = (s16)w7; w7 >>= 20");
}
SEC("socket") __naked int signed_divide_ok(void)
{
	OFFSET("r7 &= 255; r7 s/= 4; r7 &= 63");
}
SEC("socket") __naked int signed_divide_bad(void)
{
	OFFSET("r7 &= 255; r7 s/= 4");
}
#endif
/* A load of one byte is a number below 256. */
SEC("socket") __naked int loaded_byte_ok(void)
{
	OFFSET("*(u64 *)(r10 - 16) = r7; r7 = *(u8 *)(r10 - 16); r7 >>= 2");
}
SEC("socket") __naked int loaded_byte_bad(void)
{
	OFFSET("*(u64 *)(r10 - 16) = r7; r7 = *(u8 *)(r10 - 16); r7 >>= 1");
}
/* Offsets may not be added without an end. */
SEC("socket") __naked int huge_offset_ok(void)
{
	OFFSET("r7 = 0x10000000; r6 += r7; r7 = -0x10000000");
}
SEC("socket") __naked int huge_offset_bad(void)
{
	OFFSET("r7 = 0x3fffffff ll; r6 += r7; r6 += r7");
}
/* Pointers know only addition and subtraction, and 64 bits. */
SEC("socket") __naked int pointer_math_ok(void)
{
	OFFSET("r6 += 8; r6 -= 8; r7 = 0");
}
SEC("socket") __naked int pointer_math_bad(void)
{
	OFFSET("r6 &= -8; r7 = 0");
}
SEC("socket") __naked int narrow_pointer_ok(void)
{
	OFFSET("w8 = w6; r7 = 0");
}
SEC("socket") __naked int narrow_pointer_bad(void)
{
	OFFSET("w6 += 8; r7 = 0");
}
