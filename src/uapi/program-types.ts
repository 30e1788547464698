/** BPF program types: enum bpf_prog_type of linux/bpf.h, with what the kernel attaches to each number. */

interface Row {
  /** The number that bpf(2) takes. */
  readonly id: number;
  /** The enumerator of linux/bpf.h. */
  readonly name: string;
  /** bpftool's word for it. */
  readonly label: string;
  /** First Linux version that has it. */
  readonly since: string;
  /**
   * The type that r1 points at on entry, as C programs name it (kernel-doc "libbpf program types", linux/bpf.h);
   * null where it depends on what the program is attached to.
   */
  readonly context: string | null;
  /** Whether BPF_PROG_TEST_RUN takes programs of this type (Documentation/bpf/bpf_prog_run.rst, and the kernel's answer). */
  readonly testRun: boolean;
}

export const PROGRAM_TYPES = [
  { id: 0, name: "BPF_PROG_TYPE_UNSPEC", label: "unspec", since: "3.18", context: null, testRun: false },
  {
    id: 1,
    name: "BPF_PROG_TYPE_SOCKET_FILTER",
    label: "socket_filter",
    since: "3.19",
    context: "__sk_buff",
    testRun: true,
  },
  { id: 2, name: "BPF_PROG_TYPE_KPROBE", label: "kprobe", since: "4.1", context: "bpf_user_pt_regs_t", testRun: false },
  { id: 3, name: "BPF_PROG_TYPE_SCHED_CLS", label: "sched_cls", since: "4.1", context: "__sk_buff", testRun: true },
  { id: 4, name: "BPF_PROG_TYPE_SCHED_ACT", label: "sched_act", since: "4.1", context: "__sk_buff", testRun: true },
  { id: 5, name: "BPF_PROG_TYPE_TRACEPOINT", label: "tracepoint", since: "4.7", context: null, testRun: false },
  { id: 6, name: "BPF_PROG_TYPE_XDP", label: "xdp", since: "4.8", context: "xdp_md", testRun: true },
  {
    id: 7,
    name: "BPF_PROG_TYPE_PERF_EVENT",
    label: "perf_event",
    since: "4.9",
    context: "bpf_perf_event_data",
    testRun: false,
  },
  { id: 8, name: "BPF_PROG_TYPE_CGROUP_SKB", label: "cgroup_skb", since: "4.10", context: "__sk_buff", testRun: true },
  {
    id: 9,
    name: "BPF_PROG_TYPE_CGROUP_SOCK",
    label: "cgroup_sock",
    since: "4.10",
    context: "bpf_sock",
    testRun: false,
  },
  { id: 10, name: "BPF_PROG_TYPE_LWT_IN", label: "lwt_in", since: "4.10", context: "__sk_buff", testRun: true },
  { id: 11, name: "BPF_PROG_TYPE_LWT_OUT", label: "lwt_out", since: "4.10", context: "__sk_buff", testRun: true },
  { id: 12, name: "BPF_PROG_TYPE_LWT_XMIT", label: "lwt_xmit", since: "4.10", context: "__sk_buff", testRun: true },
  { id: 13, name: "BPF_PROG_TYPE_SOCK_OPS", label: "sock_ops", since: "4.13", context: "bpf_sock_ops", testRun: false },
  { id: 14, name: "BPF_PROG_TYPE_SK_SKB", label: "sk_skb", since: "4.14", context: "__sk_buff", testRun: false },
  {
    id: 15,
    name: "BPF_PROG_TYPE_CGROUP_DEVICE",
    label: "cgroup_device",
    since: "4.15",
    context: "bpf_cgroup_dev_ctx",
    testRun: false,
  },
  { id: 16, name: "BPF_PROG_TYPE_SK_MSG", label: "sk_msg", since: "4.17", context: "sk_msg_md", testRun: false },
  {
    id: 17,
    name: "BPF_PROG_TYPE_RAW_TRACEPOINT",
    label: "raw_tracepoint",
    since: "4.17",
    context: "bpf_raw_tracepoint_args",
    testRun: true,
  },
  {
    id: 18,
    name: "BPF_PROG_TYPE_CGROUP_SOCK_ADDR",
    label: "cgroup_sock_addr",
    since: "4.17",
    context: "bpf_sock_addr",
    testRun: false,
  },
  {
    id: 19,
    name: "BPF_PROG_TYPE_LWT_SEG6LOCAL",
    label: "lwt_seg6local",
    since: "4.18",
    context: "__sk_buff",
    testRun: false,
  },
  { id: 20, name: "BPF_PROG_TYPE_LIRC_MODE2", label: "lirc_mode2", since: "4.18", context: "__u32", testRun: false },
  {
    id: 21,
    name: "BPF_PROG_TYPE_SK_REUSEPORT",
    label: "sk_reuseport",
    since: "4.19",
    context: "sk_reuseport_md",
    testRun: false,
  },
  {
    id: 22,
    name: "BPF_PROG_TYPE_FLOW_DISSECTOR",
    label: "flow_dissector",
    since: "4.20",
    context: "__sk_buff",
    testRun: true,
  },
  {
    id: 23,
    name: "BPF_PROG_TYPE_CGROUP_SYSCTL",
    label: "cgroup_sysctl",
    since: "5.2",
    context: "bpf_sysctl",
    testRun: false,
  },
  {
    id: 24,
    name: "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE",
    label: "raw_tracepoint_writable",
    since: "5.2",
    context: "bpf_raw_tracepoint_args",
    testRun: false,
  },
  {
    id: 25,
    name: "BPF_PROG_TYPE_CGROUP_SOCKOPT",
    label: "cgroup_sockopt",
    since: "5.3",
    context: "bpf_sockopt",
    testRun: false,
  },
  { id: 26, name: "BPF_PROG_TYPE_TRACING", label: "tracing", since: "5.5", context: null, testRun: true },
  { id: 27, name: "BPF_PROG_TYPE_STRUCT_OPS", label: "struct_ops", since: "5.6", context: null, testRun: false },
  { id: 28, name: "BPF_PROG_TYPE_EXT", label: "ext", since: "5.6", context: null, testRun: false },
  { id: 29, name: "BPF_PROG_TYPE_LSM", label: "lsm", since: "5.7", context: null, testRun: false },
  {
    id: 30,
    name: "BPF_PROG_TYPE_SK_LOOKUP",
    label: "sk_lookup",
    since: "5.9",
    context: "bpf_sk_lookup",
    testRun: true,
  },
  { id: 31, name: "BPF_PROG_TYPE_SYSCALL", label: "syscall", since: "5.14", context: null, testRun: true },
  { id: 32, name: "BPF_PROG_TYPE_NETFILTER", label: "netfilter", since: "6.4", context: "bpf_nf_ctx", testRun: true },
] as const satisfies readonly Row[];

/** One program type. */
export type ProgramType = Row & { readonly name: ProgramTypeName };
/** The name of a program type: `"BPF_PROG_TYPE_XDP"`. */
export type ProgramTypeName = (typeof PROGRAM_TYPES)[number]["name"];

/** Numbers of the program types by name: `PROG_TYPE.BPF_PROG_TYPE_XDP` is 6. */
export const PROG_TYPE = Object.freeze(Object.fromEntries(PROGRAM_TYPES.map((row) => [row.name, row.id]))) as Readonly<
  Record<ProgramTypeName, number>
>;

/** The row of a program type's number, or undefined for a number that Linux 6.18 does not have. */
export function programType(id: number): ProgramType | undefined {
  return PROGRAM_TYPES[id];
}

/** The row by enumerator (`BPF_PROG_TYPE_XDP`) or by bpftool's word (`xdp`), or undefined. */
export function findProgramType(word: string): ProgramType | undefined {
  return PROGRAM_TYPES.find((row) => row.name === word || row.label === word);
}

/** bpftool's word for a type's number; `type 99` for an unknown one. */
export function programTypeLabel(id: number): string {
  return programType(id)?.label ?? `type ${id}`;
}
