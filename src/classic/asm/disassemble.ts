import { assert } from "../../util/index.ts";
import { ancillaryAt } from "../ancillary.ts";
import { classicError } from "../errors.ts";
import type { ClassicInsn } from "../insn.ts";
import { type ClassicOp, classicOp } from "../ops.ts";

/** Arithmetic whose constants are numbers rather than bits. */
const COUNTS: readonly string[] = ["add", "sub", "mul", "div", "mod", "lsh", "rsh"];

/** A constant as C's `%#x` writes it. */
function hex(k: number): string {
  return k === 0 ? "0" : `0x${k.toString(16)}`;
}

function operand({ k }: ClassicInsn, op: ClassicOp): string | null {
  switch (op.kind) {
    case "ld_abs":
      return ancillaryAt(k)?.name ?? `[${k | 0}]`;
    case "ld_ind":
      return (k | 0) < 0 ? `[x${k | 0}]` : `[x+${k}]`;
    case "ld_len":
    case "ldx_len":
      return "len";
    case "ld_mem":
    case "ldx_mem":
    case "st":
    case "stx":
      return `M[${k}]`;
    case "ldx_msh":
      return `4*([${k | 0}]&0xf)`;
    case "ld_imm":
    case "ldx_imm":
    case "ret_k":
      return `#${hex(k)}`;
    case "jmp":
      return op.x ? "x" : `#${hex(k)}`;
    case "alu":
      if (op.mnemonic === "neg") return null;
      if (op.x) return "x";
      return COUNTS.includes(op.mnemonic) ? `#${k}` : `#${hex(k)}`;
    case "ret_a":
      return "a";
    default:
      return null;
  }
}

/**
 * One instruction in bpf_asm's language; a jump to instruction n goes to the label `ln`.
 * @throws BpfError `E_CLASSIC_OPCODE`
 */
export function disassembleInsn(insn: ClassicInsn, pc: number): string {
  const op = classicOp(insn.code);
  if (op === undefined) throw classicError("E_CLASSIC_OPCODE", { insn: pc, code: insn.code });
  if (op.kind === "ja") return `jmp l${pc + 1 + insn.k}`;
  const text = operand(insn, op);
  const head = text === null ? op.mnemonic : `${op.mnemonic} ${text}`;
  return op.kind === "jmp" ? `${head}, l${pc + 1 + insn.jt}, l${pc + 1 + insn.jf}` : head;
}

/**
 * A program in bpf_asm's language, a line an instruction, each with its label: the form that bpf_dbg prints and `assembleClassic`
 * reads back.
 * @throws BpfError `E_CLASSIC_OPCODE`
 */
export function disassembleClassic(program: readonly ClassicInsn[]): string {
  return program.map((insn, pc) => `l${pc}:\t${disassembleInsn(insn, pc)}\n`).join("");
}

function padded(value: number): string {
  return String(value).padStart(2);
}

/** A number as C's `%#0*x` writes it: zeros up to the width, and no 0x before nothing. */
function wide(value: number, width: number): string {
  assert(width > 2, "room for 0x");
  return value === 0 ? "0".repeat(width) : `0x${value.toString(16).padStart(width - 2, "0")}`;
}

/** A program as bpf_asm prints it, and as tcpdump -ddd, iptables' xt_bpf and `tc ... bytecode` take it: `4,40 0 0 12,...,`. */
export function classicToDecimal(program: readonly ClassicInsn[]): string {
  return `${program.length},${program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k},`).join("")}`;
}

/** One instruction as bpf_asm -c prints it: an initialiser of `struct sock_filter`. */
export function classicInsnToC({ code, jt, jf, k }: ClassicInsn): string {
  return `{ ${wide(code, 4)}, ${padded(jt)}, ${padded(jf)}, ${wide(k, 10)} },`;
}

/** A program as bpf_asm -c prints it, a line an instruction. */
export function classicToC(program: readonly ClassicInsn[]): string {
  return program.map((insn) => `${classicInsnToC(insn)}\n`).join("");
}
