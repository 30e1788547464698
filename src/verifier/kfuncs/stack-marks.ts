import type { VerifierEnv } from "../env.ts";

/** The instruction overwrites all of a slot (bpf_mark_stack_write). */
export function markSlotWritten(env: VerifierEnv, frameNumber: number, slot: number): void {
  env.liveness.markWriteSlot(frameNumber, slot);
}

/** The instruction reads a slot (bpf_mark_stack_read). */
export function markSlotRead(env: VerifierEnv, frameNumber: number, slot: number): void {
  env.liveness.markReadSlot(frameNumber, env.insnIdx, slot);
}
