import type { PacketBatch } from "../net/index.ts";
import type { SimulatedKernel } from "./simulated.ts";

/** The virtual clock of a capture: what lies a second apart there does so for the program. Nanoseconds. */
export class CaptureClock {
  /** The clock at the first packet. */
  readonly start: number;
  #seconds: number | null = null;
  #nanos = 0;

  constructor(kernel: SimulatedKernel) {
    this.start = Number(kernel.options.clock ?? 1_000_000_000n);
  }

  /** Time of the capture's first packet; `batch` holds it when this is first called. */
  origin(batch: PacketBatch): { readonly seconds: number; readonly nanos: number } {
    if (this.#seconds === null) {
      this.#seconds = batch.seconds[0]!;
      this.#nanos = batch.nanos[0]!;
    }
    return { seconds: this.#seconds, nanos: this.#nanos };
  }

  /** The clock at packet `index`; never before the first packet's. */
  at(batch: PacketBatch, index: number): bigint {
    const { seconds, nanos } = this.origin(batch);
    const since = (batch.seconds[index]! - seconds) * 1e9 + (batch.nanos[index]! - nanos);
    return BigInt(Math.trunc(this.start + Math.max(0, since)));
  }
}
