/* Form: what is refused before a path is walked, and what control flow has to look like. */
#include "fixture.h"

/* Every instruction must be reachable. */
SEC("socket") __naked int unreachable_ok(void)
{
	ASM("r0 = 0; if r1 == 0 goto 1f; r0 = 1; 1: exit;");
}
SEC("socket") __naked int unreachable_bad(void)
{
	ASM("r0 = 0; goto 1f; r0 = 1; 1: exit;");
}

/* The last instruction is an exit or a jump back. */
SEC("socket") __naked int fall_off_ok(void)
{
	ASM("r0 = 0; goto 2f; 1: exit; 2: goto 1b;");
}
SEC("socket") __naked int fall_off_bad(void)
{
	ASM("r0 = 0; if r1 == 0 goto 1f; exit; 1: r0 = 1;");
}

/* A jump may not land in the second half of a 64-bit load. */
SEC("socket") __naked int into_load_ok(void)
{
	ASM("r0 = 0; if r1 == 0 goto +2; r2 = 7 ll; exit;");
}
SEC("socket") __naked int into_load_bad(void)
{
	ASM("r0 = 0; if r1 == 0 goto +1; r2 = 7 ll; exit;");
}

/* Shifts by more than the width, division by zero. */
SEC("socket") __naked int shift_ok(void)
{
	ASM("r0 = 1; w0 <<= 31; r0 = 0; exit;");
}
SEC("socket") __naked int shift_bad(void)
{
	ASM("r0 = 1; w0 <<= 32; r0 = 0; exit;");
}
SEC("socket") __naked int divide_ok(void)
{
	ASM("r0 = 1; r0 /= 1; r0 = 0; exit;");
}
SEC("socket") __naked int divide_bad(void)
{
	ASM("r0 = 1; r0 /= 0; r0 = 0; exit;");
}

/* The frame pointer is not written. */
SEC("socket") __naked int frame_pointer_ok(void)
{
	ASM("r1 = r10; r1 += -8; r0 = 0; exit;");
}
SEC("socket") __naked int frame_pointer_bad(void)
{
	ASM("r10 += -8; r0 = 0; exit;");
}

/* r0 must hold something at the exit; registers must be written before they are read. */
SEC("socket") __naked int no_result_ok(void)
{
	ASM("r0 = r1; r0 = 0; exit;");
}
SEC("socket") __naked int no_result_bad(void)
{
	ASM("r2 = 0; exit;");
}
SEC("socket") __naked int unwritten_ok(void)
{
	ASM("r2 = 0; r0 = r2; exit;");
}
SEC("socket") __naked int unwritten_bad(void)
{
	ASM("r0 = r2; exit;");
}

/* A jump out of the function. */
SEC("socket") __naked int jump_out_ok(void)
{
	ASM("r0 = 0; if r0 == 0 goto +1; r0 = 0; exit;");
}
SEC("socket") __naked int jump_out_bad(void)
{
	ASM("r0 = 0; if r0 == 0 goto +9; r0 = 0; exit;");
}

/* An exit of the main program with a pointer is refused where the return value has a range. */
SEC("xdp") __naked int returns_pointer_ok(void)
{
	ASM("r0 = 2; exit;");
}
SEC("cgroup/skb") __naked int returns_pointer_bad(void)
{
	ASM("r0 = r10; exit;");
}
