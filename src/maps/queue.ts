import { MAP_DATA, MAP_STRIDE } from "../runtime/layout.ts";
import { EINVAL } from "./errno.ts";
import type { Family } from "./family.ts";
import { alignTo, type Bytes, type GuestMap } from "./map.ts";

/** Queues and stacks have no keys: lookup peeks, update pushes, lookup-and-delete pops. */
function queueFamily(kind: "queue" | "stack"): Family {
  const stride = (map: GuestMap): number => alignTo(map.valueSize, 8);
  const take = (map: GuestMap, name: string): Bytes => {
    const error = map.call(name, map.stagedValue);
    return error < 0 ? error : map.read(map.stagedValue, map.valueSize);
  };
  return {
    size: (map) => stride(map) * (map.maxEntries + 1),
    layOut(map, data) {
      map.set(MAP_DATA, data);
      map.set(MAP_STRIDE, stride(map));
    },
    lookup: (map) => take(map, `${kind}_peek`),
    update: (map, _key, value, flags) => map.call("queue_push", map.stageValue(value), flags),
    delete: () => EINVAL,
    nextKey: () => EINVAL,
    lookupAndDelete: (map) => take(map, `${kind}_pop`),
  };
}

export const QUEUE = queueFamily("queue");
export const STACK = queueFamily("stack");
