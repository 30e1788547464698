import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { copyState, freeState, VerifierState } from "../state.ts";
import { newFrame } from "./frames.ts";

/** Paths put aside at once (BPF_COMPLEXITY_LIMIT_JMP_SEQ). */
const MAX_PENDING = 8192;

/** Puts a path aside: the current state, to go on at `insnIdx` (push_stack). `errno` is what too many of them are refused with. */
export function pushPath(
  env: VerifierEnv,
  insnIdx: number,
  prevInsnIdx: number,
  speculative: boolean,
  errno: number = ERRNO.EFAULT,
): VerifierState {
  const state = new VerifierState();
  copyState(env.m, state, env.state);
  if (speculative) state.speculative = true;
  env.pending.push({ state, insnIdx, prevInsnIdx, logPosition: env.log.position });
  if (env.pending.length > MAX_PENDING) {
    const message = `The sequence of ${env.pending.length} jumps is too complex.`;
    env.reject(errno, "V_TOO_COMPLEX", message, { paths: env.pending.length });
  }
  if (state.parent !== null) state.parent.branches++;
  return state;
}

/** Puts the body of an asynchronous callback aside (push_async_cb). */
export function pushAsyncCallback(
  env: VerifierEnv,
  insnIdx: number,
  prevInsnIdx: number,
  subprog: number,
  sleepable: boolean,
): VerifierState {
  const state = new VerifierState();
  env.pending.push({ state, insnIdx, prevInsnIdx, logPosition: env.log.position });
  if (env.pending.length > MAX_PENDING) {
    const message = `The sequence of ${env.pending.length} jumps is too complex for async cb.`;
    env.reject(ERRNO.EFAULT, "V_TOO_COMPLEX", message, { paths: env.pending.length });
  }
  // The caller's state does not matter: the callback runs later, on a stack of its own.
  state.branches = 1;
  state.inSleepable = sleepable;
  state.frames.push(newFrame(env, L.CALLSITE_MAIN, 0, subprog));
  return state;
}

/** Goes on with the path put aside last (pop_stack); false where none is left. */
export function popPath(env: VerifierEnv): boolean {
  const path = env.pending.pop();
  if (path === undefined) return false;
  freeState(env.m, env.state);
  env.state = path.state;
  if (!env.log.all) env.log.rewind(path.logPosition);
  env.insnIdx = path.insnIdx;
  env.prevInsnIdx = path.prevInsnIdx;
  return true;
}
