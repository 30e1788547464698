import { type BtfType, resolveId } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ATTACH_TYPE, ERRNO, PROG_TYPE, type ReturnRange, returnRange } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { checkRead } from "../explore/registers.ts";
import { regTypeText } from "../log/type-text.ts";
import { checkPtrOffReg } from "../memory/offsets.ts";
import type { Reg } from "../memory.ts";
import { boolLsmHooks } from "./hooks.ts";

const MAX_ERRNO = 4095;
const S64_MIN = -(1n << 63n);
const S64_MAX = (1n << 63n) - 1n;

/** The return type of what the program attaches to: a type id, 0 = void. */
function returnTypeId(env: VerifierEnv): number {
  const { attach } = env;
  const proto: BtfType | null = attach === null || attach.proto === 0 ? null : env.btf(attach.btf).type(attach.proto);
  return proto?.kind === "func_proto" ? proto.type : 0;
}

/** What an LSM hook's attach point returns (get_func_retval_range); null where that is not known. */
export function hookReturnRange(env: VerifierEnv): ReturnRange | null {
  if (env.opsType !== PROG_TYPE.BPF_PROG_TYPE_LSM || env.expectedAttachType !== ATTACH_TYPE.BPF_LSM_MAC) return null;
  if (env.attach === null || returnTypeId(env) === 0) return null;
  return boolLsmHooks.has(env.attach.name) ? { min: 0, max: 1 } : { min: -MAX_ERRNO, max: 0 };
}

/** Whether a scalar lies in the range (retval_range_within). */
export function withinRange(env: VerifierEnv, reg: Reg, range: ReturnRange, is32: boolean): boolean {
  const { m } = env;
  if (is32) return range.min <= m.get(reg, L.REG_S32_MIN) && m.get(reg, L.REG_S32_MAX) <= range.max;
  return range.min <= m.signed(reg, L.REG_SMIN) && m.signed(reg, L.REG_SMAX) <= range.max;
}

/** `At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]` (verbose_invalid_scalar). */
export function invalidScalarText(
  env: VerifierEnv,
  reg: Reg,
  range: ReturnRange,
  context: string,
  regName: string,
): string {
  const { i64 } = env.m;
  const min = i64[(reg + L.REG_SMIN) >> 3]!;
  const max = i64[(reg + L.REG_SMAX) >> 3]!;
  let known = "";
  if (min > S64_MIN) known += ` smin=${min}`;
  if (max < S64_MAX) known += ` smax=${max}`;
  if (known === "") known = " unknown scalar value";
  return `${context} the register ${regName} has${known} should have been in [${range.min}, ${range.max}]`;
}

/** What the program, or an asynchronous callback, may return (check_return_code). */
export function checkReturnCode(env: VerifierEnv, regno: number, regName: string): void {
  const { m, state } = env;
  const reg = env.reg(regno);
  const frame = state.frames[0]!;
  const inException = m.get(frame, L.FRAME_IN_EXCEPTION_CALLBACK) !== 0;
  const isSubprog = m.get(frame, L.FRAME_SUBPROG) !== 0;
  const isProgram = !isSubprog || inException;
  if (isProgram && (returnsNothing(env) || returnsObject(env, reg, regno, inException))) return;

  checkRead(env, regno);
  const type = m.type(reg);
  if (!env.allowPtrLeaks && type !== L.SCALAR_VALUE) {
    env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${regno} leaks addr as return value`, { reg: regno });
  }

  let context = "At program exit";
  let range: ReturnRange | null;
  let is32 = false;
  if (m.get(frame, L.FRAME_IN_ASYNC_CALLBACK) !== 0) {
    context = "At async callback return";
    range = { min: m.get(frame, L.FRAME_CALLBACK_RET_MIN), max: m.get(frame, L.FRAME_CALLBACK_RET_MAX) };
  } else if (!isProgram) {
    if (type === L.SCALAR_VALUE) return;
    const message = `At subprogram exit the register R${regno} is not a scalar value (${regTypeText(type)})`;
    env.reject(ERRNO.EINVAL, "V_RETURN_VALUE", message, { reg: regno });
  } else {
    range = programRange(env, inException);
    is32 = env.opsType === PROG_TYPE.BPF_PROG_TYPE_LSM && env.expectedAttachType !== ATTACH_TYPE.BPF_LSM_CGROUP;
  }
  if (range === null) return;
  if (type !== L.SCALAR_VALUE) {
    const message = `${context} the register R${regno} is not a known value (${regTypeText(type)})`;
    env.reject(ERRNO.EINVAL, "V_RETURN_VALUE", message, { reg: regno, min: range.min, max: range.max });
  }
  markChainPrecision(env, regno);
  if (!withinRange(env, reg, range, is32)) {
    let message = invalidScalarText(env, reg, range, context, regName);
    if (!isSubprog && isVoidCgroupHook(env)) {
      message += "\nNote, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!";
    }
    env.reject(ERRNO.EINVAL, "V_RETURN_VALUE", message, { reg: regno, min: range.min, max: range.max });
  }
}

function isVoidCgroupHook(env: VerifierEnv): boolean {
  return (
    env.opsType === PROG_TYPE.BPF_PROG_TYPE_LSM &&
    env.expectedAttachType === ATTACH_TYPE.BPF_LSM_CGROUP &&
    returnTypeId(env) === 0
  );
}

/** LSM hooks and struct_ops members that return void leave r0 alone. */
function returnsNothing(env: VerifierEnv): boolean {
  const { opsType } = env;
  if (opsType === PROG_TYPE.BPF_PROG_TYPE_LSM) {
    return env.expectedAttachType !== ATTACH_TYPE.BPF_LSM_CGROUP && returnTypeId(env) === 0;
  }
  return opsType === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS && returnTypeId(env) === 0;
}

/** The structure behind a struct_ops member's return type, where it is a pointer to one: its type id; 0 = none. */
function returnedStruct(env: VerifierEnv): number {
  const { attach } = env;
  if (attach === null || env.opsType !== PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS) return 0;
  const btf = env.btf(attach.btf);
  const id = resolveId(btf, returnTypeId(env));
  const type = id === 0 ? null : btf.type(id);
  return type?.kind === "ptr" ? resolveId(btf, type.type) : 0;
}

/** A struct_ops program may return the referenced object that its member's return type names. */
function returnsObject(env: VerifierEnv, reg: Reg, regno: number, inException: boolean): boolean {
  if (inException) return false;
  const { m, attach } = env;
  const wanted = returnedStruct(env);
  if (wanted === 0 || m.base(reg) !== L.PTR_TO_BTF_ID || m.ref(reg) === 0) return false;
  if (m.get(reg, L.REG_A) !== attach!.btf || m.get(reg, L.REG_B) !== wanted) return false;
  checkPtrOffReg(env, reg, regno);
  return true;
}

/** The range for the program itself; null where it may return anything. */
function programRange(env: VerifierEnv, inException: boolean): ReturnRange | null {
  switch (env.opsType) {
    case PROG_TYPE.BPF_PROG_TYPE_LSM:
      if (env.expectedAttachType !== ATTACH_TYPE.BPF_LSM_CGROUP) return hookReturnRange(env);
      return isVoidCgroupHook(env) ? { min: 1, max: 1 } : { min: 0, max: 1 };
    case PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS:
      return inException || returnedStruct(env) === 0 ? null : { min: 0, max: 0 };
    default:
      return returnRange(env.opsType, env.expectedAttachType) ?? null;
  }
}
