import { defineErrors } from "../util/index.ts";

type At = { readonly insn: number };

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}

/** Refusals of programs, by number of the instruction. */
export const classicError = defineErrors({
  E_CLASSIC_EMPTY: (_: object) => "classic program has no instructions",
  E_CLASSIC_TOO_LONG: (d: { length: number; limit: number }) =>
    `classic program has ${d.length} instructions, at most ${d.limit} are allowed`,
  E_CLASSIC_OPCODE: (d: At & { code: number }) =>
    `instruction ${d.insn}: code ${hex(d.code)} is no classic instruction`,
  E_CLASSIC_DIVISOR: (d: At & { mnemonic: string }) => `instruction ${d.insn}: ${d.mnemonic} by the constant 0`,
  E_CLASSIC_SHIFT: (d: At & { mnemonic: string; k: number }) =>
    `instruction ${d.insn}: ${d.mnemonic} by ${d.k}, at most 31 is allowed`,
  E_CLASSIC_SCRATCH: (d: At & { k: number }) =>
    `instruction ${d.insn}: M[${d.k}] is beyond the scratch memory, M[0] to M[15]`,
  E_CLASSIC_UNINIT: (d: At & { k: number }) => `instruction ${d.insn}: M[${d.k}] may be read before it is written`,
  E_CLASSIC_JUMP: (d: At & { target: number; length: number }) =>
    `instruction ${d.insn}: jump to instruction ${d.target} is out of range, the last is ${d.length - 1}`,
  E_CLASSIC_ANCILLARY: (d: At & { k: number }) =>
    `instruction ${d.insn}: load at offset ${d.k | 0}: no extension has this number`,
  E_CLASSIC_END: (d: At) => `instruction ${d.insn}: the last instruction must be ret`,
  E_CLASSIC_CONVERT: (d: At & { what: string }) => `instruction ${d.insn}: ${d.what}`,
});
