import { FRAME_CALLSITE, FRAME_SUBPROG } from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import type { VerifierState } from "../state.ts";
import { type Successors, successorsOf } from "./successors.ts";

/**
 * Which stack slots may be read later: what pruning must compare, and what it may forget.
 *
 * The main walk tells what each instruction reads and surely writes, in its own frame and through pointers in its callers' frames. That is
 * kept apart per call chain (`Instance`: which function, called from where, called from where …), because the same function called from
 * elsewhere gets other pointers. From it follows, backwards along control flow,
 *     live before = (live after without what is surely written) with what may be read.
 * What a callee reads and writes of its callers' frames counts as read and written by the call, so results pass outwards instance by
 * instance. A slot is live at a point of a path if it is live there in the innermost instance, or after (before, where a callback may run
 * again) the call in an outer one.
 *
 * Reads only ever add; a write is sure only if every visit of the instruction made it, so sureness may be lost: then the instance's sums
 * start anew.
 *
 * Masks are 64 bits, bit n for slot n, as two halves of 32.
 */

// An instruction's words in a frame's table.
const MAY_READ = 0;
const MUST_WRITE = 2;
/** Written on every way from here to the function's end. */
const MUST_WRITE_ACC = 4;
const LIVE_BEFORE = 6;
const WORDS = 8;

const MAX_FRAMES = 8;
/** More functions than a program may have: keys of calls are made with it. */
const MAX_SUBPROGS = 4096;
const NONE = new Int32Array(0);

/** A function as called along one chain of calls. */
class Instance {
  /** The caller as called itself; null = the outermost function. */
  readonly outer: Instance | null;
  /** Functions as called from here, by call and function. */
  readonly inner = new Map<number, Instance>();
  /** By depth, the outermost first: instructions that call. One fewer than there are frames. */
  readonly callsites: readonly number[];
  /** Number of the innermost frame. */
  readonly depth: number;
  readonly start: number;
  readonly count: number;
  /** By frame: WORDS for each instruction of the function; empty until something is marked. */
  readonly frames: Int32Array[];
  /** Instructions that were visited: what they surely write is known. */
  readonly visited: Uint8Array;
  /** Marks were added since the sums were made. */
  updated = false;
  /** Something once surely written no longer is. */
  dropped = false;

  constructor(outer: Instance | null, callsite: number, start: number, count: number) {
    this.outer = outer;
    this.callsites = outer === null ? [] : [...outer.callsites, callsite];
    this.depth = this.callsites.length;
    this.start = start;
    this.count = count;
    this.frames = Array.from({ length: this.depth + 1 }, () => NONE);
    this.visited = new Uint8Array(count);
  }

  /** The table of a frame, made where there is none. */
  table(frame: number): Int32Array {
    let table = this.frames[frame]!;
    if (table.length === 0) {
      table = new Int32Array(this.count * WORDS);
      this.frames[frame] = table;
    }
    return table;
  }

  /** Slots of `frame` live before an instruction, one half of the mask. */
  liveBefore(insn: number, frame: number, half: number): number {
    const table = this.frames[frame]!;
    return table.length === 0 ? 0 : table[(insn - this.start) * WORDS + LIVE_BEFORE + half]!;
  }

  /** The call chain as the log shows it: callers' calls, then where the function starts. */
  get text(): string {
    return `(${[...this.callsites, this.start].join(",")})`;
  }
}

/** Slots of a mask as the log shows them: `-8,-24`. */
export function maskText(low: number, high: number): string {
  const out: number[] = [];
  for (let i = 0; i < 64; i++) if (((i < 32 ? low : high) >>> (i & 31)) & 1) out.push(-(i + 1) * 8);
  return out.join(",");
}

/**
 * The marks of one verification, and what follows from them. The main walk calls, for each instruction: `beginWrites`, then marks while it
 * processes it, then `commitWrites` (also where the path goes on as a speculative one that was refused). `update` comes where a path or a
 * function ends, before states are compared; `forgetCallchain` whenever the innermost function changes.
 */
export class StackLiveness {
  readonly #env: VerifierEnv;
  #successors: Successors | null = null;
  #subprogEnd = new Int32Array(0);
  #current: Instance | null = null;
  #writeInsn = 0;
  readonly #writes = new Int32Array(MAX_FRAMES * 2);
  /** Something is in `#writes`. */
  #wrote = false;
  /** Instances of the outermost functions, by number of the function. */
  readonly #roots: Instance[] = [];
  /** The state that `isAlive` answers for: its instances by frame. */
  readonly #queried: Instance[] = [];
  #queriedInsn = 0;

  constructor(env: VerifierEnv) {
    this.#env = env;
  }

  /** Called once, after the control-flow graph is known (bpf_stack_liveness_init). */
  initialise(): void {
    const env = this.#env;
    this.#successors = successorsOf(env.insns);
    this.#subprogEnd = new Int32Array(env.subprogs.length);
    for (let i = 0; i < env.subprogs.length; i++) {
      this.#subprogEnd[i] = env.subprogs[i + 1]?.start ?? env.insns.count;
    }
  }

  /** The instance of frame `frame` of a state. */
  #instance(state: VerifierState, frame: number): Instance {
    const { m } = this.#env;
    const root = m.get(state.frames[0]!, FRAME_SUBPROG);
    let instance = (this.#roots[root] ??= this.#make(null, 0, root));
    for (let i = 1; i <= frame; i++) {
      const callsite = m.get(state.frames[i]!, FRAME_CALLSITE);
      const subprog = m.get(state.frames[i]!, FRAME_SUBPROG);
      const key = callsite * MAX_SUBPROGS + subprog;
      let inner = instance.inner.get(key);
      if (inner === undefined) {
        inner = this.#make(instance, callsite, subprog);
        instance.inner.set(key, inner);
      }
      instance = inner;
    }
    return instance;
  }

  #make(outer: Instance | null, callsite: number, subprog: number): Instance {
    const { start } = this.#env.subprogs[subprog]!;
    return new Instance(outer, callsite, start, this.#subprogEnd[subprog]! - start);
  }

  /** The instance that `env.state` is in; remembered until `forgetCallchain`. */
  #here(): Instance {
    const { state } = this.#env;
    this.#current ??= this.#instance(state, state.curframe);
    return this.#current;
  }

  /** The path has changed function, or another path is taken up (bpf_reset_live_stack_callchain): before the next instruction's marks. */
  forgetCallchain(): void {
    this.#current = null;
  }

  /** Before an instruction is processed: nothing is written yet (bpf_reset_stack_write_marks). */
  beginWrites(insn: number): void {
    this.#here();
    this.#startWrites(insn);
  }

  #startWrites(insn: number): void {
    this.#writeInsn = insn;
    if (this.#wrote) this.#writes.fill(0);
    this.#wrote = false;
  }

  /** The instruction in hand surely writes all of these slots of that frame (bpf_mark_stack_write). */
  markWrite(frame: number, low: number, high: number): void {
    const writes = this.#writes;
    this.#wrote = true;
    writes[frame * 2]! |= low;
    writes[frame * 2 + 1]! |= high;
  }
  /** The same for one slot. */
  markWriteSlot(frame: number, slot: number): void {
    this.#wrote = true;
    this.#writes[frame * 2 + (slot >> 5)]! |= 1 << (slot & 31);
  }

  /** The instruction may read these slots of that frame (bpf_mark_stack_read). */
  markRead(frame: number, insn: number, low: number, high: number): void {
    this.#addRead(this.#here(), frame, insn, low, high);
  }
  /** The same for one slot. */
  markReadSlot(frame: number, insn: number, slot: number): void {
    if (slot < 32) this.markRead(frame, insn, 1 << slot, 0);
    else this.markRead(frame, insn, 0, 1 << (slot - 32));
  }

  #addRead(instance: Instance, frame: number, insn: number, low: number, high: number): void {
    if ((low | high) === 0) return;
    const table = instance.table(frame);
    const at = (insn - instance.start) * WORDS;
    for (let half = 0; half < 2; half++) {
      const before = table[at + MAY_READ + half]!;
      const after = before | (half === 0 ? low : high);
      if (after === before) continue;
      const live = table[at + LIVE_BEFORE + half]!;
      if ((after & ~live) !== 0) instance.updated = true;
      table[at + MAY_READ + half] = after;
    }
  }

  /** After the instruction was processed, unless that ended the path with an error (bpf_commit_stack_write_marks). */
  commitWrites(): void {
    // A call or return has changed function: its own marks are made when results pass outwards.
    if (this.#current !== null) this.#commit(this.#current);
  }

  #commit(instance: Instance): void {
    const index = this.#writeInsn - instance.start;
    const seen = instance.visited[index] === 1;
    const at = index * WORDS + MUST_WRITE;
    for (let frame = 0; frame <= instance.depth; frame++) {
      const low = this.#writes[frame * 2]!;
      const high = this.#writes[frame * 2 + 1]!;
      if ((low | high) === 0 && !seen) continue;
      if ((low | high) === 0 && instance.frames[frame]!.length === 0) continue;
      const table = instance.table(frame);
      this.#setMustWrite(instance, table, at, seen, low);
      this.#setMustWrite(instance, table, at + 1, seen, high);
    }
    instance.visited[index] = 1;
  }

  #setMustWrite(instance: Instance, table: Int32Array, at: number, seen: boolean, written: number): void {
    const before = table[at]!;
    // Only what every visit wrote is sure.
    const after = seen ? written & before : written;
    if (after === before) return;
    table[at] = after;
    instance.updated = true;
    if ((before & ~after) !== 0) instance.dropped = true;
  }

  /** Brings the sums of the state's instances up to date, the innermost first (bpf_update_live_stack). */
  update(): void {
    const { state } = this.#env;
    this.forgetCallchain();
    for (let frame = state.curframe; frame >= 0; frame--) {
      const instance = this.#instance(state, frame);
      if (instance.updated) this.#solve(instance, state, frame);
    }
  }

  #solve(instance: Instance, state: VerifierState, frame: number): void {
    const { log } = this.#env;
    if (instance.dropped) {
      for (const table of instance.frames) {
        for (let at = 0; at < table.length; at += WORDS) table.fill(0, at + MUST_WRITE_ACC, at + WORDS);
      }
    }
    const n = this.#env.m.get(state.frames[frame]!, FRAME_SUBPROG);
    const { postorder, subprogs } = this.#env;
    const first = subprogs[n]!.postorderStart;
    const last = subprogs[n + 1]?.postorderStart ?? postorder.length;
    let rounds = 0;
    for (let changed = true; changed; rounds++) {
      changed = false;
      for (let f = 0; f <= instance.depth; f++) {
        if (instance.frames[f]!.length === 0) continue;
        for (let i = first; i < last; i++) changed = this.#flow(instance, f, postorder[i]!) || changed;
      }
    }
    if (log.all) log.write(`${instance.text} live stack update done in ${rounds} iterations\n`);
    if (instance.depth > 0) this.#passOutwards(instance);
    instance.updated = false;
    instance.dropped = false;
  }

  /** One instruction's sums from its successors'. @returns whether they changed */
  #flow(instance: Instance, frame: number, insn: number): boolean {
    const { next, target } = this.#successors!;
    const table = instance.frames[frame]!;
    const { start } = instance;
    const a = next[insn]!;
    const b = target[insn]!;
    // A function's end: nothing comes after, nothing is summed.
    if (a < 0 && b < 0) return false;
    const at = (insn - start) * WORDS;
    const nextAt = (a - start) * WORDS;
    const targetAt = (b - start) * WORDS;
    let changed = false;
    const before0 = table[at + LIVE_BEFORE]!;
    const before1 = table[at + LIVE_BEFORE + 1]!;
    const written0 = table[at + MUST_WRITE_ACC]!;
    const written1 = table[at + MUST_WRITE_ACC + 1]!;
    for (let half = 0; half < 2; half++) {
      let after = 0;
      let acc = -1;
      if (a >= 0) {
        after |= table[nextAt + LIVE_BEFORE + half]!;
        acc &= table[nextAt + MUST_WRITE_ACC + half]!;
      }
      if (b >= 0) {
        after |= table[targetAt + LIVE_BEFORE + half]!;
        acc &= table[targetAt + MUST_WRITE_ACC + half]!;
      }
      const write = table[at + MUST_WRITE + half]!;
      acc |= write;
      const live = (after & ~write) | table[at + MAY_READ + half]!;
      if (live !== table[at + LIVE_BEFORE + half]!) changed = true;
      if (acc !== table[at + MUST_WRITE_ACC + half]!) changed = true;
      table[at + LIVE_BEFORE + half] = live;
      table[at + MUST_WRITE_ACC + half] = acc;
    }
    if (changed && this.#env.log.all) {
      this.#logChange(instance, frame, insn, at, before0, before1, written0, written1);
    }
    return changed;
  }

  #logChange(
    instance: Instance,
    frame: number,
    insn: number,
    at: number,
    before0: number,
    before1: number,
    written0: number,
    written1: number,
  ): void {
    const table = instance.frames[frame]!;
    const marked =
      table[at + MAY_READ]! | table[at + MAY_READ + 1]! | table[at + MUST_WRITE]! | table[at + MUST_WRITE + 1]!;
    if (marked === 0 && insn !== instance.start && !this.#env.aux[insn]!.prunePoint) return;
    const where = `${instance.text} frame ${frame} insn ${insn} `;
    this.#logMask(where, "live", before0, before1, table[at + LIVE_BEFORE]!, table[at + LIVE_BEFORE + 1]!);
    this.#logMask(where, "written", written0, written1, table[at + MUST_WRITE_ACC]!, table[at + MUST_WRITE_ACC + 1]!);
  }

  #logMask(where: string, word: string, old0: number, old1: number, new0: number, new1: number): void {
    if (old0 === new0 && old1 === new1) return;
    let text = where;
    const ones0 = new0 & ~old0;
    const ones1 = new1 & ~old1;
    const zeros0 = old0 & ~new0;
    const zeros1 = old1 & ~new1;
    if ((ones0 | ones1) !== 0) text += `+${word} ${maskText(ones0, ones1)} `;
    if ((zeros0 | zeros1) !== 0) text += `-${word} ${maskText(zeros0, zeros1)}`;
    this.#env.log.write(`${text}\n`);
  }

  /** What the function reads and writes of its callers' frames, the call does. */
  #passOutwards(instance: Instance): void {
    const outer = instance.outer!;
    const callsite = instance.callsites[instance.depth - 1]!;
    this.#startWrites(callsite);
    for (let frame = 0; frame < instance.depth; frame++) {
      const table = instance.frames[frame]!;
      if (table.length === 0) continue;
      this.markWrite(frame, table[MUST_WRITE_ACC]!, table[MUST_WRITE_ACC + 1]!);
      this.#addRead(outer, frame, callsite, table[LIVE_BEFORE]!, table[LIVE_BEFORE + 1]!);
    }
    this.#commit(outer);
  }

  /** `isAlive` answers for this state from now on (bpf_live_stack_query_init). */
  query(state: VerifierState): void {
    this.#queried.length = 0;
    for (let frame = 0; frame < state.frames.length; frame++) this.#queried.push(this.#instance(state, frame));
    this.#queriedInsn = state.insnIdx;
  }

  /** Whether a slot of a frame of the queried state may be read later (bpf_stack_slot_alive). */
  isAlive(frame: number, slot: number): boolean {
    const half = slot >> 5;
    const bit = 1 << (slot & 31);
    const depth = this.#queried.length - 1;
    const innermost = this.#queried[depth]!;
    if (innermost.liveBefore(this.#queriedInsn, frame, half) & bit) return true;
    for (let i = frame; i < depth; i++) {
      const callsite = innermost.callsites[i]!;
      // A callback may be called again: what it needs counts from before the call.
      const from = this.#env.aux[callsite]!.callsCallback ? callsite : callsite + 1;
      if (this.#queried[i]!.liveBefore(from, frame, half) & bit) return true;
    }
    return false;
  }
}
