import { MAP_DATA, MAP_STRIDE } from "../runtime/layout.ts";
import {
  LPM_BUMP,
  LPM_END,
  LPM_GENERATION,
  LPM_MAX_PREFIX,
  LPM_SLOT_SIZE,
  LPM_TABLE,
  LPM_TABLE_SHIFT,
  LPM_VALUE,
  NODE_BITS,
} from "../runtime/map-layout.ts";
import { ENOENT, ENOTSUPP } from "./errno.ts";
import type { Family } from "./family.ts";
import { alignTo, type GuestMap } from "./map.ts";

/** Tries grow as they are filled; so much is reserved at most, whatever max_entries says. */
const RESERVED_MAX = 2 ** 28;

const valueOffset = (map: GuestMap): number => NODE_BITS + alignTo(map.keySize - 4, 8);
const stride = (map: GuestMap): number => valueOffset(map) + alignTo(map.valueSize, 8);

/** Entries and forks: a trie of n entries has at most n - 1 forks. */
function nodes(map: GuestMap): number {
  return Math.min(2 * map.maxEntries, Math.max(2, Math.floor(RESERVED_MAX / stride(map))));
}

/** Bits of an address that the jump table covers: a few more than entries are likely to tell apart. */
function tableBits(map: GuestMap): number {
  return Math.min((map.keySize - 4) * 8, Math.max(8, Math.min(16, Math.ceil(Math.log2(map.maxEntries)) + 2)));
}

export const LPM_TRIE: Family = {
  size: (map) => stride(map) * nodes(map) + LPM_SLOT_SIZE + LPM_SLOT_SIZE * 2 ** tableBits(map),
  layOut(map, data) {
    const end = data + stride(map) * nodes(map);
    map.set(MAP_DATA, data);
    map.set(MAP_STRIDE, stride(map));
    map.set(LPM_TABLE, alignTo(end, LPM_SLOT_SIZE));
    map.set(LPM_TABLE_SHIFT, 64 - tableBits(map));
    map.set(LPM_GENERATION, 1);
    map.set(LPM_BUMP, data);
    map.set(LPM_END, end);
    map.set(LPM_VALUE, valueOffset(map));
    map.set(LPM_MAX_PREFIX, (map.keySize - 4) * 8);
    map.reach(data, end, stride(map), valueOffset(map), map.valueSize);
  },
  lookup(map, key) {
    const at = map.call("lpm_lookup", map.stageKey(key)) >>> 0;
    return at === 0 ? ENOENT : map.read(at, map.valueSize);
  },
  update: (map, key, value, flags) => map.call("lpm_update", map.stageKey(key), map.stageValue(value), flags),
  delete: (map, key) => map.call("lpm_delete", map.stageKey(key)),
  nextKey(map, key) {
    const at = map.call("lpm_next", key === null ? 0 : map.stageKey(key)) >>> 0;
    if (at === 0) return ENOENT;
    const to = map.stagedKey;
    map.call("lpm_key", at, to);
    return map.read(to, map.keySize);
  },
  lookupAndDelete: () => ENOTSUPP,
};
