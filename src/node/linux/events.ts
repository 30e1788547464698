import type { EventStream, LoadedMap, LoadedObject } from "../../kernel/index.ts";
import { MAP_TYPE } from "../../uapi/index.ts";
import type { LinuxBackend } from "../linux-backend.ts";
import { onlineCpus } from "./cpus.ts";
import { PerfEventReader } from "./perf-event.ts";
import { RingBufferReader } from "./ring-buffer.ts";
import type { PollHandle } from "./syscall.ts";

/** Pages of data per CPU of a perf event array. */
const PERF_PAGES = 64;

interface Source {
  readonly stream: EventStream;
  /** Descriptors that become readable when something comes. */
  readonly fds: readonly number[];
  read(take: (record: Uint8Array) => void, lost: (count: number) => void): void;
  close(): void;
}

/**
 * The user-space end of an object's ring buffers and perf event arrays in the running kernel: what EventReader is for the
 * simulated one. Either `drain` when it suits, or `watch` to be told by the event loop.
 */
export class LinuxEventReader {
  readonly streams: readonly EventStream[];
  readonly #backend: LinuxBackend;
  readonly #sources: readonly Source[];
  readonly #keep: number;
  readonly #polls: PollHandle[] = [];

  /** @param keep records of each stream that are kept; the rest is counted */
  constructor(backend: LinuxBackend, object: LoadedObject, keep: number) {
    this.#backend = backend;
    this.#keep = keep;
    const sources: Source[] = [];
    try {
      for (const map of Object.values(object.maps)) {
        if (map.spec.type === MAP_TYPE.BPF_MAP_TYPE_RINGBUF) sources.push(ringSource(backend, map));
        if (map.spec.type === MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY) sources.push(perfSource(backend, map));
      }
    } catch (error) {
      for (const source of sources) source.close();
      throw error;
    }
    this.#sources = sources;
    this.streams = sources.map(({ stream }) => stream);
  }

  /** Takes out what has come since the last time. @param take gets every record */
  drain(take?: (stream: EventStream, record: Uint8Array) => void): void {
    for (const { stream, read } of this.#sources) {
      read(
        (record) => {
          stream.records++;
          stream.bytes += record.length;
          if (stream.samples.length < this.#keep) stream.samples.push(record);
          take?.(stream, record);
        },
        (count) => {
          stream.lost += count;
        },
      );
    }
  }

  /** Calls `take` for every record as it comes, until `close`. No thread waits and nothing is asked in a loop. */
  watch(take: (stream: EventStream, record: Uint8Array) => void): void {
    const { libc } = this.#backend.bpf;
    for (const { fds } of this.#sources) {
      for (const fd of fds) this.#polls.push(libc.poll(fd, () => this.drain(take)));
    }
    this.drain(take);
  }

  close(): void {
    // Handles go before the descriptors they watch.
    for (const poll of this.#polls.splice(0)) {
      poll.stop();
      poll.close();
    }
    for (const source of this.#sources) source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function streamOf(map: LoadedMap): EventStream {
  return { map, records: 0, bytes: 0, lost: 0, samples: [] };
}

function ringSource(backend: LinuxBackend, map: LoadedMap): Source {
  const reader = new RingBufferReader(backend.bpf.libc, map.fd, backend.mapInfo(map.fd));
  return {
    stream: streamOf(map),
    fds: [map.fd],
    read(take) {
      for (const record of reader.records()) take(record);
    },
    close: () => reader.close(),
  };
}

function perfSource(backend: LinuxBackend, map: LoadedMap): Source {
  const readers: PerfEventReader[] = [];
  const close = () => {
    for (const reader of readers) reader.close();
  };
  try {
    for (const cpu of onlineCpus()) {
      const reader = PerfEventReader.ofOutput(backend.bpf.libc, cpu, PERF_PAGES);
      readers.push(reader);
      backend.mapUpdate(map.fd, u32(cpu), u32(reader.fd));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    stream: streamOf(map),
    fds: readers.map(({ fd }) => fd),
    read(take, lost) {
      for (const reader of readers) {
        for (const record of reader.records()) {
          if (record.kind === "sample") take(record.data);
          else lost(record.count);
        }
      }
    },
    close,
  };
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
