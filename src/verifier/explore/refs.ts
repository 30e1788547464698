import type { VerifierEnv } from "../env.ts";
import type { Reference, VerifierState } from "../state.ts";

/** A new reference to a pointer; its id (acquire_reference). */
export function acquireReference(_env: VerifierEnv, _insnIdx: number): number {
  throw new Error("not there yet");
}

/** Gives a reference back and voids all copies of its pointer (release_reference); false where there is none of that id. */
export function releaseReference(_env: VerifierEnv, _id: number): boolean {
  throw new Error("not there yet");
}

/** Gives a reference back and leaves its copies alone (release_reference_nomark). */
export function releaseReferenceNoMark(_state: VerifierState, _id: number): boolean {
  throw new Error("not there yet");
}

/** Takes a lock (acquire_lock_state). */
export function acquireLock(_env: VerifierEnv, _insnIdx: number, _type: number, _id: number, _ptr: number): void {
  throw new Error("not there yet");
}

/** Gives a lock back; false where it is not held (release_lock_state). */
export function releaseLock(_state: VerifierState, _type: number, _id: number, _ptr: number): boolean {
  throw new Error("not there yet");
}

/** The lock of that kind and identity, if held (find_lock_state). */
export function findLock(_state: VerifierState, _type: number, _id: number, _ptr: number): Reference | null {
  throw new Error("not there yet");
}

/** Interrupts go off: id of the flag (acquire_irq_state). */
export function acquireIrq(_env: VerifierEnv, _insnIdx: number): number {
  throw new Error("not there yet");
}

/** Interrupts come back; false where it is not the last flag (release_irq_state). */
export function releaseIrq(_state: VerifierState, _id: number): boolean {
  throw new Error("not there yet");
}

/** Refuses exits with references held (check_reference_leak). */
export function checkReferenceLeak(_env: VerifierEnv, _exceptionExit: boolean): void {
  throw new Error("not there yet");
}

/** Refuses `what` inside locks, sections and with references (check_resource_leak). */
export function checkResourceLeak(
  _env: VerifierEnv,
  _exceptionExit: boolean,
  _checkLock: boolean,
  _what: string,
): void {
  throw new Error("not there yet");
}
