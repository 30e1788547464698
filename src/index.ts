/**
 * anybpf: the BPF system in TypeScript. The two calls that most programs need; the rest is behind the doors
 * `anybpf/asm`, `/elf`, `/btf`, `/loader`, `/vm`, `/kernel` and, for Node only, `/node`.
 */
export type {
  LoadedMap,
  LoadedObject,
  LoadedProgram,
  LoadOptions,
  Machine,
  RunInput,
  RunOutput,
  SimulatedOptions,
} from "./kernel/index.ts";
export { createMachine } from "./kernel/index.ts";
export type { ObjectSpec } from "./loader/index.ts";
export { readObject } from "./loader/index.ts";
export { BpfError } from "./util/index.ts";
