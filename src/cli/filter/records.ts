import type { CaptureFormat, PacketBatch } from "../../net/index.ts";
import type { CaptureWriter } from "../../node/index.ts";

/** What is gathered before it is written, and room for the longest record. */
const GATHERED = 1 << 20;
const LONGEST = 0x50000;
/** Room for records that the gatherer needs in the buffer where packets lie. */
export const RECORDS_BYTES = GATHERED + LONGEST;

const HEADER = 16;

/** Brings the records of accepted packets together in the memory where packets lie, and writes them a megabyte at a time. */
export class RecordGatherer {
  readonly #writer: CaptureWriter;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;
  readonly #format: CaptureFormat;
  #at: number;
  #packets = 0;

  /** @param bytes holds the packets before `start`, and has RECORDS_BYTES of room from there on. */
  constructor(writer: CaptureWriter, bytes: Uint8Array, start: number, format: CaptureFormat) {
    this.#writer = writer;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
    this.#at = start;
    this.#format = format;
  }

  /** Takes the packets of the batch whose result is not 0. */
  gather(batch: PacketBatch, results: Uint32Array): void {
    const { offsets, lengths, wireLengths, seconds, nanos, count } = batch;
    if (this.#format === "pcapng") {
      for (let i = 0; i < count; i++) {
        if (results[i] !== 0) this.#writer.write(batch.packet(i), seconds[i]!, nanos[i]!, wireLengths[i]!);
      }
      return;
    }
    const unit = this.#format === "pcap" ? 1000 : 1;
    const bytes = this.#bytes;
    const view = this.#view;
    const full = this.#start + GATHERED;
    let at = this.#at;
    for (let i = 0; i < count; i++) {
      if (results[i] === 0) continue;
      const length = lengths[i]!;
      view.setUint32(at, seconds[i]!, true);
      view.setUint32(at + 4, (nanos[i]! / unit) >>> 0, true);
      view.setUint32(at + 8, length, true);
      view.setUint32(at + 12, wireLengths[i]!, true);
      at += HEADER;
      bytes.copyWithin(at, offsets[i]!, offsets[i]! + length);
      at += length;
      this.#packets++;
      if (at >= full) {
        this.#at = at;
        this.flush();
        at = this.#at;
      }
    }
    this.#at = at;
  }

  /** Writes what is gathered. */
  flush(): void {
    if (this.#packets === 0) return;
    this.#writer.writeRecords(this.#bytes.subarray(this.#start, this.#at), this.#packets);
    this.#at = this.#start;
    this.#packets = 0;
  }
}
