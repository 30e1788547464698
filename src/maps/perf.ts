import { MAP_DATA } from "../runtime/layout.ts";
import { PERF_BUFFER, PERF_END, PERF_LOST, PERF_NEXT, PERF_RECORD_HEADER } from "../runtime/map-layout.ts";
import { EVENT_ARRAY, PERF_ENABLED } from "./array.ts";
import type { Family } from "./family.ts";
import { alignTo, type GuestMap } from "./map.ts";

/** Bytes of samples that a perf event array keeps until they are drained. */
const BUFFER_SIZE = 1 << 22;

const slots = (map: GuestMap): number => alignTo(4 * map.maxEntries, 8);

/** Elements are events, one per CPU; samples go to one buffer behind them. */
export const PERF_EVENT_ARRAY: Family = {
  ...EVENT_ARRAY,
  size: (map) => slots(map) + BUFFER_SIZE,
  layOut(map, data) {
    EVENT_ARRAY.layOut(map, data);
    const buffer = data + slots(map);
    map.set(PERF_BUFFER, buffer);
    map.set(PERF_NEXT, buffer);
    map.set(PERF_END, buffer + BUFFER_SIZE);
  },
};

/** One bpf_perf_event_output: the bytes that the program gave, without the padding that perf adds. */
export interface PerfSample {
  readonly cpu: number;
  readonly data: Uint8Array;
}

/** Takes all samples out of a perf event array, in order of output, and how many were lost because its buffer was full. */
export function perfSamples(map: GuestMap): { readonly samples: PerfSample[]; readonly lost: number } {
  const { view } = map.runtime.memory;
  const end = map.get(PERF_NEXT);
  const samples: PerfSample[] = [];
  for (let at = map.get(PERF_BUFFER); at < end; ) {
    const size = view.getUint32(at, true);
    samples.push({ cpu: view.getUint32(at + 4, true), data: map.read(at + PERF_RECORD_HEADER, size) });
    at += alignTo(PERF_RECORD_HEADER + size, 8);
  }
  const lost = map.get(PERF_LOST);
  map.set(PERF_NEXT, map.get(PERF_BUFFER));
  map.set(PERF_LOST, 0);
  return { samples, lost };
}

/** Makes the programs' output for `cpu` go to the sample buffer, as a perf event opened on that CPU and put into the map does. */
export function enablePerfEvent(map: GuestMap, cpu: number): void {
  map.runtime.memory.view.setUint32(map.get(MAP_DATA) + 4 * cpu, PERF_ENABLED, true);
}
