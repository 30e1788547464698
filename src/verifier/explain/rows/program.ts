import type { KindRow } from "./row.ts";

/** What comes with the program: type, hook, maps, BTF; and who loads it. */
export const PROGRAM = {
  V_RETURN_VALUE: {
    title: "a result that is not allowed",
    why: "The kernel acts on the result: for this program type, hook or callback only some values have a meaning.",
    repair: "Return one of the allowed values on every path, as a constant or bounded right before the return.",
  },
  V_ATTACH: {
    title: "the program cannot attach where it says",
    why: "The hook is named when the program is loaded: it must exist in the kernel's BTF, be open to BPF, and fit the program's type.",
    repair:
      "Check the name in SEC(), and whether this kernel has the function and does not inline it (bpftool btf dump, /proc/kallsyms); give the right BTF with --btf.",
  },
  V_PROG_TYPE: {
    title: "a program type that does not exist",
    why: "The kernel has no program type of that number.",
    repair: "Check the number in BPF_PROG_LOAD, or SEC(); --type names a type.",
  },
  V_PROG_FLAGS: {
    title: "program flags that do not exist",
    why: "Unknown bits in prog_flags are refused, so that they can get a meaning later.",
    repair: "Remove the bits that this kernel does not know.",
  },
  V_MAP_PROG_MISMATCH: {
    title: "this map cannot be used by a program of this type",
    why: "Values with locks, timers or lists need programs that run in a context where those work; some map types go with some program types only.",
    repair:
      "Use another map, or another program type; sleepable programs take arrays, hashes, ring buffers, local storage and arenas.",
  },
  V_TOO_MANY_MAPS: {
    title: "the program uses too many maps",
    why: "A program names at most 64 different maps.",
    repair: "Join maps of one type into one with a larger key, or put them into a map of maps.",
  },
  V_BAD_FD: {
    title: "an instruction names a map that is not there",
    why: "The file descriptor or index in the 64-bit load is no open map.",
    repair:
      "Create the maps before loading and put their descriptors into the instructions; a loader that closed one too early does this.",
  },
  V_FUNC_INFO: {
    title: "func_info does not describe the program's functions",
    why: "There is a record for each function, in order, at its first instruction, with the id of a function type in the program's BTF.",
    repair: "Rebuild the object with clang -g; a tool that moves or removes code must move func_info with it.",
  },
  V_LINE_INFO: {
    title: "line_info does not fit the program",
    why: "Records go upwards, name instructions that exist, begin with each function's first one, and point into BTF's strings.",
    repair:
      "Rebuild the object with clang -g; a tool that moves or removes code must move line_info with it, or leave line_info out.",
  },
  V_BTF: {
    title: "a type cannot be resolved",
    why: "The type that the call or load refers to is not in BTF as it is needed.",
    repair: "Rebuild against this kernel's BTF (vmlinux.h), and check that the kernel has BTF (CONFIG_DEBUG_INFO_BTF).",
  },
  V_PRIVILEGE: {
    title: "the loader lacks a capability",
    why: "Most programs need CAP_BPF; tracing needs CAP_PERFMON, networking CAP_NET_ADMIN; functions of the program and of the kernel need CAP_BPF.",
    repair: "Load as root or with these capabilities; --mode says whom anybpf verify stands for.",
  },
  V_UNSUPPORTED: {
    title: "the kernel cannot do this",
    why: "The combination is not implemented in this kernel, or its configuration leaves it out.",
    repair: "Do it another way; the kernel's message says what is not supported.",
  },
  V_KERNEL_UNSOUND: {
    title: "the kernel's verifier gives up on its own mistake",
    why: 'Linux 6.18 reaches a state here that it holds for impossible, and refuses the program ("verifier bug").',
    repair:
      "Rewrite the lines around this place, e.g. other registers or fewer comparisons; the program itself need not be wrong.",
  },
} as const satisfies Record<string, KindRow>;
