import { type Btf, type BtfFuncProto, type BtfType, resolveId, sizeOf } from "../../btf/index.ts";
import { ATTACH_TYPE as A, ERRNO, PROG_TYPE as P } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkSameSignature } from "./extension.ts";
import {
  deniedFunctions,
  disabledLsmHooks,
  injectionFunctions,
  isLsmHook,
  nonSleepableInjection,
  noReturnFunctions,
  sleepableLsmHooks,
} from "./hooks.ts";
import { iteratorArgs } from "./iter-args.ts";
import { checkStructOps } from "./struct-ops.ts";

const TRACEPOINT_PREFIX = "btf_trace_";
/** MAX_BPF_FUNC_ARGS. */
const MAX_ARGS = 12;
/** Bytes of an argument that a trampoline can hand on. */
const MAX_ARG_SIZE = 16;

/** Attach types of tracing programs that may sleep. */
const SLEEPABLE_TRACING = [A.BPF_TRACE_FENTRY, A.BPF_TRACE_FEXIT, A.BPF_MODIFY_RETURN, A.BPF_TRACE_ITER];
const SLEEPABLE_TYPES = [P.BPF_PROG_TYPE_LSM, P.BPF_PROG_TYPE_KPROBE, P.BPF_PROG_TYPE_STRUCT_OPS];
/** Attach types of programs that are called at the start or the end of a function. */
const FUNCTION_ATTACH = [A.BPF_MODIFY_RETURN, A.BPF_LSM_MAC, A.BPF_LSM_CGROUP, A.BPF_TRACE_FENTRY, A.BPF_TRACE_FEXIT];

/** The function, hook or structure that the program attaches to (check_attach_btf_id, check_struct_ops_btf_id). */
export function checkAttachTarget(env: VerifierEnv): void {
  const { type } = env;
  if (type === P.BPF_PROG_TYPE_SYSCALL) {
    if (env.sleepable) return;
    refuse(env, "Syscall programs can only be sleepable", "V_SLEEPABLE");
  }
  if (env.sleepable && !canSleep(env)) {
    refuse(
      env,
      "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable",
      "V_SLEEPABLE",
    );
  }
  if (type === P.BPF_PROG_TYPE_STRUCT_OPS) checkStructOps(env);
  else if (type === P.BPF_PROG_TYPE_TRACING || type === P.BPF_PROG_TYPE_LSM || type === P.BPF_PROG_TYPE_EXT) {
    checkTarget(env);
    checkAttachLists(env);
  }
}

function refuse(
  env: VerifierEnv,
  message: string,
  kind: "V_ATTACH" | "V_SLEEPABLE" | "V_GPL_ONLY" = "V_ATTACH",
): never {
  env.reject(ERRNO.EINVAL, kind, message, { btfId: env.input.attachBtfId ?? 0 });
}

function canSleep(env: VerifierEnv): boolean {
  if (env.type === P.BPF_PROG_TYPE_TRACING) return SLEEPABLE_TRACING.includes(env.expectedAttachType);
  return SLEEPABLE_TYPES.includes(env.type);
}

/** The type behind attach_btf_id, and what of it the program will see (bpf_check_attach_target). */
function checkTarget(env: VerifierEnv): void {
  const { input } = env;
  const btfId = input.attachBtfId ?? 0;
  if (btfId === 0) refuse(env, "Tracing programs must provide btf_id");
  const btf = input.attachProgram?.btf ?? env.btfs[0] ?? null;
  if (btf === null) refuse(env, "Tracing program can only be attached to another program annotated with BTF");
  if (btfId >= btf.count) refuse(env, `attach_btf_id ${btfId} is invalid`);
  const name = btf.nameOf(btfId);
  const isKernels = input.attachProgram === undefined;
  if (isKernels && env.type === P.BPF_PROG_TYPE_EXT) refuse(env, "Cannot replace kernel functions");
  const conservative = isKernels ? false : checkTargetProgram(env, btfId, name);

  const attach = env.expectedAttachType;
  if (attach === A.BPF_TRACE_RAW_TP && env.type !== P.BPF_PROG_TYPE_EXT) attachTracepoint(env, btf, btfId, name);
  else if (attach === A.BPF_TRACE_ITER && env.type !== P.BPF_PROG_TYPE_EXT) attachIterator(env, btf, btfId, name);
  else if (env.type === P.BPF_PROG_TYPE_EXT || FUNCTION_ATTACH.includes(attach)) {
    attachFunction(env, btf, btfId, name, conservative);
  } else refuse(env, "");
}

/** Rules of programs that attach to, or replace, functions of other programs; whether the function's BTF cannot be relied on. */
function checkTargetProgram(env: VerifierEnv, btfId: number, name: string): boolean {
  const target = env.input.attachProgram!;
  const isExtension = env.type === P.BPF_PROG_TYPE_EXT;
  const found = target.functions.find((one) => one.typeId === btfId);
  if (found === undefined) refuse(env, `Subprog ${name} doesn't exist`);
  if (isExtension && !found.global) refuse(env, "Cannot replace static functions");
  if (env.type !== P.BPF_PROG_TYPE_TRACING && target.type === env.type) refuse(env, "Cannot recursively attach");
  if (isExtension && target.type === P.BPF_PROG_TYPE_TRACING) {
    const { expectedAttachType } = target;
    if (expectedAttachType === A.BPF_TRACE_FENTRY || expectedAttachType === A.BPF_TRACE_FEXIT) {
      refuse(env, "Cannot extend fentry/fexit");
    }
  }
  return !found.global;
}

function attachTracepoint(env: VerifierEnv, btf: Btf, btfId: number, name: string): void {
  if (env.input.attachProgram !== undefined) {
    refuse(env, "Only FENTRY/FEXIT progs are attachable to another BPF prog");
  }
  const type = btf.type(btfId);
  if (type.kind !== "typedef") refuse(env, `attach_btf_id ${btfId} is not a typedef`);
  if (!name.startsWith(TRACEPOINT_PREFIX)) refuse(env, `attach_btf_id ${btfId} points to wrong type name ${name}`);
  const pointer = type.type === 0 ? null : btf.type(type.type);
  const proto = pointer?.kind === "ptr" ? pointer.type : 0;
  if (proto === 0 || btf.kindOf(proto) !== "func_proto") refuse(env, "");
  const tracepoint = name.slice(TRACEPOINT_PREFIX.length);
  env.attach = { btf: 0, btfId, name: tracepoint, proto: namedProto(btf, tracepoint, proto), skipArgs: 1 };
}

/**
 * The prototype of a tracepoint's template function, which names the arguments; its typedef does not. Tracepoints that share a template
 * are called otherwise than it: theirs is the typedef's.
 */
function namedProto(btf: Btf, tracepoint: string, proto: number): number {
  const id = btf.find(`__bpf_trace_${tracepoint}`, "func")[0];
  const type = id === undefined ? null : btf.type(id);
  return type?.kind === "func" ? type.type : proto;
}

/** The function's type, where the id is one's. */
function functionProto(env: VerifierEnv, btf: Btf, btfId: number): number {
  const type: BtfType = btf.type(btfId);
  if (type.kind !== "func") refuse(env, `attach_btf_id ${btfId} is not a function`);
  return type.type;
}

function attachIterator(env: VerifierEnv, btf: Btf, btfId: number, name: string): void {
  const proto = functionProto(env, btf, btfId);
  checkTrampoline(env, btf, proto, name);
  if (iteratorArgs(name) === null) refuse(env, "");
  env.attach = { btf: 0, btfId, name, proto, skipArgs: 0 };
}

function attachFunction(env: VerifierEnv, btf: Btf, btfId: number, name: string, conservative: boolean): void {
  const target = env.input.attachProgram;
  const isExtension = env.type === P.BPF_PROG_TYPE_EXT;
  const proto = functionProto(env, btf, btfId);
  if (isExtension) checkSameSignature(env, btf, btfId);
  if (!conservative) checkTrampoline(env, btf, proto, name);
  if (env.sleepable) {
    if (!sleepableTarget(env, name)) refuse(env, `${name} is not sleepable`, "V_SLEEPABLE");
  } else if (env.expectedAttachType === A.BPF_MODIFY_RETURN) {
    if (target !== undefined) refuse(env, "can't modify return codes of BPF programs");
    if (!isModifiable(name)) refuse(env, `${name}() is not modifiable`);
  }
  const number = target === undefined ? 0 : env.btfNumber(btf);
  env.attach = { btf: number, btfId, name, proto: conservative ? 0 : proto, skipArgs: 0 };
  if (target !== undefined && isExtension) {
    env.opsType = target.type;
    env.expectedAttachType = target.expectedAttachType;
  }
}

/** System calls and functions marked for error injection; BTF does not say which these are, so the list is of those that always are. */
function isInjectable(name: string): boolean {
  return /^__(x64|ia32|arm64)_sys_/.test(name) || injectionFunctions.has(name);
}

function isModifiable(name: string): boolean {
  return name.startsWith("security_") || isInjectable(name);
}

function sleepableTarget(env: VerifierEnv, name: string): boolean {
  if (env.type === P.BPF_PROG_TYPE_LSM) return sleepableLsmHooks.has(name);
  return env.type === P.BPF_PROG_TYPE_TRACING && isInjectable(name) && !nonSleepableInjection.has(name);
}

/** Whether a trampoline can take the function's arguments and result (btf_distill_func_proto). */
function checkTrampoline(env: VerifierEnv, btf: Btf, protoId: number, name: string): void {
  const proto = btf.type(protoId) as BtfFuncProto;
  const { params } = proto;
  if (params.length > MAX_ARGS) refuse(env, `The function ${name} has ${params.length} arguments. Too many.`);
  const result = plainType(btf, proto.type);
  if (trampolineSize(btf, proto.type) < 0 || result === "STRUCT" || result === "UNION") {
    refuse(env, `The function ${name} return type ${result} is unsupported.`);
  }
  params.forEach(({ type }, i) => {
    if (i === params.length - 1 && type === 0) refuse(env, `The function ${name} with variable args is unsupported.`);
    const size = trampolineSize(btf, type);
    if (size < 0 || size > MAX_ARG_SIZE) {
      refuse(env, `The function ${name} arg${i} type ${plainType(btf, type)} is unsupported.`);
    }
    if (size === 0) refuse(env, `The function ${name} has malformed void argument.`);
  });
}

/** The kind behind qualifiers and typedefs in the kernel's capitals. */
function plainType(btf: Btf, id: number): string {
  const kind = btf.kindOf(resolveId(btf, id));
  return kind === "void" ? "UNKNOWN" : kind.toUpperCase();
}

/** Bytes of an argument or result; 0 for void, -1 for what cannot be handed on. */
function trampolineSize(btf: Btf, id: number): number {
  const bare = resolveId(btf, id);
  switch (btf.kindOf(bare)) {
    case "void":
      return 0;
    case "ptr":
    case "int":
    case "enum":
    case "enum64":
    case "struct":
      return sizeOf(btf, bare);
    default:
      return -1;
  }
}

/** Functions that nothing, or nothing of that kind, may be attached to. */
function checkAttachLists(env: VerifierEnv): void {
  const { name, btfId } = env.attach!;
  const attach = env.expectedAttachType;
  if (env.type === P.BPF_PROG_TYPE_LSM) {
    if (!env.gplCompatible) refuse(env, "LSM programs must have a GPL compatible license", "V_GPL_ONLY");
    if (disabledLsmHooks.has(name)) refuse(env, `attach_btf_id ${btfId} points to disabled hook ${name}`);
    if (!isLsmHook(name)) refuse(env, `attach_btf_id ${btfId} points to wrong type name ${name}`);
  } else if (env.type === P.BPF_PROG_TYPE_TRACING && env.input.attachProgram === undefined) {
    if (attach === A.BPF_TRACE_RAW_TP || attach === A.BPF_TRACE_ITER) return;
    if (deniedFunctions.has(name)) refuse(env, `Attaching tracing programs to function '${name}' is rejected.`);
    if ((attach === A.BPF_TRACE_FEXIT || attach === A.BPF_MODIFY_RETURN) && noReturnFunctions.has(name)) {
      refuse(env, `Attaching fexit/fmod_ret to __noreturn function '${name}' is rejected.`);
    }
  }
}
