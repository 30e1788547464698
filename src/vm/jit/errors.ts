import { defineErrors } from "../../util/error.ts";

/** Programs that the JIT cannot compile; the verifier refuses all of them first. */
export const jitError = defineErrors({
  E_JIT_TARGET: (d: { slot: number; target: number }) =>
    `instruction ${d.slot} leads to slot ${d.target}, where no instruction of its function begins`,
  E_JIT_CLASSIC: (d: { insn: number; code: number }) =>
    `instruction ${d.insn}: 0x${d.code.toString(16)} is no instruction of classic BPF, or its operand is out of range`,
  E_JIT_CLASSIC_TARGET: (d: { insn: number; target: number }) =>
    `instruction ${d.insn} leads to ${d.target}, beyond the end of the classic program`,
  E_JIT_CLASSIC_METADATA: (d: { insn: number; k: number }) =>
    `instruction ${d.insn} loads from offset ${d.k | 0}, what the kernel knows of a packet; packets in memory have none of it`,
});
