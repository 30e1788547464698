import type { VerifierEnv } from "../env.ts";
import type { Frame } from "../memory.ts";
import type { VerifierState } from "../state.ts";

/** Sets up the callee's registers from the caller's (set_callee_state_fn). */
export type SetCalleeState = (env: VerifierEnv, caller: Frame, callee: Frame, insnIdx: number) => void;

/** A call of another function of the program at `env.insnIdx` (check_func_call); moves `env.insnIdx` on. */
export function checkFuncCall(_env: VerifierEnv): void {
  throw new Error("not there yet");
}

/** Enters a function in a new frame (setup_func_entry). */
export function setupFuncEntry(
  _env: VerifierEnv,
  _subprog: number,
  _callsite: number,
  _setCalleeState: SetCalleeState,
  _state: VerifierState,
): void {
  throw new Error("not there yet");
}

/** A helper or kfunc calls back into the program (push_callback_call). */
export function pushCallbackCall(
  _env: VerifierEnv,
  _insnIdx: number,
  _subprog: number,
  _setCalleeState: SetCalleeState,
): void {
  throw new Error("not there yet");
}

/** Leaves the innermost function (prepare_func_exit); sets `env.insnIdx` to where its caller goes on. */
export function prepareFuncExit(_env: VerifierEnv): void {
  throw new Error("not there yet");
}
