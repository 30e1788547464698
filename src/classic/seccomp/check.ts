import { BpfError, defineErrors } from "../../util/index.ts";
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
  BPF_JSET,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_LSH,
  BPF_MAXINSNS,
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
  BPF_TXA,
  BPF_W,
  BPF_X,
  BPF_XOR,
  type ClassicInsn,
} from "../insn.ts";
import { DATA_BYTES } from "./data.ts";

export const seccompCheckError = defineErrors({
  E_SECCOMP_EMPTY: (_: Record<string, never>) => "the filter has no instructions",
  E_SECCOMP_LENGTH: (d: { length: number }) =>
    `the filter has ${d.length} instructions; ${BPF_MAXINSNS} are allowed (BPF_MAXINSNS)`,
  E_SECCOMP_CODE: (d: { insn: number; code: number; why: string }) =>
    `instruction ${d.insn}: code 0x${d.code.toString(16).padStart(2, "0")} ${d.why}`,
  E_SECCOMP_OFFSET: (d: { insn: number; offset: number }) =>
    `instruction ${d.insn}: a load at offset ${d.offset}; struct seccomp_data has words at multiples of 4 below ${DATA_BYTES}`,
  E_SECCOMP_JUMP: (d: { insn: number; target: number; length: number }) =>
    `instruction ${d.insn}: jump to ${d.target} is out of range (the last instruction is ${d.length - 1})`,
  E_SECCOMP_SCRATCH: (d: { insn: number; index: number }) =>
    `instruction ${d.insn}: scratch memory index ${d.index} is above ${BPF_MEMWORDS - 1}`,
  E_SECCOMP_UNSET: (d: { insn: number; index: number }) =>
    `instruction ${d.insn}: mem[${d.index}] is read, but not every way there has written it`,
  E_SECCOMP_SHIFT: (d: { insn: number; by: number }) => `instruction ${d.insn}: shift by ${d.by}; at most 31`,
  E_SECCOMP_ZERO: (d: { insn: number }) => `instruction ${d.insn}: division by the constant 0`,
  E_SECCOMP_END: (d: { insn: number }) => `instruction ${d.insn}: the last instruction must be a return`,
});

/** What a code may stand for in a filter over system calls, and what its operand k must satisfy. */
type Operand = "any" | "offset" | "scratch" | "shift" | "divisor" | "jump" | "branch" | "return";

const alu = [BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_XOR];

/**
 * The codes that seccomp(2) takes: loads of whole words of the data, constants and lengths, scratch memory, arithmetic except the
 * remainder, jumps and returns. Loads of bytes and half-words, indirect loads and all that speaks of packets are refused.
 */
const CODES: ReadonlyMap<number, Operand> = new Map<number, Operand>([
  [BPF_LD | BPF_W | BPF_ABS, "offset"],
  [BPF_LD | BPF_W | BPF_LEN, "any"],
  [BPF_LDX | BPF_W | BPF_LEN, "any"],
  [BPF_LD | BPF_IMM, "any"],
  [BPF_LDX | BPF_IMM, "any"],
  [BPF_LD | BPF_MEM, "scratch"],
  [BPF_LDX | BPF_MEM, "scratch"],
  [BPF_ST, "scratch"],
  [BPF_STX, "scratch"],
  ...alu.flatMap((op): [number, Operand][] => [
    [BPF_ALU | op | BPF_K, "any"],
    [BPF_ALU | op | BPF_X, "any"],
  ]),
  [BPF_ALU | BPF_DIV | BPF_K, "divisor"],
  [BPF_ALU | BPF_DIV | BPF_X, "any"],
  [BPF_ALU | BPF_LSH | BPF_K, "shift"],
  [BPF_ALU | BPF_LSH | BPF_X, "any"],
  [BPF_ALU | BPF_RSH | BPF_K, "shift"],
  [BPF_ALU | BPF_RSH | BPF_X, "any"],
  [BPF_ALU | BPF_NEG, "any"],
  [BPF_MISC | BPF_TAX, "any"],
  [BPF_MISC | BPF_TXA, "any"],
  [BPF_JMP | BPF_JA, "jump"],
  ...[BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET].flatMap((op): [number, Operand][] => [
    [BPF_JMP | op | BPF_K, "branch"],
    [BPF_JMP | op | BPF_X, "branch"],
  ]),
  [BPF_RET | BPF_K, "return"],
  [BPF_RET | BPF_A, "return"],
]);

function refuse(insns: readonly ClassicInsn[], n: number): void {
  const { code, jt, jf, k } = insns[n]!;
  const operand = CODES.get(code);
  const jump = (target: number) => {
    if (target >= insns.length) throw seccompCheckError("E_SECCOMP_JUMP", { insn: n, target, length: insns.length });
  };
  switch (operand) {
    case undefined:
      throw seccompCheckError("E_SECCOMP_CODE", {
        insn: n,
        code,
        why: "is not allowed in a filter of system calls",
      });
    case "offset":
      if (k >= DATA_BYTES || k % 4 !== 0) throw seccompCheckError("E_SECCOMP_OFFSET", { insn: n, offset: k });
      break;
    case "scratch":
      if (k >= BPF_MEMWORDS) throw seccompCheckError("E_SECCOMP_SCRATCH", { insn: n, index: k });
      break;
    case "shift":
      if (k > 31) throw seccompCheckError("E_SECCOMP_SHIFT", { insn: n, by: k });
      break;
    case "divisor":
      if (k === 0) throw seccompCheckError("E_SECCOMP_ZERO", { insn: n });
      break;
    case "jump":
      jump(n + 1 + k);
      break;
    case "branch":
      jump(n + 1 + jt);
      jump(n + 1 + jf);
      break;
  }
}

/** Scratch words must be written on every way to where they are read, as the kernel demands of all classic programs. */
function checkScratch(insns: readonly ClassicInsn[]): void {
  const ALL = (1 << BPF_MEMWORDS) - 1;
  // What is surely written before each instruction. Behind a jump that nothing leads to everything counts as written; behind a
  // return, as the kernel has it, what was written before it.
  const written = new Array<number>(insns.length).fill(ALL);
  let now = 0;
  insns.forEach(({ code, jt, jf, k }, n) => {
    now &= written[n]!;
    switch (code & 7) {
      case BPF_ST:
      case BPF_STX:
        now |= 1 << k;
        break;
      case BPF_LD:
      case BPF_LDX:
        if ((code & 0xe0) === BPF_MEM && (now & (1 << k)) === 0)
          throw seccompCheckError("E_SECCOMP_UNSET", { insn: n, index: k });
        break;
      case BPF_JMP:
        for (const by of code === (BPF_JMP | BPF_JA) ? [k] : [jt, jf]) written[n + 1 + by]! &= now;
        now = ALL;
        break;
    }
  });
}

/**
 * Refuses what seccomp(2) refuses: EINVAL there, a reason here.
 * @throws BpfError `E_SECCOMP_*`, naming the instruction
 */
export function checkSeccomp(insns: readonly ClassicInsn[]): void {
  if (insns.length === 0) throw seccompCheckError("E_SECCOMP_EMPTY", {});
  if (insns.length > BPF_MAXINSNS) throw seccompCheckError("E_SECCOMP_LENGTH", { length: insns.length });
  for (let n = 0; n < insns.length; n++) refuse(insns, n);
  if ((insns[insns.length - 1]!.code & 7) !== BPF_RET)
    throw seccompCheckError("E_SECCOMP_END", { insn: insns.length - 1 });
  checkScratch(insns);
}

/** The refusal of checkSeccomp as a value; null where the filter is fine. */
export function seccompProblem(insns: readonly ClassicInsn[]): BpfError | null {
  try {
    checkSeccomp(insns);
    return null;
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
}
