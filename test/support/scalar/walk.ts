import { type RawInsn, readRaw, SLOT_BYTES } from "../../../src/isa/index.ts";
import * as L from "../../../src/runtime/verifier-layout.ts";
import type { Reg, StateMemory } from "../../../src/verifier/memory.ts";
import type { Answers } from "./kernel-log.ts";
import { knownOf, knownText } from "./record-text.ts";

const BPF_ALU = 4;
const BPF_JMP = 5;
const BPF_JMP32 = 6;
const BPF_ALU64 = 7;
const BPF_X = 8;
const BPF_MOV = 0xb0;
const BPF_NEG = 0x80;
const BPF_END = 0xd0;
const LD_IMM64 = 0x18;
/** *(u64 *)(r10 - 8) = src, and narrow loads from there: bytes, and whether they extend the sign. */
const SPILL = 0x7b;
const LOADS: ReadonlyMap<number, readonly [number, boolean]> = new Map([
  [0x71, [1, false]],
  [0x69, [2, false]],
  [0x61, [4, false]],
  [0x91, [1, true]],
  [0x89, [2, true]],
  [0x81, [4, true]],
]);
const JA = 0x05;
const CALL = 0x85;
const EXIT = 0x95;

/** The comparison that holds where `op` does not. */
export const REVERSE: ReadonlyMap<number, number> = new Map([
  [0x10, 0x50],
  [0x50, 0x10],
  [0x20, 0xb0],
  [0xb0, 0x20],
  [0x30, 0xa0],
  [0xa0, 0x30],
  [0x40, 0x48],
  [0x60, 0xd0],
  [0xd0, 0x60],
  [0x70, 0xc0],
  [0xc0, 0x70],
]);

/**
 * Scalars through one path of a program, with the verifier's domain: instructions in their order, jumps seldom taken. Where a jump may go both
 * ways the path falls through, and the other side's registers are noted; where it is always taken the path follows.
 */
export class Walk {
  readonly answers: Answers = new Map();
  readonly #m: StateMemory;
  readonly #frame: number;
  readonly #other: number;
  readonly #operand: Reg;
  readonly #spilled: Reg;
  /** What r2 is more than r1, where it is a copy with a constant added. */
  #delta: number | null = null;
  pc = 0;

  constructor(m: StateMemory) {
    this.#m = m;
    this.#frame = m.allocate(0);
    this.#other = m.allocate(0);
    this.#operand = m.scratch(0);
    this.#spilled = m.scratch(1);
    for (let n = 0; n < L.REGS_PER_FRAME; n++) m.ops.mark_unknown(m.reg(this.#frame, n));
  }

  reg(n: number): Reg {
    return this.#m.reg(this.#frame, n);
  }

  #source(insn: RawInsn): Reg {
    if ((insn.opcode & BPF_X) !== 0) return this.reg(insn.src);
    this.#m.ops.mark_known(this.#operand, insn.imm, insn.imm >> 31);
    return this.#operand;
  }

  /** Whether the jump is taken, as far as known: 1, 0 or -1. */
  decide(insn: RawInsn): number {
    const is32 = (insn.opcode & 7) === BPF_JMP32 ? 1 : 0;
    return this.#m.ops.branch_taken(this.reg(insn.dst), this.#source(insn), insn.opcode & 0xf0, is32);
  }

  /** Whether the two outcomes of an operation are followed apart. */
  forks(insn: RawInsn): boolean {
    return this.#m.ops.fork_kind(this.reg(insn.dst), this.#source(insn), insn.opcode & 0xf0) !== 0;
  }

  #note(key: string, frame: number, ...registers: number[]): void {
    const m = this.#m;
    const known = registers.map((n): [number, string] => [n, knownText(knownOf(m, m.reg(frame, n)))]);
    this.answers.set(key, new Map(known));
  }

  /** Ranges that contradict each other, on a side that cannot be reached, are forgotten. */
  #check(reg: Reg): void {
    if (this.#m.ops.bounds_sane(reg) === 0) this.#m.ops.forget_ranges(reg);
  }

  /** What was learnt of r1 is true of r2 but for the constant. */
  #follow(frame: number, registers: readonly number[]): boolean {
    const m = this.#m;
    if (this.#delta === null || !registers.includes(1) || registers.includes(2)) return false;
    m.ops.copy_reg(m.reg(frame, 2), m.reg(frame, 1));
    m.ops.add_const(m.reg(frame, 2), this.#delta, 0);
    return true;
  }

  #alu(insn: RawInsn): void {
    const { ops } = this.#m;
    const dst = this.reg(insn.dst);
    const is32 = (insn.opcode & 7) === BPF_ALU ? 1 : 0;
    const op = insn.opcode & 0xf0;
    if (insn.opcode === 0xbf && insn.dst === 2 && insn.src === 1 && insn.off === 0) {
      this.#delta = this.#m.isConst(this.reg(1)) ? null : 0;
    } else if (insn.opcode === 0x07 && insn.dst === 2 && this.#delta === 0) this.#delta = insn.imm;
    else if (insn.dst === 1 || insn.dst === 2) this.#delta = null;
    if (op === BPF_MOV) {
      if ((insn.opcode & BPF_X) === 0) ops.mark_known(dst, insn.imm, is32 === 1 ? 0 : insn.imm >> 31);
      else {
        ops.copy_reg(dst, this.reg(insn.src));
        if (insn.off !== 0) ops.sign_extend(dst, insn.off >> 3, is32);
        else if (is32 === 1) ops.zext32(dst);
      }
    } else if (op === BPF_NEG) ops.alu(dst, dst, op, is32, 0);
    else if (op === BPF_END) ops.byte_swap(dst, insn.imm, is32 === 1 && (insn.opcode & BPF_X) === 0 ? 1 : 0);
    else {
      const source = this.#source(insn);
      const fork = ops.fork_kind(dst, source, op);
      if (fork !== 0) {
        for (let n = 0; n < L.REGS_PER_FRAME; n++) ops.copy_reg(this.#m.reg(this.#other, n), this.reg(n));
        const other = this.#m.reg(this.#other, insn.dst);
        if (fork === 1) ops.set_known(other, 0, 0);
        else ops.set_known32(other, 0);
        this.#note(`${this.pc}>${this.pc}`, this.#other, insn.dst);
        if (fork === 1) ops.set_known(dst, -1, -1);
        else ops.set_known32(dst, -1);
      }
      ops.alu(dst, source, op, is32, insn.off);
    }
    this.#check(dst);
    this.#note(`${this.pc}`, this.#frame, insn.dst);
  }

  #jump(insn: RawInsn): void {
    const m = this.#m;
    const { ops } = m;
    const op = insn.opcode & 0xf0;
    const is32 = (insn.opcode & 7) === BPF_JMP32 ? 1 : 0;
    const isX = (insn.opcode & BPF_X) !== 0;
    const registers = isX ? [insn.dst, insn.src] : [insn.dst];
    const taken = this.decide(insn);
    const target = this.pc + 1 + insn.off;
    if (taken === 1) this.pc = target - 1;
    if (taken !== -1) return;
    for (let n = 0; n < L.REGS_PER_FRAME; n++) ops.copy_reg(m.reg(this.#other, n), this.reg(n));
    // The comparison is done on copies of a constant, one for each side.
    ops.refine(this.reg(insn.dst), this.#source(insn), REVERSE.get(op)!, is32);
    for (const n of registers) this.#check(this.reg(n));
    this.#follow(this.#frame, registers);
    this.#note(`${this.pc}`, this.#frame, ...registers);
    const source = isX ? m.reg(this.#other, insn.src) : this.#source(insn);
    ops.refine(m.reg(this.#other, insn.dst), source, op, is32);
    for (const n of registers) this.#check(m.reg(this.#other, n));
    if (this.#follow(this.#other, registers)) registers.push(2);
    this.#note(`${this.pc}>${target}`, this.#other, ...registers);
  }

  /** One instruction; false at an exit. */
  step(insn: RawInsn, upper = 0): boolean {
    const { ops } = this.#m;
    const kind = insn.opcode & 7;
    if (insn.opcode === EXIT) return false;
    if (insn.opcode === LD_IMM64) {
      ops.mark_known(this.reg(insn.dst), insn.imm, upper);
      this.#note(`${this.pc}`, this.#frame, insn.dst);
      this.pc++;
    } else if (insn.opcode === SPILL) ops.copy_reg(this.#spilled, this.reg(insn.src));
    else if (LOADS.has(insn.opcode)) {
      const [bytes, signed] = LOADS.get(insn.opcode)!;
      ops.copy_reg(this.reg(insn.dst), this.#spilled);
      if (signed) ops.sign_extend(this.reg(insn.dst), bytes, 0);
      else ops.truncate(this.reg(insn.dst), bytes);
      this.#note(`${this.pc}`, this.#frame, insn.dst);
    } else if (insn.opcode === CALL) ops.mark_unknown(this.reg(0));
    else if (insn.opcode === JA) this.pc += insn.off;
    else if (kind === BPF_ALU || kind === BPF_ALU64) this.#alu(insn);
    else if (kind === BPF_JMP || kind === BPF_JMP32) this.#jump(insn);
    this.pc++;
    return true;
  }
}

/** Walks a program of instruction bytes from its first instruction to an exit. */
export function walkProgram(m: StateMemory, program: Uint8Array): Answers {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const walk = new Walk(m);
  for (;;) {
    const at = walk.pc * SLOT_BYTES;
    const insn = readRaw(view, at);
    const upper = insn.opcode === LD_IMM64 ? view.getInt32(at + 12, true) : 0;
    if (!walk.step(insn, upper)) return walk.answers;
  }
}
