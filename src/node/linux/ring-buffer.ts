import { kernelError, type MapInfo } from "../../kernel/index.ts";
import { errnoText } from "../../uapi/index.ts";
import type { Libc, Mapping } from "./syscall.ts";

/**
 * BPF_MAP_TYPE_RINGBUF from user space (Documentation/bpf/ringbuf.rst): a page with the consumer's position, a page with
 * the producer's, then the data, mapped twice in a row so that a record that runs over the end can be read in one piece.
 * A record is a header of 8 bytes, the first four its length and two flags, and the data, padded to 8.
 */

const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

export class RingBufferReader {
  readonly #consumerPage: Mapping;
  readonly #producerPage: Mapping;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #headers: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #size: number;

  /** @throws BpfError `E_KERNEL` where the buffer cannot be mapped */
  constructor(libc: Libc, fd: number, { maxEntries, name }: Pick<MapInfo, "maxEntries" | "name">) {
    const { pageSize } = libc;
    const map = (offset: number, length: number, writable: boolean) => {
      const mapping = libc.map(fd, length, offset, writable);
      if (mapping === null) {
        const errno = libc.errno();
        throw kernelError("mmap", errno, `ring buffer "${name}": ${errnoText(errno)}`);
      }
      return mapping;
    };
    this.#size = maxEntries;
    this.#consumerPage = map(0, pageSize, true);
    try {
      this.#producerPage = map(pageSize, pageSize + 2 * maxEntries, false);
    } catch (error) {
      this.#consumerPage.unmap();
      throw error;
    }
    this.#consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1);
    this.#producer = new BigUint64Array(this.#producerPage.buffer, 0, 1);
    this.#headers = new Int32Array(this.#producerPage.buffer, pageSize);
    this.#bytes = new Uint8Array(this.#producerPage.buffer, pageSize);
  }

  /** Takes out what is there. A record that its program still writes to ends the walk, as do those behind it. */
  *records(): Generator<Uint8Array> {
    let at = Atomics.load(this.#consumer, 0);
    while (at < Atomics.load(this.#producer, 0)) {
      const offset = Number(at & BigInt(this.#size - 1));
      const header = Atomics.load(this.#headers, offset / 4) >>> 0;
      if ((header & BUSY) !== 0) return;
      const length = header & ~(BUSY | DISCARD);
      const record = this.#bytes.slice(offset + HEADER, offset + HEADER + length);
      at += BigInt(HEADER + ((length + 7) & ~7));
      Atomics.store(this.#consumer, 0, at);
      if ((header & DISCARD) === 0) yield record;
    }
  }

  close(): void {
    this.#consumerPage.unmap();
    this.#producerPage.unmap();
  }
}
