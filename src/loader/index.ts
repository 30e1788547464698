export type { CorePatch, CoreRecord } from "./core.ts";
export { coreInsn, POISON_CORE, POISON_KFUNC } from "./core.ts";
export { getGlobal, setGlobal } from "./globals.ts";
export type { Kconfig } from "./kconfig.ts";
export { kernelVersionCode, parseKconfig, resolveKconfig } from "./kconfig.ts";
export { btfForKernel, funcInfoBytes, lineInfoBytes } from "./kernel-btf.ts";
export type { ExternValue, LinkOptions } from "./link.ts";
export { linkProgram } from "./link.ts";
export type { ReadOptions } from "./read-object.ts";
export { readObject } from "./read-object.ts";
export type {
  CodeSection,
  ExternSpec,
  FunctionSpec,
  GlobalSpec,
  LinkedProgram,
  MapSpec,
  ObjectSpec,
  ProgramSpec,
  Reference,
} from "./spec.ts";
