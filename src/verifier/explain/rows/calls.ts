import type { KindRow } from "./row.ts";

/** Calls of helpers, kernel functions and functions of the program. */
export const CALLS = {
  V_UNKNOWN_HELPER: {
    title: "a helper that this kernel does not have",
    why: "Helpers are called by number, and the verifier's kernel has none of that number.",
    repair:
      "Check the number, or load on a kernel that has the helper; test for it with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_...) where the program shall load on older kernels too.",
  },
  V_HELPER_NOT_ALLOWED: {
    title: "this program may not call the helper",
    why: "Each program type, and sometimes each attach type, has a list of helpers that make sense and are safe where it runs.",
    repair:
      "Use another helper that the type has, or another program type; see bpf-helpers(7) and `anybpf feature probe`. Some helpers also need CAP_PERFMON or CAP_SYS_ADMIN.",
  },
  V_GPL_ONLY: {
    title: "a GPL-only function in a program under another licence",
    why: "The kernel offers this function, type or program type only to programs whose licence is compatible with the GPL.",
    repair:
      'Declare the licence, if it is: char LICENSE[] SEC("license") = "GPL"; ("Dual MIT/GPL" and the like count). Otherwise do without the function.',
  },
  V_ARG_TYPE: {
    title: "an argument of the wrong type",
    why: "The function expects a pointer of another kind, or a number, in this register.",
    repair:
      "Compare the arguments and their order with the function's declaration: a missing & or a pointer loaded from memory (a number, then) are the usual causes.",
    causes: {
      null: {
        title: "an argument that may be NULL",
        why: "The function wants this kind of pointer, but never NULL.",
        repair: "Compare it with NULL before the call: if (!ptr) return 0;",
      },
      number: {
        title: "a number where a pointer is wanted",
        why: "The function reads or writes through this argument, and the register holds a number.",
        repair:
          "Pass an address: &variable instead of variable, the array instead of its element. A pointer that was read from memory is a number: look it up again, or copy what it points at with bpf_probe_read_kernel().",
      },
    },
  },
  V_ARG_NULLABLE: {
    title: "an argument that may be NULL",
    why: "This function does not check its pointer; NULL would crash the kernel.",
    repair: "Compare with NULL before the call: if (!ptr) return 0;",
  },
  V_ARG_SIZE: {
    title: "a size argument that does not fit",
    why: "Size and memory belong together: the size must be known to be above zero where the function needs data, and fit the memory.",
    repair: "Bound the size from both sides before the call: if (size == 0 || size > sizeof(buffer)) return 0;",
  },
  V_ARG_CONST: {
    title: "an argument that must be a constant",
    why: "The verifier has to know this value (a size, flags, a format string in read-only memory) when it verifies.",
    repair:
      'Pass a literal or sizeof; strings go into static const char fmt[] = "..."; in a frozen .rodata map, ended by a zero byte.',
  },
  V_ARG_MEMORY: {
    title: "an argument that does not point at memory",
    why: "The function reads or writes memory through this register; it holds a number or a pointer that is not for that.",
    repair:
      "Pass the address of a variable on the stack, of a map's value, or of checked packet bytes. A value from kernel memory is copied to the stack first.",
  },
  V_MAP_HELPER_MISMATCH: {
    title: "this map type does not go with the helper",
    why: "Each helper works on certain map types, and some map types only with their own helpers.",
    repair:
      "Use the helper that belongs to the map (e.g. bpf_tail_call for prog_array, bpf_ringbuf_output for ringbuf, bpf_redirect_map for devmap), or another map type.",
  },
  V_SLEEPABLE: {
    title: "something that may sleep where sleeping is not allowed",
    why: "Non-sleepable programs, and sections with a lock, RCU, preemption or interrupts off, run where the kernel must not wait.",
    repair:
      'Load the program as sleepable where its hook allows it (SEC("fentry.s/..."), SEC("lsm.s/...")), end the section first, or use a function that does not sleep.',
  },
  V_UNKNOWN_KFUNC: {
    title: "a kernel function that the kernel's BTF does not have",
    why: "Kernel functions (kfuncs) are found by name in BTF: of the kernel, or of a module.",
    repair:
      "Check name and kernel version, and load the module that has it. Declare it extern ... __ksym __weak and test its address to load without it.",
  },
  V_KFUNC_NOT_ALLOWED: {
    title: "this program may not call the kernel function",
    why: "Kernel functions are registered for certain program types, and some for certain hooks only.",
    repair: "Call it from a program type that it is registered for, or use a helper.",
  },
  V_GLOBAL_FUNCTION: {
    title: "a global function is called or declared wrongly",
    why: "Global functions are verified on their own, by their BTF types alone: their arguments are numbers, the context, or pointers with a size; they return a number. One that was refused cannot be called.",
    repair:
      "Make the function static to have it verified with its callers, or use the argument tags __arg_ctx, __arg_nonnull, __arg_nullable, __arg_trusted and check pointers for NULL inside.",
  },
  V_DYNPTR: {
    title: "a dynptr is used wrongly",
    why: "A dynptr is a handle of 16 bytes on the stack: made by one function, used through helpers only, and given back where it holds a reservation.",
    repair:
      "Make it (bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr, ...) before use, pass its address unchanged, do not write over it, and submit or discard each reservation once.",
  },
  V_ITERATOR: {
    title: "an iterator is used wrongly",
    why: "An iterator on the stack goes through _new(), _next() and _destroy() in this order, on every path.",
    repair:
      "Use bpf_for() and bpf_for_each(), which do it right, also for break; by hand: destroy it on every way out, and do not touch its memory.",
  },
  V_KPTR: {
    title: "a kptr in a map is used wrongly",
    why: "A field marked __kptr holds a reference to a kernel object: it is exchanged with bpf_kptr_xchg() (an unreferenced one is stored directly) and holds the declared type, or NULL.",
    repair:
      "Pass the field's address to bpf_kptr_xchg(), release what it gives back, and store only pointers of the field's type without an offset.",
  },
  V_GRAPH: {
    title: "a list or tree is used wrongly",
    why: "Lists and trees hold allocated objects: operations need the lock that lies beside the root, nodes of the declared type and field, and objects that the program owns.",
    repair:
      "Take the bpf_spin_lock of the same value or object around the operation, pass the address of the node field that __contains() names, and add an object only once.",
  },
  V_TIMER: {
    title: "a timer, work queue or task work is used wrongly",
    why: "The argument must be the field itself, in a value of the very map that is passed, at its own offset.",
    repair: "Pass &value->timer of a value of that map, with one such field in its type.",
  },
} as const satisfies Record<string, KindRow>;
