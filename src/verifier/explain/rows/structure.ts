import type { KindRow } from "./row.ts";

/** What is decided before any path is walked, and what ends walking. */
export const STRUCTURE = {
  V_TOO_LARGE: {
    title: "the program is too large",
    why: "A program has at most 1,000,000 instructions (4,096 without CAP_BPF), 256 functions and 256 different kernel functions that it calls.",
    repair:
      "Move rarely used parts into programs of their own and reach them by bpf_tail_call(), unroll less, and share code in functions that are not inlined (__noinline).",
  },
  V_EMPTY: {
    title: "the program has no instructions",
    why: "There is nothing that could be run.",
    repair: "Look at how the program is loaded: the section or the instruction count that was passed is empty.",
  },
  V_BAD_OPCODE: {
    title: "an instruction that does not exist",
    why: "Only the opcodes of RFC 9669 can be run; an opcode's unused combinations of class, size and mode are refused.",
    repair:
      "Compile for an instruction set that this kernel has (clang -mcpu=v3 or v4). Instructions written by hand or patched: check the opcode byte.",
  },
  V_RESERVED_FIELD: {
    title: "a field that must be zero is not",
    why: "Fields that an instruction does not use are kept for later extensions of the instruction set.",
    repair:
      "Set the unused registers, offset and immediate to 0. An instruction of a newer kernel looks like this too: compile with a lower -mcpu.",
  },
  V_BAD_REGISTER: {
    title: "a register that does not exist",
    why: "There are r0 to r10; register fields have room for 16.",
    repair: "Correct the register number in what made this instruction.",
  },
  V_BAD_LD_IMM64: {
    title: "a malformed 64-bit load",
    why: "A 64-bit immediate load takes two slots; the second has no opcode, no registers and no offset, and the kind of value (number, map, map value, kernel variable, function) is one that this kernel has.",
    repair:
      "Do not jump into, cut or patch one half of the load. A kernel variable must exist in the kernel's BTF: declare it __ksym __weak and test it before use.",
  },
  V_BAD_JUMP: {
    title: "a jump that leaves its function",
    why: "Jumps and calls stay inside the program, jumps inside their function, and none ends in the middle of a 64-bit load.",
    repair: "Correct the offset: it counts slots from the instruction behind the jump, and 64-bit loads are two.",
  },
  V_UNREACHABLE: {
    title: "an instruction that no path reaches",
    why: "Code that nothing runs would load unchecked.",
    repair:
      "Remove the instruction, or give it a way in. Compilers remove such code; it comes from patched or hand-written instructions, or from a function that never returns.",
  },
  V_BACK_EDGE: {
    title: "a loop in a program that may have none",
    why: "Without CAP_BPF a program may not jump backwards: that it ends must be plain from its shape.",
    repair: "Unroll the loop (#pragma unroll), or load with CAP_BPF, for which bounded loops are walked.",
  },
  V_FALL_THROUGH: {
    title: "the end of a function is open",
    why: "Execution would run past the last instruction into whatever lies behind it.",
    repair:
      "End the function with exit, or with a jump back. A function that ends in __builtin_unreachable() or after a call that never returns needs a return statement.",
  },
  V_CALL_DEPTH: {
    title: "calls nest too deeply",
    why: "At most 8 functions, the program's own included, may be on the stack at once; that also excludes recursion.",
    repair:
      "Inline some of the functions (static __always_inline), flatten the chain, or turn recursion into a loop with an array as its stack.",
  },
  V_STACK_DEPTH: {
    title: "the stack is too deep",
    why: "All functions that are on the stack together share 512 bytes (256 where a tail call follows a call); each frame is rounded up to 32 bytes (16 with the JIT's own stack).",
    repair:
      "Keep large variables in a per-CPU array map instead of the stack, reduce buffers, and do not keep two of them alive in functions that call each other.",
  },
  V_INFINITE_LOOP: {
    title: "a loop that may never end",
    why: "The same instruction was reached twice with everything the same, so nothing in between brings the end nearer.",
    repair:
      "Count: let a register that the loop's condition reads change by a constant each round, against a constant limit. A loop over data of unknown length takes bpf_loop(), bpf_for() or may_goto (cond_break).",
  },
  V_TOO_COMPLEX: {
    title: "the program takes too long to verify",
    why: "All paths together may cost 1,000,000 processed instructions, and at most 8,192 paths may wait. Each branch doubles the paths that are not found equal later; each round of a loop is walked.",
    repair:
      "See which lines cost most: anybpf verify --hot. Bound loops lower or use bpf_loop(), whose body is walked once or twice; move inner parts into global functions (no static), which are verified on their own; keep fewer values alive across branches.",
    causes: {
      loop: {
        title: "a loop takes too many rounds to verify",
        why: "Every round is walked anew as long as something in the program's state differs from the round before: a counter is enough. All paths together may cost 1,000,000 processed instructions.",
        repair:
          "Lower the limit that the loop's counter is compared with (an unchecked value from a packet or map may be 2^32 or 2^64), or use bpf_loop(), bpf_for() or may_goto (cond_break), whose bodies are walked until nothing new turns up.",
      },
    },
  },
  V_BAD_CALLBACK: {
    title: "a function that cannot serve as a callback",
    why: "Helpers such as bpf_loop() and bpf_for_each_map_elem() call a static function of the program with arguments that the verifier knows.",
    repair:
      "Pass the name of a static function of the same object, with the arguments that the helper's documentation shows.",
  },
  V_EXCEPTION: {
    title: "an exception callback is used wrongly",
    why: "bpf_throw() ends the program through one exception callback: a global function with one scalar argument, not called in any other way, and without tail calls. Callbacks may not throw, as helpers in between would not be unwound.",
    repair:
      "Declare it __noinline int cb(u64 cookie), name it once with __exception_cb(cb), and throw from the program or its functions only.",
  },
  V_TAIL_CALL_MIX: {
    title: "a tail call where none can be",
    why: "A tail call replaces the frame: functions that return something other than a scalar, or whose type is unknown, and programs with arguments to give back cannot be replaced half-way.",
    repair:
      "Make the tail call from the program itself or from a static function that returns int; check that the object has BTF (clang -g).",
  },
} as const satisfies Record<string, KindRow>;
