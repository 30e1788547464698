import * as c from "./insn.ts";

/** What an instruction of classic BPF does, coarsely. */
export type ClassicKind =
  | "ld_abs"
  | "ld_ind"
  | "ld_len"
  | "ld_imm"
  | "ld_mem"
  | "ldx_imm"
  | "ldx_mem"
  | "ldx_len"
  | "ldx_msh"
  | "st"
  | "stx"
  | "alu"
  | "ja"
  | "jmp"
  | "ret_k"
  | "ret_a"
  | "tax"
  | "txa";

/** One instruction of classic BPF; every code that Linux takes has a row, no other has. */
export interface ClassicOp {
  readonly code: number;
  readonly kind: ClassicKind;
  /** bpf_asm's word for it. */
  readonly mnemonic: string;
  /** Bytes of a load from the packet, 0 of anything else. */
  readonly size: 0 | 1 | 2 | 4;
  /** Arithmetic and comparisons: whether the second operand is X. */
  readonly x: boolean;
}

const ALU = [
  ["add", c.BPF_ADD],
  ["sub", c.BPF_SUB],
  ["mul", c.BPF_MUL],
  ["div", c.BPF_DIV],
  ["mod", c.BPF_MOD],
  ["and", c.BPF_AND],
  ["or", c.BPF_OR],
  ["xor", c.BPF_XOR],
  ["lsh", c.BPF_LSH],
  ["rsh", c.BPF_RSH],
] as const;

const JUMPS = [
  ["jeq", c.BPF_JEQ],
  ["jgt", c.BPF_JGT],
  ["jge", c.BPF_JGE],
  ["jset", c.BPF_JSET],
] as const;

const SIZES = [
  ["ld", c.BPF_W, 4],
  ["ldh", c.BPF_H, 2],
  ["ldb", c.BPF_B, 1],
] as const;

function op(code: number, kind: ClassicKind, mnemonic: string, size: 0 | 1 | 2 | 4 = 0, x = false): ClassicOp {
  return { code, kind, mnemonic, size, x };
}

export const CLASSIC_OPS: readonly ClassicOp[] = [
  ...SIZES.map(([word, bits, size]) => op(c.BPF_LD | bits | c.BPF_ABS, "ld_abs", word, size)),
  ...SIZES.map(([word, bits, size]) => op(c.BPF_LD | bits | c.BPF_IND, "ld_ind", word, size)),
  op(c.BPF_LD | c.BPF_LEN, "ld_len", "ld"),
  op(c.BPF_LD | c.BPF_IMM, "ld_imm", "ld"),
  op(c.BPF_LD | c.BPF_MEM, "ld_mem", "ld"),
  op(c.BPF_LDX | c.BPF_IMM, "ldx_imm", "ldx"),
  op(c.BPF_LDX | c.BPF_MEM, "ldx_mem", "ldx"),
  op(c.BPF_LDX | c.BPF_LEN, "ldx_len", "ldx"),
  op(c.BPF_LDX | c.BPF_B | c.BPF_MSH, "ldx_msh", "ldxb", 1),
  op(c.BPF_ST, "st", "st"),
  op(c.BPF_STX, "stx", "stx"),
  ...ALU.flatMap(([word, bits]) => [
    op(c.BPF_ALU | bits | c.BPF_K, "alu", word),
    op(c.BPF_ALU | bits | c.BPF_X, "alu", word, 0, true),
  ]),
  op(c.BPF_ALU | c.BPF_NEG, "alu", "neg"),
  op(c.BPF_JMP | c.BPF_JA, "ja", "ja"),
  ...JUMPS.flatMap(([word, bits]) => [
    op(c.BPF_JMP | bits | c.BPF_K, "jmp", word),
    op(c.BPF_JMP | bits | c.BPF_X, "jmp", word, 0, true),
  ]),
  op(c.BPF_RET | c.BPF_K, "ret_k", "ret"),
  op(c.BPF_RET | c.BPF_A, "ret_a", "ret"),
  op(c.BPF_MISC | c.BPF_TAX, "tax", "tax"),
  op(c.BPF_MISC | c.BPF_TXA, "txa", "txa"),
];

const byCode = new Map(CLASSIC_OPS.map((row) => [row.code, row]));

/** The row of a code, or undefined where classic BPF has no such instruction. */
export function classicOp(code: number): ClassicOp | undefined {
  return byCode.get(code);
}
