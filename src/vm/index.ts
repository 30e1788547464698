export { runConformance } from "./conformance.ts";
export type { FrameCall } from "./helper-call.ts";
export type { FilterFunction } from "./jit/classic.ts";
export {
  compileClassic,
  FILTER_INPUT,
  FILTER_LENGTHS,
  FILTER_OFFSETS,
  FILTER_PACKETS,
  FILTER_RESULTS,
  FILTER_WIRE_LENGTHS,
} from "./jit/classic.ts";
export type { CompiledProgram, JitEnvironment } from "./jit/compile.ts";
export { compileProgram } from "./jit/compile.ts";
export type { Region } from "./memory.ts";
export { GuestMemory } from "./memory.ts";
export { findSubprograms, plainImage } from "./plain-image.ts";
export type { Callback, LoadedProgram, ProgramTable } from "./program.ts";
export { ProgramEnd } from "./program.ts";
export type { Runtime, RuntimeFunction, RuntimeImports } from "./runtime.ts";
export { createRuntime } from "./runtime.ts";
export { SlotAllocator } from "./slots.ts";
export type { MemoryAccess, StepFrame, StepperStart } from "./stepping.ts";
export { Stepper } from "./stepping.ts";
export type { EngineName, RunOptions } from "./vm.ts";
export { DEFAULT_BUDGET, Vm } from "./vm.ts";
