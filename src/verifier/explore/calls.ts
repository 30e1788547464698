import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { isAsyncCallbackHelper } from "../calls/callbacks.ts";
import type { VerifierEnv } from "../env.ts";
import { checkSubprogCallArgs } from "../functions/args.ts";
import { printState } from "../log/state-text.ts";
import { invalidatePacketPointers } from "../memory/packet.ts";
import type { Frame } from "../memory.ts";
import { invalidScalarText, withinRange } from "../programs/return-code.ts";
import type { VerifierState } from "../state.ts";
import { kfuncName } from "./callback-kind.ts";
import { findPrevEntry, widenImpreciseScalars } from "./explored.ts";
import { newFrame } from "./frames.ts";
import { pushAsyncCallback, pushPath } from "./paths.ts";
import { markChainPrecision } from "./precision.ts";
import { clearCallerSaved, markUnknown } from "./registers.ts";
import { findSubprogAt } from "./subprog-at.ts";

/** Frames at once (MAX_CALL_FRAMES). */
const MAX_FRAMES = 8;

/** Kernel functions that have a function of the program called later, on a stack of its own, where it may sleep. */
const ASYNC_KFUNCS: ReadonlySet<string> = new Set([
  "bpf_wq_set_callback_impl",
  "bpf_task_work_schedule_signal_impl",
  "bpf_task_work_schedule_resume_impl",
]);

/** Sets up the callee's registers from the caller's (set_callee_state_fn). */
export type SetCalleeState = (env: VerifierEnv, caller: Frame, callee: Frame, insnIdx: number) => void;

/** Hands r1 to r5 over (set_callee_state). */
const passArguments: SetCalleeState = (env, caller, callee) => {
  for (let n = 1; n <= 5; n++) env.m.copyReg(env.m.reg(callee, n), env.m.reg(caller, n));
};

/** A call of another function of the program at `env.insnIdx` (check_func_call); leaves `env.insnIdx` one before what comes next. */
export function checkFuncCall(env: VerifierEnv): void {
  const { insnIdx, state } = env;
  const target = insnIdx + env.insns.imm[insnIdx]! + 1;
  const subprog = findSubprogAt(env, target);
  if (subprog < 0) {
    const message = `verifier bug: target of func call at insn ${target} is not a program`;
    env.reject(ERRNO.EFAULT, "V_BAD_JUMP", message);
  }
  const errno = checkSubprogCallArgs(env, subprog);
  if (errno === ERRNO.EFAULT) env.reject(ERRNO.EFAULT, "V_GLOBAL_FUNCTION", "");
  if (env.subprogs[subprog]!.global) {
    callGlobal(env, subprog, errno);
    return;
  }
  setupFuncEntry(env, subprog, insnIdx, passArguments, state);
  const caller = state.curframe - 1;
  clearCallerSaved(env, state.frames[caller]!);
  env.insnIdx = env.subprogs[subprog]!.start - 1;
  env.liveness.forgetCallchain();
  if (!env.log.states) return;
  env.verbose("caller:\n");
  printState(env, state, caller, true);
  env.verbose("callee:\n");
  printState(env, state, state.curframe, true);
}

/** A global function is verified on its own, for any arguments of its types: here only these are checked. */
function callGlobal(env: VerifierEnv, subprog: number, errno: number): void {
  const { state } = env;
  const info = env.subprogs[subprog]!;
  if (state.activeLocks > 0) {
    env.verbose("global function calls are not allowed while holding a lock,\n");
    env.reject(ERRNO.EINVAL, "V_LOCK", "use static function instead");
  }
  if (info.mightSleep && !maySleep(env)) {
    env.verbose("global functions that may sleep are not allowed in non-sleepable context,\n");
    env.verbose("i.e., in a RCU/IRQ/preempt-disabled section, or in\n");
    env.reject(ERRNO.EINVAL, "V_SLEEPABLE", "a non-sleepable BPF program context", { function: info.name });
  }
  if (errno !== 0) {
    const message = `Caller passes invalid args into func#${subprog} ('${info.name}')`;
    env.reject(errno, "V_GLOBAL_FUNCTION", message, { function: info.name });
  }
  if (env.log.states) env.verbose(`Func#${subprog} ('${info.name}') is global and assumed valid.\n`);
  if (info.changesPacketData) invalidatePacketPointers(env);
  info.called = true;
  clearCallerSaved(env, env.frame);
  markUnknown(env, 0);
}

function maySleep(env: VerifierEnv): boolean {
  const { state } = env;
  if (state.activeRcuLock || state.activePreemptLocks > 0 || state.activeIrqId !== 0) return false;
  return env.sleepable || state.inSleepable;
}

/** Enters a function in a new frame (setup_func_entry). */
export function setupFuncEntry(
  env: VerifierEnv,
  subprog: number,
  callsite: number,
  setCalleeState: SetCalleeState,
  state: VerifierState,
): void {
  const depth = state.frames.length;
  if (depth >= MAX_FRAMES) {
    const message = `the call stack of ${depth + 1} frames is too deep`;
    env.reject(ERRNO.E2BIG, "V_CALL_DEPTH", message, { frames: depth + 1 });
  }
  const callee = newFrame(env, callsite, depth, subprog);
  setCalleeState(env, state.frame, callee, callsite);
  state.frames.push(callee);
}

/** A helper or kfunc calls back into the program (push_callback_call). */
export function pushCallbackCall(
  env: VerifierEnv,
  insnIdx: number,
  subprog: number,
  setCalleeState: SetCalleeState,
): void {
  const { m, state } = env;
  if (checkSubprogCallArgs(env, subprog) === ERRNO.EFAULT) env.reject(ERRNO.EFAULT, "V_BAD_CALLBACK", "");
  const info = env.subprogs[subprog]!;
  info.isCallback = true;
  const kfunc = kfuncName(env, insnIdx);
  if (ASYNC_KFUNCS.has(kfunc) || (kfunc === "" && isAsyncCallbackHelper(env.insns.imm[insnIdx]!))) {
    info.isAsyncCallback = true;
    const later = pushAsyncCallback(env, info.start, insnIdx, subprog, kfunc !== "");
    const callee = later.frames[0]!;
    m.set(callee, L.FRAME_ASYNC_ENTRIES, m.get(state.frame, L.FRAME_ASYNC_ENTRIES) + 1);
    setCalleeState(env, state.frame, callee, insnIdx);
    return;
  }
  // Called back before the helper returns, any number of times: one path goes into the function, one on.
  const inside = pushPath(env, info.start, insnIdx, false, ERRNO.ENOMEM);
  setupFuncEntry(env, subprog, insnIdx, setCalleeState, inside);
  inside.callbackUnrollDepth++;
  const caller = inside.frames[inside.curframe - 1]!;
  m.set(caller, L.FRAME_CALLBACK_DEPTH, m.get(caller, L.FRAME_CALLBACK_DEPTH) + 1);
  m.set(state.frame, L.FRAME_CALLBACK_DEPTH, 0);
}

/** What a callback returns to its helper. */
function checkCallbackReturn(env: VerifierEnv, callee: Frame): void {
  const { m } = env;
  const r0 = m.reg(callee, 0);
  if (m.type(r0) !== L.SCALAR_VALUE) env.reject(ERRNO.EACCES, "V_RETURN_VALUE", "R0 not a scalar value");
  markChainPrecision(env, 0);
  const range = { min: m.get(callee, L.FRAME_CALLBACK_RET_MIN), max: m.get(callee, L.FRAME_CALLBACK_RET_MAX) };
  if (!withinRange(env, r0, range, false)) {
    env.reject(ERRNO.EINVAL, "V_RETURN_VALUE", invalidScalarText(env, r0, range, "At callback return", "R0"));
  }
}

/** Leaves the innermost function (prepare_func_exit); sets `env.insnIdx` to where its caller goes on. */
export function prepareFuncExit(env: VerifierEnv): void {
  const { m, state } = env;
  env.liveness.update();
  const depth = state.curframe;
  const callee = state.frame;
  const caller = state.frames[depth - 1]!;
  const r0 = m.reg(callee, 0);
  if (m.type(r0) === L.PTR_TO_STACK) {
    env.reject(ERRNO.EINVAL, "V_POINTER_LEAK", "cannot return stack pointer to the caller");
  }
  const inCallback = m.get(callee, L.FRAME_IN_CALLBACK) !== 0;
  if (inCallback) checkCallbackReturn(env, callee);
  else m.copyReg(m.reg(caller, 0), r0);
  // A callback's helper may call it again: back to the call, which puts the next round aside.
  const callsite = m.get(callee, L.FRAME_CALLSITE);
  env.insnIdx = inCallback ? callsite : callsite + 1;
  if (env.log.states) {
    env.verbose("returning from callee:\n");
    printState(env, state, depth, true);
    env.verbose(`to caller at ${env.insnIdx}:\n`);
    printState(env, state, depth - 1, true);
  }
  m.release(callee);
  state.frames.pop();
  if (!inCallback) return;
  const before = findPrevEntry(env, state, env.insnIdx);
  if (before !== null) widenImpreciseScalars(env, before, state);
}
