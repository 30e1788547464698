import * as L from "../runtime/verifier-layout.ts";
import type { Frame, Reg, StateMemory } from "./memory.ts";

/** Kinds of things a program must give back (enum ref_state_type). */
export const REF_TYPE_PTR = 2;
export const REF_TYPE_IRQ = 4;
export const REF_TYPE_LOCK = 8;
export const REF_TYPE_RES_LOCK = 16;
export const REF_TYPE_RES_LOCK_IRQ = 32;
export const REF_TYPE_LOCK_MASK = 56;

/** Something acquired: an object, a lock, a section with interrupts off. Never changed once made, so states share it. */
export interface Reference {
  readonly type: number;
  readonly id: number;
  /** Where it was acquired. */
  readonly insnIdx: number;
  /** Identity of the lock's map or BTF object; 0 for others. */
  readonly ptr: number;
}

// Flags of a step: the instruction spilled to, or filled from, slot (flags >> HIST_SLOT_SHIFT) & HIST_SLOT_MASK of frame flags & HIST_FRAME_MASK.
export const HIST_FRAME_MASK = 7;
export const HIST_SLOT_SHIFT = 3;
export const HIST_SLOT_MASK = 0x3f;
export const HIST_STACK_ACCESS = 1 << 9;
/** A comparison's operand is a pointer to the stack. */
export const HIST_DST_STACK = 1 << 10;
export const HIST_SRC_STACK = 1 << 11;

/** One step of the path that led to a state. */
export interface JumpHistoryEntry {
  idx: number;
  prevIdx: number;
  /** What the instruction did to the stack: HIST_*. */
  flags: number;
  /** Scalars that were linked when the instruction compared one of them; null = none. */
  linkedRegs: readonly LinkedReg[] | null;
}
export interface LinkedReg {
  readonly frame: number;
  /** Register number, or slot number where `isReg` is false. */
  readonly index: number;
  readonly isReg: boolean;
}

/** What is known at one point of one path: frames in the verifier's memory, everything else here (struct bpf_verifier_state). */
export class VerifierState {
  /** Frame records, the program's own first. */
  readonly frames: Frame[] = [];
  parent: VerifierState | null = null;
  /** The list of references; replaced, never changed in place. */
  refs: readonly Reference[] = [];
  /** Paths from here that are not finished. */
  branches = 0;
  insnIdx = 0;
  activeLocks = 0;
  activePreemptLocks = 0;
  activeIrqId = 0;
  activeLockId = 0;
  activeLockPtr = 0;
  activeRcuLock = false;
  speculative = false;
  inSleepable = false;
  cleaned = false;
  firstInsnIdx = 0;
  lastInsnIdx = 0;
  /** The state that this one was found equal to, inside a loop. */
  equalState: VerifierState | null = null;
  jmpHistory: JumpHistoryEntry[] = [];
  dfsDepth = 0;
  callbackUnrollDepth = 0;
  mayGotoDepth = 0;

  get curframe(): number {
    return this.frames.length - 1;
  }
  /** The frame of the function that runs. */
  get frame(): Frame {
    return this.frames[this.frames.length - 1]!;
  }
}

/** Copies one frame's record into another with room enough. */
export function copyFrame(m: StateMemory, to: Frame, from: Frame): void {
  const slots = m.get(from, L.FRAME_STACK_BYTES) >> 3;
  m.u8.copyWithin(to, from, from + L.FRAME_CAPACITY);
  m.u8.copyWithin(to + L.FRAME_SLOTS, from + L.FRAME_SLOTS, from + L.FRAME_SLOTS + slots * L.SLOT_SIZE);
}

/** Makes `to` the same as `from`, in frames of its own; branch counts and history aside. */
export function copyState(m: StateMemory, to: VerifierState, from: VerifierState): void {
  while (to.frames.length > 0) m.release(to.frames.pop()!);
  for (const frame of from.frames) {
    const copy = m.allocate(m.get(frame, L.FRAME_STACK_BYTES) >> 3);
    copyFrame(m, copy, frame);
    to.frames.push(copy);
  }
  to.parent = from.parent;
  to.refs = from.refs;
  to.branches = from.branches;
  to.insnIdx = from.insnIdx;
  to.activeLocks = from.activeLocks;
  to.activePreemptLocks = from.activePreemptLocks;
  to.activeIrqId = from.activeIrqId;
  to.activeLockId = from.activeLockId;
  to.activeLockPtr = from.activeLockPtr;
  to.activeRcuLock = from.activeRcuLock;
  to.speculative = from.speculative;
  to.inSleepable = from.inSleepable;
  to.cleaned = from.cleaned;
  to.firstInsnIdx = from.firstInsnIdx;
  to.lastInsnIdx = from.lastInsnIdx;
  to.equalState = from.equalState;
  to.jmpHistory = from.jmpHistory.map((entry) => ({ ...entry }));
  to.dfsDepth = from.dfsDepth;
  to.callbackUnrollDepth = from.callbackUnrollDepth;
  to.mayGotoDepth = from.mayGotoDepth;
}

export function freeState(m: StateMemory, state: VerifierState): void {
  while (state.frames.length > 0) m.release(state.frames.pop()!);
}

/** Makes room for `bytes` of stack in the state's frame `n`; new slots hold nothing. The frame may move. */
export function growStack(m: StateMemory, state: VerifierState, n: number, bytes: number): void {
  const frame = state.frames[n]!;
  const before = m.get(frame, L.FRAME_STACK_BYTES);
  const after = (bytes + 7) & ~7;
  if (after <= before) return;
  let target = frame;
  if (after >> 3 > m.get(frame, L.FRAME_CAPACITY)) {
    target = m.allocate(after >> 3);
    copyFrame(m, target, frame);
    m.release(frame);
    state.frames[n] = target;
  }
  m.u8.fill(0, m.slot(target, before >> 3), m.slot(target, after >> 3));
  m.set(target, L.FRAME_STACK_BYTES, after);
}

/** Calls `visit` for every register and every spilled register of the state (`bpf_for_each_reg_in_vstate`). */
export function forEachReg(m: StateMemory, state: VerifierState, visit: (reg: Reg, frame: Frame) => void): void {
  for (const frame of state.frames) {
    for (let r = 0; r < L.REGS_PER_FRAME; r++) visit(m.reg(frame, r), frame);
    const slots = m.get(frame, L.FRAME_STACK_BYTES) >> 3;
    for (let s = 0; s < slots; s++) if (m.slotKind(frame, s, 0) === L.STACK_SPILL) visit(m.slot(frame, s), frame);
  }
}
