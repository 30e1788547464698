export { createMap } from "./create.ts";
export type { Bytes, MapAttr, MapReferences } from "./map.ts";
export { GuestMap } from "./map.ts";
export type { PerfSample } from "./perf.ts";
export { enablePerfEvent, perfSamples } from "./perf.ts";
export type { MapTypeRow } from "./registry.ts";
export { MAP_REGISTRY, mapTypeRow } from "./registry.ts";
export { ringbufRecords } from "./ringbuf.ts";
