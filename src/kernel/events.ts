import { enablePerfEvent, perfSamples, ringbufRecords } from "../maps/index.ts";
import { MAP_TYPE } from "../uapi/index.ts";
import type { LoadedMap } from "./loaded-map.ts";
import type { LoadedObject } from "./object.ts";
import type { SimulatedKernel } from "./simulated.ts";

/** What came through one ring buffer or perf event array. */
export interface EventStream {
  readonly map: LoadedMap;
  records: number;
  bytes: number;
  /** Records that found the buffer full. */
  lost: number;
  /** The first records. */
  readonly samples: Uint8Array[];
}

/**
 * The user-space end of an object's ring buffers and perf event arrays (libbpf's ring_buffer__poll and perf_buffer__poll).
 * Perf event arrays take output from the moment this is made.
 */
export class EventReader {
  readonly streams: readonly EventStream[];
  readonly #kernel: SimulatedKernel;
  readonly #keep: number;

  /** @param keep records of each stream that are kept; the rest is counted */
  constructor(kernel: SimulatedKernel, object: LoadedObject, keep: number) {
    this.#kernel = kernel;
    this.#keep = keep;
    const buffers = Object.values(object.maps).filter(({ spec: { type } }) => isRing(type) || isPerf(type));
    this.streams = buffers.map((map) => ({ map, records: 0, bytes: 0, lost: 0, samples: [] }));
    for (const map of buffers) {
      const cpus = isPerf(map.spec.type) ? kernel.possibleCpus : 0;
      for (let cpu = 0; cpu < cpus; cpu++) enablePerfEvent(kernel.guestMap(map.fd), cpu);
    }
  }

  /** Takes out what has come since the last time. */
  drain(): void {
    for (const stream of this.streams) {
      const map = this.#kernel.guestMap(stream.map.fd);
      if (isRing(stream.map.spec.type)) {
        for (const record of ringbufRecords(map)) this.#take(stream, record);
      } else {
        const { samples, lost } = perfSamples(map);
        for (const { data } of samples) this.#take(stream, data);
        stream.lost += lost;
      }
    }
  }

  #take(stream: EventStream, record: Uint8Array): void {
    stream.records++;
    stream.bytes += record.length;
    if (stream.samples.length < this.#keep) stream.samples.push(record);
  }
}

function isRing(type: number): boolean {
  return type === MAP_TYPE.BPF_MAP_TYPE_RINGBUF;
}

function isPerf(type: number): boolean {
  return type === MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}
