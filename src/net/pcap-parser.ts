import { plainBytes } from "../util/index.ts";
import { PCAP_HEADER_SIZE, pcapVariant, readPcapHeader } from "./pcap.ts";
import { type CaptureInterface, type CaptureNotice, PacketBatch, type Scanner, type ScanState } from "./pcap-batch.ts";
import { captureError } from "./pcap-errors.ts";
import { BLOCK_SECTION, createPcapngScanner } from "./pcapng.ts";

/** A buffer handed to `scan` must be able to hold this many bytes, so that every record fits at some time. */
export const MIN_SCAN_BUFFER = 1 << 20;

export interface CaptureParserOptions {
  /** Refuse packets of any other link type (E_PCAP_LINKTYPE); XDP and tc need 1, Ethernet. Default: take all. */
  readonly linkType?: number;
  /** Packets per batch, default 8192. */
  readonly batchSize?: number;
}

/**
 * Reads a pcap or pcapng capture (both byte orders, micro- and nanoseconds) from chunks of any size:
 *
 * ```ts
 * const parser = new CaptureParser({ linkType: LINKTYPE_ETHERNET });
 * for (const batch of parser.push(chunk)) for (let i = 0; i < batch.count; i++) use(batch.packet(i));
 * parser.end();
 * ```
 *
 * Batches are positions in the chunk, packets are not copied. Who owns the buffer itself (a stretch of WebAssembly memory, say)
 * calls `scan` instead of `push` and moves what is left to the buffer's start.
 *
 * @throws BpfError `E_PCAP_*` with the packet's number and file offset; packets before the fault are delivered first.
 */
export class CaptureParser {
  readonly #batch: PacketBatch;
  readonly #state: ScanState;
  #scanner: Scanner | null = null;
  #fault: unknown = null;
  /** File offset of the next byte that `scan` has not used. */
  #offset = 0;
  #carry: Uint8Array | null = null;
  #carried = 0;

  constructor(options: CaptureParserOptions = {}) {
    this.#batch = new PacketBatch(options.batchSize);
    this.#state = { packets: 0, base: 0, skip: 0, linkType: options.linkType ?? null, interfaces: [], notices: [] };
  }

  /** Null until the first bytes were seen. */
  get format(): "pcap" | "pcapng" | null {
    return this.#scanner?.format ?? null;
  }
  /** Packets delivered so far. */
  get packets(): number {
    return this.#state.packets;
  }
  /** Bytes of the (uncompressed) capture used so far. */
  get offset(): number {
    return this.#offset;
  }
  /** Interfaces described so far. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#state.interfaces;
  }
  /** The first oddities that did not stop the reading. */
  get notices(): readonly CaptureNotice[] {
    return this.#state.notices;
  }
  /** The batch that `scan` fills. */
  get batch(): PacketBatch {
    return this.#batch;
  }

  /**
   * Fills `batch` with the packets that lie whole in `bytes[start, end)`, as many as fit.
   * @returns the index of the first byte not used: pass it as `start` with the same bytes, or more, next time.
   * More bytes are needed when `batch.count` is 0.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    const batch = this.#batch;
    const state = this.#state;
    batch.count = 0;
    batch.byteCount = 0;
    batch.first = state.packets + 1;
    batch.bytes = bytes;
    if (this.#fault !== null) throw this.#fault;
    state.base = this.#offset - start;
    let at = start;
    if (this.#scanner === null) {
      at = this.#readMagic(bytes, start, end);
      if (this.#scanner === null) return start;
    }
    at = this.#pass(at, end);
    const scanner: Scanner = this.#scanner;
    if (state.skip === 0 && at < end) {
      try {
        at = scanner.scan(bytes, at, end, batch);
      } catch (error) {
        this.#fault = error;
        if (batch.count === 0) throw error;
        return at;
      }
    }
    this.#offset = state.base + at;
    return at;
  }

  /** To be called after the last byte. @throws BpfError `E_PCAP_CUT` where `rest` bytes or a skipped block are incomplete. */
  finish(bytes: Uint8Array, start: number, end: number): void {
    if (this.#fault !== null) throw this.#fault;
    const found = end - start;
    if (this.#scanner === null) {
      if (found < 4) throw captureError("E_PCAP_MAGIC", { magic: 0, size: found });
      throw captureError("E_PCAP_CUT", {
        packet: 1,
        offset: 0,
        what: "the file header",
        need: PCAP_HEADER_SIZE,
        found,
      });
    }
    if (found > 0 || this.#state.skip > 0) {
      this.#state.base = this.#offset - start;
      this.#scanner.cut(bytes, start, found);
    }
  }

  /** Batches of the packets that `chunk` completes. Use up each batch before going on; the chunk may be reused afterwards. */
  *push(input: Uint8Array): Generator<PacketBatch, void, void> {
    const chunk = plainBytes(input);
    let start = 0;
    while (this.#carried > 0 && start < chunk.length) {
      // A record lies across the chunks: complete it (and little else) in a buffer of our own.
      const carry = this.#carry!;
      const room = Math.min(chunk.length - start, carry.length - this.#carried, Math.max(this.#carried, 4096));
      carry.set(chunk.subarray(start, start + room), this.#carried);
      const before = this.#carried;
      const end = before + room;
      let at = 0;
      do {
        at = this.scan(carry, at, end);
        if (this.#batch.count > 0) yield this.#batch;
      } while (this.#batch.count > 0);
      start += room;
      if (at >= before) {
        start -= end - at;
        this.#carried = 0;
      } else {
        carry.copyWithin(0, at, end);
        this.#carried = end - at;
      }
    }
    if (this.#carried > 0) return;
    do {
      start = this.scan(chunk, start, chunk.length);
      if (this.#batch.count > 0) yield this.#batch;
    } while (this.#batch.count > 0);
    const rest = chunk.length - start;
    if (rest > 0) {
      this.#carry ??= new Uint8Array(MIN_SCAN_BUFFER);
      this.#carry.set(chunk.subarray(start));
      this.#carried = rest;
    }
  }

  /** To be called after the last chunk. @throws BpfError `E_PCAP_CUT` where the capture ends within a record. */
  end(): void {
    this.finish(this.#carry ?? new Uint8Array(0), 0, this.#carried);
  }

  /** Recognizes the format; leaves `#scanner` null while there are too few bytes. */
  #readMagic(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 4) return start;
    const magic = new DataView(bytes.buffer, bytes.byteOffset + start, 4).getUint32(0, true);
    if (magic === BLOCK_SECTION) {
      this.#scanner = createPcapngScanner(this.#state);
      return start;
    }
    const variant = pcapVariant(magic);
    if (variant === undefined) throw captureError("E_PCAP_MAGIC", { magic, size: end - start });
    if (end - start < PCAP_HEADER_SIZE) return start;
    this.#scanner = readPcapHeader(this.#state, variant, bytes, start);
    return start + PCAP_HEADER_SIZE;
  }

  /** Passes over the rest of a large block. */
  #pass(at: number, end: number): number {
    const step = Math.min(this.#state.skip, end - at);
    this.#state.skip -= step;
    return at + step;
  }
}
