import { MAP_CPU_STRIDE, MAP_DATA, MAP_STRIDE } from "../runtime/layout.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from "./constants.ts";
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOTSUPP } from "./errno.ts";
import { bytesU32, type Family, u32Bytes } from "./family.ts";
import { alignTo, type Bytes, type GuestMap } from "./map.ts";

/** Address of the element (its first copy), or undefined beyond the end. */
export function elementAt(map: GuestMap, key: Uint8Array): number | undefined {
  const index = bytesU32(key);
  return index < map.maxEntries ? map.get(MAP_DATA) + index * map.get(MAP_STRIDE) : undefined;
}

/** Keys of all arrays: 0, 1, 2 …; an invalid key starts over. */
export function nextIndex(map: GuestMap, key: Uint8Array | null): Bytes {
  const index = key === null ? map.maxEntries : bytesU32(key);
  if (index >= map.maxEntries) return u32Bytes(0);
  return index === map.maxEntries - 1 ? ENOENT : u32Bytes(index + 1);
}

function arrayFamily(perCpu: boolean): Family {
  const padded = (map: GuestMap): number => alignTo(map.valueSize, 8);
  const stride = (map: GuestMap): number => padded(map) * (perCpu ? map.cpus : 1);
  const lookup = (map: GuestMap, key: Uint8Array): Bytes => {
    const at = elementAt(map, key);
    return at === undefined ? ENOENT : map.read(at, map.sysValueSize);
  };
  return {
    size: (map) => stride(map) * map.maxEntries,
    layOut(map, data) {
      map.set(MAP_DATA, data);
      map.set(MAP_STRIDE, stride(map));
      map.set(MAP_CPU_STRIDE, perCpu ? padded(map) : 0);
      map.reach(data, data + stride(map) * map.maxEntries, padded(map), 0, map.valueSize);
    },
    lookup,
    update(map, key, value, flags) {
      // Per-CPU arrays know no BPF_F_LOCK.
      const kind = perCpu ? flags : (flags & ~BPF_F_LOCK) >>> 0;
      if (kind > BPF_EXIST) return EINVAL;
      const at = elementAt(map, key);
      if (at === undefined) return E2BIG;
      if (kind === BPF_NOEXIST) return EEXIST;
      map.runtime.memory.u8.set(value, at);
      return 0;
    },
    delete: () => EINVAL,
    nextKey: nextIndex,
    lookupAndDelete: () => ENOTSUPP,
  };
}

export const ARRAY = arrayFamily(false);
export const PERCPU_ARRAY = arrayFamily(true);

/** Element of a perf event array whose event is only a place in the sample buffer: no descriptor stands behind it. */
export const PERF_ENABLED = 0xffffffff;

/**
 * Arrays whose values are descriptors for bpf(2) and something else for programs: program slots, inner maps, perf events. An
 * element is one u32, 0 = none. `read` says whether lookups are allowed and give the id.
 */
function referenceArray(read: boolean): Family {
  const release = (map: GuestMap, value: number): void => {
    if (value !== 0 && value !== PERF_ENABLED) map.references?.release(value);
  };
  return {
    size: (map) => 4 * map.maxEntries,
    layOut(map, data) {
      map.set(MAP_DATA, data);
      map.set(MAP_STRIDE, 4);
    },
    lookup(map, key) {
      if (!read) return ENOTSUPP;
      const at = elementAt(map, key);
      const value = at === undefined ? 0 : map.runtime.memory.view.getUint32(at, true);
      return value === 0 || map.references === null ? ENOENT : u32Bytes(map.references.id(value));
    },
    update(map, key, value, flags) {
      if (flags !== BPF_ANY) return EINVAL;
      const at = elementAt(map, key);
      if (at === undefined) return E2BIG;
      const reference = map.references === null ? EINVAL : map.references.acquire(bytesU32(value), map);
      if (reference <= 0) return reference;
      const { view } = map.runtime.memory;
      release(map, view.getUint32(at, true));
      view.setUint32(at, reference, true);
      return 0;
    },
    delete(map, key) {
      const at = elementAt(map, key);
      if (at === undefined) return E2BIG;
      const { view } = map.runtime.memory;
      const value = view.getUint32(at, true);
      if (value === 0) return ENOENT;
      view.setUint32(at, 0, true);
      release(map, value);
      return 0;
    },
    nextKey: nextIndex,
    lookupAndDelete: () => ENOTSUPP,
    release(map) {
      const { view } = map.runtime.memory;
      const start = map.get(MAP_DATA);
      for (let i = 0; i < map.maxEntries; i++) release(map, view.getUint32(start + i * 4, true));
    },
  };
}

export const PROG_ARRAY = referenceArray(true);
export const ARRAY_OF_MAPS = referenceArray(true);
export const EVENT_ARRAY = referenceArray(false);
