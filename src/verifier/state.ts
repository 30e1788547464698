import * as L from "../runtime/verifier-layout.ts";
import type { LoopVisit } from "./explore/loops.ts";
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

/**
 * One step of the path that led to a state, and the steps before it. Entries never change once another state holds them, so copying a
 * path is copying one reference; a step that gains flags is replaced by a new entry in the state that walks.
 */
export class JumpHistoryEntry {
  readonly idx: number;
  readonly prevIdx: number;
  /** What the instruction did to the stack: INSN_F_* of history.ts. */
  readonly flags: number;
  /** Scalars that were linked when the instruction compared one of them, as `linkedReg` of linked.ts packs them; null = none. */
  readonly linkedRegs: readonly number[] | null;
  readonly before: JumpHistoryEntry | null;
  /** How many entries there are, this one included. */
  readonly count: number;

  constructor(
    idx: number,
    prevIdx: number,
    flags: number,
    linkedRegs: readonly number[] | null,
    before: JumpHistoryEntry | null,
  ) {
    this.idx = idx;
    this.prevIdx = prevIdx;
    this.flags = flags;
    this.linkedRegs = linkedRegs;
    this.before = before;
    this.count = before === null ? 1 : before.count + 1;
  }
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
  /** The last step since the state it started from; null = none. */
  jmpHistory: JumpHistoryEntry | null = null;
  dfsDepth = 0;
  callbackUnrollDepth = 0;
  mayGotoDepth = 0;

  // Of a state that is kept to compare with: the next one at the same place, and how it fared (struct bpf_verifier_state_list).
  next: VerifierState | null = null;
  missCount = 0;
  hitCount = 0;
  /** Taken out of its list; its frames go when the last path from it is done. */
  evicted = false;
  /** The visit of the loop that it lies in; null = in none. */
  loopVisit: LoopVisit | null = null;
  /** Back edges that lead to it: while there are any, its frames stay. */
  pins = 0;

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

/** Makes `to` the same as `from`, in frames of its own; what belongs to its list aside. */
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
  to.jmpHistory = from.jmpHistory;
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
    for (let s = 0; s < slots; s++) if (m.slotKind(frame, s, 7) === L.STACK_SPILL) visit(m.slot(frame, s), frame);
  }
}
