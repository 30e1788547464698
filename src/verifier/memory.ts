import { VERIFIER_WASM } from "../runtime/verifier.gen.ts";
import * as L from "../runtime/verifier-layout.ts";
import { decodeBase64 } from "../util/index.ts";
import type { StateFunctions } from "./state-functions.ts";

/** A register record's address in the verifier's memory. */
export type Reg = number;
/** A frame record's address. */
export type Frame = number;

let compiled: WebAssembly.Module | undefined;
/** The last verification's memory, empty again: a new one costs address space that is given back late. */
let kept: StateMemory | undefined;
/** A memory that has grown beyond this is not kept. */
const KEPT_BYTES = 64 << 20;

const PAGE = 0x10000;
const TWO_32 = 4294967296;

/** Bytes of a frame record with room for `slots` slots. */
function frameBytes(slots: number): number {
  return L.FRAME_SLOTS + slots * L.SLOT_SIZE;
}

/**
 * The memory of register and frame records, with typed access and an allocator of frames by size class. Views are replaced when it
 * grows, so code reads `memory.i32` anew after anything that allocates.
 */
export class StateMemory {
  readonly memory: WebAssembly.Memory;
  /** What is done on records in wasm: scalar arithmetic, refinement, comparison. */
  readonly ops: StateFunctions;
  u8!: Uint8Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  i64!: BigInt64Array;
  u64!: BigUint64Array;
  #top = L.HEAP;
  /** Free frame records by capacity in slots. */
  readonly #free: number[][] = Array.from({ length: L.MAX_SLOTS + 1 }, () => []);

  /** An empty memory; `giveBack` lets the next caller have it. */
  static take(): StateMemory {
    const memory = kept ?? new StateMemory();
    kept = undefined;
    memory.#top = L.HEAP;
    for (const list of memory.#free) list.length = 0;
    return memory;
  }

  giveBack(): void {
    if (this.u8.length <= KEPT_BYTES) kept = this;
  }

  private constructor() {
    compiled ??= new WebAssembly.Module(decodeBase64(VERIFIER_WASM));
    this.memory = new WebAssembly.Memory({ initial: 8, maximum: 32768 });
    const instance = new WebAssembly.Instance(compiled, { env: { memory: this.memory, abort: () => undefined } });
    this.ops = instance.exports as unknown as StateFunctions;
    this.#refresh();
  }

  #refresh(): void {
    const { buffer } = this.memory;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** A frame record with room for at least `slots` slots; its contents are undefined but for its capacity. */
  allocate(slots: number): Frame {
    const capacity = Math.min((slots + 3) & ~3, L.MAX_SLOTS);
    const reused = this.#free[capacity]!.pop();
    if (reused !== undefined) return reused;
    const at = this.#top;
    this.#top += frameBytes(capacity);
    if (this.#top > this.u8.length) {
      this.memory.grow(Math.max(Math.ceil((this.#top - this.u8.length) / PAGE), 64));
      this.#refresh();
    }
    this.i32[(at + L.FRAME_CAPACITY) >> 2] = capacity;
    return at;
  }

  release(frame: Frame): void {
    this.#free[this.i32[(frame + L.FRAME_CAPACITY) >> 2]!]!.push(frame);
  }

  /** Bytes of memory in use, free records included. */
  get size(): number {
    return this.#top;
  }

  /** Register `n` of a frame. */
  reg(frame: Frame, n: number): Reg {
    return frame + n * L.REG_SIZE;
  }

  /** The slot record for r10 - 8 * (slot + 1); it starts with a register record. */
  slot(frame: Frame, slot: number): Reg {
    return frame + L.FRAME_SLOTS + slot * L.SLOT_SIZE;
  }

  /** STACK_* of byte `byte` (0 is the one at the highest address) of a slot. */
  slotKind(frame: Frame, slot: number, byte: number): number {
    return this.u8[frame + L.FRAME_SLOTS + slot * L.SLOT_SIZE + L.SLOT_KINDS + byte]!;
  }
  setSlotKind(frame: Frame, slot: number, byte: number, kind: number): void {
    this.u8[frame + L.FRAME_SLOTS + slot * L.SLOT_SIZE + L.SLOT_KINDS + byte] = kind;
  }

  scratch(n: number): Reg {
    return L.SCRATCH_REGS + n * L.REG_SIZE;
  }

  /** A 32-bit field of a register or frame record, signed. */
  get(record: number, field: number): number {
    return this.i32[(record + field) >> 2]!;
  }
  set(record: number, field: number, value: number): void {
    this.i32[(record + field) >> 2] = value;
  }

  type(reg: Reg): number {
    return this.u32[(reg + L.REG_TYPE) >> 2]!;
  }
  setType(reg: Reg, type: number): void {
    this.u32[(reg + L.REG_TYPE) >> 2] = type;
  }
  /** The type without its flags. */
  base(reg: Reg): number {
    return this.u32[(reg + L.REG_TYPE) >> 2]! & L.TYPE_BASE_MASK;
  }
  off(reg: Reg): number {
    return this.i32[(reg + L.REG_OFF) >> 2]!;
  }
  id(reg: Reg): number {
    return this.u32[(reg + L.REG_ID) >> 2]!;
  }
  ref(reg: Reg): number {
    return this.u32[(reg + L.REG_REF) >> 2]!;
  }

  /** A signed 64-bit field as a number: exact below 2^53, else rounded; enough to compare with small limits. */
  signed(reg: Reg, field: number): number {
    return this.i32[(reg + field + 4) >> 2]! * TWO_32 + this.u32[(reg + field) >> 2]!;
  }
  /** An unsigned 64-bit field as a number: exact below 2^53, else rounded. */
  unsigned(reg: Reg, field: number): number {
    return this.u32[(reg + field + 4) >> 2]! * TWO_32 + this.u32[(reg + field) >> 2]!;
  }
  /** Whether all 64 bits are known (`tnum_is_const`). */
  isConst(reg: Reg): boolean {
    return this.i32[(reg + L.REG_MASK) >> 2] === 0 && this.i32[(reg + L.REG_MASK + 4) >> 2] === 0;
  }
  /** Whether the register is known to hold 0. */
  isZero(reg: Reg): boolean {
    return (
      this.isConst(reg) && this.i32[(reg + L.REG_VALUE) >> 2] === 0 && this.i32[(reg + L.REG_VALUE + 4) >> 2] === 0
    );
  }

  copyReg(to: Reg, from: Reg): void {
    this.ops.copy_reg(to, from);
  }
}
