import { ATTACH_TYPE as A } from "../attach-types.ts";
import { PROG_TYPE } from "../program-types.ts";
import { ANY_SIZE, type ContextLayout, type FieldRow, fields, NARROW } from "./field.ts";

const N = NARROW;
const ANY = ANY_SIZE;

/** `struct pt_regs` of x86-64, in words. */
const REGISTERS = [
  "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
]; // biome-ignore format: a list of words

function registers(sizes: number): FieldRow[] {
  return REGISTERS.map((name, i) => [name, 8 * i, 8, 8, "scalar", sizes, 0]);
}

/** `bpf_user_pt_regs_t` of x86-64. */
export const PT_REGS: ContextLayout = {
  name: "pt_regs",
  size: 168,
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_KPROBE], registers(ANY)),
};

/** `struct bpf_perf_event_data`. */
export const PERF_EVENT_DATA: ContextLayout = {
  name: "bpf_perf_event_data",
  size: 184,
  fields: fields(
    [PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT],
    [...registers(8), ["sample_period", 168, 8, 8, "scalar", ANY, 0], ["addr", 176, 8, 8, "scalar", ANY, 0]],
  ),
};

/** A tracepoint's record, of at most PERF_MAX_TRACE_SIZE bytes; the first word is the kernel's. */
export const TRACEPOINT: ContextLayout = {
  name: "trace_entry",
  size: 8192,
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT], [["fields", 8, 8184, 8, "scalar", ANY, 0]]),
};

/** `struct bpf_raw_tracepoint_args`: at most MAX_BPF_FUNC_ARGS words. */
export const RAW_TRACEPOINT: ContextLayout = {
  name: "bpf_raw_tracepoint_args",
  size: 96,
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT], [["args", 0, 96, 8, "scalar", ANY, 0]]),
};

/** The same where the first word, taken whole, is a buffer that the program may write; parts of it are numbers. */
export const RAW_TRACEPOINT_WRITABLE: ContextLayout = {
  name: "bpf_raw_tracepoint_args",
  size: 96,
  fields: fields(
    [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE],
    [
      ["buffer", 0, 1, 8, "tp_buffer", 8, 0],
      ["args", 1, 95, 8, "scalar", ANY, 0],
    ],
  ),
};

/** The sample of an infrared receiver. */
export const LIRC_MODE2: ContextLayout = {
  name: "__u32",
  size: 4,
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_LIRC_MODE2], [["sample", 0, 4, 4, "scalar", 4, 0]]),
};

/** `struct bpf_cgroup_dev_ctx`. */
export const CGROUP_DEVICE: ContextLayout = {
  name: "bpf_cgroup_dev_ctx",
  size: 12,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE], [
    ["access_type", 0, 4, 4, "scalar", N, 0],
    ["major",       4, 4, 4, "scalar", 4, 0],
    ["minor",       8, 4, 4, "scalar", 4, 0],
  ]),
};

/** `struct bpf_sysctl`. */
export const CGROUP_SYSCTL: ContextLayout = {
  name: "bpf_sysctl",
  size: 8,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL], [
    ["write",    0, 4, 4, "scalar", N, 0],
    ["file_pos", 4, 4, 4, "scalar", N, 4],
  ]),
};

const GET = [A.BPF_CGROUP_GETSOCKOPT];
const SET = [A.BPF_CGROUP_SETSOCKOPT];

/** `struct bpf_sockopt`. */
export const CGROUP_SOCKOPT: ContextLayout = {
  name: "bpf_sockopt",
  size: 40,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT], [
    ["sk",          0, 8, 8, "sock",       8, 0],
    ["optval",      8, 8, 8, "packet",     8, 0],
    ["optval_end", 16, 8, 8, "packet_end", 8, 0],
    ["level",      24, 4, 4, "scalar",     4, 4, [...GET, ...SET], SET],
    ["optname",    28, 4, 4, "scalar",     4, 4, [...GET, ...SET], SET],
    ["optlen",     32, 4, 4, "scalar",     4, 4],
    ["retval",     36, 4, 4, "scalar",     4, 4, GET,              GET],
  ]),
};

/** `struct bpf_nf_ctx`. */
export const NETFILTER: ContextLayout = {
  name: "bpf_nf_ctx",
  size: 16,
  // biome-ignore format: one row per field reads as a table
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_NETFILTER], [
    ["state", 0, 8, 8, "btf nf_hook_state", 8, 0],
    ["skb",   8, 8, 8, "btf sk_buff",       8, 0],
  ]),
};

/** What BPF_PROG_TEST_RUN hands over: any structure of up to 64 KiB. */
export const SYSCALL: ContextLayout = {
  name: "context",
  size: 65535,
  fields: fields([PROG_TYPE.BPF_PROG_TYPE_SYSCALL], [["bytes", 0, 65536, 1, "scalar", ANY, ANY]]),
};
