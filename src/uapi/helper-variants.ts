import type { Helper } from "./helpers.ts";
import { PROG_TYPE, PROGRAM_TYPES, type ProgramTypeName } from "./program-types.ts";

/**
 * Helpers whose prototypes differ with the program's type, as the verifier of Linux 6.18 answers (`R1 type=ctx expected=sock_common, ...`).
 * The rows of `helpers.ts` hold the arguments that most types see.
 */

const MAP = "ARG_CONST_MAP_PTR";
const CTX = "ARG_PTR_TO_CTX";
const ANY = "ARG_ANYTHING";
const SK = "ARG_PTR_TO_BTF_ID_SOCK_COMMON";
const VALUE0 = "ARG_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL";
const OBJECT = "ARG_PTR_TO_BTF_ID";
const OBJECT0 = "ARG_PTR_TO_BTF_ID | PTR_MAYBE_NULL";
const RMEM = "ARG_PTR_TO_MEM | MEM_RDONLY";
const UNINIT = "ARG_PTR_TO_MEM | MEM_UNINIT | MEM_WRITE";
const SIZE = "ARG_CONST_SIZE";

/** What a variant changes of the helper's row. */
type Variant = Partial<Pick<Helper, "args" | "btf">> & { readonly gpl?: boolean };

const TRACERS = ["BPF_PROG_TYPE_TRACING", "BPF_PROG_TYPE_SYSCALL"] as const;
const SOCKET_OPTIONS = [
  "BPF_PROG_TYPE_CGROUP_SOCKOPT",
  "BPF_PROG_TYPE_TRACING",
  "BPF_PROG_TYPE_STRUCT_OPS",
  "BPF_PROG_TYPE_LSM",
] as const;

/** Programs that hold a packet on its way through traffic control or a tunnel. */
const PACKET_PATH: readonly ProgramTypeName[] = [
  "BPF_PROG_TYPE_SCHED_CLS",
  "BPF_PROG_TYPE_SCHED_ACT",
  "BPF_PROG_TYPE_LWT_IN",
  "BPF_PROG_TYPE_LWT_OUT",
  "BPF_PROG_TYPE_LWT_XMIT",
  "BPF_PROG_TYPE_LWT_SEG6LOCAL",
];
/** All others. */
const ELSEWHERE = PROGRAM_TYPES.map(({ name }) => name).filter((name) => !PACKET_PATH.includes(name));

// biome-ignore format: one row per helper and group of types reads as a table
const ROWS: readonly (readonly [helper: string, types: readonly ProgramTypeName[], variant: Variant])[] = [
  // Of the current task, not of a packet's socket.
  ["bpf_get_cgroup_classid", ELSEWHERE, { args: [] }],
  ["bpf_get_socket_cookie", [...TRACERS, "BPF_PROG_TYPE_LSM", "BPF_PROG_TYPE_SK_REUSEPORT"], { args: [SK] }],
  ["bpf_setsockopt", SOCKET_OPTIONS, { args: [SK, ANY, ANY, RMEM, SIZE] }],
  ["bpf_getsockopt", SOCKET_OPTIONS, { args: [SK, ANY, ANY, UNINIT, SIZE] }],
  ["bpf_sk_storage_get", ["BPF_PROG_TYPE_CGROUP_SOCK"], { args: [MAP, CTX, VALUE0, ANY] }],
  ["bpf_sk_storage_get", TRACERS, { args: [MAP, OBJECT0, VALUE0, ANY], btf: { 2: "sock_common" } }],
  ["bpf_sk_storage_delete", TRACERS, { args: [MAP, OBJECT0], btf: { 2: "sock_common" } }],
  ["bpf_get_stackid", ["BPF_PROG_TYPE_PERF_EVENT"], { gpl: false }],
  ["bpf_sk_assign", ["BPF_PROG_TYPE_SK_LOOKUP"], { args: [CTX, "ARG_PTR_TO_SOCKET | PTR_MAYBE_NULL", ANY] }],
  ["bpf_xdp_get_buff_len", [...TRACERS, "BPF_PROG_TYPE_LSM"], { args: [OBJECT], btf: { 1: "xdp_buff" } }],
];

/** What differs for programs of a type (BPF_PROG_TYPE_*); undefined where the helper's row holds. */
export function helperVariant(helper: Helper, type: number): Variant | undefined {
  return ROWS.find(([name, types]) => name === helper.name && types.some((word) => PROG_TYPE[word] === type))?.[2];
}
