import { block } from "./pieces.ts";
import { CALLEE_SAVED } from "./state.ts";
import type { Writer } from "./writer.ts";
import { MEMORY_SIZE, type Signature } from "./writer.ts";

/** Pieces of programs that steer: branches, bounded loops, calls. */

const BPF_LOOP = 181;
/** Most rounds of nested loops taken together. */
const MOST_REPEATS = 48;
const MOST_FRAMES = 4;

export function branch(w: Writer): void {
  const over = w.label();
  w.branch(over);
  block(w, w.random.between(1, 4));
  if (w.reachable && w.random.chance(40)) {
    const after = w.label();
    w.goto(after);
    w.place(over);
    block(w, w.random.between(1, 3));
    w.place(after);
  } else w.place(over);
}

/** A way out from the middle of several blocks. */
export function ladder(w: Writer): void {
  const out = w.label();
  for (let n = w.random.between(2, 4); n > 0 && w.reachable; n--) {
    w.branch(out);
    block(w, w.random.between(1, 2));
  }
  w.place(out);
}

/** `may_goto` falls through here: no program uses up the rounds that it grants. */
export function mayGoto(w: Writer): void {
  // In loops the verifier goes through too many states.
  if (w.repeats > 1) return;
  const over = w.label();
  w.arrive(over);
  w.emit("may_goto", {}, over);
  block(w, w.random.between(1, 2));
  w.place(over);
}

/** An early end of the function. */
export function leave(w: Writer): void {
  if (!w.free(0)) return;
  const on = w.label();
  w.branch(on);
  end(w);
  w.place(on);
}

/** Ends the function with a number in r0; a callback ends with 0 or 1. */
export function end(w: Writer): void {
  if (w.callback) {
    if (w.state.isScalar(0) && w.random.chance(70))
      w.emit(w.random.pick(["and64_imm", "and32_imm"]), { dst: 0, imm: 1 });
    else w.emit(w.random.pick(["mov64_imm", "mov32_imm"]), { dst: 0, imm: w.random.chance(80) ? 0 : 1 });
    w.state.setScalar(0);
  } else if (!w.state.isScalar(0)) w.mov(0, w.scalar());
  if (!w.state.isScalar(0)) w.constant(0);
  w.emit("exit");
  w.reachable = false;
}

/** A counter with a constant start, step and bound, and the jump back while it is not there. */
interface Counter {
  start(): void;
  /** Steps and jumps to `head` unless the rounds are over. */
  next(head: ReturnType<Writer["label"]>): void;
  release(): void;
}

/** How a loop counts: steps and comparisons of a register that end after `rounds` rounds. */
function counting(w: Writer, rounds: number) {
  const from = w.random.pick([0, 1, -3, 100, 0x7ffffff0]);
  const step = w.random.pick([1, 1, 1, 2, 7]);
  const width = w.random.pick([64, 32] as const);
  const up = from + step * rounds;
  if (up > 0x7fffffff || w.random.chance(35)) {
    return { start: rounds, step: -1, jump: w.random.pick([`jne${width}_imm`, `jsgt${width}_imm`]), bound: 0, width };
  }
  const jump = w.random.pick([`jne${width}_imm`, `jslt${width}_imm`, ...(from >= 0 ? [`jlt${width}_imm`] : [])]);
  return { start: from, step, jump, bound: up, width };
}

function registerCounter(w: Writer, rounds: number): Counter {
  const register = w.target(CALLEE_SAVED);
  const { start, step, jump, bound } = counting(w, rounds);
  const { locked } = w;
  return {
    start: () => {
      w.emit("mov64_imm", { dst: register, imm: start });
      w.state.setScalar(register);
      w.locked |= 1 << register;
    },
    next: (head) => {
      w.emit("add64_imm", { dst: register, imm: step });
      w.emit(jump, { dst: register, imm: bound }, head);
    },
    release: () => {
      w.locked = locked;
    },
  };
}

function stackCounter(w: Writer, rounds: number, slot: number): Counter {
  const { start, step, jump, bound } = counting(w, rounds);
  return {
    start: () => w.emit("st64", { dst: 10, off: slot, imm: start }),
    next: (head) => {
      const register = w.target();
      w.emit("ldx64", { dst: register, src: 10, off: slot });
      w.emit("add64_imm", { dst: register, imm: step });
      w.emit("stx64", { dst: 10, src: register, off: slot });
      w.emit(jump, { dst: register, imm: bound }, head);
      w.state.setScalar(register);
    },
    release: () => w.giveSlot(slot),
  };
}

/** A loop of a constant number of rounds; some are entered in the middle, some could be left by `may_goto`. */
export function loop(w: Writer): void {
  const { random } = w;
  const most = Math.floor(MOST_REPEATS / w.repeats);
  if (most < 2 || w.freeCount() < 5) return;
  const rounds = random.between(2, Math.min(most, random.pick([3, 6, 12])));
  const slot = w.freeCount(CALLEE_SAVED) < 2 || random.chance(40) ? w.takeSlot() : undefined;
  if (slot === undefined && w.freeCount(CALLEE_SAVED) < 2) return;
  const counter = slot === undefined ? registerCounter(w, rounds) : stackCounter(w, rounds, slot);
  const head = w.label();
  const middle = w.label();
  const out = w.label();
  counter.start();
  w.enterLoop();
  const second = random.chance(15);
  if (second) {
    w.constant(w.target());
    w.branch(middle);
    w.enterLoop();
  }
  w.place(head);
  const state = w.state.clone();
  const { repeats } = w;
  w.repeats *= rounds;
  if (repeats === 1 && random.chance(25)) {
    // No loops inside.
    w.repeats = MOST_REPEATS;
    w.arrive(out);
    w.emit("may_goto", {}, out);
  }
  block(w, random.between(1, 4));
  if (second) {
    w.place(middle);
    block(w, 1);
  }
  if (w.reachable) {
    if (random.chance(20)) w.branch(out);
    w.restore(state);
    counter.next(head);
  }
  w.repeats = repeats;
  counter.release();
  w.place(out);
}

function callable(w: Writer, callback: boolean): Signature[] {
  return w.callees.filter(
    (c) =>
      c.callback === callback &&
      c.depth < MOST_FRAMES &&
      !(c.mutates && w.hashOpen > 0) &&
      !(c.parameters.includes("context") && w.context === null),
  );
}

function noteCall(w: Writer, callee: Signature): void {
  w.calleeDepth = Math.max(w.calleeDepth, callee.depth);
  if (callee.mutates) w.mutates = true;
  w.afterCall();
}

/** Puts the address of 16 bytes that are written into a register. */
function passMemory(w: Writer, dst: number): void {
  const offset = w.arena(MEMORY_SIZE, 8);
  w.initialise(offset, MEMORY_SIZE);
  w.stackAddress(dst, offset);
}

function passContext(w: Writer, dst: number): void {
  const context = w.context!;
  if ("register" in context) w.emit("mov64_reg", { dst, src: context.register });
  else w.emit("ldx64", { dst, src: 10, off: context.slot });
  w.state.forget(1 << dst);
}

/** A call of a subprogram. */
export function callLocal(w: Writer): void {
  const choice = callable(w, false);
  if (choice.length === 0 || w.repeats > 12 || !w.free(0)) return;
  const callee = w.random.pick(choice);
  const { locked } = w;
  callee.parameters.forEach((parameter, n) => {
    const dst = n + 1;
    w.locked |= 1 << dst;
    if (parameter === "memory") passMemory(w, dst);
    else if (parameter === "context") passContext(w, dst);
    else if (!w.state.isScalar(dst) || w.random.chance(50)) {
      w.mov(dst, w.scalar());
    }
  });
  w.locked = locked;
  w.emit("call_local", {}, callee.entry);
  noteCall(w, callee);
}

/**
 * The end of a call of bpf_loop, in one piece and with at least one round: Linux 6.18 takes the callback for dead code where
 * no round is possible, removes it, and then misses it ("verifier bug: No program to jit").
 */
export const LOOP_CALL = [
  ["or64_imm", { dst: 1, imm: 1 }],
  ["ld_imm64_func", { dst: 2 }],
  ["mov64_imm", { dst: 4, imm: 0 }],
  ["call_helper", { imm: BPF_LOOP }],
] as const;

/** bpf_loop with a callback of the program. */
export function bpfLoop(w: Writer): void {
  const choice = callable(w, true);
  if (choice.length === 0 || w.repeats > 6 || !w.free(0)) return;
  const callee = w.random.pick(choice);
  const { locked } = w;
  w.locked |= 0b11110;
  passMemory(w, 3);
  if (w.random.chance(50)) w.emit("mov64_imm", { dst: 1, imm: w.random.below(6) });
  else {
    w.mov(1, w.scalar());
    w.emit("and64_imm", { dst: 1, imm: 6 });
  }
  for (const [form, operands] of LOOP_CALL) w.emit(form, operands, form === "ld_imm64_func" ? callee.entry : undefined);
  w.locked = locked;
  noteCall(w, callee);
}
