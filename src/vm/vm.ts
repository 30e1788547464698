import type { HelperTable, ProgramImage } from "../isa/index.ts";
import {
  ENGINE,
  ENGINE_INTERPRETER,
  ENGINE_JIT,
  ENGINE_STEPPING,
  FAULT_ACCESS,
  FAULT_CODE,
  FAULT_FRAMES,
  FAULT_FUEL,
  FAULT_HELPER,
  FAULT_NONE,
  FAULT_PACKET_LOAD,
  FAULT_PROGRAM,
  FAULT_SLOT,
  FAULT_VALUE,
  FUEL,
  MAX_FRAMES,
  STACK_LIMIT,
  STACK_TOP,
  TAIL_CALLS,
} from "../runtime/layout.ts";
import { assert, BpfError } from "../util/index.ts";
import { runError } from "./errors.ts";
import { frameCall } from "./helper-call.ts";
import { InterpreterEngine } from "./interpreter.ts";
import { JitEngine } from "./jit-engine.ts";
import { GuestMemory } from "./memory.ts";
import { type Callback, insnName, type LoadedProgram, ProgramEnd, type ProgramTable } from "./program.ts";
import { createRuntime, type Runtime } from "./runtime.ts";
import { SlotAllocator } from "./slots.ts";
import { type MemoryAccess, Stepper } from "./stepping.ts";

/** The ways to run a program: compiled to WebAssembly, interpreted in WebAssembly, or stepped with every access checked. */
export type EngineName = "jit" | "interpreter" | "stepping";

/** Instructions that a run may execute where the caller sets no budget; the JIT then counts nothing. */
export const DEFAULT_BUDGET = 0x1_0000_0000n;

// The interpreter counts in units of a sixteenth.
const MAX_BUDGET = 1n << 58n;

export interface RunOptions {
  /** Instructions the run may execute before it ends with `E_RUN_BUDGET`. */
  readonly budget?: bigint;
}

/** What an engine does for a Vm. Programs are prepared before the first run after their loading. */
interface Engine {
  readonly id: number;
  prepare(program: LoadedProgram): void;
  release(program: LoadedProgram): void;
  /** Whether the runs to come have a budget of the caller's. */
  count(counting: boolean): void;
  run(program: LoadedProgram, context: number, budget: bigint | undefined): bigint;
}

/**
 * A machine that holds programs and runs them: guest memory, the runtime module over it, and the function table that
 * programs, callbacks and engines share.
 */
export class Vm implements ProgramTable {
  readonly memory: GuestMemory;
  readonly runtime: Runtime;
  readonly slots: SlotAllocator;
  readonly #programs = new Map<number, LoadedProgram>();
  readonly #callbacks = new Map<number, Callback>();
  readonly #engines: Readonly<Record<EngineName, Engine>>;
  readonly #pending: Readonly<Record<EngineName, Set<LoadedProgram>>> = {
    jit: new Set(),
    interpreter: new Set(),
    stepping: new Set(),
  };
  readonly #refused: Readonly<Record<EngineName, WeakMap<LoadedProgram, BpfError>>> = {
    jit: new WeakMap(),
    interpreter: new WeakMap(),
    stepping: new WeakMap(),
  };
  #stepper: Stepper | null = null;

  constructor(memory: GuestMemory = new GuestMemory()) {
    this.memory = memory;
    this.runtime = createRuntime(memory, {
      call_helper: (program, helper, frame) => this.#callHelper(program, helper, frame),
      call_function: (handle, r1, r2, r3, r4, r5, frame) => {
        assert(this.#stepper !== null, "callback without a stepping run");
        return this.#stepper.call(handle, [r1, r2, r3, r4, r5], frame >>> 0);
      },
    });
    this.slots = new SlotAllocator(this.runtime.table);
    memory.addRegion({ start: STACK_LIMIT, end: STACK_TOP, write: true, name: "stack" });
    const interpreter = new InterpreterEngine(this.runtime, this.slots);
    const jit = new JitEngine(this.runtime);
    this.#engines = {
      jit: {
        id: ENGINE_JIT,
        prepare: (program) => jit.prepare(program),
        release: (program) => jit.release(program),
        count: (counting) => jit.count(counting),
        run: (program, context) => jit.run(program, context),
      },
      interpreter: {
        id: ENGINE_INTERPRETER,
        prepare: (program) => interpreter.prepare(program),
        release: (program) => interpreter.release(program),
        count: () => undefined,
        run: (program, context) => interpreter.run(program, context),
      },
      stepping: {
        id: ENGINE_STEPPING,
        prepare: () => undefined,
        release: () => undefined,
        count: () => undefined,
        run: (program, context, budget) => this.#runStepping(program, context, budget),
      },
    };
  }

  program(slot: number): LoadedProgram | undefined {
    return this.#programs.get(slot);
  }

  callback(handle: number): Callback | undefined {
    return this.#callbacks.get(handle);
  }

  /**
   * Takes a program in; engines prepare their forms of it when one of its kind next runs.
   * @throws BpfError `E_VM_SLOTS` when all slots are taken.
   */
  load(image: ProgramImage, helpers: HelperTable): LoadedProgram {
    const slot = this.slots.take();
    const callbacks = new Map<number, number>();
    const calls = new Map(
      [...helpers].filter(([, b]) => b.intrinsic === undefined).map(([id, b]) => [id, frameCall(b)]),
    );
    const program: LoadedProgram = { slot, image, helpers, callbacks, calls };
    image.code.forEach((i, at) => {
      if (i?.form.name !== "ld_imm64_func") return;
      const entry = at + 1 + i.off;
      if (callbacks.has(entry)) return;
      const handle = this.slots.take();
      callbacks.set(entry, handle);
      this.#callbacks.set(handle, { program, entry });
    });
    this.#programs.set(slot, program);
    for (const pending of Object.values(this.#pending)) pending.add(program);
    return program;
  }

  /** Gives up a program; its slot may be handed out again, so no program array may hold it any more. */
  unload(program: LoadedProgram): void {
    if (!this.#programs.delete(program.slot)) return;
    for (const [name, engine] of Object.entries(this.#engines)) {
      if (!this.#pending[name as EngineName].delete(program)) engine.release(program);
    }
    for (const handle of program.callbacks.values()) {
      this.#callbacks.delete(handle);
      this.slots.release(handle);
    }
    this.slots.release(program.slot);
  }

  /**
   * Makes every loaded program ready for `engine`, since any may be tail-called. `run` does so itself; batch runs call it first.
   * A program that the engine refuses is in nobody's way until it is run itself.
   */
  prepare(engine: EngineName): void {
    const pending = this.#pending[engine];
    if (pending.size === 0) return;
    for (const program of pending) {
      pending.delete(program);
      try {
        this.#engines[engine].prepare(program);
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        this.#refused[engine].set(program, error);
      }
    }
  }

  /** Sets the cells of the CPU block that a run starts from: no tail calls, no fault, this engine, this budget. */
  start(engine: EngineName, budget?: bigint): void {
    this.#engines[engine].count(budget !== undefined);
    this.prepare(engine);
    const fuel = budget ?? DEFAULT_BUDGET;
    const { view } = this.memory;
    view.setUint32(ENGINE, this.#engines[engine].id, true);
    view.setUint32(TAIL_CALLS, 0, true);
    view.setUint32(FAULT_CODE, FAULT_NONE, true);
    view.setUint32(FAULT_PROGRAM, 0, true);
    view.setBigInt64(FUEL, fuel < MAX_BUDGET ? fuel : MAX_BUDGET, true);
  }

  /**
   * Runs a program with r1 = `context` (a guest address) to its end and returns r0, unsigned.
   * @throws BpfError `E_RUN_*` naming program and instruction
   */
  run(program: LoadedProgram, engine: EngineName, context: number, options: RunOptions = {}): bigint {
    this.start(engine, options.budget);
    const enter = (): bigint => this.#engines[engine].run(program, context, options.budget);
    try {
      return BigInt.asUintN(64, this.enter(program, engine, enter, options));
    } catch (error) {
      if (error instanceof ProgramEnd) return BigInt.asUintN(64, error.value);
      throw error;
    }
  }

  /**
   * Calls `run`, which enters programs after `start` (`run` above, a batch loop), and returns what it returns.
   * @throws BpfError of an engine that refused the program, `E_RUN_*` for what ended a program early.
   */
  enter<T>(program: LoadedProgram, engine: EngineName, run: () => T, options: RunOptions = {}): T {
    const refused = this.#refused[engine].get(program);
    if (refused !== undefined) throw refused;
    let result: T;
    try {
      result = run();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // Compiled code ends with a trap once it has written the FAULT cells.
      this.checkFault(options.budget);
      throw runError("E_RUN_TRAP", { program: program.image.name, reason: error.message }, { cause: error });
    }
    this.checkFault(options.budget);
    return result;
  }

  /** A run to be stepped through: nothing has been executed yet. `observe` sees each memory access of the program. */
  debug(
    program: LoadedProgram,
    context: number,
    options: RunOptions & { readonly observe?: (access: MemoryAccess) => void } = {},
  ): Stepper {
    this.start("stepping", options.budget);
    const { budget = DEFAULT_BUDGET, observe } = options;
    const stepper = new Stepper({
      memory: this.memory,
      programs: this,
      program,
      context,
      budget,
      ...(observe === undefined ? {} : { observe }),
    });
    this.#stepper = stepper;
    return stepper;
  }

  /** Throws what the FAULT cells say, if anything. `budget` is the one the run started with. */
  checkFault(budget: bigint = DEFAULT_BUDGET): void {
    const { view } = this.memory;
    const code = view.getUint32(FAULT_CODE, true);
    if (code !== FAULT_NONE && code !== FAULT_PACKET_LOAD) throw this.#faultError(code, budget);
  }

  #faultError(code: number, budget: bigint): BpfError {
    const { view } = this.memory;
    const program = this.#programs.get(view.getUint32(FAULT_PROGRAM, true));
    const slot = view.getUint32(FAULT_SLOT, true);
    const at = {
      program: program?.image.name ?? "?",
      slot,
      insn: program === undefined ? "?" : insnName(program.image, slot),
    };
    const value = view.getBigUint64(FAULT_VALUE, true);
    switch (code) {
      case FAULT_ACCESS:
        return runError("E_RUN_UNMAPPED", { ...at, address: value });
      case FAULT_FUEL:
        return runError("E_RUN_BUDGET", { ...at, budget });
      case FAULT_HELPER:
        return runError("E_RUN_HELPER", { ...at, helper: Number(value) });
      case FAULT_FRAMES:
        return runError("E_RUN_FRAMES", { ...at, limit: MAX_FRAMES });
      default:
        return runError("E_RUN_INSN", at);
    }
  }

  #runStepping(program: LoadedProgram, context: number, budget: bigint | undefined): bigint {
    return this.debug(program, context, budget === undefined ? {} : { budget }).run();
  }

  /** The fast interpreter calls a helper that lives in JavaScript. */
  #callHelper(program: number, helper: number, frame: number): void {
    const call = this.#programs.get(program)?.calls.get(helper);
    const { memory } = this;
    if (call !== undefined) {
      call(memory, frame >>> 0);
      return;
    }
    memory.view.setUint32(FAULT_CODE, FAULT_HELPER, true);
    memory.view.setBigUint64(FAULT_VALUE, BigInt(helper >>> 0), true);
  }
}
