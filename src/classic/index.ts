export type { Ancillary, AncillaryName } from "./ancillary.ts";
export { ANCILLARY, ancillaryAt } from "./ancillary.ts";
export type { ClassicAssembly, Position } from "./asm/index.ts";
export {
  assembleClassic,
  classicInsnToC,
  classicToC,
  classicToDecimal,
  disassembleClassic,
  disassembleInsn,
  parseClassic,
  readClassic,
} from "./asm/index.ts";
export { capturedEnv } from "./captured.ts";
export { checkClassic } from "./check.ts";
export type { ConvertOptions } from "./convert.ts";
export { convertClassic } from "./convert.ts";
export type { FilterOptions, FilterProgram } from "./filter/index.ts";
export { compileExpression } from "./filter/index.ts";
export type { ClassicInsn } from "./insn.ts";
export { BPF_MAXINSNS, BPF_MEMWORDS, classic, decodeClassic, encodeClassic } from "./insn.ts";
export type { ClassicKind, ClassicOp } from "./ops.ts";
export { CLASSIC_OPS, classicOp } from "./ops.ts";
export type { ClassicEnv } from "./packet.ts";
export { ClassicPacket } from "./packet.ts";
export type { ClassicState } from "./run.ts";
export { ClassicMachine, runClassic } from "./run.ts";
export type {
  CompiledProfile,
  CompileProfileOptions,
  SeccompData,
  SeccompExplanation,
  SeccompResult,
} from "./seccomp/index.ts";
export {
  assembleSeccomp,
  checkSeccomp,
  compileProfile,
  disassembleSeccomp,
  emulateSeccomp,
  explainSeccomp,
  explanationText,
  parseProfileJson,
} from "./seccomp/index.ts";
