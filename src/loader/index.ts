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
