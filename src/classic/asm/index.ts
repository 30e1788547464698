export type { ClassicAssembly } from "./assemble.ts";
export { assembleClassic } from "./assemble.ts";
export {
  classicInsnToC,
  classicToC,
  classicToDecimal,
  disassembleClassic,
  disassembleInsn,
} from "./disassemble.ts";
export type { Position } from "./errors.ts";
export { parseClassic, readClassic } from "./read.ts";
