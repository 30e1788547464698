import { ANCILLARY_START, ancillaryAt } from "./ancillary.ts";
import { classicError } from "./errors.ts";
import { BPF_MAXINSNS, BPF_MEMWORDS, type ClassicInsn } from "./insn.ts";
import { type ClassicOp, classicOp } from "./ops.ts";

/** All words of scratch memory, a bit each. */
const ALL = (1 << BPF_MEMWORDS) - 1;

/**
 * Checks a program as Linux does when it is attached to a socket (socket(7), SO_ATTACH_FILTER).
 * @throws BpfError `E_CLASSIC_*` with the number of the first instruction that is wrong
 */
export function checkClassic(program: readonly ClassicInsn[]): void {
  const { length } = program;
  if (length === 0) throw classicError("E_CLASSIC_EMPTY", {});
  if (length > BPF_MAXINSNS) throw classicError("E_CLASSIC_TOO_LONG", { length, limit: BPF_MAXINSNS });
  const ops = program.map((i, insn) => {
    const op = classicOp(i.code);
    if (op === undefined) throw classicError("E_CLASSIC_OPCODE", { insn, code: i.code });
    checkOperand(i, op, insn, length);
    return op;
  });
  const last = ops[length - 1]!;
  if (last.kind !== "ret_k" && last.kind !== "ret_a") throw classicError("E_CLASSIC_END", { insn: length - 1 });
  checkScratch(program, ops);
}

function checkOperand(i: ClassicInsn, op: ClassicOp, insn: number, length: number): void {
  const { k } = i;
  const { mnemonic } = op;
  const reach = (skip: number): void => {
    const target = insn + 1 + skip;
    if (target >= length) throw classicError("E_CLASSIC_JUMP", { insn, target, length });
  };
  switch (op.kind) {
    case "alu":
      if (op.x) break;
      if ((mnemonic === "div" || mnemonic === "mod") && k === 0) {
        throw classicError("E_CLASSIC_DIVISOR", { insn, mnemonic });
      }
      if ((mnemonic === "lsh" || mnemonic === "rsh") && k > 31) {
        throw classicError("E_CLASSIC_SHIFT", { insn, mnemonic, k });
      }
      break;
    case "ld_mem":
    case "ldx_mem":
    case "st":
    case "stx":
      if (k >= BPF_MEMWORDS) throw classicError("E_CLASSIC_SCRATCH", { insn, k });
      break;
    case "ld_abs":
      if (k >= ANCILLARY_START && ancillaryAt(k) === undefined) throw classicError("E_CLASSIC_ANCILLARY", { insn, k });
      break;
    case "ja":
      reach(k);
      break;
    case "jmp":
      reach(i.jt);
      reach(i.jf);
      break;
  }
}

/**
 * No word of scratch memory may be read that has not been written on every way to the reader. Jumps lead forward only, so one pass
 * suffices. As in Linux, what lies behind a `ret` continues with what was written before it.
 */
function checkScratch(program: readonly ClassicInsn[], ops: readonly ClassicOp[]): void {
  const arriving = new Uint16Array(program.length).fill(ALL);
  let written = 0;
  program.forEach(({ k, jt, jf }, insn) => {
    written &= arriving[insn]!;
    switch (ops[insn]!.kind) {
      case "st":
      case "stx":
        written |= 1 << k;
        break;
      case "ld_mem":
      case "ldx_mem":
        if ((written & (1 << k)) === 0) throw classicError("E_CLASSIC_UNINIT", { insn, k });
        break;
      case "ja":
        arriving[insn + 1 + k]! &= written;
        written = ALL;
        break;
      case "jmp":
        arriving[insn + 1 + jt]! &= written;
        arriving[insn + 1 + jf]! &= written;
        written = ALL;
        break;
    }
  });
}
