import { type AncillaryName, ancillaryAt } from "./ancillary.ts";
import { BPF_MEMWORDS, type ClassicInsn } from "./insn.ts";
import { findAttribute, findNestedAttribute } from "./netlink-attribute.ts";
import { type ClassicOp, classicOp } from "./ops.ts";
import { type ClassicEnv, ClassicPacket } from "./packet.ts";
import { payloadOffset } from "./payload-offset.ts";

/**
 * Runs a program that `checkClassic` has accepted over one packet, as Linux does, and returns its result, an unsigned number of
 * 32 bits: how much of the packet to keep, 0 for none. A load beyond the packet and a division by an X of 0 end the program with 0.
 */
export function runClassic(program: readonly ClassicInsn[], packet: Uint8Array, env: ClassicEnv = {}): number {
  const machine = new ClassicMachine(program, new ClassicPacket(packet, env));
  while (machine.result === null) machine.step();
  return machine.result;
}

/** Registers and memory of a machine at one moment. */
export interface ClassicState {
  readonly pc: number;
  readonly a: number;
  readonly x: number;
  readonly memory: Uint32Array;
  /** What the program returned, or null while it runs. */
  readonly result: number | null;
}

/** A classic program on its way over a packet, instruction by instruction. Numbers are unsigned, 32 bits. */
export class ClassicMachine implements ClassicState {
  readonly program: readonly ClassicInsn[];
  readonly packet: ClassicPacket;
  pc = 0;
  a = 0;
  x = 0;
  readonly memory = new Uint32Array(BPF_MEMWORDS);
  result: number | null = null;

  constructor(program: readonly ClassicInsn[], packet: ClassicPacket) {
    this.program = program;
    this.packet = packet;
  }

  /** A copy of the state, for `restore`. */
  save(): ClassicState {
    const { pc, a, x, result } = this;
    return { pc, a, x, memory: this.memory.slice(), result };
  }

  restore(state: ClassicState): void {
    this.pc = state.pc;
    this.a = state.a;
    this.x = state.x;
    this.memory.set(state.memory);
    this.result = state.result;
  }

  /** Executes one instruction; nothing once the program has returned. */
  step(): void {
    if (this.result !== null) return;
    const insn = this.program[this.pc]!;
    const { k, jt, jf } = insn;
    const op = classicOp(insn.code)!;
    this.pc++;
    switch (op.kind) {
      case "ld_abs":
        this.#loadAbsolute(k, op.size);
        break;
      case "ld_ind":
        this.#setA(this.packet.load((this.x + k) | 0, op.size));
        break;
      case "ld_len":
        this.a = this.packet.length >>> 0;
        break;
      case "ld_imm":
        this.a = k;
        break;
      case "ld_mem":
        this.a = this.memory[k]!;
        break;
      case "ldx_imm":
        this.x = k;
        break;
      case "ldx_mem":
        this.x = this.memory[k]!;
        break;
      case "ldx_len":
        this.x = this.packet.length >>> 0;
        break;
      case "ldx_msh": {
        const byte = this.packet.load(k | 0, 1);
        if (byte === null) this.result = 0;
        else this.x = (byte & 0xf) * 4;
        break;
      }
      case "st":
        this.memory[k] = this.a;
        break;
      case "stx":
        this.memory[k] = this.x;
        break;
      case "alu":
        this.#setA(compute(op.mnemonic, this.a, op.x ? this.x : k));
        break;
      case "ja":
        this.pc += k;
        break;
      case "jmp":
        this.pc += holds(op, this.a, op.x ? this.x : k) ? jt : jf;
        break;
      case "ret_k":
        this.result = k;
        break;
      case "ret_a":
        this.result = this.a;
        break;
      case "tax":
        this.x = this.a;
        break;
      case "txa":
        this.a = this.x;
        break;
    }
  }

  /** A takes a value; null ends the program. */
  #setA(value: number | null): void {
    if (value === null) this.result = 0;
    else this.a = value;
  }

  #loadAbsolute(k: number, size: number): void {
    const row = ancillaryAt(k);
    if (row === undefined) this.#setA(this.packet.load(k | 0, size));
    else this.#loadAncillary(row.what);
  }

  #loadAncillary(what: AncillaryName): void {
    const { packet } = this;
    const { env } = packet;
    const withoutDevice = (env.ifindex ?? 0) === 0 && (what === "ifindex" || what === "hatype");
    if (withoutDevice) this.result = this.a;
    else this.a = ANCILLARY_VALUES[what](packet, this.a, this.x) >>> 0;
  }
}

const ANCILLARY_VALUES: Readonly<Record<AncillaryName, (packet: ClassicPacket, a: number, x: number) => number>> = {
  protocol: ({ env }) => (env.protocol ?? 0) & 0xffff,
  packetType: ({ env }) => (env.packetType ?? 0) & 7,
  ifindex: ({ env }) => env.ifindex ?? 0,
  nla: findAttribute,
  nlan: findNestedAttribute,
  mark: ({ env }) => env.mark ?? 0,
  queue: ({ env }) => (env.queue ?? 0) & 0xffff,
  hatype: ({ env }) => (env.hatype ?? 0) & 0xffff,
  rxhash: ({ env }) => env.rxhash ?? 0,
  cpu: ({ env }) => env.cpu ?? 0,
  xorX: (_, a, x) => a ^ x,
  vlanTci: ({ env }) => (env.vlanTci ?? 0) & 0xffff,
  vlanPresent: ({ hasVlanTag }) => (hasVlanTag ? 1 : 0),
  payloadOffset,
  random: ({ env }) => env.random?.() ?? 0,
  vlanTpid: ({ env }) => (env.vlanTpid ?? 0) & 0xffff,
};

/** Arithmetic on A; null for a division by zero. Shifts take the low five bits of their count, as eBPF's do. */
function compute(mnemonic: string, a: number, b: number): number | null {
  switch (mnemonic) {
    case "add":
      return (a + b) >>> 0;
    case "sub":
      return (a - b) >>> 0;
    case "mul":
      return Math.imul(a, b) >>> 0;
    case "div":
      return b === 0 ? null : Math.floor(a / b);
    case "mod":
      return b === 0 ? null : a % b;
    case "and":
      return (a & b) >>> 0;
    case "or":
      return (a | b) >>> 0;
    case "xor":
      return (a ^ b) >>> 0;
    case "lsh":
      return (a << b) >>> 0;
    case "rsh":
      return a >>> b;
    default:
      return -a >>> 0;
  }
}

function holds(op: ClassicOp, a: number, b: number): boolean {
  switch (op.mnemonic) {
    case "jeq":
      return a === b;
    case "jgt":
      return a > b;
    case "jge":
      return a >= b;
    default:
      return (a & b) !== 0;
  }
}
