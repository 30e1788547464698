import type { KindRow } from "./row.ts";

/** Registers, and what may be done with what they hold. */
export const VALUES = {
  V_UNINIT_REGISTER: {
    title: "a register is read that nothing has written",
    why: "It would hold what the kernel left there. At the start only r1 (the context) and r10 (the frame) have a value; a call leaves r1 to r5 without any.",
    repair:
      "Give the variable a value on every path to this place; what is needed after a call goes into r6 to r9 or onto the stack.",
    causes: {
      call: {
        title: "a register is read that a call has emptied",
        why: "A call may change r1 to r5: whatever they held is gone after it.",
        repair:
          "Copy the value to r6, r7, r8 or r9, or to the stack, before the call; in C this is inline assembly with missing clobbers, or a helper declared with too few arguments.",
      },
      result: {
        title: "the program ends without a result",
        why: "r0 is the result, and on this path nothing has written it.",
        repair:
          "Return a value on every path; a C function that runs off its end, or returns a variable that is not always set, does this.",
      },
    },
  },
  V_FRAME_POINTER_WRITE: {
    title: "the frame pointer is written",
    why: "r10 points at the stack frame for the function's whole life.",
    repair: "Copy r10 to another register and change the copy.",
  },
  V_POINTER_ARITHMETIC: {
    title: "arithmetic that a pointer does not take",
    why: "Pointers of this kind take at most 64-bit addition and subtraction of numbers; everything else makes an address that nobody can follow.",
    repair: "Compute the offset in a register of its own, bound it, and add it to the pointer once.",
    causes: {
      alu32: {
        title: "32-bit arithmetic on a pointer",
        why: "The upper half of the address would be cut off.",
        repair:
          "Use 64-bit arithmetic: do not cast the pointer to int or __u32; go through (long) where a cast is needed.",
      },
      end: {
        title: "arithmetic on the end of the packet",
        why: "data_end is for comparison only: what lies around it is not known.",
        repair: "Move the other side: instead of data_end - N compare data + N with data_end.",
      },
    },
  },
  V_POINTER_ON_NULLABLE: {
    title: "arithmetic on a pointer that may be NULL",
    why: "NULL plus an offset is not NULL any more: a later check would not find it.",
    repair: "Compare the pointer with NULL first and do the arithmetic on the side where it is not.",
  },
  V_POINTER_COMPARE: {
    title: "pointers are compared that may not be",
    why: "Without CAP_PERFMON only packet pointers may be compared with each other, and others with NULL: the outcome tells where things lie in memory.",
    repair: "Compare offsets or indices instead of addresses, or load with CAP_PERFMON.",
  },
  V_POINTER_LEAK: {
    title: "an address would become visible",
    why: "Without CAP_PERFMON no kernel address may reach a map, a result, the context or a number: it would help an attack. A stack frame's address must not outlive the frame, either.",
    repair:
      "Store the value that the pointer points at, not the pointer; check what is returned and what is written into maps.",
  },
  V_UNBOUNDED_OFFSET: {
    title: "an offset or size without an upper limit",
    why: "The pointer would reach beyond the memory for some value of the number that was added to it, or the size goes beyond what any memory has.",
    repair:
      "Bound the number from above right before its use, e.g. if (index >= SIZE) return 0; or index &= SIZE - 1; for sizes that are powers of two. Use an unsigned variable.",
    causes: {
      unchecked: {
        title: "a number is used as offset or size that was never compared with a limit",
        why: "It may have any value there, and memory does not reach that far.",
        repair:
          "Compare it with the limit before its use and leave where it is greater: if (index >= SIZE) return 0; for sizes that are powers of two, index &= SIZE - 1.",
      },
      narrow: {
        title: "the limit was checked on a 32-bit copy, the 64-bit value is used",
        why: "What a comparison tells of the lower 32 bits says nothing of the upper ones. The check is there, but not on the value that is used.",
        repair:
          'Use one type for the variable, its check and its use: __u32 throughout where the value is 32 bits wide, or __u64 throughout. Where the compiler splits them, asm volatile("" : "+r"(x)) between check and use keeps them in one register.',
      },
      changed: {
        title: "the number was changed after it had been checked",
        why: "The limit was known, but an operation after the check (a shift, a multiplication, an addition of something unknown) made another number of it.",
        repair: "Do the arithmetic first and check its result, right before the use.",
      },
      reloaded: {
        title: "one copy in memory was checked, another is used",
        why: "The value was loaded twice from the same place: what was learnt of the first load does not hold for the second, as the memory may have changed in between.",
        repair:
          'Load it once into a local variable, check that variable and use it. Where the compiler loads again, go through a volatile read or asm volatile("" : "+r"(x)).',
      },
      memory: {
        title: "the number lost its limits on its way through the stack",
        why: "A register that is stored whole and loaded whole keeps what is known of it; stored and loaded in other sizes or at another offset it is an unknown number.",
        repair:
          "Keep the value in one variable of one size. Unions, casts of a variable's address and memcpy() of a part do this; check again after loading.",
      },
      lower: {
        title: "the number was compared, and still may be too large",
        why: "The comparisons on this path left no upper limit that is low enough: the other side of the comparison, a signed one, or a limit that is not known itself.",
        repair: "Compare as unsigned with a constant limit, and use the value on the side where it is smaller.",
      },
    },
  },
  V_NEGATIVE_OFFSET: {
    title: "an offset or size that may be negative",
    why: "The number is signed, or was only compared from above: below zero it points in front of the memory.",
    repair:
      "Make the variable unsigned (__u32, __u64), or check both sides: if (i < 0 || i >= SIZE) return 0; A cast to unsigned in the comparison is not enough if the signed value is used afterwards.",
    causes: {
      unchecked: {
        title: "a number that may be negative is used as offset or size without a check",
        why: "Nothing on the path compared it. As a signed number it may be below zero.",
        repair: "Make it unsigned and bound it before the use: if (index >= SIZE) return 0;",
      },
      signed: {
        title: "only the upper limit was checked, and the number may be negative",
        why: "A signed comparison with the limit lets negative numbers pass.",
        repair:
          "Make the variable unsigned (__u32, __u64), or also check i >= 0. Helpers that return an error below zero need the check ret < 0 before ret is a size.",
      },
      narrow: {
        title: "the limit was checked on a 32-bit copy, the 64-bit value is used",
        why: "What a comparison tells of the lower 32 bits says nothing of the sign of all 64.",
        repair: "Use one type for the variable, its check and its use, best an unsigned one.",
      },
    },
  },
  V_OUT_OF_RANGE_OFFSET: {
    title: "an offset far beyond any memory",
    why: "Offsets of pointers stay within 2^29: nothing is that large, and sums must not wrap around.",
    repair:
      "Bound the number before it is added to the pointer; a value like this comes from a missing mask or a wrong sign extension.",
    causes: {
      unchecked: {
        title: "a number that may be far beyond any memory, or far below zero, is added without a check",
        why: "Offsets of pointers stay within 2^29. Nothing on the path compared this number.",
        repair: "Make it unsigned and bound it before it is added: if (index >= SIZE) return 0;",
      },
      lower: {
        title: "the number was compared, and still may be far beyond any memory, or far below zero",
        why: "Offsets of pointers stay within 2^29. A signed comparison with an upper limit lets negative numbers pass, and what is no limit from above leaves large ones.",
        repair:
          "Make the variable unsigned (__u32, __u64) and compare it with a constant limit, or check both sides: if (i < 0 || i >= SIZE) return 0;",
      },
      narrow: {
        title: "the limit was checked on a 32-bit copy, the 64-bit value is added",
        why: "What a comparison tells of the lower 32 bits says nothing of the upper ones.",
        repair: "Use one type for the variable, its check and its use, best an unsigned one.",
      },
    },
  },
  V_DIVISION_BY_ZERO: {
    title: "a division by the constant zero",
    why: "The immediate divisor is 0. (A divisor in a register may be 0: the result is then 0.)",
    repair: "Correct the constant; a macro or a const volatile variable may have become 0.",
  },
  V_BAD_SHIFT: {
    title: "a shift by more bits than the register has",
    why: "Shifts go up to 63, 32-bit ones up to 31; what more would do differs between processors.",
    repair: "Correct the constant, or mask a computed one (n & 63).",
  },
  V_SCALAR_AS_POINTER: {
    title: "a number is used as an address",
    why: "Memory is reached through pointers that the verifier has followed from their origin; this register holds a number.",
    repair:
      "Follow the value back to where it stopped being a pointer. An address that lies in a structure of the kernel is read with bpf_probe_read_kernel() or through BTF (BPF_CORE_READ).",
    causes: {
      moved: {
        title: "a packet pointer is used after a helper may have moved the packet",
        why: "Helpers that change the packet (bpf_xdp_adjust_head, bpf_skb_store_bytes, bpf_skb_pull_data, ...) may put it elsewhere: all pointers into it are worth nothing after the call.",
        repair: "Load data and data_end from the context again after the call, and repeat the bounds checks.",
      },
      released: {
        title: "a pointer is used after its object was given back",
        why: "After the release (bpf_sk_release, bpf_ringbuf_submit, bpf_ringbuf_discard, ...) the object may be gone: every copy of the pointer is a number from there on.",
        repair:
          "Do what has to be done with the object before it is released; keep what is needed later in a local variable.",
      },
      null: {
        title: "NULL is used as an address",
        why: "On this path the pointer is known to be NULL.",
        repair:
          "Return, or go on without the pointer, where the comparison says that it is NULL; the check may be the wrong way round (if (p) return 0;).",
      },
      truncated: {
        title: "a pointer went through a 32-bit copy",
        why: "The upper half of an address is lost in 32 bits; what is left is a number.",
        repair: "Keep addresses in 64-bit variables: void *, long or __u64, not int or __u32.",
      },
      arithmetic: {
        title: "arithmetic made a number of a pointer",
        why: "The result of this operation is not followed as a pointer: only addition and subtraction of bounded numbers leave one.",
        repair: "Add the offset to the pointer directly, and keep the pointer in a variable of pointer type.",
      },
      memory: {
        title: "a pointer was not loaded from the stack as it was stored",
        why: "Stored and loaded whole, eight bytes at the same offset, a pointer stays one; any other load sees bytes, which are a number.",
        repair:
          "Load it with the type and at the offset that it was stored with; a store over part of it destroys it as well.",
      },
      loaded: {
        title: "a number loaded from memory is used as an address",
        why: "Eight bytes from a map, the packet or a structure are a number, whoever wrote them.",
        repair:
          "Keep what the pointer points at in the map, or look it up again. Kernel objects can be kept in maps as kptrs (__kptr); other kernel memory is read with bpf_probe_read_kernel().",
      },
      result: {
        title: "the number that a function returned is used as an address",
        why: "This call returns a number, not a pointer that the verifier follows.",
        repair:
          "Read kernel memory at that address with bpf_probe_read_kernel(), or use a helper or kfunc that returns a typed pointer (e.g. bpf_get_current_task_btf instead of bpf_get_current_task).",
      },
    },
  },
} as const satisfies Record<string, KindRow>;
