import { assembleBytes } from "../../../src/asm/index.ts";
import { type RawInsn, readRaw, SLOT_BYTES } from "../../../src/isa/index.ts";
import type { StateMemory } from "../../../src/verifier/memory.ts";
import type { Random } from "../../differential/random.ts";
import { Walk } from "./walk.ts";

const EXIT: RawInsn = { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
const ALU_OPS = [0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x80, 0xa0, 0xc0];
const MUL = 0x20;
const BITWISE = [0x40, 0x50, 0xa0];
const SHIFTS = [0x60, 0x70, 0xc0];
/** u8, u16, u32, s8, s16, s32. */
const LOADS = [0x71, 0x69, 0x61, 0x91, 0x89, 0x81];
const JUMP_OPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];

/** Numbers near which ranges and bits do something: ends of widths, single bits, small ones. */
function interesting(random: Random): bigint {
  const kind = random.below(8);
  let x: bigint;
  if (kind < 2) x = BigInt(random.below(64)) - 16n;
  else if (kind < 4) x = (1n << BigInt(random.below(64))) + BigInt(random.below(3)) - 1n;
  else if (kind < 5) x = (1n << BigInt(random.pick([7, 8, 15, 16, 31, 32, 63]))) + BigInt(random.below(9)) - 4n;
  else if (kind < 6) x = (BigInt(random.u32()) << 32n) | BigInt(random.u32());
  else if (kind < 7) x = ((BigInt(random.u32()) << 32n) | BigInt(random.u32())) >> BigInt(random.below(64));
  else x = BigInt(random.u32()) << BigInt(random.below(33));
  if (random.chance(30)) x = -x;
  return BigInt.asIntN(64, x);
}

/** Writes programs whose one long path does arithmetic on scalars that are known in part. */
export class ScalarProgram {
  readonly insns: RawInsn[] = [];
  /** Jumps that leave the path: each gets an exit of its own, so that no state is pruned against another's. */
  readonly #leaving: number[] = [];
  /** Upper halves of 64-bit immediates by slot. */
  readonly #upper = new Map<number, number>();
  readonly #walk: Walk;
  readonly #random: Random;

  constructor(m: StateMemory, random: Random) {
    this.#walk = new Walk(m);
    this.#random = random;
    this.#call();
    this.#alu(0xbf, 9, 0);
    this.#call();
    this.#alu(0xbf, 8, 0);
  }

  #emit(insn: RawInsn, upper = 0): void {
    this.#walk.step(insn, upper);
    this.insns.push(insn);
    if (insn.opcode === 0x18) {
      this.#upper.set(this.insns.length, upper);
      this.insns.push({ opcode: 0, dst: 0, src: 0, off: 0, imm: upper });
    }
  }
  #alu(opcode: number, dst: number, src: number, imm = 0, off = 0): void {
    this.#emit({ opcode, dst, src, off, imm });
  }
  /** Bitwise operations that follow two outcomes apart are left out but where they are meant: the second path would go on to the end. */
  #bitwise(opcode: number, dst: number, src: number, imm = 0): void {
    if (!this.#walk.forks({ opcode, dst, src, off: 0, imm })) this.#alu(opcode, dst, src, imm);
  }
  #call(): void {
    this.#alu(0x85, 0, 0, 7);
  }
  #constant(reg: number, x: bigint): void {
    const low = Number(BigInt.asIntN(32, x));
    if (BigInt(low) === x && this.#random.chance(70)) this.#alu(0xb7, reg, 0, low);
    else this.#emit({ opcode: 0x18, dst: reg, src: 0, off: 0, imm: low }, Number(BigInt.asIntN(32, x >> 32n)));
  }
  /** A jump that leaves the path where it may, and is followed where it must be. */
  #jump(opcode: number, dst: number, src: number, imm = 0): void {
    const insn: RawInsn = { opcode, dst, src, off: 0, imm };
    if (this.#walk.decide(insn) === 1) {
      this.#emit({ ...insn, off: 1 });
      this.insns.push(EXIT);
      return;
    }
    this.#leaving.push(this.insns.length);
    this.#emit(insn);
  }

  /** Limits what is known of a register in some way. */
  #constrain(reg: number, spare: number): void {
    const random = this.#random;
    const x = interesting(random);
    const imm = Number(BigInt.asIntN(32, x));
    switch (random.below(15)) {
      case 13:
        // A small range moved to where the upper half changes, or the sign.
        this.#bitwise(0x57, reg, 0, random.pick([1, 15, 255, 4095, 0x7fffffff]));
        this.#constant(
          spare,
          (BigInt(random.pick([0, 1, 2, 0x7fffffff, -1, -2, -0x80000000])) << 32n) + BigInt(random.between(-300, 20)),
        );
        this.#alu(0x0f, reg, spare);
        break;
      case 14:
        // A range of two or more upper halves, the lower one known in part.
        this.#jump(random.pick(JUMP_OPS) | 6, reg, 0, imm);
        this.#jump(random.pick(JUMP_OPS) | 5, reg, 0, random.pick([-1, 0, 1, 0x7fffffff, -0x80000000]));
        break;
      case 12:
        // Through the stack, which cuts or extends.
        this.#emit({ opcode: 0x7b, dst: 10, src: reg, off: -8, imm: 0 });
        this.#emit({ opcode: random.pick(LOADS), dst: reg, src: 10, off: -8, imm: 0 });
        break;
      case 0:
      case 1:
        this.#constant(spare, x);
        this.#bitwise(random.pick(BITWISE) | (random.chance(70) ? 0x0f : 0x0c), reg, spare);
        break;
      case 2:
        this.#alu(random.pick(SHIFTS) | 7, reg, 0, random.chance(25) ? 32 : random.below(64));
        break;
      case 3:
        this.#alu(random.pick(SHIFTS) | 4, reg, 0, random.below(32));
        break;
      case 4:
        this.#alu(random.pick([0x07, 0x04, 0x17, 0x14]), reg, 0, imm);
        break;
      case 5:
        this.#alu(random.pick([0xbc, 0xbf]), reg, reg, 0, random.pick([0, 8, 16]));
        break;
      case 6:
        this.#alu(0xbf, reg, reg, 0, random.pick([8, 16, 32]));
        break;
      case 7:
      case 8:
        this.#constant(spare, x);
        this.#jump(random.pick(JUMP_OPS) | (random.chance(60) ? 0x0d : 0x0e), reg, spare);
        break;
      default:
        this.#jump(random.pick(JUMP_OPS) | (random.chance(50) ? 5 : 6), reg, 0, imm);
    }
  }

  /** A register known in part. */
  #operand(reg: number, spare: number): void {
    const random = this.#random;
    if (random.chance(15)) {
      this.#constant(reg, interesting(random));
      return;
    }
    this.#alu(0xbf, reg, 9);
    this.#alu(0xaf, reg, 8);
    for (let n = random.between(0, 4); n > 0; n--) this.#constrain(reg, spare);
  }

  /** A sign spread over a register, and a constant. */
  #sign(): void {
    const random = this.#random;
    const wide = random.chance(50);
    this.#alu(wide ? 0xc7 : 0xc4, 1, 0, wide ? 63 : 31);
    const op = random.pick(BITWISE) | random.pick([4, 7]);
    if (random.chance(50)) this.#alu(op, 1, 0, Number(BigInt.asIntN(32, interesting(random))));
    else {
      this.#operand(3, 4);
      this.#alu(op | 8, 1, 3);
    }
  }

  /** A copy with a constant added learns from comparisons of its origin. */
  #linked(): void {
    const random = this.#random;
    this.#alu(0xbf, 2, 1);
    this.#alu(0x07, 2, 0, 1 + random.below(random.chance(50) ? 0x7fffffff : 100));
    this.#jump(random.pick(JUMP_OPS) | random.pick([5, 6]), 1, 0, Number(BigInt.asIntN(32, interesting(random))));
    this.#alu(0xbf, 2, 2);
  }

  /** Two operands and what is done with them. `op` of ALU or JMP class without width and source, or none in particular. */
  trial(): void {
    const random = this.#random;
    this.#operand(1, 3);
    if (random.chance(35)) {
      const op = random.pick(ALU_OPS);
      const is32 = random.chance(50);
      const imm = SHIFTS.includes(op) ? random.below(is32 ? 32 : 64) : Number(BigInt.asIntN(32, interesting(random)));
      this.#bitwise(op | (is32 ? 4 : 7), 1, 0, op === 0x80 ? 0 : imm);
    }
    if (random.chance(6)) {
      this.#sign();
      return;
    }
    if (random.chance(6)) {
      this.#linked();
      return;
    }
    this.#operand(2, 3);
    const wide = random.chance(50);
    if (random.chance(60)) {
      const op = random.chance(15) ? MUL : random.pick(ALU_OPS);
      const src = random.chance(4) ? 1 : 2;
      if (SHIFTS.includes(op) && random.chance(40))
        this.#constant(2, BigInt(random.pick([0, 1, 31, 32, 33, 63, 64, 65, 1 << 30])));
      else if (SHIFTS.includes(op) && random.chance(70)) this.#bitwise(0x57, 2, 0, random.pick([31, 63]));
      if (random.chance(4)) this.#alu(random.pick([0x30, 0x90]) | (wide ? 0x0f : 0x0c), 1, src, 0, random.below(2));
      else if (random.chance(3)) this.#alu(random.pick([0xd4, 0xdc, 0xd7]), 1, 0, random.pick([16, 32, 64]));
      else if (op === 0x80) this.#alu(wide ? 0x87 : 0x84, 1, 0);
      else this.#bitwise(op | (wide ? 0x0f : 0x0c), 1, src);
    } else this.#jump(random.pick(JUMP_OPS) | (wide ? 0x0d : 0x0e), 1, random.chance(3) ? 1 : 2);
  }

  /** Instructions as text, one trial of its own; a jump leaves the path where it may. */
  text(source: string): void {
    for (const reg of [1, 2]) {
      this.#alu(0xbf, reg, 9);
      this.#alu(0xaf, reg, 8);
    }
    const code = assembleBytes(source.replaceAll(";", "\n"));
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    for (let at = 0; at < code.length; at += SLOT_BYTES) {
      const insn = readRaw(view, at);
      if (insn.opcode === 0x18) {
        at += SLOT_BYTES;
        this.#emit(insn, view.getInt32(at + 4, true));
      } else if ((insn.opcode & 7) === 5 || (insn.opcode & 7) === 6)
        this.#jump(insn.opcode, insn.dst, insn.src, insn.imm);
      else this.#emit(insn);
    }
  }

  /** The whole program: the path's end, and the exits of those that left. */
  finish(): Uint8Array {
    const insns = [...this.insns, EXIT];
    for (const at of this.#leaving) {
      insns[at] = { ...insns[at]!, off: insns.length - at - 1 };
      insns.push(EXIT);
    }
    const bytes = new Uint8Array(insns.length * SLOT_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [n, insn] of insns.entries()) {
      const at = n * SLOT_BYTES;
      view.setUint8(at, insn.opcode);
      view.setUint8(at + 1, insn.dst | (insn.src << 4));
      view.setInt16(at + 2, insn.off, true);
      view.setInt32(at + 4, insn.imm, true);
    }
    return bytes;
  }
}
