export type {
  Backend,
  Fd,
  KernelProgInfo,
  LinkCreateAttr,
  LinkInfo,
  Links,
  MapBatch,
  MapBatches,
  MapCreateAttr,
  MapInfo,
  ProgInfo,
  ProgLoadAttr,
  TestRunAttr,
  TestRunResult,
} from "./backend.ts";
export { kernelError } from "./errors.ts";
export type { EventStream } from "./events.ts";
export { EventReader } from "./events.ts";
export { LoadedMap } from "./loaded-map.ts";
export type { RunInput, RunOutput } from "./loaded-program.ts";
export { LoadedProgram } from "./loaded-program.ts";
export type { Machine } from "./machine.ts";
export { createMachine } from "./machine.ts";
export type { LoadOptions } from "./object.ts";
export { LoadedObject, loadObject } from "./object.ts";
export type { FilterBatch } from "./packet-filter.ts";
export { FilterMemory, PacketFilter } from "./packet-filter.ts";
export type { PacketRunner, PacketRunOptions } from "./packet-runner.ts";
export { packetRunner } from "./packet-runner.ts";
export type { SimulatedOptions } from "./simulated.ts";
export { SimulatedKernel } from "./simulated.ts";
export { TestRunRunner } from "./test-run-runner.ts";
export { VerifierKernel } from "./verifier-kernel.ts";
