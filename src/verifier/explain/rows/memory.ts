import type { KindRow } from "./row.ts";

/** Loads and stores by what the pointer points at. */
export const MEMORY = {
  V_NULL_DEREFERENCE: {
    title: "a pointer is used that may be NULL",
    why: "The lookup, allocation or argument that it comes from gives NULL when there is nothing. In the kernel that access would be a crash.",
    repair: "Compare it with NULL between getting and using it, and leave where it is NULL: if (!value) return 0;",
    causes: {
      again: {
        title: "a second lookup's pointer is used, only the first was checked",
        why: "Each lookup may give NULL, also for the same key: what was learnt of one result does not hold for another.",
        repair: "Keep the checked pointer in a variable and use that, or check the new one too.",
      },
    },
  },
  V_STACK_BOUNDS: {
    title: "an access outside of the stack frame",
    why: "A frame goes from r10 - 512 up to r10; what lies beyond belongs to others.",
    repair:
      "Check array sizes and indices; a loop that runs one element too far, or a size argument larger than the variable, does this.",
  },
  V_STACK_UNINIT: {
    title: "stack memory is read that was not written",
    why: "It would hold what was there before, which may be secrets of the kernel.",
    repair: "Give the variable a value when it is declared (struct key key = {};) or before every path to this place.",
    causes: {
      padding: {
        title: "bytes of a variable were never written: padding or a member left out",
        why: "The helper reads the whole variable, also the gaps that the compiler leaves between members; = { .a = 1 } need not fill those.",
        repair:
          "Clear the whole variable first: __builtin_memset(&key, 0, sizeof(key)); or name the padding as members (__u8 zero[3]) and set them, or order members so that there is none.",
      },
    },
  },
  V_STACK_PARTIAL_SPILL: {
    title: "part of a stored pointer would be changed or read",
    why: "A pointer on the stack is stored and loaded whole, eight bytes at once; pieces of it would be addresses of someone's choice.",
    repair: "Store pointers with 8 bytes at an offset divisible by 8, and write other variables elsewhere.",
  },
  V_STACK_VARIABLE: {
    title: "the stack is accessed at an offset that is not known",
    why: "Here the exact place must be known: without CAP_PERFMON, or because a stored pointer or an object of the verifier might be hit.",
    repair: "Use a constant index (unroll the loop), or keep the array in a map.",
  },
  V_PACKET_BOUNDS: {
    title: "an access beyond what is known of the packet's length",
    why: "A packet may end anywhere. The verifier knows only of bytes that a comparison with data_end on the same path has shown to exist.",
    repair:
      "Before the access: if (pointer + SIZE > data_end) return XDP_PASS; with the very pointer that is used, and SIZE up to the last byte that is read.",
    causes: {
      unchecked: {
        title: "the packet is read without a comparison with its end",
        why: "A packet may end anywhere. No comparison of this pointer with data_end lies on the path, so not one byte is known to exist.",
        repair: "Before the access: if ((void *)(header + 1) > data_end) return XDP_PASS; for the header that is read.",
      },
      short: {
        title: "fewer bytes were checked than are read",
        why: "The comparison with data_end is on the path and shows that some bytes exist (r= in the register's state); this access goes further.",
        repair:
          "Check up to the last byte that is read, e.g. the size of the whole structure: if ((void *)(header + 1) > data_end) return XDP_PASS; > and >= differ by one byte.",
      },
      order: {
        title: "the pointer was moved after the comparison with the packet's end",
        why: "The comparison was made with an earlier value of the pointer. Adding a number that is not constant makes another pointer, of which nothing is known.",
        repair: "First compute the pointer with all that is added to it, then compare it with data_end, then access.",
      },
      side: {
        title: "the access is on the wrong side of the comparison with the packet's end",
        why: "The path took the side of the comparison on which the packet may be too short.",
        repair: "Leave where pointer + SIZE > data_end, and access on the other side.",
      },
      range: {
        title: "the comparison with the packet's end taught nothing: the pointer may be too far",
        why: "Where the number that was added to the pointer may be greater than 65,535 (MAX_PACKET_OFF), a comparison with data_end is not believed: the sum might wrap around.",
        repair:
          "Bound the number first (if (length > 1500) return XDP_PASS;, or use a __u16), add it, then compare with data_end.",
      },
    },
  },
  V_PACKET_WRITE: {
    title: "the packet is written where it may only be read",
    why: "Programs of this type see packets that others own too.",
    repair: "Use a type that may write (xdp, tc), or a helper such as bpf_skb_store_bytes() where the type has it.",
  },
  V_PACKET_ACCESS: {
    title: "packet memory cannot be used here",
    why: "This program type has no direct packet access, or the helper takes no packet memory.",
    repair: "Copy the bytes to the stack first (bpf_skb_load_bytes(), bpf_xdp_load_bytes()) and use the copy.",
  },
  V_MAP_VALUE_BOUNDS: {
    title: "an access outside of the map's value",
    why: "What lies behind a value is another entry's, or the kernel's.",
    repair:
      "Bound the index by the number of elements before it is used: if (i >= ELEMENTS) return 0; and check that the value's type is the one that the map was declared with.",
    causes: {
      index: {
        title: "an index may lead beyond the map's value",
        why: "The index is bounded, but for its largest value the access ends behind the value: the limit times the element's size, plus the access, must fit.",
        repair:
          "Compare with the number of elements (>= ELEMENTS, not > ELEMENTS), and make ELEMENTS times the element's size the size of the value.",
      },
      constant: {
        title: "a constant offset outside of the map's value",
        why: "The offset is known, and the access there does not lie within the value's size.",
        repair:
          "Compare the structure that the program uses with the map's value_size: one of them is out of date, or a cast has the wrong type.",
      },
    },
  },
  V_MAP_ACCESS: {
    title: "this map's memory may not be used so",
    why: "Only some maps have values at an address (arrays, and maps with one mapped area), flags may forbid reading or writing from programs, and of the map itself only some members can be read.",
    repair:
      "Look at the map's flags (BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG) and use bpf_map_lookup_elem() for other map types.",
  },
  V_MEM_BOUNDS: {
    title: "an access outside of the memory that the pointer belongs to",
    why: "The size was fixed when the pointer was made: by a reservation, a slice, an argument, or a structure.",
    repair: "Reserve or ask for as many bytes as are used, or bound the index by that size.",
  },
  V_READ_ONLY: {
    title: "memory is written that may only be read",
    why: "This memory belongs to the kernel, or is a constant: .rodata, keys that a callback gets, maps with BPF_F_RDONLY_PROG, read-only buffers.",
    repair: "Copy the data to the stack and change the copy; declare variables that change without const.",
  },
  V_CTX_ACCESS: {
    title: "this part of the context cannot be accessed",
    why: "For each program type and attach type a list says which members of the context may be read or written, and in which sizes. The kernel rewrites each access, so the offset is constant.",
    repair:
      "Use the members of the type's own context structure as linux/bpf.h declares them, in their own sizes, and write only those that are documented as writable. Check SEC(): the type may be another than intended.",
    causes: {
      write: {
        title: "this member of the context cannot be written",
        why: "Most members show values of the kernel and may only be read.",
        repair: "Use the helper that changes it, if the type has one, or leave it.",
      },
      tracing: {
        title: "the hook has no such argument",
        why: "The context of a tracing program is an array of the hook's arguments as the kernel's BTF declares them; this access is none of them.",
        repair:
          "Compare the arguments of BPF_PROG() with the function in this kernel (bpftool btf dump file /sys/kernel/btf/vmlinux); fexit has the result behind the arguments.",
      },
    },
  },
  V_CTX_MODIFIED: {
    title: "a pointer is used at an offset that it must not have",
    why: "The kernel rewrites context accesses and expects such pointers as they were given: context members only at constant offsets from the start, and arguments without an offset.",
    repair:
      'Access ctx->member directly. Do not compute with the context pointer; where the compiler does (ctx + offset in a register), copy the member to a local variable, or add a barrier (asm volatile("" ::: "memory")).',
  },
  V_MISALIGNED: {
    title: "a misaligned access",
    why: "With strict alignment, and for some memory always, the offset must be divisible by the size of the access.",
    repair:
      "Order and pad members by their sizes, read bytes one by one, or drop BPF_F_STRICT_ALIGNMENT where the machine needs none.",
  },
  V_BTF_ACCESS: {
    title: "this part of a kernel structure cannot be accessed",
    why: "Kernel objects are accessed by their BTF types: at the offset of a member, within it, mostly for reading only, and an instruction always sees the same kind of pointer.",
    repair:
      "Use the structure's definition of this kernel (vmlinux.h with preserve_access_index) and read only; writing takes a helper or kfunc.",
  },
  V_UNTRUSTED: {
    title: "a pointer is passed that may be stale",
    why: "The kernel function needs an object that is sure to be alive: an argument of the hook, or one that the program holds a reference to. This pointer was reached by walking through structures, or lost its protection.",
    repair:
      "Acquire a reference first (e.g. bpf_task_acquire(), bpf_cgroup_from_id()), or take the pointer within bpf_rcu_read_lock() where the function takes RCU pointers.",
  },
  V_SOCK_ACCESS: {
    title: "this part of a socket cannot be accessed",
    why: "Of bpf_sock, bpf_tcp_sock and bpf_xdp_sock only the members in linux/bpf.h can be read, in their sizes, and none written.",
    repair:
      "Read the members as declared; for more use bpf_sk_fullsock(), bpf_tcp_sock() or the bpf_skc_to_*() helpers with BTF.",
  },
  V_ATOMIC: {
    title: "an atomic operation that cannot be done here",
    why: "Atomic operations are 4 or 8 bytes wide (load-acquire and store-release also 1 and 2), known to the kernel, and go to plain memory: not to the context, packets or sockets.",
    repair:
      "Use __sync_fetch_and_add() and its like on map values or the stack with 32- or 64-bit variables, and compile with -mcpu=v3 or later for those that return a value.",
  },
  V_ARENA: {
    title: "an arena address where it cannot be used",
    why: "Address-space casts need a program with an arena map, and CAP_BPF.",
    repair: "Declare one arena map (BPF_MAP_TYPE_ARENA) and use it in this program before casting.",
  },
  V_SPECIAL_FIELD: {
    title: "a special field is accessed directly",
    why: "Spin locks, timers, lists, trees, kptrs and references in a map's value or an allocated object belong to the kernel: only their helpers and kfuncs touch them.",
    repair:
      "Go around the field: no memcpy() over it, no pointer to it in other helpers; members before and behind it can be accessed.",
  },
} as const satisfies Record<string, KindRow>;
