export type { CompiledProgram, JitEnvironment } from "./compile.ts";
export { compileProgram } from "./compile.ts";
