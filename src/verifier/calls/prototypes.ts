import {
  ATTACH_TYPE,
  HELPERS,
  type Helper,
  helperCapability,
  helperVariant,
  mayCall,
  PROG_TYPE,
} from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { sleepableLsmHooks } from "../programs/hooks.ts";
import { compilePrototype, type Prototype } from "./arg-types.ts";
import { helperId, helperIds } from "./helper-ids.ts";
import { resolvedType } from "./program-type.ts";

/**
 * Which helpers a program may call, and with which arguments: by its type, its attach type and the loader's capabilities from the rows of
 * `uapi/`, and here by what it attaches to.
 */

const { BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_LSM } = PROG_TYPE;

const SOCKET_OPTIONS = helperIds("setsockopt getsockopt");
/** Helpers of struct_ops programs beyond those for everyone: congestion control's. */
const CONGESTION_CONTROL = helperIds(
  "setsockopt getsockopt sk_storage_get sk_storage_delete tcp_send_ack ktime_get_coarse_ns",
);

/** Iterators over sockets that are locked while a program sees them. */
const SOCKET_ITERATORS: ReadonlySet<string> = new Set(["bpf_iter_tcp", "bpf_iter_unix"]);
/** LSM hooks with a socket whose options may be set. */
const SOCKET_HOOKS: ReadonlySet<string> = new Set([
  "bpf_lsm_sock_graft",
  "bpf_lsm_inet_csk_clone",
  "bpf_lsm_inet_conn_established",
  "bpf_lsm_socket_post_create",
  "bpf_lsm_socket_socketpair",
]);
/** Functions whose `struct path` is safe to print. */
const PATH_FUNCTIONS: ReadonlySet<string> = new Set([
  "security_file_permission",
  "security_inode_getattr",
  "security_file_open",
  "security_path_truncate",
  "vfs_truncate",
  "vfs_fallocate",
  "dentry_open",
  "vfs_getattr",
  "filp_close",
]);

/** Name of the function or structure of the kernel that the program attaches to; "" = none. */
function targetName(env: VerifierEnv): string {
  const btf = env.btfs[0];
  const id = env.input.attachBtfId ?? 0;
  return btf && id > 0 && id < btf.count && env.input.attachProgram === undefined ? btf.nameOf(id) : "";
}

/** What depends on the very thing that the program attaches to. */
function targetAllows(env: VerifierEnv, type: number, id: number): boolean {
  if (type === BPF_PROG_TYPE_STRUCT_OPS) {
    const target = targetName(env);
    if (target === "bpf_dummy_ops") return false;
    if (!CONGESTION_CONTROL.has(id)) return true;
    if (target !== "tcp_congestion_ops") return false;
    return !SOCKET_OPTIONS.has(id) || !attachesToRelease(env);
  }
  if (!SOCKET_OPTIONS.has(id)) return true;
  if (type === BPF_PROG_TYPE_TRACING) return SOCKET_ITERATORS.has(targetName(env));
  return type !== BPF_PROG_TYPE_LSM || SOCKET_HOOKS.has(targetName(env));
}

/** A congestion control's `release` runs when the socket is torn down. */
function attachesToRelease(env: VerifierEnv): boolean {
  const type = env.btfs[0]?.type(env.input.attachBtfId ?? 0);
  return type?.kind === "struct" && type.members[env.expectedAttachType]?.name === "release";
}

function mayPrintPath(env: VerifierEnv): boolean {
  const type = resolvedType(env);
  if (type === BPF_PROG_TYPE_TRACING && env.expectedAttachType === ATTACH_TYPE.BPF_TRACE_ITER) return true;
  if (type === BPF_PROG_TYPE_LSM) return sleepableLsmHooks.has(targetName(env));
  return PATH_FUNCTIONS.has(targetName(env));
}

function mayTraceStorage(env: VerifierEnv): boolean {
  const { BPF_TRACE_ITER, BPF_TRACE_RAW_TP, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT } = ATTACH_TYPE;
  if (env.input.attachProgram !== undefined) return false;
  const attach = env.expectedAttachType;
  if (resolvedType(env) !== BPF_PROG_TYPE_TRACING) return false;
  if (attach === BPF_TRACE_ITER || attach === BPF_TRACE_RAW_TP) return true;
  if (attach !== BPF_TRACE_FENTRY && attach !== BPF_TRACE_FEXIT) return false;
  return !targetName(env).startsWith("bpf_sk_storage");
}

const mayHash = (env: VerifierEnv): boolean => sleepableLsmHooks.has(targetName(env));

/** Helpers that a program's type has, but not all of its targets: those are told "not allowed in probe". */
const ALLOWED: ReadonlyMap<number, (env: VerifierEnv) => boolean> = new Map([
  [helperId("d_path"), mayPrintPath],
  [helperId("ima_inode_hash"), mayHash],
  [helperId("ima_file_hash"), mayHash],
]);
/** The same for tracing programs alone. */
const TRACING_ALLOWED: ReadonlyMap<number, (env: VerifierEnv) => boolean> = new Map([
  [helperId("sk_storage_get"), mayTraceStorage],
  [helperId("sk_storage_delete"), mayTraceStorage],
]);

/** Prototypes by program type, then by helper. */
const COMPILED: (Prototype | undefined)[][] = [];

function compiledFor(helper: Helper, type: number): Prototype {
  const row = (COMPILED[type] ??= []);
  return (row[helper.id] ??= compile(helper, type));
}

function compile(helper: Helper, type: number): Prototype {
  const isTracer = type === BPF_PROG_TYPE_TRACING || type === PROG_TYPE.BPF_PROG_TYPE_SYSCALL;
  const allowed = (isTracer ? TRACING_ALLOWED.get(helper.id) : undefined) ?? ALLOWED.get(helper.id) ?? null;
  return { ...compilePrototype({ ...helper, ...helperVariant(helper, type) }), allowed };
}

function hasCapability(env: VerifierEnv, helper: Helper): boolean {
  const needed = helperCapability(helper);
  if (needed === null) return true;
  return needed === "CAP_PERFMON" ? env.options.mode === undefined || env.options.mode === "root" : env.bpfCapable;
}

/** The helper as this program sees it; null where programs of its kind may not call it, "unknown" where there is no such helper (get_helper_proto). */
export function prototypeFor(env: VerifierEnv, id: number): Prototype | null | "unknown" {
  if (id < 0 || id > HELPERS.length) return "unknown";
  const helper = HELPERS[id - 1];
  const type = resolvedType(env);
  const attach = env.type === PROG_TYPE.BPF_PROG_TYPE_EXT ? undefined : env.expectedAttachType;
  if (helper === undefined || mayCall(type, helper, attach) === false) return null;
  if (!hasCapability(env, helper) || !targetAllows(env, type, id)) return null;
  return compiledFor(helper, type);
}
