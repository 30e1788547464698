import type { HelperBinding } from "../isa/index.ts";
import { IMAGE_TABLE, STACK_TOP } from "../runtime/layout.ts";
import { IMAGE_HEADER_SIZE, IMAGE_RECORD_SIZE, imageSize, writeHeader, writeImage } from "./image.ts";
import type { LoadedProgram } from "./program.ts";
import type { Runtime, RuntimeFunction } from "./runtime.ts";
import type { SlotAllocator } from "./slots.ts";

/** The fast interpreter's side of a Vm: images in guest memory, found by slot through IMAGE_TABLE. */
export class InterpreterEngine {
  readonly #runtime: Runtime;
  readonly #slots: SlotAllocator;
  readonly #exports: ReadonlySet<unknown>;
  readonly #helperSlots = new Map<RuntimeFunction, number>();
  readonly #interpret: RuntimeFunction;

  constructor(runtime: Runtime, slots: SlotAllocator) {
    this.#runtime = runtime;
    this.#slots = slots;
    this.#exports = new Set(Object.values(runtime.exports));
    this.#interpret = runtime.exports["interpret"]!;
  }

  prepare(program: LoadedProgram): void {
    const { memory } = this.#runtime;
    const at = memory.alloc(imageSize(program));
    writeImage(memory.view, at, program, (binding) => this.#helperSlot(binding));
    memory.view.setUint32(IMAGE_TABLE + 4 * program.slot, at, true);
    for (const [entry, handle] of program.callbacks) {
      const header = memory.alloc(IMAGE_HEADER_SIZE);
      const records = at + IMAGE_HEADER_SIZE;
      writeHeader(memory.view, header, records + entry * IMAGE_RECORD_SIZE, records, program.slot);
      memory.view.setUint32(IMAGE_TABLE + 4 * handle, header, true);
    }
  }

  release(program: LoadedProgram): void {
    const { memory } = this.#runtime;
    for (const slot of [program.slot, ...program.callbacks.values()]) {
      const at = memory.view.getUint32(IMAGE_TABLE + 4 * slot, true);
      if (at === 0) continue;
      memory.free(at);
      memory.view.setUint32(IMAGE_TABLE + 4 * slot, 0, true);
    }
  }

  /** r0; whether the run ended well is in the FAULT cells. */
  run(program: LoadedProgram, context: number): bigint {
    return this.#interpret(program.slot, context, STACK_TOP) as bigint;
  }

  /** A helper of the runtime module gets a place in the shared table, so that it is called without JavaScript. */
  #helperSlot(binding: HelperBinding): number | null {
    const call = binding.call as RuntimeFunction;
    if (!this.#exports.has(call)) return null;
    let slot = this.#helperSlots.get(call);
    if (slot === undefined) {
      slot = this.#slots.take();
      this.#runtime.table.set(slot, call);
      this.#helperSlots.set(call, slot);
    }
    return slot;
  }
}
