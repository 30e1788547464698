import { MAP_DATA } from "../runtime/layout.ts";
import { RING_CONSUMER, RING_HEADER, RING_META_PAGES, RING_PRODUCER } from "../runtime/map-layout.ts";
import { ENOTSUPP } from "./errno.ts";
import type { Family } from "./family.ts";
import { alignTo, type GuestMap } from "./map.ts";

export const PAGE_SIZE = 4096;

const BUSY = 0x80000000;
const DISCARD = 0x40000000;
const LENGTH = 0x3fffffff;

/** Ring buffers are written by helpers and read by `ringbufRecords`; element commands do not apply. */
export const RINGBUF: Family = {
  size: (map) => RING_META_PAGES * PAGE_SIZE + 2 * map.maxEntries,
  layOut(map, start) {
    const data = start + RING_META_PAGES * PAGE_SIZE;
    map.set(MAP_DATA, data);
    map.reach(data, data + 2 * map.maxEntries, 2 * map.maxEntries, 0, 2 * map.maxEntries);
  },
  lookup: () => ENOTSUPP,
  update: () => ENOTSUPP,
  delete: () => ENOTSUPP,
  nextKey: () => ENOTSUPP,
  lookupAndDelete: () => ENOTSUPP,
};

/** Takes all committed records out of a ring buffer, in order; stops at the first one that is still reserved. Discarded ones are dropped. */
export function ringbufRecords(map: GuestMap): Uint8Array[] {
  const { view } = map.runtime.memory;
  const data = map.get(MAP_DATA);
  const producer = view.getBigUint64(map.address + RING_PRODUCER, true);
  let consumer = view.getBigUint64(map.address + RING_CONSUMER, true);
  const records: Uint8Array[] = [];
  while (consumer < producer) {
    const at = data + Number(consumer & BigInt(map.maxEntries - 1));
    const header = view.getUint32(at, true);
    if ((header & BUSY) !== 0) break;
    const length = header & LENGTH;
    if ((header & DISCARD) === 0) records.push(map.read(at + RING_HEADER, length));
    consumer += BigInt(alignTo(length + RING_HEADER, 8));
  }
  view.setBigUint64(map.address + RING_CONSUMER, consumer, true);
  return records;
}
