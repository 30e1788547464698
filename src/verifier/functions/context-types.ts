import { type Btf, resolveId } from "../../btf/index.ts";
import { PROG_TYPE } from "../../uapi/index.ts";

const BPF_TRACE_RAW_TP = 23;
const BPF_TRACE_FENTRY = 24;
const BPF_TRACE_FEXIT = 25;
const BPF_MODIFY_RETURN = 26;
const BPF_TRACE_ITER = 28;

/** What pointers to the context are to BTF-described functions of one program type. */
interface ContextType {
  /** The structure that programs declare (`struct bpf_ctx_convert` of the kernel's BTF lists them); "" for types without one. */
  readonly struct: string;
  /** The kernel's structure behind it, which may be named instead. */
  readonly projectionOf?: string;
  /** A typedef that stands for the context as well; other typedefs are looked through. */
  readonly typedef?: string;
  /** Further structures that an argument tagged `arg:ctx` may point at. */
  readonly tagged?: readonly string[];
  /** An argument tagged `arg:ctx` may point at a 64-bit integer: always, or with these attach types. */
  readonly words?: true | readonly number[];
  /** An argument tagged `arg:ctx` may point at anything. */
  readonly anything?: true;
}

const SKB: ContextType = { struct: "__sk_buff", projectionOf: "sk_buff" };
const RAW_ARGS: ContextType = { struct: "bpf_raw_tracepoint_args", words: true };

/** By BPF_PROG_TYPE_*. */
const CONTEXT_TYPES: Readonly<Record<number, ContextType>> = {
  [PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_KPROBE]: { struct: "pt_regs", typedef: "bpf_user_pt_regs_t" },
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_TRACEPOINT]: { struct: "", anything: true },
  [PROG_TYPE.BPF_PROG_TYPE_XDP]: { struct: "xdp_md", projectionOf: "xdp_buff" },
  [PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT]: { struct: "bpf_perf_event_data", tagged: ["pt_regs"] },
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK]: { struct: "bpf_sock" },
  [PROG_TYPE.BPF_PROG_TYPE_LWT_IN]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS]: { struct: "bpf_sock_ops" },
  [PROG_TYPE.BPF_PROG_TYPE_SK_SKB]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE]: { struct: "bpf_cgroup_dev_ctx" },
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG]: { struct: "sk_msg_md" },
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT]: RAW_ARGS,
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: { struct: "bpf_sock_addr" },
  [PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL]: SKB,
  [PROG_TYPE.BPF_PROG_TYPE_LIRC_MODE2]: { struct: "" },
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT]: { struct: "sk_reuseport_md" },
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR]: { struct: "__sk_buff", projectionOf: "sk_buff" },
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL]: { struct: "bpf_sysctl" },
  [PROG_TYPE.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: RAW_ARGS,
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT]: { struct: "bpf_sockopt" },
  [PROG_TYPE.BPF_PROG_TYPE_TRACING]: {
    struct: "",
    words: [BPF_TRACE_RAW_TP, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_MODIFY_RETURN],
  },
  [PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS]: { struct: "", words: true },
  [PROG_TYPE.BPF_PROG_TYPE_EXT]: { struct: "", anything: true },
  [PROG_TYPE.BPF_PROG_TYPE_LSM]: { struct: "", words: true },
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP]: { struct: "bpf_sk_lookup" },
  [PROG_TYPE.BPF_PROG_TYPE_SYSCALL]: { struct: "", anything: true },
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER]: { struct: "bpf_nf_ctx" },
};

const NO_CONTEXT: ContextType = { struct: "" };

/** Looks through qualifiers and tags, and through typedefs too unless `name` is met: whether it was. */
function isTypedefNamed(btf: Btf, id: number, name: string | undefined): boolean {
  if (name === undefined) return false;
  for (;;) {
    const kind = btf.kindOf(id);
    if (kind === "typedef") return btf.nameOf(id) === name;
    if (kind !== "const" && kind !== "volatile" && kind !== "restrict" && kind !== "type_tag") return false;
    id = (btf.type(id) as { type: number }).type;
  }
}

function isComposite(btf: Btf, id: number): boolean {
  const kind = btf.kindOf(id);
  return kind === "struct" || kind === "union";
}

/**
 * Whether the type that a pointer points at is by its name the context of that program type (btf_is_prog_ctx_type).
 * @param log gets the line that the kernel writes of nameless structs
 */
export function isContextType(
  btf: Btf,
  pointee: number,
  progType: number,
  arg: number,
  log: (text: string) => void,
): boolean {
  const context = CONTEXT_TYPES[progType] ?? NO_CONTEXT;
  if (isTypedefNamed(btf, pointee, context.typedef)) return true;
  const id = resolveId(btf, pointee);
  if (!isComposite(btf, id)) return false;
  const name = btf.nameOf(id);
  if (name === "") {
    log(`arg#${arg} struct doesn't have a name\n`);
    return false;
  }
  return context.struct !== "" && (name === context.struct || name === context.projectionOf);
}

/**
 * Whether an argument tagged `arg:ctx` may point at that type (btf_validate_prog_ctx_type).
 * @returns "" if so, else the kernel's message
 */
export function taggedContextProblem(
  btf: Btf,
  pointee: number,
  progType: number,
  attachType: number,
  arg: number,
): string {
  const context = CONTEXT_TYPES[progType] ?? NO_CONTEXT;
  const typedef = progType === PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT ? "bpf_user_pt_regs_t" : context.typedef;
  if (isTypedefNamed(btf, pointee, typedef)) return "";
  const id = resolveId(btf, pointee);
  if (id === 0) return "";
  const name = btf.nameOf(id);
  if (name === "") return `arg#${arg} type doesn't have a name`;
  if (context.anything) return "";
  const type = btf.type(id);
  const { words } = context;
  const takesWords = words === true || (words?.includes(attachType) ?? false);
  if (takesWords && type.kind === "int" && type.size === 8) return "";
  const isStruct = type.kind === "struct";
  if (isStruct && context.tagged?.includes(name)) return "";
  if (isStruct && progType === PROG_TYPE.BPF_PROG_TYPE_TRACING) {
    if (attachType === BPF_TRACE_RAW_TP && name === "bpf_raw_tracepoint_args") return "";
    if (attachType === BPF_TRACE_ITER && name.startsWith("bpf_iter__")) return "";
  }
  if (context.struct === "") return `arg#${arg} should be void pointer`;
  if (isStruct && name === context.struct) return "";
  return `arg#${arg} should be \`struct ${context.struct} *\``;
}
