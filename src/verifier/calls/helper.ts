import * as L from "../../runtime/verifier-layout.ts";
import { ATTACH_TYPE, ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { prepareFuncExit, pushCallbackCall } from "../explore/calls.ts";
import { pushPath } from "../explore/paths.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { checkResourceLeak, releaseReference } from "../explore/refs.ts";
import { checkWrite, markNotInit, markUnknown } from "../explore/registers.ts";
import { regTypeText } from "../log/type-text.ts";
import { BPF_WRITE, checkMemAccess } from "../memory/access.ts";
import { invalidatePacketPointers } from "../memory/packet.ts";
import * as A from "./arg-types.ts";
import { checkFuncArg, isNull } from "./args.ts";
import {
  setFindVmaCallback,
  setLoopCallback,
  setMapElementCallback,
  setTimerCallback,
  setUserRingbufCallback,
} from "./callbacks.ts";
import { checkSnprintfFormat } from "./const-string.ts";
import { dynptrId, dynptrKind, dynptrRef, unmarkDynptrSlots } from "./dynptr.ts";
import { helperId, helperText } from "./helper-ids.ts";
import { releaseExchangedKptr } from "./kptr.ts";
import { checkMapHelper } from "./map-compat.ts";
import { CallMeta } from "./meta.ts";
import { resolvedType } from "./program-type.ts";
import { prototypeFor } from "./prototypes.ts";
import { recordMap, recordTailCallKey } from "./record.ts";
import { setResult } from "./returns.ts";

/**
 * A helper call: may the program call it at all, and here; are its arguments what it wants; what it takes away and gives back. The order
 * of the checks decides which message a wrong program gets, so it is the kernel's.
 */

/** linux/errno.h: an error that has no name outside the kernel. */
const ENOTSUPP = 524;

const KPTR_XCHG = helperId("kptr_xchg");
const TAIL_CALL = helperId("tail_call");
const GET_FUNC_IP = helperId("get_func_ip");

/** What a call is found to do beside what its prototype says. */
interface Effects {
  /** Pointers into the packet are void afterwards. */
  movesPacket: boolean;
  /** bpf_per_cpu_ptr got an object that a program allocated. */
  perCpuAllocated: boolean;
}

/** Checks that single helpers need before r1 to r5 are forgotten. */
type SpecialCheck = (env: VerifierEnv, insnIdx: number, meta: CallMeta, effects: Effects) => void;

function dynptrArgument(env: VerifierEnv, meta: CallMeta): number {
  const at = meta.prototype.args.findIndex((type) => (type & L.TYPE_BASE_MASK) === A.ARG_PTR_TO_DYNPTR);
  assert(at >= 0, "a dynptr argument");
  return env.reg(at + 1);
}

function checkPerCpuPointer(env: VerifierEnv, effects: Effects): void {
  const reg = env.reg(1);
  const { m } = env;
  if ((m.type(reg) & L.MEM_RCU) === 0) return;
  const kind = env.btf(m.get(reg, L.REG_A)).kindOf(m.get(reg, L.REG_B));
  if (kind !== "struct" && kind !== "union") {
    env.reject(ERRNO.EFAULT, "V_ARG_TYPE", "Helper has invalid btf/btf_id in R1");
  }
  effects.perCpuAllocated = true;
}

/** Calls of one callback without flags become a loop in the program: then it matters that the flags are 0 (update_loop_inline_state). */
function noteInlinedLoop(env: VerifierEnv, insnIdx: number, subprog: number): void {
  const aux = env.aux[insnIdx]!;
  const first = aux.loopSubprog < 0;
  if (first) aux.loopSubprog = subprog;
  else if (!aux.loopInlined) return;
  const plain = isNull(env, env.reg(4));
  if (plain) markChainPrecision(env, 4);
  aux.loopInlined = plain && aux.loopSubprog === subprog;
}

function callLoop(env: VerifierEnv, insnIdx: number, meta: CallMeta): void {
  noteInlinedLoop(env, insnIdx, meta.subprog);
  // Whether another iteration may follow depends on the count.
  markChainPrecision(env, 1);
  if (env.m.get(env.frame, L.FRAME_CALLBACK_DEPTH) < env.m.unsigned(env.reg(1), L.REG_UMAX)) {
    pushCallbackCall(env, insnIdx, meta.subprog, setLoopCallback);
    return;
  }
  env.m.set(env.frame, L.FRAME_CALLBACK_DEPTH, 0);
  if (env.log.all) env.verbose(`frame${env.state.curframe} bpf_loop iteration limit reached\n`);
}

function checkSetRetval(env: VerifierEnv): void {
  if (resolvedType(env) !== PROG_TYPE.BPF_PROG_TYPE_LSM || env.expectedAttachType !== ATTACH_TYPE.BPF_LSM_CGROUP)
    return;
  if (!attachesToVoid(env)) return;
  const message = "BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!";
  env.reject(ERRNO.EINVAL, "V_RETURN_VALUE", message);
}

/** Whether the kernel function that the program is attached to returns nothing. */
function attachesToVoid(env: VerifierEnv): boolean {
  const btf = env.btfs[0];
  const id = env.input.attachBtfId ?? 0;
  if (btf === null || btf === undefined || id === 0) return false;
  const func = btf.type(id);
  if (func.kind !== "func") return false;
  const proto = btf.type(func.type);
  return proto.kind === "func_proto" && proto.type === 0;
}

const SPECIAL: readonly (readonly [helper: string, check: SpecialCheck])[] = [
  ["tail_call", (env) => checkResourceLeak(env, false, true, "tail_call")],
  [
    "get_local_storage",
    (env) => {
      if (isNull(env, env.reg(2))) return;
      env.reject(ERRNO.EINVAL, "V_ARG_CONST", "get_local_storage() doesn't support non-zero flags", { reg: 2 });
    },
  ],
  ["for_each_map_elem", (env, insnIdx, meta) => pushCallbackCall(env, insnIdx, meta.subprog, setMapElementCallback)],
  ["timer_set_callback", (env, insnIdx, meta) => pushCallbackCall(env, insnIdx, meta.subprog, setTimerCallback)],
  ["find_vma", (env, insnIdx, meta) => pushCallbackCall(env, insnIdx, meta.subprog, setFindVmaCallback)],
  ["snprintf", (env) => checkSnprintfFormat(env)],
  ["loop", callLoop],
  [
    "dynptr_from_mem",
    (env) => {
      const type = env.m.type(env.reg(1));
      if (type === L.PTR_TO_MAP_VALUE) return;
      const message = `Unsupported reg type ${regTypeText(type)} for bpf_dynptr_from_mem data`;
      env.reject(ERRNO.EACCES, "V_DYNPTR", message, { reg: 1 });
    },
  ],
  ["set_retval", checkSetRetval],
  [
    "dynptr_data",
    (env, _insnIdx, meta) => {
      const reg = dynptrArgument(env, meta);
      meta.dynptrId = dynptrId(env, reg);
      meta.refId = dynptrRef(env, reg);
    },
  ],
  [
    "dynptr_write",
    (env, _insnIdx, meta, effects) => {
      const kind = dynptrKind(env, dynptrArgument(env, meta));
      if (kind === L.DYNPTR_INVALID) env.reject(ERRNO.EFAULT, "V_DYNPTR", "");
      if (kind === L.DYNPTR_SKB || kind === L.DYNPTR_SKB_META) effects.movesPacket = true;
    },
  ],
  ["per_cpu_ptr", (env, _insnIdx, _meta, effects) => checkPerCpuPointer(env, effects)],
  ["this_cpu_ptr", (env, _insnIdx, _meta, effects) => checkPerCpuPointer(env, effects)],
  ["user_ringbuf_drain", (env, insnIdx, meta) => pushCallbackCall(env, insnIdx, meta.subprog, setUserRingbufCallback)],
];

/** By helper id. */
const SPECIAL_BY_ID: readonly (SpecialCheck | undefined)[] = (() => {
  const out: (SpecialCheck | undefined)[] = [];
  for (const [name, check] of SPECIAL) out[helperId(name)] = check;
  return out;
})();

/** Whether the program may sleep where it is (in_sleepable). */
export function inSleepable(env: VerifierEnv): boolean {
  return env.state.inSleepable;
}

/** Sections in which nothing may sleep. */
function refuseSleep(env: VerifierEnv, id: number): void {
  const { state } = env;
  const text = `sleepable helper ${helperText(id)} in`;
  const data = { helper: id };
  if (state.activeRcuLock) env.reject(ERRNO.EINVAL, "V_RCU", `${text} rcu_read_lock region`, data);
  if (state.activePreemptLocks) env.reject(ERRNO.EINVAL, "V_PREEMPT", `${text} non-preemptible region`, data);
  if (state.activeIrqId) env.reject(ERRNO.EINVAL, "V_IRQ", `${text} IRQ-disabled region`, data);
}

/** What the call takes must be held; afterwards it is gone. */
function release(env: VerifierEnv, meta: CallMeta): void {
  const regno = meta.releaseRegno;
  const { id, args } = meta.prototype;
  const reg = env.reg(regno);
  let done: boolean;
  if ((args[regno - 1]! & L.TYPE_BASE_MASK) === A.ARG_PTR_TO_DYNPTR) done = unmarkDynptrSlots(env, reg);
  else if (id === KPTR_XCHG && meta.refId !== 0) done = releaseExchangedKptr(env, meta.refId);
  else if (meta.refId !== 0) done = releaseReference(env, meta.refId);
  else done = isNull(env, reg);
  if (done) return;
  const message = `func ${helperText(id)} reference has not been acquired before`;
  env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message, { reg: regno, helper: id });
}

/** Only some programs know which function they trace (check_get_func_ip). */
function checkGetFuncIp(env: VerifierEnv): void {
  const type = resolvedType(env);
  const text = `func ${helperText(GET_FUNC_IP)}`;
  if (type === PROG_TYPE.BPF_PROG_TYPE_KPROBE) return;
  if (type !== PROG_TYPE.BPF_PROG_TYPE_TRACING) {
    env.reject(ENOTSUPP, "V_HELPER_NOT_ALLOWED", `${text} not supported for program type ${type}`);
  }
  const attach = env.expectedAttachType;
  const { BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_MODIFY_RETURN } = ATTACH_TYPE;
  if (attach === BPF_TRACE_FENTRY || attach === BPF_TRACE_FEXIT || attach === BPF_MODIFY_RETURN) return;
  env.reject(ENOTSUPP, "V_HELPER_NOT_ALLOWED", `${text} supported only for fentry/fexit/fmod_ret programs`);
}

/** A call of a helper at `insnIdx` (check_helper_call). */
export function checkHelperCall(env: VerifierEnv, insnIdx: number): void {
  const id = env.insns.imm[insnIdx]!;
  const data = { helper: id };
  const found = prototypeFor(env, id);
  if (found === "unknown") env.reject(ERRNO.EINVAL, "V_UNKNOWN_HELPER", `invalid func ${helperText(id)}`, data);
  if (found === null) {
    const message = `program of this type cannot use helper ${helperText(id)}`;
    env.reject(ERRNO.EINVAL, "V_HELPER_NOT_ALLOWED", message, data);
  }
  if (found.gpl && !env.gplCompatible) {
    const message = "cannot call GPL-restricted function from non-GPL compatible program";
    env.reject(ERRNO.EINVAL, "V_GPL_ONLY", message, data);
  }
  if (found.allowed !== null && !found.allowed(env)) {
    env.reject(ERRNO.EINVAL, "V_HELPER_NOT_ALLOWED", "helper call is not allowed in probe", data);
  }
  if (found.sleeps && !inSleepable(env)) {
    env.reject(ERRNO.EINVAL, "V_SLEEPABLE", "helper call might sleep in a non-sleepable prog", data);
  }
  if (found.sleeps) refuseSleep(env, id);

  const meta = new CallMeta(found);
  for (let arg = 0; arg < 5 && found.args[arg] !== A.ARG_DONTCARE; arg++) checkFuncArg(env, arg, meta, insnIdx);
  recordMap(env, insnIdx, meta);
  recordTailCallKey(env, insnIdx, meta);
  for (let at = 0; at < meta.accessSize; at++) {
    checkMemAccess(env, insnIdx, meta.regno, at, 1, BPF_WRITE, -1, false, false);
  }
  if (meta.releaseRegno !== 0) release(env, meta);
  const effects: Effects = { movesPacket: found.changesPacket, perCpuAllocated: false };
  SPECIAL_BY_ID[id]?.(env, insnIdx, meta, effects);

  for (let n = 0; n <= 5; n++) {
    markNotInit(env, n);
    checkWrite(env, n, false);
  }
  setResult(env, insnIdx, meta, effects.perCpuAllocated);
  checkMapHelper(env, meta.map, id);
  if (id === GET_FUNC_IP) checkGetFuncIp(env);
  if (id === TAIL_CALL && env.state.curframe === 0) return;
  if (id === TAIL_CALL) returnFromTailCall(env, insnIdx);
  if (effects.movesPacket) invalidatePacketPointers(env);
}

/**
 * A tail call in a function: where it works, another program runs in the function's place and its caller goes on, with an unknown result
 * and a packet that may have moved; where it fails, the function goes on, which is put aside.
 */
function returnFromTailCall(env: VerifierEnv, insnIdx: number): void {
  env.scratchReg(0);
  pushPath(env, insnIdx + 1, insnIdx, false);
  invalidatePacketPointers(env);
  markUnknown(env, 0);
  prepareFuncExit(env);
  // The walk steps over the call.
  env.insnIdx--;
}
