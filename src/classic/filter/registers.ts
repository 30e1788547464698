import { assert } from "../../util/index.ts";
import {
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_B,
  BPF_H,
  BPF_IMM,
  BPF_IND,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_MSH,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_TXA,
  BPF_W,
  BPF_X,
  BPF_XOR,
  type ClassicInsn,
  classic,
} from "../insn.ts";
import type { Value } from "./value.ts";

/** What the registers hold, where that is known. */
export interface Registers {
  readonly a: Value | null;
  readonly x: Value | null;
}

export const NOTHING: Registers = { a: null, x: null };
const SIZES = { 1: BPF_B, 2: BPF_H, 4: BPF_W } as const;
const SWAPPABLE = new Set([BPF_ADD, BPF_AND, BPF_MUL, BPF_OR, BPF_XOR]);

/** Straight-line code that brings values into registers. */
export class Sequence {
  readonly code: ClassicInsn[] = [];
  a: Value | null;
  x: Value | null;
  /** Scratch words from `firstFree` on are this sequence's own; `used` is how many of them it took. */
  used: number;

  constructor(start: Registers, firstFree: number) {
    this.a = start.a;
    this.x = start.x;
    this.used = firstFree;
  }

  private push(code: number, k = 0): void {
    this.code.push(classic(code, k));
  }

  /** Whether bringing the value into A leaves X as it is. */
  private sparesX(value: Value): boolean {
    if (value === this.a || value === this.x) return true;
    switch (value.op) {
      case "const":
      case "len":
      case "word":
        return true;
      case "msh":
        return false;
      case "load":
        return value.index === null || value.index === this.x;
      case "negate":
        return this.sparesX(value.of);
      case "alu":
        return this.sparesX(value.left) && (value.right.op === "const" || value.right === this.x);
    }
  }

  intoA(value: Value): void {
    if (this.a === value) return;
    if (this.x === value) this.push(BPF_MISC | BPF_TXA);
    else this.computeA(value);
    this.a = value;
  }

  private computeA(value: Value): void {
    switch (value.op) {
      case "const":
        this.push(BPF_LD | BPF_IMM, value.k);
        return;
      case "len":
        this.push(BPF_LD | BPF_W | BPF_LEN);
        return;
      case "word":
        this.push(BPF_LD | BPF_MEM, value.n);
        return;
      case "msh":
        this.intoX(value);
        this.push(BPF_MISC | BPF_TXA);
        return;
      case "load":
        if (value.index === null) {
          this.push(BPF_LD | SIZES[value.size] | BPF_ABS, value.k);
          return;
        }
        this.intoX(value.index);
        this.push(BPF_LD | SIZES[value.size] | BPF_IND, value.k);
        return;
      case "negate":
        this.intoA(value.of);
        this.push(BPF_ALU | BPF_NEG);
        return;
      case "alu":
        this.computeAlu(value.code, value.left, value.right);
        return;
    }
  }

  private computeAlu(code: number, left: Value, right: Value): void {
    if (right.op === "const") {
      this.intoA(left);
      this.push(BPF_ALU | code | BPF_K, right.k);
      return;
    }
    const swap =
      SWAPPABLE.has(code) && (right === this.a || left === this.x || (!this.sparesX(left) && this.sparesX(right)));
    const [first, second] = swap ? [right, left] : [left, right];
    this.intoAandX(first, second);
    this.push(BPF_ALU | code | BPF_X);
  }

  intoX(value: Value): void {
    if (this.x === value) return;
    switch (value.op) {
      case "msh":
        this.push(BPF_LDX | BPF_B | BPF_MSH, value.k);
        break;
      case "const":
        this.push(BPF_LDX | BPF_IMM, value.k);
        break;
      case "len":
        this.push(BPF_LDX | BPF_W | BPF_LEN);
        break;
      case "word":
        if (this.a === value) this.push(BPF_MISC | BPF_TAX);
        else this.push(BPF_LDX | BPF_MEM, value.n);
        break;
      default:
        this.intoA(value);
        this.push(BPF_MISC | BPF_TAX);
    }
    this.x = value;
  }

  /** Both operands of an instruction that takes its second from X. */
  intoAandX(a: Value, x: Value): void {
    if (this.x === x && this.sparesX(a)) {
      this.intoA(a);
      return;
    }
    if (this.a === a && (x.op === "msh" || x.op === "len" || x.op === "word" || x.op === "const")) {
      this.intoX(x);
      return;
    }
    const needed = this.withX(x);
    if (needed.sparesX(a)) {
      this.intoX(x);
      this.intoA(a);
      return;
    }
    this.intoA(x);
    const word = this.used++;
    assert(word < BPF_MEMWORDS + 64, "scratch words run away");
    this.push(BPF_ST, word);
    this.intoA(a);
    this.push(BPF_LDX | BPF_MEM, word);
    this.x = x;
  }

  /** A sequence that stands where X would hold the value, to ask what would follow. */
  private withX(x: Value): Sequence {
    return new Sequence({ a: null, x }, this.used);
  }

  store(value: Value, word: number): void {
    if (this.x === value && this.a !== value) {
      this.push(BPF_STX, word);
      return;
    }
    this.intoA(value);
    this.push(BPF_ST, word);
  }
}
