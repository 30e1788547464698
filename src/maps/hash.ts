import { MAP_CPU_STRIDE, MAP_DATA, MAP_STRIDE } from "../runtime/layout.ts";
import {
  ELEM_KEY,
  HASH_BUCKET_COUNT,
  HASH_BUCKETS,
  HASH_BUMP,
  HASH_COPIES,
  HASH_COPIES_SIZE,
  HASH_END,
  HASH_HAND,
  HASH_SHIFT,
  HASH_VALUE,
} from "../runtime/map-layout.ts";
import { BPF_EXIST, BPF_F_LOCK } from "./constants.ts";
import { EINVAL, ENOENT } from "./errno.ts";
import { bytesU32, type Family, u32Bytes } from "./family.ts";
import { alignTo, type Bytes, type GuestMap } from "./map.ts";

interface Shape {
  readonly bits: number;
  readonly stride: number;
  readonly value: number;
  readonly copies: number;
}

/** One bucket per entry, rounded up to a power of two, at least two: a shift by 64 would be a shift by 0. */
function shapeOf(map: GuestMap, perCpu: boolean): Shape {
  const value = ELEM_KEY + alignTo(map.keySize, 8);
  const padded = alignTo(map.valueSize, 8);
  return {
    bits: Math.max(1, Math.ceil(Math.log2(map.maxEntries))),
    stride: value + (perCpu ? 8 : padded),
    value,
    copies: perCpu ? padded * map.cpus : 0,
  };
}

interface Names {
  /** Export that updates; per-CPU maps: all copies. */
  readonly update: string;
  readonly perCpu: boolean;
  /** Program-side updates accept BPF_F_LOCK where the value has a lock. */
  readonly lock: boolean;
}

function hashFamily({ update, perCpu, lock }: Names): Family {
  const valueAt = (map: GuestMap, element: number): number => {
    const at = element + map.get(HASH_VALUE);
    return perCpu ? map.runtime.memory.view.getUint32(at, true) : at;
  };
  const lookup = (map: GuestMap, key: Uint8Array): Bytes => {
    const element = map.call("hash_find", map.stageKey(key)) >>> 0;
    return element === 0 ? ENOENT : map.read(valueAt(map, element), map.sysValueSize);
  };
  return {
    size(map) {
      const { bits, stride, copies } = shapeOf(map, perCpu);
      return 4 * 2 ** bits + 64 + (stride + copies) * map.maxEntries;
    },
    layOut(map, data) {
      const { bits, stride, value, copies } = shapeOf(map, perCpu);
      const elements = alignTo(data + 4 * 2 ** bits, 64);
      const end = elements + stride * map.maxEntries;
      map.set(HASH_BUCKETS, data);
      map.set(HASH_BUCKET_COUNT, 2 ** bits);
      map.set(HASH_SHIFT, 64 - bits);
      map.set(MAP_DATA, elements);
      map.set(MAP_STRIDE, stride);
      map.set(HASH_BUMP, elements);
      map.set(HASH_HAND, elements);
      map.set(HASH_END, end);
      map.set(HASH_VALUE, value);
      if (perCpu) {
        const padded = alignTo(map.valueSize, 8);
        map.set(MAP_CPU_STRIDE, padded);
        map.set(HASH_COPIES, end);
        map.set(HASH_COPIES_SIZE, copies);
        map.reach(end, end + copies * map.maxEntries, padded, 0, map.valueSize);
      } else {
        map.reach(elements, end, stride, value, map.valueSize);
      }
    },
    lookup,
    update(map, key, bytes, flags) {
      const kind = lock ? (flags & ~BPF_F_LOCK) >>> 0 : flags;
      if (kind > BPF_EXIST) return EINVAL;
      return map.call(update, map.stageKey(key), map.stageValue(bytes), kind);
    },
    delete: (map, key) => map.call("hash_delete", map.stageKey(key)),
    nextKey(map, key) {
      const element = map.call("hash_next", key === null ? 0 : map.stageKey(key)) >>> 0;
      return element === 0 ? ENOENT : map.read(element + ELEM_KEY, map.keySize);
    },
    lookupAndDelete(map, key) {
      const value = lookup(map, key);
      if (typeof value !== "number") map.call("hash_delete", map.stageKey(key));
      return value;
    },
  };
}

export const HASH = hashFamily({ update: "hash_update", perCpu: false, lock: true });
export const LRU_HASH = hashFamily({ update: "lru_hash_update", perCpu: false, lock: false });
export const PERCPU_HASH = hashFamily({ update: "percpu_hash_update_all", perCpu: true, lock: false });
export const LRU_PERCPU_HASH = hashFamily({ update: "lru_percpu_hash_update_all", perCpu: true, lock: false });

/** Values are descriptors for bpf(2), inner maps' addresses for programs. */
export const HASH_OF_MAPS: Family = {
  ...HASH,
  lookup(map, key) {
    const value = HASH.lookup(map, key);
    if (typeof value === "number") return value;
    return map.references === null ? ENOENT : u32Bytes(map.references.id(bytesU32(value)));
  },
  update(map, key, value, flags) {
    const reference = map.references === null ? EINVAL : map.references.acquire(bytesU32(value), map);
    if (reference <= 0) return reference;
    const before = HASH.lookup(map, key);
    const error = HASH.update(map, key, u32Bytes(reference), flags);
    if (error !== 0) map.references?.release(reference);
    else if (typeof before !== "number") map.references?.release(bytesU32(before));
    return error;
  },
  delete(map, key) {
    const before = HASH.lookup(map, key);
    const error = HASH.delete(map, key);
    if (error === 0 && typeof before !== "number") map.references?.release(bytesU32(before));
    return error;
  },
  release(map) {
    for (const key of map.keys()) {
      const value = HASH.lookup(map, key);
      if (typeof value !== "number") map.references?.release(bytesU32(value));
    }
  },
};
