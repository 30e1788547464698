/** What a program under construction knows at one point: which registers are numbers or pointers, which stack bytes are written. */

/** Bytes below the frame pointer that programs use freely; spills and counters lie below them. */
export const ARENA = 64;
export const CALLEE_SAVED = 0b11_1100_0000;
export const CALLER_SAVED = 0b00_0011_1111;

/** Memory that a register points into: bytes `low` to `high`, excluded, from where it points. */
export interface Pointer {
  readonly kind: "map" | "packet" | "stack";
  readonly low: number;
  readonly high: number;
}

export class State {
  /** A bit per register that holds a number. */
  scalars: number;
  readonly pointers: (Pointer | null)[];
  /** For each byte of the arena, from its lowest on, whether it holds a number's byte. */
  readonly stack: Uint8Array;

  constructor(
    scalars = 0,
    pointers: readonly (Pointer | null)[] = Array.from({ length: 10 }, () => null),
    stack: Uint8Array = new Uint8Array(ARENA),
  ) {
    this.scalars = scalars;
    this.pointers = [...pointers];
    this.stack = Uint8Array.from(stack);
  }

  clone(): State {
    return new State(this.scalars, this.pointers, this.stack);
  }

  /** What holds here and there. */
  meet(other: State): State {
    return new State(
      this.scalars & other.scalars,
      this.pointers.map((p, r) => (p === other.pointers[r] ? p : null)),
      this.stack.map((byte, at) => byte & other.stack[at]!),
    );
  }

  isScalar(register: number): boolean {
    return ((this.scalars >> register) & 1) !== 0;
  }

  setScalar(register: number): void {
    this.scalars |= 1 << register;
    this.pointers[register] = null;
  }

  setPointer(register: number, pointer: Pointer): void {
    this.scalars &= ~(1 << register);
    this.pointers[register] = pointer;
  }

  /** The register holds nothing that may be used. */
  forget(registers: number): void {
    this.scalars &= ~registers;
    for (let r = 0; r < 10; r++) if ((registers >> r) & 1) this.pointers[r] = null;
  }

  /** Whether `size` bytes of the arena at `offset` (negative, from the frame pointer) are all written. */
  written(offset: number, size: number): boolean {
    for (let at = 0; at < size; at++) if (this.stack[ARENA + offset + at] === 0) return false;
    return true;
  }

  write(offset: number, size: number): void {
    this.stack.fill(1, ARENA + offset, ARENA + offset + size);
  }
}
