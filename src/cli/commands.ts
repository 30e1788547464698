import type { CommandRow } from "./command.ts";

/** Every command of `anybpf`, in the order that --help lists them. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "run",
    summary: "run a program of an object over packets and show what it did",
    args: [{ name: "<file>", help: "BPF object (ELF)" }],
    options: [
      { flags: "--prog <name>", help: "the program to run" },
      { flags: "--section <sec>", help: "the program in this section" },
      {
        flags: "--type <name>",
        help: "program type where the section's name tells none: xdp, sched_cls, socket_filter, ...",
      },
      { flags: "--pcap <file>", help: "packets: pcap or pcapng, plain or gzip" },
      { flags: "--packet <hex|file>", help: "one packet, from its Ethernet header on" },
      {
        flags: "--pcap-out <file>",
        help: "write the packets that were passed or redirected, as the program left them",
      },
      { flags: "--repeat <n>", help: "run each packet n times", default: "1" },
      {
        flags: "--kernel <name>",
        help: "simulated, or linux: the running kernel, by BPF_PROG_TEST_RUN",
        choices: ["simulated", "linux"],
        default: "simulated",
      },
      {
        flags: "--engine <name>",
        help: "jit, interpreter, or stepping (slow; checks every access)",
        choices: ["jit", "interpreter", "stepping"],
        default: "jit",
      },
      { flags: "--map <name=file>", help: "fill a map before the run from JSON: [{key, value}, ...]", many: true },
      { flags: "--ctx <file>", help: "context fields as JSON: ingress_ifindex, mark, ..." },
      { flags: "--cpus <n>", help: "virtual CPUs: copies of per-CPU values", default: "1" },
      { flags: "--budget <n>", help: "stop a run after n instructions" },
      { flags: "--progress", help: "a progress bar on a terminal" },
      { flags: "--json", help: "one JSON document (schema/run.schema.json)" },
    ],
    load: async () => (await import("./commands/run.ts")).run,
  },
  {
    name: "compare",
    summary: "run a program in the simulated and in the running kernel, and show what differs (needs root)",
    args: [{ name: "<file>", help: "BPF object (ELF)" }],
    options: [
      { flags: "--prog <name>", help: "the program to run" },
      { flags: "--section <sec>", help: "the program in this section" },
      { flags: "--type <name>", help: "program type where the section's name tells none" },
      { flags: "--pcap <file>", help: "packets: pcap or pcapng, plain or gzip" },
      { flags: "--packet <hex|file>", help: "one packet, from its Ethernet header on" },
      { flags: "--pcap-out <file>", help: "write the first packet that the kernels treat differently" },
      {
        flags: "--engine <name>",
        help: "of the simulated kernel: jit, interpreter, or stepping",
        choices: ["jit", "interpreter", "stepping"],
        default: "jit",
      },
      { flags: "--map <name=file>", help: "fill a map before the run from JSON: [{key, value}, ...]", many: true },
      { flags: "--ctx <file>", help: "context fields as JSON: ingress_ifindex, mark, ..." },
      { flags: "--json", help: "one JSON document (schema/compare.schema.json)" },
    ],
    load: async () => (await import("./commands/compare.ts")).compare,
  },
  {
    name: "inspect",
    summary: "list the programs, maps, globals and references of an object",
    args: [{ name: "<file>", help: "BPF object (ELF)" }],
    options: [{ flags: "--json", help: "one JSON document (schema/inspect.schema.json)" }],
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  {
    name: "conformance",
    summary: "run hexadecimal instructions from standard input and print r0 (plugin of bpf_conformance)",
    args: [{ name: "[memory]", help: "memory that r1 points at, hexadecimal" }],
    options: [
      {
        flags: "--engine <name>",
        help: "jit, interpreter, or stepping (slow; checks every access)",
        choices: ["jit", "interpreter", "stepping"],
        default: "jit",
      },
    ],
    load: async () => (await import("./commands/conformance.ts")).conformance,
  },
  {
    name: "asm",
    summary: "assemble a text into an object, raw bytes, hexadecimal or a C array",
    args: [{ name: "<file>", help: "assembler text, - for standard input" }],
    options: [
      { flags: "-o, --output <file>", help: "where to write, - for standard output (default: by the input's name)" },
      { flags: "--format <name>", help: "what to write", choices: ["elf", "raw", "hex", "c"], default: "elf" },
      {
        flags: "--syntax <name>",
        help: "r0 = 1 (kernel, as LLVM) or mov %r0, 1 (ubpf)",
        choices: ["kernel", "ubpf"],
        default: "kernel",
      },
      { flags: "--allow-undefined", help: "names that nothing defines become external symbols" },
    ],
    load: async () => (await import("./commands/asm.ts")).asm,
  },
  {
    name: "disasm",
    summary: "print the instructions of an object, of raw bytes or of hexadecimal text",
    args: [{ name: "<file>", help: "ELF object, raw or hexadecimal instructions; - for standard input" }],
    options: [
      { flags: "--section <name>", help: "this section of an object only" },
      { flags: "--format <name>", help: "of the input; found out by itself", choices: ["elf", "raw", "hex"] },
      {
        flags: "--style <name>",
        help: "as llvm-objdump, as the verifier's log, or as assembler source",
        choices: ["llvm", "verifier", "kernel", "ubpf"],
        default: "llvm",
      },
      { flags: "--alu32", help: "w registers in narrow loads and stores, as llvm-objdump --mcpu=v3" },
    ],
    load: async () => (await import("./commands/disasm.ts")).disasm,
  },
  {
    name: "btf",
    summary: "print the types of an object or of a kernel's BTF: dump file FILE [format raw|c], or layout FILE NAME",
    args: [{ name: "<words...>", help: "dump file FILE [format raw|c] [root_id ID], or layout FILE NAME" }],
    options: [
      { flags: "-B, --base-btf <file>", help: "the BTF that a module's BTF continues (/sys/kernel/btf/vmlinux)" },
    ],
    load: async () => (await import("./commands/btf.ts")).btf,
  },
  {
    name: "feature",
    summary: "what the running Linux kernel can do: program, map and attach types, helpers (needs root)",
    args: [{ name: "<words...>", help: "probe [kernel]" }],
    options: [{ flags: "--json", help: "one JSON document, keys as bpftool's" }],
    load: async () => (await import("./commands/feature.ts")).feature,
  },
];
