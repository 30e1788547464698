import type { PacketBatch, RunContext } from "../net/index.ts";
import type { Fd } from "./backend.ts";
import { CaptureClock } from "./capture-clock.ts";
import { checked } from "./errors.ts";
import type { PacketRunner, PacketRunOptions } from "./packet-runner.ts";
import type { ProgObject, SimulatedKernel } from "./simulated.ts";
import { timedRun } from "./test-run.ts";

const COMMAND = "BPF_PROG_TEST_RUN";

/** Runs packets one at a time, for the engine that has no batches. */
export class SteppingRunner implements PacketRunner {
  readonly retvals = new Int32Array(1);
  readonly lengths = new Uint32Array(1);
  nanoseconds = 0;
  readonly #kernel: SimulatedKernel;
  readonly #program: ProgObject;
  readonly #options: PacketRunOptions;
  readonly #context: RunContext;
  readonly #clock: CaptureClock;
  #out: Uint8Array = new Uint8Array(0);

  constructor(kernel: SimulatedKernel, fd: Fd, options: PacketRunOptions) {
    this.#kernel = kernel;
    this.#program = kernel.prog(COMMAND, fd);
    this.#options = options;
    this.#context = kernel.contexts.of(this.#program.type, true);
    this.#clock = new CaptureClock(kernel);
  }

  run(batch: PacketBatch, from: number): number {
    const packet = batch.packet(from);
    const what = `packet ${batch.first + from} of ${packet.length} bytes`;
    for (let round = this.#options.repeat ?? 1; round > 0; round--) {
      const context = checked(COMMAND, this.#context.begin(packet, this.#options.ctx), what);
      const { retval, duration } = timedRun(this.#kernel, this.#program, context, this.#clock.at(batch, from));
      this.retvals[0] = retval;
      this.nanoseconds += duration;
    }
    this.#out = this.#context.finish().dataOut;
    this.lengths[0] = this.#out.length;
    return 1;
  }

  packet(): Uint8Array {
    return this.#out;
  }
}
