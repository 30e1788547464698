import type { VerifierEnv } from "../env.ts";
import type { Frame } from "../memory.ts";
import type { VerifierState } from "../state.ts";

/** The stack slot (of 8 bytes) is overwritten: a dynptr that lies there is no more (destroy_if_dynptr_stack_slot). */
export function destroyIfDynptrSlot(_env: VerifierEnv, _state: VerifierState, _frame: Frame, _slot: number): void {
  throw new Error("not there yet");
}
