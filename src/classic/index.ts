export type { ClassicInsn } from "./insn.ts";
export { BPF_MAXINSNS, BPF_MEMWORDS, classic, decodeClassic, encodeClassic } from "./insn.ts";
