import type { ObjectSpec } from "../loader/index.ts";
import { type LoadedObject, type LoadOptions, loadObject } from "./object.ts";
import { SimulatedKernel, type SimulatedOptions } from "./simulated.ts";

/** A simulated machine: a kernel of its own, with nothing in it until `load`. */
export interface Machine {
  readonly kernel: SimulatedKernel;
  /**
   * Brings an object into the machine: maps are made and filled, programs linked and loaded.
   * @throws BpfError for an object that this kernel refuses; nothing of it stays behind then
   */
  load(spec: ObjectSpec, options?: LoadOptions): Promise<LoadedObject>;
}

/**
 * Makes a machine that runs BPF programs on any system: `const machine = createMachine()`,
 * `const fw = await machine.load(readObject(bytes))`, `fw.programs.firewall.run({ packet })`.
 */
export function createMachine(options: SimulatedOptions = {}): Machine {
  const kernel = new SimulatedKernel(options);
  return { kernel, load: async (spec, loadOptions) => loadObject(kernel, spec, loadOptions) };
}
