import { MAX_PROGRAM_SLOTS } from "../runtime/layout.ts";
import { runError } from "./errors.ts";

/** Hands out indices of the shared function table: programs, callbacks and runtime helpers live in one index space; 0 is never used. */
export class SlotAllocator {
  readonly #table: WebAssembly.Table;
  readonly #free: number[] = [];
  #next = 1;

  constructor(table: WebAssembly.Table) {
    this.#table = table;
  }

  /** @throws BpfError `E_VM_SLOTS` */
  take(): number {
    const slot = this.#free.pop() ?? this.#next++;
    if (slot >= MAX_PROGRAM_SLOTS) throw runError("E_VM_SLOTS", { limit: MAX_PROGRAM_SLOTS });
    const { length } = this.#table;
    if (slot >= length) this.#table.grow(Math.max(length, slot + 1 - length));
    return slot;
  }

  release(slot: number): void {
    this.#table.set(slot, null);
    this.#free.push(slot);
  }
}
