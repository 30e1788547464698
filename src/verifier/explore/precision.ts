import type { VerifierEnv } from "../env.ts";
import type { LinkedReg, VerifierState } from "../state.ts";

/** The value of register `regno` matters: marks it and all it stems from, back along the path (mark_chain_precision). */
export function markChainPrecision(_env: VerifierEnv, _regno: number): void {
  throw new Error("not there yet");
}

/** Adds the current instruction to the path (push_jmp_history). */
export function pushJumpHistory(
  _env: VerifierEnv,
  _state: VerifierState,
  _flags: number,
  _linked: readonly LinkedReg[] | null,
): void {
  throw new Error("not there yet");
}

/** The same for a scalar spilled to slot `slot` of frame `frameNumber` (bt_set_frame_slot, mark_chain_precision_batch). */
export function markSlotPrecise(_env: VerifierEnv, _frameNumber: number, _slot: number): void {
  throw new Error("not there yet");
}
