import {
  BPF_A,
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_DIV,
  BPF_IMM,
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RET,
  BPF_RSH,
  BPF_ST,
  BPF_STX,
  BPF_SUB,
  BPF_TAX,
  BPF_X,
  type ClassicInsn,
} from "../insn.ts";
import { type Action, actionOf } from "./actions.ts";
import { checkSeccomp } from "./check.ts";
import { DATA_BYTES, dataWords, type SeccompData } from "./data.ts";

/** One executed instruction and the registers after it. */
export interface SeccompStep {
  readonly insn: number;
  readonly a: number;
  readonly x: number;
}

export interface SeccompResult {
  /** What the filter returned, unsigned. */
  readonly value: number;
  readonly action: Action;
  readonly trace: readonly SeccompStep[];
}

/** 32-bit arithmetic of BPF; null where it ends the filter with 0: division by a zero X. */
export function arithmetic(op: number, a: number, b: number): number | null {
  switch (op) {
    case BPF_ADD:
      return (a + b) >>> 0;
    case BPF_SUB:
      return (a - b) >>> 0;
    case BPF_MUL:
      return Math.imul(a, b) >>> 0;
    case BPF_DIV:
      return b === 0 ? null : Math.floor(a / b);
    case BPF_OR:
      return (a | b) >>> 0;
    case BPF_AND:
      return (a & b) >>> 0;
    case BPF_LSH:
      // Shifts by X take its low five bits, as the eBPF instruction does that the kernel makes of it (RFC 9669, 4.1).
      return (a << b) >>> 0;
    case BPF_RSH:
      return a >>> b;
    case BPF_NEG:
      return -a >>> 0;
    default:
      return (a ^ b) >>> 0;
  }
}

/** Whether a comparison of unsigned words holds. */
export function compare(op: number, a: number, b: number): boolean {
  switch (op) {
    case BPF_JEQ:
      return a === b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    default:
      return (a & b) !== 0;
  }
}

/**
 * Runs a filter over one system call.
 * @throws BpfError where `checkSeccomp` refuses the filter
 */
export function emulateSeccomp(insns: readonly ClassicInsn[], data: SeccompData): SeccompResult {
  checkSeccomp(insns);
  const words = dataWords(data);
  const scratch = new Array<number>(BPF_MEMWORDS).fill(0);
  const trace: SeccompStep[] = [];
  let [a, x] = [0, 0];
  for (let pc = 0; ; ) {
    const { code, jt, jf, k } = insns[pc]!;
    const insn = pc++;
    let value: number | null = null;
    switch (code & 7) {
      case BPF_LD:
      case BPF_LDX: {
        const mode = code & 0xe0;
        let loaded = 0;
        if (mode === BPF_ABS) loaded = words[k / 4]!;
        else if (mode === BPF_IMM) loaded = k;
        else if (mode === BPF_MEM) loaded = scratch[k]!;
        else if (mode === BPF_LEN) loaded = DATA_BYTES;
        if ((code & 7) === BPF_LD) a = loaded;
        else x = loaded;
        break;
      }
      case BPF_ST:
        scratch[k] = a;
        break;
      case BPF_STX:
        scratch[k] = x;
        break;
      case BPF_ALU: {
        const result = arithmetic(code & 0xf0, a, (code & BPF_X) !== 0 ? x : k);
        if (result === null) value = 0;
        else a = result;
        break;
      }
      case BPF_JMP:
        if ((code & 0xf0) === BPF_JA) pc += k;
        else pc += compare(code & 0xf0, a, (code & BPF_X) !== 0 ? x : k) ? jt : jf;
        break;
      case BPF_RET:
        value = (code & 0x18) === BPF_A ? a : k;
        break;
      case BPF_MISC:
        if ((code & 0xf8) === BPF_TAX) x = a;
        else a = x;
        break;
    }
    trace.push({ insn, a, x });
    if (value !== null) return { value, action: actionOf(value), trace };
  }
}
