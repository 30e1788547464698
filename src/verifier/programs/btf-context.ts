import { type Btf, type BtfFuncProto, type BtfType, resolveId } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ATTACH_TYPE as A, PROG_TYPE } from "../../uapi/index.ts";
import type { AttachInfo, VerifierEnv } from "../env.ts";
import { acquireReference } from "../explore/refs.ts";
import { isContextType } from "../functions/context-types.ts";
import { BPF_READ } from "../memory/access.ts";
import type { CtxAccess } from "./context.ts";
import { untrustedLsmHooks } from "./hooks.ts";
import { iteratorArgs } from "./iter-args.ts";
import { rawTracepointArg } from "./raw-tp-args.ts";
import { stubArgument } from "./struct-ops.ts";

/*
 * Programs that BTF describes find their arguments in an array of 64-bit words: those of the function, hook, tracepoint, iterator or
 * structure member that they attach to, in order, a structure by value in as many words as it fills, and behind them, for programs that
 * run when a function returns, its result. A number is a scalar; a pointer to a structure becomes a pointer to a BTF object, which is
 * trusted where the kernel vouches for its arguments (tracepoints, iterators, struct_ops, most LSM hooks); pointers to numbers and to
 * void are scalars.
 */

const WORD = 8;
/** Bytes of context of tracing programs: MAX_BPF_FUNC_ARGS words. */
const TRACING_LIMIT = 96;
/** What programs attached to a function of another program see where its BTF is not relied on. */
const UNKNOWN_ARGS = 5;

/** The kernel's structures behind contexts, for fentry and fexit of other programs (struct bpf_ctx_convert of the kernel's BTF). */
const KERNEL_CONTEXTS: Readonly<Record<number, string>> = {
  [PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_XDP]: "xdp_buff",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK]: "sock",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: "bpf_sock_addr_kern",
  [PROG_TYPE.BPF_PROG_TYPE_LWT_IN]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS]: "bpf_sock_ops_kern",
  [PROG_TYPE.BPF_PROG_TYPE_SK_SKB]: "sk_buff",
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG]: "sk_msg",
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR]: "bpf_flow_dissector",
  [PROG_TYPE.BPF_PROG_TYPE_KPROBE]: "pt_regs",
  [PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT]: "bpf_perf_event_data_kern",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_DEVICE]: "bpf_cgroup_dev_ctx",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL]: "bpf_sysctl_kern",
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT]: "bpf_sockopt_kern",
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT]: "sk_reuseport_kern",
  [PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP]: "bpf_sk_lookup_kern",
  [PROG_TYPE.BPF_PROG_TYPE_NETFILTER]: "bpf_nf_ctx",
};

const SCALAR: CtxAccess = { type: L.SCALAR_VALUE, fieldSize: 0, btf: 0, btfId: 0, refId: 0, isRetval: false };
const RETVAL: CtxAccess = { ...SCALAR, isRetval: true };

/** Types whose context is an array of arguments that BTF describes. */
export function hasBtfContext(type: number): boolean {
  return (
    type === PROG_TYPE.BPF_PROG_TYPE_TRACING ||
    type === PROG_TYPE.BPF_PROG_TYPE_LSM ||
    type === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS
  );
}

function bareType(btf: Btf, id: number): BtfType | null {
  const bare = resolveId(btf, id);
  return bare === 0 ? null : btf.type(bare);
}

function kindText(type: BtfType | null): string {
  return type === null ? "UNKNOWN" : type.kind.toUpperCase();
}

/** A structure, or a number of up to 64 bits: what the program gets as it is. */
function isScalar(type: BtfType | null): boolean {
  switch (type?.kind) {
    case "int":
      return type.size <= WORD;
    case "enum":
    case "enum64":
    case "struct":
    case "union":
      return true;
    default:
      return false;
  }
}

/** Words that an argument takes. */
function words(type: BtfType | null): number {
  if (type === null) return 0;
  return type.kind === "ptr" ? 1 : Math.ceil(("size" in type ? type.size : 0) / WORD);
}

/** Which argument lies at an offset: as many as there are is the result, one more is nothing (btf_ctx_arg_idx). */
function argumentAt(btf: Btf, proto: BtfFuncProto | null, off: number): number {
  if (proto === null) return Math.floor(off / WORD);
  let end = 0;
  for (let i = 0; i < proto.params.length; i++) {
    end += words(bareType(btf, proto.params[i]!.type)) * WORD;
    if (off < end) return i;
  }
  end += words(bareType(btf, proto.type)) * WORD;
  return off < end ? proto.params.length : proto.params.length + 1;
}

/** Whether the kernel vouches for the arguments (prog_args_trusted). */
function argsTrusted(env: VerifierEnv, attach: AttachInfo): boolean {
  switch (env.type) {
    case PROG_TYPE.BPF_PROG_TYPE_TRACING:
      return env.expectedAttachType === A.BPF_TRACE_RAW_TP || env.expectedAttachType === A.BPF_TRACE_ITER;
    case PROG_TYPE.BPF_PROG_TYPE_LSM:
      return !untrustedLsmHooks.has(attach.name);
    default:
      return env.type === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS;
  }
}

/** A load of an argument of what the program attaches to (btf_ctx_access); null where there is none such, with the reason in the log. */
export function btfContextAccess(env: VerifierEnv, off: number, size: number, access: number): CtxAccess | null {
  const { attach } = env;
  if (attach === null || access !== BPF_READ || off < 0) return null;
  if (env.type !== PROG_TYPE.BPF_PROG_TYPE_LSM && (off >= TRACING_LIMIT || off % size !== 0)) return null;
  const answer = argument(env, attach, off, size);
  return answer === null ? null : asTcpSock(env, attach, answer);
}

function argument(env: VerifierEnv, attach: AttachInfo, off: number, size: number): CtxAccess | null {
  const { name } = attach;
  const btf = env.btf(attach.btf);
  const say = (text: string): null => {
    env.verbose(`func '${name}' ${text}\n`);
    return null;
  };
  if (off % WORD !== 0) return say(`offset ${off} is not multiple of 8`);
  const proto = attach.proto === 0 ? null : (btf.type(attach.proto) as BtfFuncProto);
  const arg = argumentAt(btf, proto, off);
  const count = proto === null ? UNKNOWN_ARGS : proto.params.length - attach.skipArgs;
  if (arg > count) return say(`doesn't have ${arg + 1}-th argument`);
  const isResult = arg === count;
  const hook = env.expectedAttachType === A.BPF_LSM_MAC;
  if (isResult) {
    const attachType = env.expectedAttachType;
    if (attachType === A.BPF_MODIFY_RETURN) {
      if (proto === null) return null;
      const result = bareType(btf, proto.type);
      if (result?.kind !== "int" || result.size > WORD) {
        env.verbose(`ret type ${kindText(result)} not allowed for fmod_ret\n`);
        return null;
      }
    } else if (!hook && attachType !== A.BPF_LSM_CGROUP && attachType !== A.BPF_TRACE_FEXIT) {
      return say(`doesn't have ${arg + 1}-th argument`);
    }
  }
  if (proto === null) return hook && isResult ? RETVAL : SCALAR;
  const param = proto.params[arg + attach.skipArgs];
  const typeId = isResult ? proto.type : param!.type;
  const type = bareType(btf, typeId);
  if (isScalar(type)) return hook && isResult ? RETVAL : SCALAR;
  if (type?.kind !== "ptr") {
    const typeName = type === null ? "(anon)" : type.name === "" ? "(anon)" : type.name;
    return say(`arg${arg} '${typeName}' has type ${kindText(type)}. Only pointer access is allowed`);
  }
  if (size !== WORD) return say(`size ${size} must be 8`);
  return pointer(env, attach, btf, type.type, arg, off, isResult ? "" : param!.name, say);
}

/** What is known of a pointer argument. */
function pointer(
  env: VerifierEnv,
  attach: AttachInfo,
  btf: Btf,
  pointeeId: number,
  arg: number,
  off: number,
  paramName: string,
  say: (text: string) => null,
): CtxAccess | null {
  const special =
    env.expectedAttachType === A.BPF_TRACE_ITER && hasBtfContext(env.opsType) ? iteratorArgs(attach.name) : null;
  const iterArg = special?.find((one) => one.offset === off);
  if (iterArg !== undefined && iterArg.struct === "") return { ...SCALAR, type: iterArg.type };
  const pointee = bareType(btf, pointeeId);
  if (pointee === null || pointee.kind === "int") return SCALAR;
  if (iterArg !== undefined) {
    const btfId = env.btfs[0]?.find(iterArg.struct, "struct")[0] ?? 0;
    return { ...SCALAR, type: iterArg.type, btfId };
  }
  if (env.type === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS) {
    const stub = stubArgument(env, arg);
    if (stub !== null) {
      const refId = stub.owned ? (attach.argRefs?.get(off) ?? 0) : 0;
      return {
        ...SCALAR,
        type: L.PTR_TO_BTF_ID | stub.flags,
        btf: attach.btf,
        btfId: resolveId(btf, pointeeId),
        refId,
      };
    }
  }

  let type = L.PTR_TO_BTF_ID;
  if (argsTrusted(env, attach)) type |= L.PTR_TRUSTED;
  if (paramName.endsWith("__nullable")) type |= L.PTR_MAYBE_NULL;
  let mayBeError = false;
  if (env.expectedAttachType === A.BPF_TRACE_RAW_TP) {
    const known = rawTracepointArg(attach.name, arg) ?? 0;
    if ((known & 1) !== 0) type |= L.PTR_MAYBE_NULL;
    mayBeError = (known & 2) !== 0;
  }
  const target = env.input.attachProgram;
  if (target !== undefined) {
    const log = (text: string): void => env.verbose(text);
    if (!isContextType(btf, pointeeId, target.type, arg, log)) return null;
    const btfId = env.btfs[0]?.find(KERNEL_CONTEXTS[target.type] ?? "", "struct")[0];
    return btfId === undefined ? null : { ...SCALAR, type, btfId };
  }
  if (btf.kindOf(pointeeId) === "type_tag") {
    const tag = btf.nameOf(pointeeId);
    if (tag === "user") type |= L.MEM_USER;
    if (tag === "percpu") type |= L.MEM_PERCPU;
  }
  if (pointee.kind !== "struct" && pointee.kind !== "union")
    return say(`arg${arg} type ${kindText(pointee)} is not a struct`);
  const btfId = resolveId(btf, pointeeId);
  say(`arg${arg} has btf_id ${btfId} type ${kindText(pointee)} '${pointee.name === "" ? "(anon)" : pointee.name}'`);
  if (mayBeError) {
    env.verbose(`marking pointer arg${arg} as scalar as it may encode error`);
    return SCALAR;
  }
  return { ...SCALAR, type, btf: attach.btf, btfId };
}

/** Congestion control gets sockets that are known to be TCP's. */
function asTcpSock(env: VerifierEnv, attach: AttachInfo, access: CtxAccess): CtxAccess {
  if (attach.structName !== "tcp_congestion_ops" || (access.type & L.TYPE_BASE_MASK) !== L.PTR_TO_BTF_ID) return access;
  const btf = env.btf(0);
  if (access.btfId !== btf.find("sock", "struct")[0]) return access;
  return { ...access, btfId: btf.find("tcp_sock", "struct")[0] ?? access.btfId };
}

/** Takes the references that a struct_ops program's arguments bring, before its first instruction. */
export function acquireContextReferences(env: VerifierEnv): void {
  const { attach } = env;
  if (attach?.argRefs === undefined) return;
  const btf = env.btf(attach.btf);
  const proto = btf.type(attach.proto) as BtfFuncProto;
  let off = 0;
  proto.params.forEach((param, i) => {
    if (stubArgument(env, i)?.owned) attach.argRefs!.set(off, acquireReference(env, 0));
    off += words(bareType(btf, param.type)) * WORD;
  });
}
