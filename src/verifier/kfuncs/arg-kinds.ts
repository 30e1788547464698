import { type Btf, resolveId } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { resolvedType } from "../calls/program-type.ts";
import type { VerifierEnv } from "../env.ts";
import { kindWord } from "../functions/args.ts";
import { isContextType } from "../functions/context-types.ts";
import type { Reg } from "../memory.ts";
import type { KfuncMeta } from "./meta.ts";
import type { KfuncParam, SpecialStruct, Suffix } from "./prototypes.ts";

/** How a pointer that is passed to a kernel function is checked (enum kfunc_ptr_arg_type). */
export type ArgKind =
  | "null"
  | "ctx"
  | "alloc"
  | "refcounted"
  | "dynptr"
  | "iter"
  | "list_head"
  | "list_node"
  | "rb_root"
  | "rb_node"
  | "const_str"
  | "map"
  | "wq"
  | "task_work"
  | "irq_flag"
  | "res_spin_lock"
  | "object"
  | "callback"
  | "mem"
  | "mem_size";

const BY_STRUCT: Readonly<Record<SpecialStruct, ArgKind>> = {
  bpf_dynptr: "dynptr",
  bpf_list_head: "list_head",
  bpf_list_node: "list_node",
  bpf_rb_root: "rb_root",
  bpf_rb_node: "rb_node",
  bpf_wq: "wq",
  bpf_res_spin_lock: "res_spin_lock",
  bpf_task_work: "task_work",
};
const BY_SUFFIX: readonly (readonly [suffix: Suffix, kind: ArgKind])[] = [
  ["__alloc", "alloc"],
  ["__refcounted_kptr", "refcounted"],
  ["__str", "const_str"],
  ["__map", "map"],
  ["__irq_flag", "irq_flag"],
];

/** Structures in structures that memory may be made of. */
const MAX_NESTING = 3;

/** Kernel structures that registers of other types than BTF objects stand for (reg2btf_ids). */
const STANDS_FOR: ReadonlyMap<number, string> = new Map([
  [L.PTR_TO_SOCKET, "sock"],
  [L.PTR_TO_SOCK_COMMON, "sock_common"],
  [L.PTR_TO_TCP_SOCK, "tcp_sock"],
  [L.CONST_PTR_TO_MAP, "bpf_map"],
]);

/** The kernel structure that a register of this type stands for without being a BTF object; "" = none. */
export function standsFor(type: number): string {
  return STANDS_FOR.get(type & L.TYPE_BASE_MASK) ?? "";
}

/** Whether the parameter's name marks it as the size of the memory before it, and a number is passed. */
export function isMemSize(env: VerifierEnv, param: KfuncParam | undefined, regno: number): boolean {
  if (param === undefined || param.kind !== "scalar") return false;
  if (env.m.type(env.reg(regno)) !== L.SCALAR_VALUE) return false;
  return param.suffixes.has("__sz") || param.suffixes.has("__szk");
}

/** How pointer argument `i` is checked: by its type and name, and by what is passed where those do not tell (get_kfunc_ptr_arg_type). */
export function argKind(env: VerifierEnv, meta: KfuncMeta, i: number): ArgKind {
  const { m } = env;
  const { params, btf: btfNumber } = meta.prototype;
  const param = params[i]!;
  const btf = env.btf(btfNumber);
  if (meta.is("bpf_cast_to_kern_ctx")) return "ctx";
  const hasSize = isMemSize(env, params[i + 1], i + 2);
  if (isContextType(btf, param.pointee, resolvedType(env), i, (text) => env.verbose(text))) return "ctx";
  const reg = env.reg(i + 1);
  if (param.suffixes.has("__nullable") && isNull(env, reg) && !hasSize) return "null";
  if (param.suffixes.size > 0 && (param.suffixes.has("__alloc") || param.suffixes.has("__refcounted_kptr"))) {
    return param.suffixes.has("__alloc") ? "alloc" : "refcounted";
  }
  if (param.special === "bpf_dynptr") return "dynptr";
  if (meta.isIter ? i === 0 : param.suffixes.has("__iter")) return "iter";
  const special = kindByName(param);
  if (special !== null) return special;
  const type = m.type(reg);
  if ((type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID || standsFor(type) !== "") {
    const kind = btf.kindOf(param.target);
    if (kind === "struct" || kind === "union") return "object";
    const words = `${kindWord(btf, param.target)} ${btf.nameOf(param.target)}`;
    const message = `kernel function ${meta.name} args#${i} pointer type ${words} is not supported`;
    return env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: i + 1 });
  }
  if (param.isCallback) return "callback";
  const isMemory = isScalar(btf, param.target) || isScalarStruct(env, btf, param.target, 0);
  if (!isMemory && !(hasSize && param.target === 0)) {
    const words = `${kindWord(btf, param.target)} ${btf.nameOf(param.target)}`;
    const message = `arg#${i} pointer type ${words} must point to ${hasSize ? "void, " : ""}scalar, or struct with scalar`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: i + 1 });
  }
  return hasSize ? "mem_size" : "mem";
}

/** Structures come before names, but for the two that `argKind` asks first. */
function kindByName(param: KfuncParam): ArgKind | null {
  const { special, suffixes } = param;
  if (special?.startsWith("bpf_list")) return BY_STRUCT[special];
  if (special?.startsWith("bpf_rb")) return BY_STRUCT[special];
  if (suffixes.size > 0) {
    const named = BY_SUFFIX.find(([suffix]) => suffixes.has(suffix));
    if (named !== undefined) return named[1];
  }
  return special === null ? null : BY_STRUCT[special];
}

/** Whether a register is known to be a null pointer. */
export function isNull(env: VerifierEnv, reg: Reg): boolean {
  return env.m.type(reg) === L.SCALAR_VALUE && env.m.isZero(reg);
}

function isScalar(btf: Btf, id: number): boolean {
  const kind = btf.kindOf(id);
  return kind === "int" || kind === "enum";
}

/** Whether a structure is made of numbers only, so that any memory may stand for it (__btf_type_is_scalar_struct). */
export function isScalarStruct(env: VerifierEnv, btf: Btf, id: number, depth: number): boolean {
  const type = id === 0 ? null : btf.type(id);
  if (type?.kind !== "struct" && type?.kind !== "union") return false;
  for (const member of type.members) {
    const at = resolveId(btf, member.type);
    const inner = btf.type(at);
    if (inner.kind === "struct" || inner.kind === "union") {
      if (depth >= MAX_NESTING) {
        env.verbose("max struct nesting depth exceeded\n");
        return false;
      }
      if (!isScalarStruct(env, btf, at, depth + 1)) return false;
    } else if (inner.kind === "array") {
      if (inner.count === 0 || !isScalar(btf, resolveId(btf, inner.type))) return false;
    } else if (!isScalar(btf, at)) return false;
  }
  return true;
}
