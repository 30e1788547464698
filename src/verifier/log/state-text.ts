import type { VerifierEnv } from "../env.ts";
import type { VerifierState } from "../state.ts";

/** Registers and slots of a frame as the log shows them; all, or only those that changed (print_verifier_state). */
export function printState(_env: VerifierEnv, _state: VerifierState, _frameNumber: number, _all: boolean): void {
  throw new Error("not there yet");
}

/** The same, on the instruction's line (print_insn_state). */
export function printInsnState(_env: VerifierEnv, _state: VerifierState, _frameNumber: number): void {
  throw new Error("not there yet");
}
