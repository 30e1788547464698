import { kernelError } from "../../kernel/index.ts";
import { errnoText } from "../../uapi/index.ts";
import type { Libc, Mapping } from "./syscall.ts";

/** perf_event_open(2): events whose samples come through a ring of pages. */

const PERF_TYPE_SOFTWARE = 1;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_COUNT_SW_BPF_OUTPUT = 10n;
const PERF_SAMPLE_RAW = 1n << 10n;
const PERF_FLAG_FD_CLOEXEC = 8;
const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;
const ATTR_SIZE = 112;
/** Of struct perf_event_mmap_page. */
const DATA_HEAD = 0x400 / 8;
const DATA_TAIL = 0x408 / 8;

/** What a walk over the ring finds. */
export type PerfRecord =
  /** `data` is padded: its length plus 4 is a multiple of 8. */
  { readonly kind: "sample"; readonly data: Uint8Array } | { readonly kind: "lost"; readonly count: number };

/** struct perf_event_attr of an event that delivers each sample's raw data. */
function rawSamples(type: number, config: bigint): Uint8Array {
  const attr = new Uint8Array(ATTR_SIZE);
  const view = new DataView(attr.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, ATTR_SIZE, true);
  view.setBigUint64(8, config, true);
  view.setBigUint64(16, 1n, true); // sample_period
  view.setBigUint64(24, PERF_SAMPLE_RAW, true);
  view.setUint32(48, 1, true); // wakeup_events
  return attr;
}

export class PerfEventReader {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #pages: Mapping;
  readonly #positions: BigUint64Array;
  readonly #bytes: Uint8Array;

  /**
   * @param pages of data, a power of two
   * @throws BpfError `E_KERNEL`
   */
  private constructor(libc: Libc, attr: Uint8Array, pid: number, cpu: number, pages: number) {
    this.#libc = libc;
    this.fd = libc.perfEventOpen(attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (this.fd < 0) throw this.#failure("perf_event_open", cpu);
    const mapping = libc.map(this.fd, (1 + pages) * libc.pageSize, 0, true);
    if (mapping === null || libc.ioctl(this.fd, PERF_EVENT_IOC_ENABLE, 0n) < 0) {
      const failure = this.#failure(mapping === null ? "mmap" : "ioctl", cpu);
      mapping?.unmap();
      libc.close(this.fd);
      throw failure;
    }
    this.#pages = mapping;
    this.#positions = new BigUint64Array(mapping.buffer, 0, DATA_TAIL + 1);
    this.#bytes = new Uint8Array(mapping.buffer, libc.pageSize);
  }

  /** What bpf_perf_event_output writes on one CPU. */
  static ofOutput(libc: Libc, cpu: number, pages: number): PerfEventReader {
    return new PerfEventReader(libc, rawSamples(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT), -1, cpu, pages);
  }

  /** What passes a tracepoint of the kernel in this thread. @param id of the file `id` in tracefs */
  static ofTracepoint(libc: Libc, id: number, pages: number): PerfEventReader {
    return new PerfEventReader(libc, rawSamples(PERF_TYPE_TRACEPOINT, BigInt(id)), 0, -1, pages);
  }

  /** Takes out what is there. */
  *records(): Generator<PerfRecord> {
    let tail = Atomics.load(this.#positions, DATA_TAIL);
    while (tail < Atomics.load(this.#positions, DATA_HEAD)) {
      const header = this.#copy(tail, 8);
      const size = header.getUint16(6, true);
      const type = header.getUint32(0, true);
      const body = this.#copy(tail + 8n, size - 8);
      tail += BigInt(size);
      Atomics.store(this.#positions, DATA_TAIL, tail);
      if (type === PERF_RECORD_SAMPLE) {
        yield { kind: "sample", data: new Uint8Array(body.buffer, 4, body.getUint32(0, true)) };
      } else if (type === PERF_RECORD_LOST) yield { kind: "lost", count: Number(body.getBigUint64(8, true)) };
    }
  }

  close(): void {
    this.#pages.unmap();
    this.#libc.close(this.fd);
  }

  /** Bytes from a position on, which may run over the ring's end. */
  #copy(position: bigint, length: number): DataView {
    const size = this.#bytes.length;
    const start = Number(position & BigInt(size - 1));
    const out = new Uint8Array(length);
    const first = Math.min(length, size - start);
    out.set(this.#bytes.subarray(start, start + first));
    out.set(this.#bytes.subarray(0, length - first), first);
    return new DataView(out.buffer);
  }

  #failure(call: string, cpu: number) {
    const errno = this.#libc.errno();
    return kernelError(call, errno, `perf event of CPU ${cpu}: ${errnoText(errno)}`);
  }
}
