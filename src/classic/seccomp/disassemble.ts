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
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_LSH,
  BPF_MEM,
  BPF_MOD,
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
  BPF_XOR,
  type ClassicInsn,
} from "../insn.ts";
import { actionText } from "./actions.ts";
import { ARCHITECTURES, type ArchitectureName, architectureByAudit, architectureLabel } from "./architectures.ts";
import { DATA_BYTES, WORD_ARCH, WORD_ARGS, WORD_IP, WORD_NR, wideField } from "./data.ts";
import { type Known, knownBefore } from "./flow.ts";
import { syscallByNumber } from "./syscalls.ts";

export interface DisassembleOptions {
  /** Whose system calls are meant where the filter has not compared the architecture. */
  readonly arch?: ArchitectureName;
  /** `list`: with line, code and operands as seccomp-tools prints; `asm`: what `assembleSeccomp` reads. Default `list`. */
  readonly style?: "list" | "asm";
}

/** Operators of arithmetic as they stand in `A += k`, and their codes. */
export const ALU_SIGNS: ReadonlyMap<string, number> = new Map([
  ["+", BPF_ADD],
  ["-", BPF_SUB],
  ["*", BPF_MUL],
  ["/", BPF_DIV],
  ["%", BPF_MOD],
  ["|", BPF_OR],
  ["&", BPF_AND],
  ["^", BPF_XOR],
  ["<<", BPF_LSH],
  [">>", BPF_RSH],
]);
const signOf = new Map([...ALU_SIGNS].map(([sign, code]) => [code, sign]));

/** Comparisons: what the machine tests, and the text where the test holds and where it does not. */
export const COMPARISONS: readonly { readonly code: number; readonly holds: string; readonly fails: string }[] = [
  { code: BPF_JEQ, holds: "==", fails: "!=" },
  { code: BPF_JGT, holds: ">", fails: "<=" },
  { code: BPF_JGE, holds: ">=", fails: "<" },
];

const hex = (k: number) => `0x${k.toString(16)}`;
/** Line numbers as in the listing: four digits. */
export const lineNumber = (n: number) => String(n).padStart(4, "0");

/** The name of a word of the data: `sys_number`, `args[1] >> 32`. */
export function wordText(word: number): string {
  if (word === WORD_NR) return "sys_number";
  if (word === WORD_ARCH) return "arch";
  const { index, high } = wideField(word);
  const field = word < WORD_ARGS && word >= WORD_IP ? "instruction_pointer" : `args[${index}]`;
  return high ? `${field} >> 32` : field;
}

interface Context {
  readonly known: Known | null;
  readonly arch: ArchitectureName;
  readonly asm: boolean;
}

function archOf({ known, arch }: Context): ArchitectureName | null {
  if (known?.arch == null) return arch;
  return architectureByAudit(known.arch)?.name ?? null;
}

function operand(k: number, word: number | null | undefined, context: Context): string {
  if (word === WORD_ARCH) return architectureLabel(k) ?? hex(k);
  const arch = archOf(context);
  if (word === WORD_NR && arch !== null) return syscallByNumber(arch, k)?.name ?? hex(k);
  return hex(k);
}

/** A load of an argument, by its name where the system call is known. */
function loadText(k: number, context: Context): string {
  if (k % 4 !== 0 || k >= DATA_BYTES) return `A = data[${k}]`;
  const { index, high } = wideField(k / 4);
  const arch = archOf(context);
  const nr = context.known?.nr ?? null;
  const call = context.asm || arch === null || nr === null || k / 4 < WORD_ARGS ? null : syscallByNumber(arch, nr);
  const name = call?.args[index];
  if (call == null || name === undefined) return `A = ${wordText(k / 4)}`;
  return `A = ${name}${high ? " >> 32" : ""} # ${call.name}(${call.args.join(", ")})`;
}

function jumpText({ code, jt, jf, k }: ClassicInsn, n: number, context: Context): string | null {
  const op = code & 0xf0;
  if (op === BPF_JA) return `goto ${lineNumber(n + 1 + k)}`;
  // Numbers have no order worth a name: only equality shows one.
  const named = op === BPF_JEQ ? context.known?.a : null;
  const right = (code & BPF_X) !== 0 ? "X" : operand(k, named, context);
  let holds = `A & ${right}`;
  let fails = `!(A & ${right})`;
  if (op !== BPF_JSET) {
    const row = COMPARISONS.find((c) => c.code === op);
    if (row === undefined) return null;
    holds = `A ${row.holds} ${right}`;
    fails = `A ${row.fails} ${right}`;
  }
  const [yes, no] = [lineNumber(n + 1 + jt), lineNumber(n + 1 + jf)];
  if (jt === 0) return `if (${fails}) goto ${no}`;
  return jf === 0 ? `if (${holds}) goto ${yes}` : `if (${holds}) goto ${yes} else goto ${no}`;
}

/** The statement of an instruction; null where seccomp-tools' language has none. */
function statement(insn: ClassicInsn, n: number, context: Context): string | null {
  const { code, k } = insn;
  const register = (code & 7) === BPF_LD || (code & 7) === BPF_ST ? "A" : "X";
  switch (code & 7) {
    case BPF_LD:
    case BPF_LDX:
      if ((code & 0x18) !== 0) return null;
      switch (code & 0xe0) {
        case BPF_ABS:
          return register === "A" ? loadText(k, context) : null;
        case BPF_IMM:
          return `${register} = ${hex(k)}`;
        case BPF_MEM:
          return `${register} = mem[${k}]`;
        case BPF_LEN:
          return `${register} = len`;
        default:
          return null;
      }
    case BPF_ST:
    case BPF_STX:
      return (code & 0xf8) === 0 ? `mem[${k}] = ${register}` : null;
    case BPF_ALU: {
      if ((code & 0xf0) === BPF_NEG) return (code & BPF_X) === 0 ? "A = -A" : null;
      const sign = signOf.get(code & 0xf0);
      return sign === undefined ? null : `A ${sign}= ${(code & BPF_X) !== 0 ? "X" : hex(k)}`;
    }
    case BPF_JMP:
      return jumpText(insn, n, context);
    case BPF_RET:
      if ((code & 0xe0) !== 0) return null;
      if ((code & 0x18) === BPF_A) return "return A";
      return (code & 0x18) === 0 ? `return ${actionText(k)}` : null;
    default:
      if ((code & 0xf8) === BPF_TAX) return "X = A";
      return (code & 0x78) === 0 ? "A = X" : null;
  }
}

const LIST_HEAD = " line  CODE  JT   JF      K\n=================================\n";

function lines(insns: readonly ClassicInsn[], options: DisassembleOptions): string[] {
  const asm = options.style === "asm";
  const arch = options.arch ?? ARCHITECTURES[0].name;
  const known = knownBefore(insns);
  return insns.map((insn, n) => {
    const text = insn.code > 0xff ? null : statement(insn, n, { known: known[n]!, arch, asm });
    if (asm) return `${lineNumber(n)}: ${text ?? `${words(insn)}`}`;
    return ` ${lineNumber(n)}: ${words(insn)}  ${text ?? "??? # no instruction of these filters"}`;
  });
}

function words({ code, jt, jf, k }: ClassicInsn): string {
  const byte = (v: number) => `0x${v.toString(16).padStart(2, "0")}`;
  return `${byte(code)} ${byte(jt)} ${byte(jf)} 0x${k.toString(16).padStart(8, "0")}`;
}

/** The statement of every instruction, as `disassembleSeccomp` lists them. */
export function seccompStatements(insns: readonly ClassicInsn[], options: DisassembleOptions = {}): string[] {
  return lines(insns, options);
}

/** A filter as text, in the words of seccomp-tools. Whatever the instructions, each has its line. */
export function disassembleSeccomp(insns: readonly ClassicInsn[], options: DisassembleOptions = {}): string {
  const text = lines(insns, options).join("\n");
  return `${options.style === "asm" ? "" : LIST_HEAD}${text}\n`;
}
