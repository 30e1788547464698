import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, KF_DESTRUCTIVE } from "../../uapi/index.ts";
import { setTimerCallback } from "../calls/callbacks.ts";
import type { VerifierEnv } from "../env.ts";
import { pushCallbackCall, type SetCalleeState } from "../explore/calls.ts";
import { pushPath } from "../explore/paths.ts";
import { releaseReference } from "../explore/refs.ts";
import { CALLER_SAVED, markUnknownReg } from "../explore/registers.ts";
import { invalidatePacketPointers } from "../memory/packet.ts";
import { checkReturnCode } from "../programs/return-code.ts";
import { Rejection } from "../reject.ts";
import { checkKfuncArgs } from "./args.ts";
import { setTaskWorkCallback } from "./async-args.ts";
import { convertToNonOwning, setRbtreeLessCallback } from "./graph.ts";
import { splitIterNext } from "./iterators.ts";
import { inRcuSection, KfuncMeta } from "./meta.ts";
import { type KfuncPrototype, kfuncPrototype, mayCallPrototype } from "./prototypes.ts";
import { checkPreemptSection, checkRcuSection } from "./rcu.ts";
import { setKfuncResult } from "./results.ts";

/** Largest errno that the kernel returns. */
const MAX_ERRNO = 4095;

/** Functions that call, or have called later, a function of the program. Looked up late: these rooms import each other. */
const CALLBACKS: Readonly<Record<string, () => SetCalleeState>> = {
  bpf_rbtree_add_impl: () => setRbtreeLessCallback,
  bpf_wq_set_callback_impl: () => setTimerCallback,
  bpf_task_work_schedule_signal_impl: () => setTaskWorkCallback,
  bpf_task_work_schedule_resume_impl: () => setTaskWorkCallback,
};

/** Functions that put the owned object in r2 into a collection. */
const INSERTERS: ReadonlySet<string> = new Set([
  "bpf_list_push_front_impl",
  "bpf_list_push_back_impl",
  "bpf_rbtree_add_impl",
]);

/** A call of a kernel function at `insnIdx` (check_kfunc_call). */
export function checkKfuncCall(env: VerifierEnv, insnIdx: number): void {
  const prototype = kfuncPrototype(env, insnIdx);
  // Refused after the walk, if this is still there then.
  if (prototype === null) return;
  const meta = allowedMeta(env, prototype);
  env.aux[insnIdx]!.isIterNext = meta.isIterNext;
  if (meta.is("bpf_res_spin_lock") || meta.is("bpf_res_spin_lock_irqsave")) splitLock(env);
  else if (meta.is("__bpf_trap")) {
    env.reject(ERRNO.EFAULT, "V_UNINIT_REGISTER", "unexpected __bpf_trap() due to uninitialized variable?");
  }
  if (meta.flags & KF_DESTRUCTIVE && env.options.mode === "bpf") {
    env.reject(ERRNO.EACCES, "V_PRIVILEGE", "destructive kfunc calls require CAP_SYS_BOOT capability");
  }
  if (meta.sleeps && !env.state.inSleepable) {
    const message = `program must be sleepable to call sleepable kfunc ${meta.name}`;
    env.reject(ERRNO.EACCES, "V_SLEEPABLE", message, { name: meta.name });
  }
  checkKfuncArgs(env, meta, insnIdx);
  callBack(env, meta, insnIdx);
  if (meta.is("bpf_session_cookie")) meta.resultSize = 8;
  checkRcuSection(env, meta);
  checkPreemptSection(env, meta);
  if (meta.isRcuProtected && !inRcuSection(env)) {
    const message = `kernel func ${meta.name} requires RCU critical section protection`;
    env.reject(ERRNO.EACCES, "V_RCU", message, { name: meta.name });
  }
  releaseArgs(env, meta);
  if (meta.is("bpf_throw")) {
    env.seenException = true;
    // Without a callback the program itself returns what was thrown.
    if (env.exceptionCallback === 0) checkReturnCode(env, 1, "R1");
  }
  // Unlike for helpers, the log is not told of r1 to r5.
  for (let n = 0; n < CALLER_SAVED; n++) env.m.ops.mark_not_init(env.reg(n));
  setKfuncResult(env, insnIdx, meta);
  if (meta.is("bpf_xdp_pull_data")) invalidatePacketPointers(env);
  if (meta.isIterNext) splitIterNext(env, insnIdx, meta);
}

function allowedMeta(env: VerifierEnv, prototype: KfuncPrototype): KfuncMeta {
  if (mayCallPrototype(env, prototype)) return new KfuncMeta(prototype, prototype.kfunc!.flags);
  const message = `calling kernel function ${prototype.name} is not allowed`;
  return env.reject(ERRNO.EACCES, "V_KFUNC_NOT_ALLOWED", message, { name: prototype.name });
}

/** The path on which a resilient lock could not be taken. */
function splitLock(env: VerifierEnv): void {
  const { m } = env;
  const failed = pushPath(env, env.insnIdx + 1, env.insnIdx, false, ERRNO.ENOMEM);
  for (let n = 0; n < CALLER_SAVED; n++) m.ops.mark_not_init(m.reg(failed.frame, n));
  const r0 = m.reg(failed.frame, 0);
  markUnknownReg(env, r0);
  m.set(r0, L.REG_S32_MIN, -MAX_ERRNO);
  m.set(r0, L.REG_S32_MAX, -1);
  m.i64[(r0 + L.REG_SMIN) >> 3] = BigInt(-MAX_ERRNO);
  m.i64[(r0 + L.REG_SMAX) >> 3] = -1n;
  m.ops.sync_bounds(r0);
}

function callBack(env: VerifierEnv, meta: KfuncMeta, insnIdx: number): void {
  const setCalleeState = meta.prototype.btf === 0 ? CALLBACKS[meta.name] : undefined;
  if (setCalleeState === undefined) return;
  try {
    pushCallbackCall(env, insnIdx, meta.subprog, setCalleeState());
  } catch (error) {
    if (error instanceof Rejection) {
      const message = `kfunc ${meta.name}#${meta.prototype.id} failed callback verification`;
      env.verbose(`${message}\n`);
      env.log.lastMessage = message;
    }
    throw error;
  }
}

/** References that the call takes: given back, or over to a collection. */
function releaseArgs(env: VerifierEnv, meta: KfuncMeta): void {
  const { m } = env;
  let ref = -1;
  if (meta.releaseRegno !== 0) ref = m.ref(env.reg(meta.releaseRegno));
  else if (meta.prototype.btf === 0 && INSERTERS.has(meta.name)) {
    ref = m.ref(env.reg(2));
    convertToNonOwning(env, ref);
  }
  if (ref < 0 || releaseReference(env, ref)) return;
  const message = `kfunc ${meta.name}#${meta.prototype.id} reference has not been acquired before`;
  env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message, { ref });
}
