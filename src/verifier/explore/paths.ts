import type { VerifierEnv } from "../env.ts";
import type { VerifierState } from "../state.ts";

/** Puts a path aside: the current state, to go on at `insnIdx` (push_stack). */
export function pushPath(
  _env: VerifierEnv,
  _insnIdx: number,
  _prevInsnIdx: number,
  _speculative: boolean,
): VerifierState {
  throw new Error("not there yet");
}

/** Puts the body of an asynchronous callback aside (push_async_cb). */
export function pushAsyncCallback(
  _env: VerifierEnv,
  _insnIdx: number,
  _prevInsnIdx: number,
  _subprog: number,
  _sleepable: boolean,
): VerifierState {
  throw new Error("not there yet");
}
