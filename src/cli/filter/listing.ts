import type { ClassicInsn } from "../../classic/index.ts";
import { classicOp } from "../../classic/ops.ts";

/** What the kernel knows of a packet, by the offset that stands for it (SKF_AD_OFF on), in libpcap's words. */
const METADATA: ReadonlyMap<number, string> = new Map(
  [
    ["proto", "type", "ifidx", "nla", "nlan", "mark", "queue", "hatype"],
    ["rxhash", "cpu", "xor_x", "vlan_tci", "vlanp", "poff", "random", "vlan_tpid"],
  ]
    .flat()
    .map((name, n) => [-0x1000 + 4 * n, name]),
);

const hex = (k: number) => `#0x${k.toString(16)}`;
const HEX_OPERANDS = new Set(["and", "or", "xor"]);

/** The operand in the words of `tcpdump -d`; numbers are signed there where they are decimal. */
function operand(insn: ClassicInsn, index: number): string | null {
  const { k } = insn;
  const op = classicOp(insn.code);
  const signed = k | 0;
  switch (op?.kind) {
    case "ld_abs":
      return `[${METADATA.get(signed) ?? signed}]`;
    case "ld_ind":
      return `[x + ${signed}]`;
    case "ld_len":
      return "#pktlen";
    case "ld_imm":
    case "ldx_imm":
      return hex(k);
    case "ldx_msh":
      return `4*([${signed}]&0xf)`;
    case "ld_mem":
    case "ldx_mem":
    case "st":
    case "stx":
      return `M[${signed}]`;
    case "alu":
      if (op.mnemonic === "neg") return "";
      if (op.x) return "x";
      return HEX_OPERANDS.has(op.mnemonic) ? hex(k) : `#${signed}`;
    case "ja":
      return `${(index + 1 + signed) | 0}`;
    case "jmp":
      return op.x ? "x" : hex(k);
    case "ret_k":
      return `#${signed}`;
    case "ret_a":
    case "tax":
    case "txa":
      return "";
    default:
      return null;
  }
}

/** One line of `tcpdump -d`. */
export function listingLine(insn: ClassicInsn, index: number): string {
  const op = classicOp(insn.code);
  const text = operand(insn, index);
  const number = `(${String(index).padStart(3, "0")})`;
  if (op === undefined || text === null) return `${number} ${"unimp".padEnd(8)} 0x${insn.code.toString(16)}`;
  const head = `${number} ${op.mnemonic.padEnd(8)} `;
  if (op.kind !== "jmp") return head + text;
  return `${head}${text.padEnd(16)} jt ${index + 1 + insn.jt}\tjf ${index + 1 + insn.jf}`;
}

/** How `tcpdump -d`, `-dd` and `-ddd` print a program, by the number of d. */
const LISTINGS: Readonly<Record<1 | 2 | 3, (program: readonly ClassicInsn[]) => readonly string[]>> = {
  1: (program) => program.map(listingLine),
  2: (program) =>
    program.map((i) => `{ 0x${i.code.toString(16)}, ${i.jt}, ${i.jf}, 0x${i.k.toString(16).padStart(8, "0")} },`),
  3: (program) => [`${program.length}`, ...program.map((i) => `${i.code} ${i.jt} ${i.jf} ${i.k}`)],
};

/** The program as `tcpdump -d` (1), `-dd` (2) or `-ddd` (3) prints it. */
export function listing(program: readonly ClassicInsn[], form: 1 | 2 | 3): string {
  return LISTINGS[form](program)
    .map((line) => `${line}\n`)
    .join("");
}
