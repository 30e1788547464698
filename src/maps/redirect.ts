import { MAP_DATA, MAP_STRIDE } from "../runtime/layout.ts";
import { elementAt, nextIndex } from "./array.ts";
import { BPF_EXIST, BPF_NOEXIST } from "./constants.ts";
import { E2BIG, EEXIST, EINVAL, ENODEV, ENOENT, ENOTSUPP, EOVERFLOW } from "./errno.ts";
import { bytesU32, type Family } from "./family.ts";
import { HASH } from "./hash.ts";
import type { GuestMap } from "./map.ts";

/** Judges a value before it is stored: 0 or -errno. */
type ValueCheck = (map: GuestMap, key: Uint8Array, value: Uint8Array) => number;

/** `struct bpf_devmap_val`, `struct bpf_cpumap_val`: u32 target, then optionally the descriptor of a program to run there. */
function programFd(value: Uint8Array): number {
  return value.length < 8 ? 0 : new DataView(value.buffer, value.byteOffset).getInt32(4, true);
}

/** Arrays with empty slots: the first word of an element is never 0 while it is in use; storing 0 empties the slot. */
function slotFamily(check: ValueCheck): Family {
  return {
    size: (map) => 8 * map.maxEntries,
    layOut(map, data) {
      map.set(MAP_DATA, data);
      map.set(MAP_STRIDE, 8);
      map.reach(data, data + 8 * map.maxEntries, 8, 0, map.valueSize);
    },
    lookup(map, key) {
      const at = elementAt(map, key);
      return at === undefined || map.runtime.memory.view.getUint32(at, true) === 0
        ? ENOENT
        : map.read(at, map.valueSize);
    },
    update(map, key, value, flags) {
      if (flags > BPF_EXIST) return EINVAL;
      const at = elementAt(map, key);
      if (at === undefined) return E2BIG;
      if (flags === BPF_NOEXIST) return EEXIST;
      const error = check(map, key, value);
      if (error !== 0) return error;
      map.runtime.memory.u8.set(value, at);
      return 0;
    },
    delete(map, key) {
      const at = elementAt(map, key);
      if (at === undefined) return EINVAL;
      map.runtime.memory.u8.fill(0, at, at + 8);
      return 0;
    },
    nextKey: nextIndex,
    lookupAndDelete: () => ENOTSUPP,
  };
}

/** A slot is emptied by ifindex 0, which takes no program. */
const device: ValueCheck = (map, _key, value) => {
  const ifindex = bytesU32(value);
  if (ifindex === 0) return programFd(value) > 0 ? EINVAL : 0;
  return map.hasDevice(ifindex) ? 0 : EINVAL;
};

/** Longest queue of a cpumap entry. */
const CPUMAP_QUEUE_MAX = 16384;

const cpuQueue: ValueCheck = (map, key, value) => {
  if (bytesU32(value) > CPUMAP_QUEUE_MAX) return EOVERFLOW;
  return bytesU32(key) >= map.cpus ? ENODEV : 0;
};

export const DEVMAP = slotFamily(device);
export const CPUMAP = slotFamily(cpuQueue);

export const DEVMAP_HASH: Family = {
  ...HASH,
  update(map, key, value, flags) {
    if (flags > BPF_EXIST) return EINVAL;
    if (bytesU32(value) === 0) return EINVAL;
    const error = device(map, key, value);
    // BPF_EXIST is accepted and means nothing here.
    return error !== 0 ? error : HASH.update(map, key, value, flags & BPF_NOEXIST);
  },
  lookupAndDelete: () => ENOTSUPP,
};
