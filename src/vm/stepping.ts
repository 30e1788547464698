import type { HelperBinding, Insn } from "../isa/index.ts";
import { imm64, slots } from "../isa/index.ts";
import {
  CALL_FRAME,
  FRAME_SIZE,
  MAP_DATA,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAX_FRAMES,
  MAX_LOOPS,
  MAX_TAIL_CALLS,
  NULL_GUARD_END,
  SKB_CONTEXT_SIZE,
  STACK_LIMIT,
  STACK_TOP,
  TAIL_CALLS,
} from "../runtime/layout.ts";
import type { BpfError } from "../util/error.ts";
import { accessText, runError } from "./errors.ts";
import { CALL_RESULT, type FrameCall } from "./helper-call.ts";
import type { GuestMemory } from "./memory.ts";
import { ALU_OPERATIONS, ATOMIC_OPERATIONS, JUMP_CONDITIONS, swapBytes } from "./operations.ts";
import { packetLoad } from "./packet-load.ts";
import { findBadPointer, type PointerScope } from "./pointers.ts";
import { insnName, type LoadedProgram, type ProgramTable } from "./program.ts";

/*
 * The reference interpreter: one instruction per step, registers as BigInt, every access checked against the region table,
 * those of helpers by the rules of their arguments before the call.
 * Nothing here is fast; everything can be looked at while it runs.
 */

/** Iterations of a bpf_loop that runs: its frame is called again until it returns 1 or `count` is reached. */
interface Loop {
  index: number;
  readonly count: number;
  readonly entry: number;
  readonly context: bigint;
}

/** One call frame, innermost last. Registers r6 to r9 of the caller are in the frame that it called. */
export interface StepFrame {
  /** The program whose code runs in this frame; a tail call replaces it. */
  program: LoadedProgram;
  /** First slot of the function. */
  entry: number;
  /** r10: first byte above the frame. */
  readonly top: number;
  /** Slot at which the caller goes on: null for the first frame and for callbacks of helpers. */
  readonly returnTo: number | null;
  /** Values of r6 to r9 to restore. */
  readonly saved: readonly bigint[];
  /** How often may_goto of this frame may still fall through. */
  mayGoto: number;
  readonly loop: Loop | null;
}

/** A memory access as an observer sees it, before it happens. */
export interface MemoryAccess {
  readonly address: number;
  readonly size: number;
  readonly write: boolean;
}

/** What a run of the stepping interpreter starts from. */
export interface StepperStart {
  readonly memory: GuestMemory;
  readonly programs: ProgramTable;
  readonly program: LoadedProgram;
  /** r1. */
  readonly context: number;
  /** Instructions that may run. */
  readonly budget: bigint;
  /** Called before each memory access of the program (not those of helpers). Without it the accesses are only checked. */
  readonly observe?: (access: MemoryAccess) => void;
}

/** A run that is stepped: `while (!stepper.done) stepper.step()`, then `stepper.result`. */
export class Stepper {
  readonly memory: GuestMemory;
  /** r0 to r10, unsigned. */
  readonly registers: bigint[] = new Array(11).fill(0n);
  /** Call frames, innermost last; empty when done. */
  readonly frames: StepFrame[] = [];
  /** Slot of the next instruction in `program`. */
  pc = 0;
  /** Instructions executed so far. */
  executed = 0n;
  readonly budget: bigint;
  readonly #programs: ProgramTable;
  readonly #context: number;
  readonly #reach: (address: bigint, size: number, write: boolean) => number;

  constructor(start: StepperStart) {
    this.memory = start.memory;
    this.budget = start.budget;
    this.#programs = start.programs;
    this.#context = start.context;
    const { observe } = start;
    this.#reach =
      observe === undefined
        ? (address, size, write) => this.#check(address, size, write)
        : (address, size, write) => {
            const at = this.#check(address, size, write);
            observe({ address: at, size, write });
            return at;
          };
    this.registers[1] = BigInt(start.context);
    this.#push(start.program, 0, STACK_TOP, null, null);
  }

  /** Whether the program has ended. */
  get done(): boolean {
    return this.frames.length === 0;
  }

  /** r0: what the program returned, once done. */
  get result(): bigint {
    return this.registers[0]!;
  }

  /** The innermost frame. Only while not done. */
  get frame(): StepFrame {
    return this.frames[this.frames.length - 1]!;
  }

  /** The program that the next instruction belongs to. Only while not done. */
  get program(): LoadedProgram {
    return this.frame.program;
  }

  /** Steps until the program ends; r0. @throws BpfError `E_RUN_*` */
  run(): bigint {
    while (!this.done) this.step();
    return this.result;
  }

  /**
   * Executes one instruction. A helper that calls back runs its callbacks within the step.
   * @throws BpfError `E_RUN_ACCESS`, `E_RUN_ARGUMENT`, `E_RUN_BUDGET`, `E_RUN_HELPER`, `E_RUN_FRAMES`, `E_RUN_INSN`: the state is that
   * before the instruction; `E_RUN_TRAP`: a helper may have done part of its work.
   */
  step(): void {
    const i = this.program.image.code[this.pc];
    if (i === undefined || i === null) throw runError("E_RUN_INSN", this.#at());
    if (this.executed >= this.budget) throw runError("E_RUN_BUDGET", { ...this.#at(), budget: this.budget });
    this.#execute(i);
    this.executed++;
  }

  /**
   * Runs a callback to its end: what a helper gets when it calls back. `top` is the lowest stack address in use.
   * @throws BpfError as `step`
   */
  call(handle: number, args: readonly bigint[], top: number): bigint {
    const callback = this.#programs.callback(handle);
    if (callback === undefined) throw runError("E_RUN_INSN", this.#at());
    const { pc } = this;
    const scratch = this.registers.slice(0, 6);
    const depth = this.frames.length;
    this.#push(callback.program, callback.entry, top, null, null);
    for (let n = 0; n < 5; n++) this.registers[n + 1] = BigInt.asUintN(64, args[n] ?? 0n);
    while (this.frames.length > depth) this.step();
    const result = this.registers[0]!;
    for (let n = 0; n < 6; n++) this.registers[n] = scratch[n]!;
    this.pc = pc;
    return result;
  }

  #at(): { program: string; slot: number; insn: string } {
    const { image } = this.program;
    return { program: image.name, slot: this.pc, insn: insnName(image, this.pc) };
  }

  #push(
    program: LoadedProgram,
    entry: number,
    top: number,
    returnTo: StepFrame["returnTo"],
    loop: StepFrame["loop"],
  ): void {
    if (this.frames.length >= MAX_FRAMES) throw runError("E_RUN_FRAMES", { ...this.#at(), limit: MAX_FRAMES });
    const saved = this.registers.slice(6, 10);
    this.frames.push({ program, entry, top, returnTo, saved, mayGoto: MAX_LOOPS, loop });
    this.registers[10] = BigInt(top);
    this.pc = entry;
  }

  #execute(i: Insn): void {
    const { form } = i;
    switch (form.kind) {
      case "alu": {
        const width = form.width as 32 | 64;
        const a = BigInt.asUintN(width, this.registers[i.dst]!);
        this.#set(i.dst, BigInt.asUintN(width, ALU_OPERATIONS[form.op]!(a, this.#source(i, width), width)));
        break;
      }
      case "mov":
        this.#set(i.dst, this.#source(i, form.width));
        break;
      case "movsx":
        this.#set(i.dst, BigInt.asUintN(form.result, BigInt.asIntN(form.width, this.registers[i.src]!)));
        break;
      case "neg":
        this.#set(i.dst, BigInt.asUintN(form.width, -this.registers[i.dst]!));
        break;
      case "end": {
        // The guest is little-endian: `le` cuts, `be` and `bswap` swap (RFC 9669 section 4.2).
        const value = BigInt.asUintN(form.width, this.registers[i.dst]!);
        this.#set(i.dst, form.op === "le" ? value : swapBytes(value, form.width));
        break;
      }
      case "addr_cast":
        // One address space: an arena pointer is the same for kernel and user.
        this.#set(i.dst, this.registers[i.src]!);
        break;
      case "ld_imm64":
        this.#set(i.dst, form.op === "func" ? this.#callbackHandle(i) : imm64(i));
        break;
      case "ld_abs":
      case "ld_ind":
        if (this.#loadPacket(i)) break;
        this.#exit();
        return;
      case "ldx":
      case "load_acquire":
        this.#set(i.dst, this.#read(this.registers[i.src]! + BigInt(i.off), form.width));
        break;
      case "ldxs":
        this.#set(i.dst, BigInt.asIntN(form.width, this.#read(this.registers[i.src]! + BigInt(i.off), form.width)));
        break;
      case "st":
      case "stx":
      case "store_release":
        this.#write(this.registers[i.dst]! + BigInt(i.off), form.width, this.#source(i, form.width));
        break;
      case "atomic":
        this.#atomic(i);
        break;
      case "ja":
        this.pc += 1 + i.off;
        return;
      case "jmp": {
        const width = form.width as 32 | 64;
        const a = BigInt.asUintN(width, this.registers[i.dst]!);
        if (JUMP_CONDITIONS[form.op]!(a, this.#source(i, width), width)) this.pc += i.off;
        break;
      }
      case "may_goto":
        if (this.frame.mayGoto === 0) this.pc += i.off;
        else this.frame.mayGoto--;
        break;
      case "call":
        this.#call(i);
        return;
      case "exit":
        this.#exit();
        return;
    }
    this.pc += slots(i);
  }

  #set(register: number, value: bigint): void {
    this.registers[register] = BigInt.asUintN(64, value);
  }

  /** The second operand: the source register or the sign-extended immediate, cut to `width` bits. */
  #source(i: Insn, width: number): bigint {
    return BigInt.asUintN(width, i.form.source === "imm" ? BigInt(i.imm) : this.registers[i.src]!);
  }

  #callbackHandle(i: Insn): bigint {
    const handle = this.program.callbacks.get(this.pc + 1 + i.off);
    if (handle === undefined) throw runError("E_RUN_INSN", this.#at());
    return BigInt(handle);
  }

  /** The address as a number if the program may access it. */
  #check(address: bigint, size: number, write: boolean): number {
    const wrapped = BigInt.asUintN(64, address);
    const at = Number(wrapped);
    if (!this.#mayAccess(at, size, write)) throw this.#accessError(wrapped, size, write);
    return at;
  }

  #mayAccess(at: number, size: number, write: boolean): boolean {
    return this.memory.findRegion(at, size, write) !== undefined && !this.#belowFrame(at);
  }

  /** Stack below the innermost frame belongs to nobody yet. */
  #belowFrame(at: number): boolean {
    return at >= STACK_LIMIT && at < this.frame.top - FRAME_SIZE;
  }

  #accessError(address: bigint, size: number, write: boolean): BpfError {
    return runError("E_RUN_ACCESS", { ...this.#at(), address, size, write, near: this.#describe(address) });
  }

  #describe(address: bigint): string {
    if (address < BigInt(NULL_GUARD_END)) return "that is a null pointer or a small number, no address";
    if (address > 0xffffffffn) return "guest addresses have 32 bits: this is a number, no pointer";
    const at = Number(address);
    if (at < STACK_TOP && this.#belowFrame(at)) {
      return `that is ${this.frame.top - FRAME_SIZE - at} bytes below the stack frame (${FRAME_SIZE} bytes)`;
    }
    const near = this.memory.nearestRegion(at);
    if (near === undefined) return "no memory is reachable";
    const range = `${near.name} (0x${near.start.toString(16)} to 0x${near.end.toString(16)}${near.write ? "" : ", read-only"})`;
    if (at < near.start) return `the nearest region is ${range}, ${near.start - at} bytes further up`;
    if (at >= near.end) return `the nearest region is ${range}, whose end is ${at - near.end} bytes before`;
    return `that lies in ${range}, at offset ${at - near.start}`;
  }

  #read(address: bigint, width: number): bigint {
    const at = this.#reach(address, width >> 3, false);
    return loadGuest(this.memory.view, at, width);
  }

  #write(address: bigint, width: number, value: bigint): void {
    const at = this.#reach(address, width >> 3, true);
    storeGuest(this.memory.view, at, width, value);
  }

  /** RFC 9669 section 5.3. One virtual CPU runs at a time, so plain reading and writing is atomic. */
  #atomic(i: Insn): void {
    const { op, width } = i.form;
    const at = this.#reach(this.registers[i.dst]! + BigInt(i.off), width >> 3, true);
    const { view } = this.memory;
    const old = loadGuest(view, at, width);
    const source = BigInt.asUintN(width, this.registers[i.src]!);
    if (op === "cmpxchg") {
      if (old === BigInt.asUintN(width, this.registers[0]!)) storeGuest(view, at, width, source);
      this.registers[0] = old;
      return;
    }
    const fetch = op.startsWith("fetch_");
    const operation = ATOMIC_OPERATIONS[fetch ? op.slice(6) : op]!;
    storeGuest(view, at, width, operation(old, source));
    if (fetch || op === "xchg") this.registers[i.src] = old;
  }

  /** False where the packet is too short: then r0 is 0 and the function ends. */
  #loadPacket(i: Insn): boolean {
    const skb = this.registers[6]!;
    if (!this.program.image.skb || skb !== BigInt(this.#context)) throw this.#accessError(skb, SKB_CONTEXT_SIZE, false);
    const index = i.form.kind === "ld_ind" ? this.registers[i.src]! : 0n;
    const offset = Number(BigInt.asIntN(32, index + BigInt(i.imm)));
    const value = packetLoad(this.memory.view, Number(skb), offset, i.form.width >> 3);
    this.registers[0] = BigInt(value ?? 0);
    return value !== null;
  }

  #call(i: Insn): void {
    switch (i.form.op) {
      case "local":
        this.#enter(this.pc + 1 + i.off, null);
        break;
      case "reg":
        this.#callHelper(Number(BigInt.asUintN(32, this.registers[i.dst]!)));
        break;
      default:
        this.#callHelper(i.imm);
    }
  }

  /** Calls a function of the running program; it returns to the next slot. */
  #enter(entry: number, loop: Loop | null): void {
    const { program, top } = this.frame;
    this.#push(program, entry, top - FRAME_SIZE, this.pc + 1, loop);
  }

  #callHelper(id: number): void {
    const binding = this.program.helpers.get(id);
    if (binding === undefined) throw runError("E_RUN_HELPER", { ...this.#at(), helper: id });
    this.#checkPointers(binding);
    switch (binding.intrinsic) {
      case "loop":
        this.#loop();
        break;
      case "tail_call":
        this.#tailCall();
        break;
      default:
        this.#callOut(binding, this.program.calls.get(id)!);
    }
  }

  /** Holds the arguments against the helper's rules. */
  #checkPointers({ name, pointers = [] }: HelperBinding): void {
    if (pointers.length === 0) return;
    const { registers, memory } = this;
    const scope: PointerScope = {
      registers,
      view: memory.view,
      maps: memory.maps,
      context: this.#context,
      refusal: (address, size, write) =>
        this.#mayAccess(Number(address), Number(size), write)
          ? null
          : accessText({ address, size, write, near: this.#describe(address) }),
    };
    const bad = findBadPointer(pointers, scope);
    if (bad === null) return;
    const { rule, address, problem } = bad;
    const argument = { helper: name, argument: rule.arg, what: rule.what, address, problem };
    throw runError("E_RUN_ARGUMENT", { ...this.#at(), ...argument });
  }

  #callOut({ name }: HelperBinding, call: FrameCall): void {
    for (let n = 0; n < 5; n++) this.memory.view.setBigUint64(CALL_FRAME + 8 * n, this.registers[n + 1]!, true);
    try {
      call(this.memory, this.frame.top - FRAME_SIZE);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw runError("E_RUN_TRAP", { ...this.#at(), helper: name, reason: error.message }, { cause: error });
    }
    this.registers[0] = this.memory.view.getBigUint64(CALL_RESULT, true);
    this.pc++;
  }

  /** bpf_tail_call: goes on in another program in the same frame, or falls through with r0 = 0. */
  #tailCall(): void {
    const { view } = this.memory;
    const map = Number(this.registers[2]!);
    const index = Number(BigInt.asUintN(32, this.registers[3]!));
    const count = view.getUint32(TAIL_CALLS, true);
    this.registers[0] = 0n;
    this.pc++;
    if (index >= view.getUint32(map + MAP_MAX_ENTRIES, true) || count >= MAX_TAIL_CALLS) return;
    const element = view.getUint32(map + MAP_DATA, true) + index * view.getUint32(map + MAP_STRIDE, true);
    const target = this.#programs.program(view.getUint32(element, true));
    if (target === undefined) return;
    view.setUint32(TAIL_CALLS, count + 1, true);
    const { frame } = this;
    frame.program = target;
    frame.entry = 0;
    frame.mayGoto = MAX_LOOPS;
    this.pc = 0;
  }

  /** bpf_loop(count, callback, context, flags) of bpf-helpers(7). */
  #loop(): void {
    const count = Number(BigInt.asUintN(32, this.registers[1]!));
    const callback = this.#programs.callback(Number(this.registers[2]!));
    // The kernel opens the loop in code and puts -E2BIG in the lower half of r0.
    const refused = this.registers[4] !== 0n ? -EINVAL : count > MAX_LOOPS ? -E2BIG >>> 0 : 0;
    if (refused !== 0 || count === 0) {
      this.#set(0, BigInt(refused));
      this.pc++;
      return;
    }
    if (callback === undefined || callback.program !== this.program) throw runError("E_RUN_INSN", this.#at());
    const context = this.registers[3]!;
    this.#enter(callback.entry, { index: 0, count, entry: callback.entry, context });
    this.#startIteration(0, context);
  }

  #startIteration(index: number, context: bigint): void {
    this.registers[1] = BigInt(index);
    this.registers[2] = context;
    this.registers.fill(0n, 3, 6);
  }

  #exit(): void {
    const { frame } = this;
    const { loop } = frame;
    if (loop !== null) {
      loop.index++;
      if (this.registers[0] === 0n && loop.index < loop.count) {
        frame.mayGoto = MAX_LOOPS;
        this.pc = loop.entry;
        this.#startIteration(loop.index, loop.context);
        return;
      }
      this.registers[0] = BigInt(loop.index);
    }
    this.frames.pop();
    for (let n = 0; n < 4; n++) this.registers[6 + n] = frame.saved[n]!;
    if (this.frames.length > 0) this.registers[10] = BigInt(this.frame.top);
    if (frame.returnTo !== null) this.pc = frame.returnTo;
  }
}

const EINVAL = 22;
const E2BIG = 7;

function loadGuest(view: DataView, at: number, width: number): bigint {
  switch (width) {
    case 8:
      return BigInt(view.getUint8(at));
    case 16:
      return BigInt(view.getUint16(at, true));
    case 32:
      return BigInt(view.getUint32(at, true));
    default:
      return view.getBigUint64(at, true);
  }
}

function storeGuest(view: DataView, at: number, width: number, value: bigint): void {
  switch (width) {
    case 8:
      view.setUint8(at, Number(BigInt.asUintN(8, value)));
      break;
    case 16:
      view.setUint16(at, Number(BigInt.asUintN(16, value)), true);
      break;
    case 32:
      view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
      break;
    default:
      view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }
}
