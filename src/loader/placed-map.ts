import type { ElfSection } from "../elf/index.ts";
import type { MapSpec } from "./spec.ts";

/** A map and where its declaration lies. */
export interface PlacedMap {
  readonly spec: MapSpec;
  readonly section: ElfSection;
  readonly offset: number;
  /** Offset in the declaration of the array of initial values (`__array(values, …)`), null without one. */
  readonly valuesAt: number | null;
}

/** A map with nothing said about it yet. */
export function emptyMap(name: string, origin: MapSpec["origin"]): MapSpec {
  return {
    name,
    origin,
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    mapExtra: 0n,
    keyType: 0,
    valueType: 0,
    numaNode: null,
    pinning: 0,
    inner: null,
    values: [],
    contents: null,
    frozen: false,
  };
}
