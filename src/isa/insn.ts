import { type Form, form } from "./forms.ts";

/**
 * One instruction in canonical form: the row that says what it does, and its operands.
 *
 * - `off`: byte offset of a memory access; branch displacement in slots relative to the next slot for every jump
 *   (also `ja32`), local call and `ld_imm64_func`; the BTF file index of a kfunc call. 0 where unused.
 * - `imm`: signed 32-bit immediate; helper id; low half of a 64-bit immediate. 0 where unused or where `off` took it over.
 * - `hi`: high half (signed 32 bits) of a two-slot immediate, 0 otherwise.
 */
export interface Insn {
  readonly form: Form;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  readonly hi: number;
}

/**
 * Instructions by slot (8 bytes each): a jump from slot `i` by `off` lands at `i + 1 + off`.
 * The second slot of a two-slot instruction is null.
 */
export type Code = readonly (Insn | null)[];

/** Operands of an instruction that is being made; what is left out is 0. */
export interface Operands {
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  readonly hi?: number;
}

/** An instruction from a form (or its name) and operands: `insn("add64_imm", { dst: 1, imm: 4 })`. */
export function insn(which: Form | string, operands: Operands = {}): Insn {
  return {
    form: typeof which === "string" ? form(which) : which,
    dst: operands.dst ?? 0,
    src: operands.src ?? 0,
    off: operands.off ?? 0,
    imm: operands.imm ?? 0,
    hi: operands.hi ?? 0,
  };
}

/** `r{dst} = value ll`, the two-slot load of a 64-bit constant. */
export function loadImm64(dst: number, value: bigint): Insn {
  return insn("ld_imm64", {
    dst,
    imm: Number(BigInt.asIntN(32, value)),
    hi: Number(BigInt.asIntN(32, value >> 32n)),
  });
}

/** The unsigned 64-bit immediate of a two-slot instruction. */
export function imm64(i: Insn): bigint {
  return (BigInt(i.hi >>> 0) << 32n) | BigInt(i.imm >>> 0);
}

/** Slots an instruction takes: 2 for the 64-bit immediates, else 1. */
export function slots(i: Insn): 1 | 2 {
  return i.form.kind === "ld_imm64" ? 2 : 1;
}

/** Whether `off` is a displacement in slots that `displace`-style rewriting must keep pointing at its target. */
export function isBranch(i: Insn): boolean {
  const { kind, op } = i.form;
  return (
    kind === "ja" ||
    kind === "jmp" ||
    kind === "may_goto" ||
    (kind === "call" && op === "local") ||
    (kind === "ld_imm64" && op === "func")
  );
}

/** Whether control never reaches the next slot: `exit`, `goto`, `gotol`. */
export function isTerminal(i: Insn): boolean {
  return i.form.kind === "exit" || i.form.kind === "ja";
}
