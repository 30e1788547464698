import { type ClassicInsn, classicToC, classicToDecimal, encodeClassic } from "../../classic/index.ts";
import { type DisassembleOptions, disassembleSeccomp } from "../../classic/seccomp/index.ts";

/** What --format writes. */
export const FORMATS: Readonly<
  Record<string, (insns: readonly ClassicInsn[], options: DisassembleOptions) => string | Uint8Array>
> = {
  list: (insns, options) => disassembleSeccomp(insns, options),
  asm: (insns, options) => disassembleSeccomp(insns, { ...options, style: "asm" }),
  raw: (insns) => encodeClassic(insns),
  c: (insns) => classicToC(insns),
  decimal: (insns) => `${classicToDecimal(insns)}\n`,
};
