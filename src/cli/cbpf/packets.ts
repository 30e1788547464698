import { ClassicPacket, capturedEnv } from "../../classic/index.ts";
import type { PacketBatch } from "../../net/index.ts";
import { type CaptureReader, openCapture } from "../../node/index.ts";

/** A packet of a capture. */
export interface CapturedPacket {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly packet: ClassicPacket;
}

/** A capture that is read from a packet of choice on, as often as wanted; never held in memory whole. */
export class PacketFile {
  readonly #path: string;
  #reader: CaptureReader | null = null;
  #batches: AsyncIterator<PacketBatch> | null = null;
  #batch: PacketBatch | null = null;
  #next = 1;

  constructor(path: string) {
    this.#path = path;
  }

  /** Goes to packet `number`: the next one that `read` returns. */
  async select(number: number): Promise<void> {
    if (number < this.#next || this.#batches === null) await this.#open();
    this.#next = number;
  }

  /** The next packet, or null behind the last. */
  async read(): Promise<CapturedPacket | null> {
    if (this.#batches === null) await this.#open();
    const number = this.#next;
    while (this.#batch === null || number >= this.#batch.first + this.#batch.count) {
      const { done, value } = await this.#batches!.next();
      if (done === true) return null;
      this.#batch = value;
    }
    this.#next++;
    return this.#packet(this.#batch, number);
  }

  async close(): Promise<void> {
    await this.#batches?.return?.();
    this.#reader?.close();
    this.#reader = null;
    this.#batches = null;
    this.#batch = null;
    this.#next = 1;
  }

  async #open(): Promise<void> {
    await this.close();
    this.#reader = openCapture(this.#path);
    this.#batches = this.#reader[Symbol.asyncIterator]();
  }

  #packet(batch: PacketBatch, number: number): CapturedPacket {
    const row = number - batch.first;
    const bytes = batch.packet(row).slice();
    const device = batch.interfaces[row]!;
    const linkType = this.#reader!.interfaces[device]!.linkType;
    const env = capturedEnv(bytes, linkType, batch.wireLengths[row]!, device + 1);
    return { number, bytes, packet: new ClassicPacket(bytes, env) };
  }
}
