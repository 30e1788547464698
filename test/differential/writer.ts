import { FORMS, type Form, type Insn, insn, loadImm64, type Operands } from "../../src/isa/index.ts";
import type { Kind } from "./kinds.ts";
import type { Random } from "./random.ts";
import { ARENA, CALLER_SAVED, type Pointer, State } from "./state.ts";

/** A place that branches go to, and what is known on arrival. */
export interface Label {
  /** The item that it stands before; -1 until it is placed. */
  at: number;
  state: State | null;
}

export interface Draft {
  readonly insn: Insn;
  readonly label?: Label;
}

/** What a parameter of a subprogram holds: a number, the program's context, or 16 bytes of memory that are written. */
export type Parameter = "scalar" | "context" | "memory";
export const MEMORY_SIZE = 16;

/** A subprogram that others may call. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  /** Whether it or what it calls updates or deletes elements of the hash. */
  readonly mutates: boolean;
  /** Frames on the stack from it on, itself included. */
  readonly depth: number;
  /** For bpf_loop: returns 0 or 1. */
  readonly callback: boolean;
  readonly entry: Label;
}

const SPECIAL = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0x80000001n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 63n) + 1n,
  0x0102030405060708n,
  0xff00ff00ff00ff00n,
] as const;
const SPECIAL_32 = [0, 1, -1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 0x7fff, 0xffff, -0x8000, 0x7fffffff, -0x80000000];
const JUMPS = FORMS.filter((f) => f.kind === "jmp");
const GOTOS = FORMS.filter((f) => f.kind === "ja");

/** Writes one function: keeps the books on registers, stack and labels so that every piece finds what it may use. */
export class Writer {
  readonly random: Random;
  readonly kind: Kind;
  readonly items: Draft[] = [];
  state = new State();
  /** Whether control reaches the end of what is written. */
  reachable = true;
  /** Registers that a surrounding piece still needs: a bit each. */
  locked = 0;
  /** Surrounding pieces that hold an element of the hash: nothing may be updated or deleted meanwhile. */
  hashOpen = 0;
  mutates = false;
  /** Whether legacy loads are possible: in the main function only, since they may end it. */
  legacy = false;
  /** How often this piece of code runs at most, for one run of the function. */
  repeats = 1;
  depth = 0;
  /** Where the context is: a register, or a stack slot; null in a function that has none. */
  context: { readonly register: number } | { readonly slot: number } | null = null;
  calleeDepth = 0;
  readonly #slots: number[] = [-72, -80, -88, -96, -104, -112, -120, -128];
  readonly callees: readonly Signature[];
  readonly callback: boolean;
  /** Leaves out what only programs with CAP_PERFMON may do: pointers that become numbers, packets at a variable offset. */
  readonly strict: boolean;

  constructor(random: Random, kind: Kind, callees: readonly Signature[], callback: boolean, strict: boolean) {
    this.random = random;
    this.kind = kind;
    this.callees = callees;
    this.callback = callback;
    this.strict = strict;
  }

  emit(which: Form | string, operands: Operands = {}, label?: Label): void {
    this.items.push(label === undefined ? { insn: insn(which, operands) } : { insn: insn(which, operands), label });
  }

  label(): Label {
    return { at: -1, state: null };
  }

  /** Puts a label here; what is known from here on is what holds on every way to it. */
  place(label: Label): void {
    label.at = this.items.length;
    if (label.state === null) return;
    this.state = this.reachable ? this.state.meet(label.state) : label.state.clone();
    this.reachable = true;
  }

  /** Notes that control may go from here to a label. */
  arrive(label: Label): void {
    label.state = label.state === null ? this.state.clone() : label.state.meet(this.state);
  }

  goto(label: Label): void {
    this.arrive(label);
    this.emit(this.random.pick(GOTOS), {}, label);
    this.reachable = false;
  }

  /** A conditional jump on numbers. */
  branch(label: Label): void {
    const form = this.random.pick(JUMPS);
    const dst = this.scalar();
    const operands = form.source === "imm" ? { dst, imm: this.immediate() } : { dst, src: this.scalar() };
    this.arrive(label);
    this.emit(form, operands, label);
  }

  free(register: number): boolean {
    return ((this.locked >> register) & 1) === 0;
  }

  /** A register that holds a number. */
  scalar(): number {
    const found = registers(this.state.scalars);
    if (found.length > 0) return this.random.pick(found);
    const register = this.target();
    this.constant(register);
    return register;
  }

  /** A register that may be overwritten. */
  target(among = 0x3ff): number {
    return this.random.pick(registers(among & ~this.locked));
  }

  /** A register that may be overwritten and holds a number. */
  operand(): number {
    const found = registers(this.state.scalars & ~this.locked);
    if (found.length > 0 && !this.random.chance(5)) return this.random.pick(found);
    const register = this.target();
    if (!this.state.isScalar(register)) this.constant(register);
    return register;
  }

  freeCount(among = 0x3ff): number {
    return registers(among & ~this.locked).length;
  }

  /** Loads a constant. */
  constant(register: number): void {
    const { random } = this;
    const kind = random.below(4);
    if (kind === 0) this.emit("mov64_imm", { dst: register, imm: this.immediate() });
    else if (kind === 1) this.emit("mov32_imm", { dst: register, imm: this.immediate() });
    else {
      const value = random.chance(50)
        ? random.pick(SPECIAL)
        : (BigInt(random.u32()) << 32n) | BigInt(random.u32() >>> random.below(32));
      this.items.push({ insn: loadImm64(register, value) });
    }
    this.state.setScalar(register);
  }

  immediate(): number {
    const { random } = this;
    if (random.chance(50)) return random.pick(SPECIAL_32);
    return random.chance(50) ? random.between(-20, 100) : random.u32() | 0;
  }

  mov(dst: number, src: number): void {
    if (dst === src) return;
    this.emit("mov64_reg", { dst, src });
    if (src === 10) return;
    const pointer = this.state.pointers[src];
    if (pointer) this.state.setPointer(dst, pointer);
    else if (this.state.isScalar(src)) this.state.setScalar(dst);
  }

  /** `dst` becomes the address of a stack slot. */
  stackAddress(dst: number, offset: number): void {
    this.emit("mov64_reg", { dst, src: 10 });
    this.emit("add64_imm", { dst, imm: offset });
    this.state.forget(1 << dst);
  }

  /** A slot of 8 bytes below the arena, until it is given back; undefined where none is left. */
  takeSlot(): number | undefined {
    return this.#slots.shift();
  }

  giveSlot(slot: number): void {
    this.#slots.unshift(slot);
  }

  /** Makes sure that these bytes of the arena are written. */
  initialise(offset: number, size: number): void {
    for (let at = offset; at < offset + size; ) {
      const width = at % 8 === 0 && at + 8 <= offset + size ? 8 : at % 4 === 0 && at + 4 <= offset + size ? 4 : 1;
      if (!this.state.written(at, width)) {
        if (this.random.chance(60) || this.state.scalars === 0)
          this.emit(`st${width * 8}`, { dst: 10, off: at, imm: this.immediate() });
        else this.emit(`stx${width * 8}`, { dst: 10, src: this.scalar(), off: at });
        this.state.write(at, width);
      }
      at += width;
    }
  }

  /** An offset in the arena for `size` bytes, a multiple of `align`. */
  arena(size: number, align = Math.min(size, 8)): number {
    return -ARENA + align * this.random.below((ARENA - size) / align + 1);
  }

  /** The register that holds the context, loaded if it is not in one; undefined where there is none. */
  loadContext(): number | undefined {
    const { context } = this;
    if (context === null) return undefined;
    if ("register" in context) return context.register;
    const dst = this.target();
    this.emit("ldx64", { dst, src: 10, off: context.slot });
    this.state.forget(1 << dst);
    return dst;
  }

  /** Calls a helper: r0 is its result, r1 to r5 are gone. */
  helper(id: number): void {
    this.emit("call_helper", { imm: id });
    this.afterCall();
  }

  afterCall(): void {
    this.state.forget(CALLER_SAVED);
    this.state.setScalar(0);
  }

  /** Pointers that can be used here, with their registers. */
  pointers(): { readonly register: number; readonly pointer: Pointer }[] {
    return this.state.pointers.flatMap((pointer, register) => (pointer === null ? [] : [{ register, pointer }]));
  }

  /** Gives up at a loop's head what calls in its body may destroy. */
  enterLoop(): void {
    this.state.forget(CALLER_SAVED);
  }

  /** Brings the numbers back that the loop's head had. */
  restore(head: State): void {
    for (const register of registers(head.scalars & ~this.state.scalars)) this.constant(register);
  }
}

export function registers(bits: number): number[] {
  const result: number[] = [];
  for (let r = 0; r < 10; r++) if ((bits >> r) & 1) result.push(r);
  return result;
}
