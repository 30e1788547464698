import type { HelperTable, ProgramImage } from "../isa/index.ts";
import type { FrameCall } from "./helper-call.ts";

/** A program in a Vm: what `Vm.load` returns. Its slot is what program arrays hold. */
export interface LoadedProgram {
  readonly slot: number;
  readonly image: ProgramImage;
  readonly helpers: HelperTable;
  /** Slot of a function that the program takes the address of (`ld_imm64_func`) → its handle: the value that instruction loads. */
  readonly callbacks: ReadonlyMap<number, number>;
  /** The helpers in CALL_FRAME form, by id. */
  readonly calls: ReadonlyMap<number, FrameCall>;
}

/** A function that can be called by handle: a callback of a loaded program. */
export interface Callback {
  readonly program: LoadedProgram;
  /** Slot of its first instruction in the program. */
  readonly entry: number;
}

/** What engines may ask about the programs of a Vm. */
export interface ProgramTable {
  program(slot: number): LoadedProgram | undefined;
  callback(handle: number): Callback | undefined;
}

/** The name of the instruction in `slot` of a program, for messages. */
export function insnName(image: ProgramImage, slot: number): string {
  return image.code[slot]?.form.name ?? (slot >= image.code.length ? "beyond the end" : "second half of an immediate");
}

/**
 * Thrown by a helper to end the run at once with this value of r0 (uBPF's unwind).
 * It is no error: `Vm.run` returns the value.
 */
export class ProgramEnd {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}
