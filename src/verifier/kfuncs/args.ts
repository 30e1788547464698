import { sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { assert, BpfError } from "../../util/index.ts";
import { ARG_DONTCARE, ARG_PTR_TO_CTX, ARG_PTR_TO_DYNPTR } from "../calls/arg-types.ts";
import { checkConstString } from "../calls/const-string.ts";
import { checkDynptrArg, dynptrFlagOfKind, dynptrId, dynptrKind, dynptrRef } from "../calls/dynptr.ts";
import { useSpinLock } from "../calls/locks.ts";
import { resolvedType } from "../calls/program-type.ts";
import { checkArgOffset } from "../calls/reg-offset.ts";
import type { VerifierEnv } from "../env.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { kindWord } from "../functions/args.ts";
import { regTypeText } from "../log/type-text.ts";
import { BPF_READ, BPF_WRITE } from "../memory/access.ts";
import { checkMemReg, checkMemSizeReg, type MemoryMeta } from "../memory/helper-access.ts";
import { Rejection } from "../reject.ts";
import { type ArgKind, argKind, isNull } from "./arg-kinds.ts";
import { checkAsyncArg } from "./async-args.ts";
import { checkNodeArg, checkRootArg, isAllocated, isNonOwning } from "./graph.ts";
import { checkIrqFlag } from "./irq.ts";
import { checkIterArg } from "./iterators.ts";
import type { KfuncMeta } from "./meta.ts";
import { checkMapArg, checkObjectArg } from "./objects.ts";
import type { KfuncParam } from "./prototypes.ts";
import { refcountOffset } from "./records.ts";
import { checkTrust } from "./trust.ts";

const MAX_ARGS = 5;
const BPF_TRACE_ITER = 28;

/** The registers of a call against the function's prototype (check_kfunc_args). */
export function checkKfuncArgs(env: VerifierEnv, meta: KfuncMeta, insnIdx: number): void {
  const { params } = meta.prototype;
  if (params.length > MAX_ARGS) {
    const message = `Function ${meta.name} has ${params.length} > ${MAX_ARGS} args`;
    env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", message);
  }
  for (let i = 0; i < params.length; i++) {
    const param = params[i]!;
    if (param.suffixes.has("__ign") || param.suffixes.has("__prog")) continue;
    if (param.kind === "scalar") checkScalarArg(env, meta, param, i + 1);
    else if (param.kind === "pointer") {
      // The size is checked with its memory.
      if (checkPointerArg(env, meta, i, insnIdx) === "mem_size") i++;
    } else {
      const word = kindWord(env.btf(meta.prototype.btf), param.type);
      env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", `Unrecognized arg#${i} type ${word}`);
    }
  }
  if (!meta.releases || meta.releaseRegno !== 0) return;
  const message = `release kernel function ${meta.name} expects refcounted PTR_TO_BTF_ID`;
  env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message);
}

function checkScalarArg(env: VerifierEnv, meta: KfuncMeta, param: KfuncParam, regno: number): void {
  const { m } = env;
  if (m.type(env.reg(regno)) !== L.SCALAR_VALUE) {
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `R${regno} is not a scalar`, { reg: regno });
  }
  const readOnly = param.name === "rdonly_buf_size";
  const isResultSize = readOnly || param.name === "rdwr_buf_size";
  if (param.suffixes.has("__k")) {
    meta.constant = constant(env, regno, `R${regno} must be a known constant`);
    markChainPrecision(env, regno);
  } else if (isResultSize) {
    if (readOnly) meta.resultReadOnly = true;
    if (meta.resultSize !== 0) {
      env.reject(ERRNO.EINVAL, "V_ARG_CONST", "2 or more rdonly/rdwr_buf_size parameters for kfunc");
    }
    meta.resultSize = Number(constant(env, regno, `R${regno} is not a const`));
    markChainPrecision(env, regno);
  }
}

function constant(env: VerifierEnv, regno: number, message: string): bigint {
  const reg = env.reg(regno);
  if (!env.m.isConst(reg)) env.reject(ERRNO.EINVAL, "V_ARG_CONST", message, { reg: regno });
  return env.m.u64[(reg + L.REG_VALUE) >> 3]!;
}

function checkPointerArg(env: VerifierEnv, meta: KfuncMeta, i: number, insnIdx: number): ArgKind {
  const { m } = env;
  const regno = i + 1;
  const param = meta.prototype.params[i]!;
  const reg = env.reg(regno);
  const mayBeNull = isNull(env, reg) || (m.type(reg) & L.PTR_MAYBE_NULL) !== 0;
  if ((meta.wantsTrusted || meta.takesRcu) && mayBeNull && !param.suffixes.has("__nullable")) {
    const message = `Possibly NULL pointer passed to trusted arg${i}`;
    env.reject(ERRNO.EACCES, "V_ARG_NULLABLE", message, { reg: regno });
  }
  const ref = m.ref(reg);
  if (ref !== 0) {
    assert(!meta.releases || meta.refId === 0, "a function releases one argument");
    meta.refId = ref;
    if (meta.releases) meta.releaseRegno = regno;
  }
  const kind = argKind(env, meta, i);
  if (kind === "null") return kind;
  if (kind === "map") checkMapArg(env, regno, meta);
  if (kind === "map" || kind === "alloc" || kind === "object") checkTrust(env, meta, regno);
  const argType = (kind === "ctx" ? ARG_PTR_TO_CTX : ARG_DONTCARE) | (meta.releases && ref !== 0 ? L.OBJ_RELEASE : 0);
  checkArgOffset(env, env.reg(regno), regno, argType);
  CHECKS[kind](env, meta, regno, insnIdx);
  return kind;
}

type Check = (env: VerifierEnv, meta: KfuncMeta, regno: number, insnIdx: number) => void;

const CHECKS: Readonly<Record<Exclude<ArgKind, "null">, Check>> = {
  ctx: checkCtx,
  alloc: checkAllocated,
  refcounted: checkRefcounted,
  dynptr: checkDynptr,
  iter: checkIter,
  list_head: (env, meta, regno) => checkRootArg(env, regno, "bpf_list_head", meta),
  list_node: (env, meta, regno) => checkNodeArg(env, regno, "bpf_list_head", meta),
  rb_root: (env, meta, regno) => checkRootArg(env, regno, "bpf_rb_root", meta),
  rb_node: (env, meta, regno) => checkNodeArg(env, regno, "bpf_rb_root", meta),
  const_str: checkString,
  map: (env, meta, regno) => checkObjectArg(env, regno, "bpf_map", meta),
  wq: (env, meta, regno) => checkAsyncArg(env, regno, "workqueue", meta),
  task_work: (env, meta, regno) => checkAsyncArg(env, regno, "task_work", meta),
  irq_flag: checkIrq,
  res_spin_lock: checkLock,
  object: (env, meta, regno) => checkObjectArg(env, regno, "", meta),
  callback: checkCallback,
  mem: checkMemory,
  mem_size: checkSizedMemory,
};

function checkCtx(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const type = env.m.type(env.reg(regno));
  if (type !== L.PTR_TO_CTX) {
    const message = `arg#${regno - 1} expected pointer to ctx, but got ${regTypeText(type)}`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  if (meta.is("bpf_cast_to_kern_ctx")) meta.resultId = kernelContext(env);
}

/** The kernel's structure behind the program type's context (get_kern_ctx_btf_id). */
function kernelContext(env: VerifierEnv): number {
  const btf = env.btf(0);
  const [table] = btf.find("bpf_ctx_convert", "struct");
  const name = `${PROGRAM_TYPE_NAMES.get(resolvedType(env))}_kern`;
  const type = table === undefined ? null : btf.type(table);
  const member = type?.kind === "struct" ? type.members.find((each) => each.name === name) : undefined;
  if (member === undefined) return env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", "btf_vmlinux is malformed");
  const kind = btf.kindOf(member.type);
  if (kind === "struct" || kind === "union") return member.type;
  return env.reject(ERRNO.EINVAL, "V_UNSUPPORTED", `kern ctx type id ${member.type} is not a struct`);
}

const PROGRAM_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROG_TYPE).map(([name, number]) => [number, name]),
);

function checkAllocated(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  const object = L.PTR_TO_BTF_ID | L.MEM_ALLOC;
  const wanted =
    type === object ? "bpf_obj_drop_impl" : type === (object | L.MEM_PERCPU) ? "bpf_percpu_obj_drop_impl" : "";
  if (wanted === "") {
    const message = `arg#${regno - 1} expected pointer to allocated object`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  if (!meta.is(wanted)) {
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `arg#${regno - 1} expected for ${wanted}()`, { reg: regno });
  }
  if (m.ref(reg) === 0) {
    env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", "allocated object must be referenced", { reg: regno });
  }
  meta.argBtf = m.get(reg, L.REG_A);
  meta.argBtfId = m.get(reg, L.REG_B);
}

function checkRefcounted(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  if (!isAllocated(type)) {
    const message = `arg#${regno - 1} is neither owning or non-owning ref`;
    env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message, { reg: regno });
  }
  if (!isNonOwning(type)) meta.argIsOwning = true;
  if (refcountOffset(env, reg) < 0) {
    const message = `arg#${regno - 1} doesn't point to a type with bpf_refcount field`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  meta.argBtf = m.get(reg, L.REG_A);
  meta.argBtfId = m.get(reg, L.REG_B);
}

/** Functions that make dynptrs, and of which kind. */
const MADE_DYNPTRS: Readonly<Record<string, number>> = {
  bpf_dynptr_from_skb: L.DYNPTR_TYPE_SKB,
  bpf_dynptr_from_xdp: L.DYNPTR_TYPE_XDP,
  bpf_dynptr_from_skb_meta: L.DYNPTR_TYPE_SKB_META,
};

function checkDynptr(env: VerifierEnv, meta: KfuncMeta, regno: number, insnIdx: number): void {
  let argType = ARG_PTR_TO_DYNPTR;
  let ref = 0;
  if (env.m.type(env.reg(regno)) === L.CONST_PTR_TO_DYNPTR) argType |= L.MEM_RDONLY;
  const isMade = meta.prototype.params[regno - 1]!.suffixes.has("__uninit");
  if (isMade) argType |= L.MEM_UNINIT;
  const kind = meta.prototype.btf === 0 ? MADE_DYNPTRS[meta.name] : undefined;
  if (kind !== undefined) argType |= kind;
  else if (meta.is("bpf_dynptr_clone") && isMade) {
    argType |= dynptrFlagOfKind(meta.dynptrKind);
    ref = meta.dynptrRef;
  }
  checkDynptrArg(env, regno, insnIdx, argType, ref);
  if (isMade) return;
  const reg = env.reg(regno);
  meta.dynptrId = dynptrId(env, reg);
  meta.dynptrKind = dynptrKind(env, reg);
  meta.dynptrRef = dynptrRef(env, reg);
}

function checkIter(env: VerifierEnv, meta: KfuncMeta, regno: number, insnIdx: number): void {
  if (meta.is("bpf_iter_css_task_new") && !mayIterateTasks(env)) {
    const message = "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs";
    env.reject(ERRNO.EINVAL, "V_KFUNC_NOT_ALLOWED", message);
  }
  checkIterArg(env, regno, insnIdx, meta);
}

function mayIterateTasks(env: VerifierEnv): boolean {
  const type = resolvedType(env);
  if (type === PROG_TYPE.BPF_PROG_TYPE_LSM) return true;
  if (type === PROG_TYPE.BPF_PROG_TYPE_TRACING && env.expectedAttachType === BPF_TRACE_ITER) return true;
  return env.state.inSleepable;
}

function checkString(env: VerifierEnv, _meta: KfuncMeta, regno: number): void {
  if (env.m.type(env.reg(regno)) !== L.PTR_TO_MAP_VALUE) {
    const message = `arg#${regno - 1} doesn't point to a const string`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  checkConstString(env, regno);
}

function checkIrq(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  if (env.m.type(env.reg(regno)) !== L.PTR_TO_STACK) {
    const message = `arg#${regno - 1} doesn't point to an irq flag on stack`;
    env.reject(ERRNO.EINVAL, "V_IRQ", message, { reg: regno });
  }
  checkIrqFlag(env, regno, meta);
}

function checkLock(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const type = env.m.type(env.reg(regno));
  if (type !== L.PTR_TO_MAP_VALUE && type !== (L.PTR_TO_BTF_ID | L.MEM_ALLOC)) {
    const message = `arg#${regno - 1} doesn't point to map value or allocated object`;
    env.reject(ERRNO.EINVAL, "V_LOCK", message, { reg: regno });
  }
  const take = meta.name.startsWith("bpf_res_spin_lock");
  useSpinLock(env, regno, { take, resilient: true, irq: meta.name.includes("_irq") });
}

function checkCallback(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const reg = env.reg(regno);
  if (env.m.type(reg) !== L.PTR_TO_FUNC) {
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `arg${regno - 1} expected pointer to func`, { reg: regno });
  }
  meta.subprog = env.m.get(reg, L.REG_A);
}

function checkMemory(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  checkMemReg(env, regno, memorySize(env, meta, regno));
}

function memorySize(env: VerifierEnv, meta: KfuncMeta, regno: number): number {
  const btf = env.btf(meta.prototype.btf);
  const { target } = meta.prototype.params[regno - 1]!;
  try {
    return sizeOf(btf, target);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const words = `${kindWord(btf, target)} ${btf.nameOf(target)}`;
    const message = `arg#${regno - 1} reference type('${words}') size cannot be determined: -${ERRNO.EINVAL}`;
    return env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
}

function checkSizedMemory(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  const { params } = meta.prototype;
  const sizeRegno = regno + 1;
  if (!isNull(env, env.reg(regno)) || !params[regno - 1]!.suffixes.has("__opt")) {
    try {
      checkReadWriteMemory(env, regno);
    } catch (error) {
      if (error instanceof Rejection) {
        env.log.lastMessage = `arg#${regno - 1} arg#${regno} memory, len pair leads to invalid memory access`;
        env.verbose(`${env.log.lastMessage}\n`);
      }
      throw error;
    }
  }
  if (!params[regno]!.suffixes.has("__szk")) return;
  meta.constant = constant(env, sizeRegno, `R${sizeRegno} must be a known constant`);
}

function memoryMeta(): MemoryMeta {
  return { rawMode: false, regno: 0, accessSize: 0, pktAccess: false, msizeMaxValue: 0 };
}

/** Memory that may be null is checked as if it were not (check_kfunc_mem_size_reg): the function looks for itself. */
function checkReadWriteMemory(env: VerifierEnv, regno: number): void {
  const { m } = env;
  const type = m.type(env.reg(regno));
  const mayBeNull = (type & L.PTR_MAYBE_NULL) !== 0;
  if (mayBeNull) m.setType(env.reg(regno), type & ~L.PTR_MAYBE_NULL);
  try {
    checkMemSizeReg(env, regno + 1, BPF_READ, true, memoryMeta());
    checkMemSizeReg(env, regno + 1, BPF_WRITE, true, memoryMeta());
  } finally {
    if (mayBeNull) m.setType(env.reg(regno), type);
  }
}
