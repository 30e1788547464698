import type { PacketBatch } from "../net/index.ts";
import type { Backend, Fd } from "./backend.ts";
import type { PacketRunner, PacketRunOptions } from "./packet-runner.ts";

/** Runs packets one BPF_PROG_TEST_RUN at a time, on any backend, as that command shows them: a socket filter sees no Ethernet header. */
export class TestRunRunner implements PacketRunner {
  readonly retvals = new Int32Array(1);
  readonly lengths = new Uint32Array(1);
  nanoseconds = 0;
  readonly #backend: Backend;
  readonly #fd: Fd;
  readonly #options: PacketRunOptions;
  #out: Uint8Array = new Uint8Array(0);

  constructor(backend: Backend, fd: Fd, options: PacketRunOptions) {
    this.#backend = backend;
    this.#fd = fd;
    this.#options = options;
  }

  run(batch: PacketBatch, from: number): number {
    const { ctx, repeat = 1 } = this.#options;
    const result = this.#backend.progTestRun(this.#fd, {
      dataIn: batch.packet(from),
      repeat,
      ...(ctx === undefined ? {} : { ctxIn: ctx }),
    });
    this.nanoseconds += result.duration * repeat;
    this.retvals[0] = result.retval;
    this.#out = result.dataOut;
    this.lengths[0] = result.dataOut.length;
    return 1;
  }

  packet(): Uint8Array {
    return this.#out;
  }
}
