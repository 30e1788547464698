import { decode, type HelperBinding, insn } from "../isa/index.ts";
import { plainImage } from "./plain-image.ts";
import { ProgramEnd } from "./program.ts";
import { type EngineName, type RunOptions, Vm } from "./vm.ts";

/** The only helper of the bpf_conformance project: returns r1, and ends the program when that is 0. */
const unwind: HelperBinding = {
  id: 5,
  name: "unwind",
  args: ["u64"],
  ret: "u64",
  call: (value: bigint) => {
    if (value === 0n) throw new ProgramEnd(0n);
    return value;
  },
};

const HELPERS = new Map([[unwind.id, unwind]]);

/**
 * Runs instructions by the contract of the bpf_conformance project: r1 is the address of `memory` and r2 its length, both 0 for
 * empty memory. The program is not verified. Returns r0, unsigned.
 * @throws BpfError `E_INSN_*` for bytes that are no instructions, `E_RUN_*` for a program that cannot go on.
 */
export function runConformance(
  bytes: Uint8Array,
  memory: Uint8Array,
  engine: EngineName,
  options: RunOptions = {},
): bigint {
  const code = decode(bytes);
  const vm = new Vm();
  let address = 0;
  if (memory.length > 0) {
    address = vm.memory.alloc(memory.length);
    vm.memory.u8.set(memory, address);
    vm.memory.addRegion({ start: address, end: address + memory.length, write: true, name: "memory" });
  }
  // Programs get one argument, so the second is loaded in front of them; displacements are relative and stay.
  const setLength = memory.length === 0 ? [] : [insn("mov64_imm", { dst: 2, imm: memory.length })];
  const name = memory.length === 0 ? "conformance" : "conformance (after one instruction that sets r2)";
  const image = plainImage(name, [...setLength, ...code], { contextSize: memory.length });
  return vm.run(vm.load(image, HELPERS), engine, address, options);
}
