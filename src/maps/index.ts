export { createMap } from "./create.ts";
export type { Bytes, MapAttr, MapReferences } from "./map.ts";
export { GuestMap } from "./map.ts";
export type { MapTypeRow } from "./registry.ts";
export { MAP_REGISTRY, mapTypeRow } from "./registry.ts";
