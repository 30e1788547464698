import type { PacketBatch } from "../net/index.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { LoadedProgram } from "./loaded-program.ts";
import type { SimulatedKernel } from "./simulated.ts";
import { SteppingRunner } from "./stepping-runner.ts";

/** What runs need besides the packets. */
export interface PacketRunOptions {
  /** Context structure for every packet, as BPF_PROG_TEST_RUN takes it. */
  readonly ctx?: Uint8Array;
  /** Runs on each packet. */
  readonly repeat?: number;
  /** Measures time in nanoseconds. */
  readonly now: () => number;
}

/** Puts a program on many packets. Results stand until the next `run`. */
export interface PacketRunner {
  /** r0 of each packet of the last `run`, low 32 bits. */
  readonly retvals: Int32Array;
  /** Length in bytes of each packet as the program left it. */
  readonly lengths: Uint32Array;
  /** Nanoseconds spent in the program so far. */
  readonly nanoseconds: number;
  /** Runs packets `from`, `from + 1` … of a batch; returns how many, at least one. */
  run(batch: PacketBatch, from: number): number;
  /** Where a capture is best read to: packets then need not be copied into guest memory. */
  readonly buffer?: () => Uint8Array;
  /** Packet `index` of the last `run` as the program left it; a view that the next `run` overwrites. */
  packet(index: number): Uint8Array;
}

/** The way to put packets to a program on this kernel's engine. */
export function packetRunner(kernel: SimulatedKernel, program: LoadedProgram, options: PacketRunOptions): PacketRunner {
  const Runner = kernel.engine === "stepping" ? SteppingRunner : BatchRunner;
  return new Runner(kernel, program.fd, options);
}
