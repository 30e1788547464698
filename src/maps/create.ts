import { MAP_TYPE } from "../uapi/map-types.ts";
import type { Runtime } from "../vm/runtime.ts";
import { BPF_F_RDONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY, BPF_F_WRONLY_PROG } from "./constants.ts";
import { EINVAL, ENOMEM, ENOTSUPP } from "./errno.ts";
import { GuestMap, type MapAttr } from "./map.ts";
import { mapTypeRow } from "./registry.ts";

const NAME = /^[A-Za-z0-9_.]{0,15}$/;

/** Reading and writing may not both be forbidden. */
function contradictory(flags: number): boolean {
  const both = (a: number, b: number): boolean => (flags & a) !== 0 && (flags & b) !== 0;
  return both(BPF_F_RDONLY, BPF_F_WRONLY) || both(BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG);
}

/**
 * BPF_MAP_CREATE: a map in guest memory, or -errno as Linux 6.18 answers: EINVAL for what the type does not allow, E2BIG for sizes
 * beyond the kernel's limits, ENOTSUPP for an LRU map without preallocation, ENOMEM where guest memory (4 GiB in all) has no room.
 */
export function createMap(runtime: Runtime, attr: MapAttr): GuestMap | number {
  const row = mapTypeRow(attr.type);
  if (row === undefined || !NAME.test(attr.name)) return EINVAL;
  if ((attr.flags & ~row.flags) !== 0 || contradictory(attr.flags)) return EINVAL;
  if (row.mapInMap === true) {
    if (attr.inner === undefined || attr.inner.inner !== null) return EINVAL;
    if (attr.inner.type === MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY) return ENOTSUPP;
  }
  for (const rule of row.rules) {
    const error = rule(attr);
    if (error !== 0) return error;
  }
  const map = new GuestMap(runtime, row, attr);
  return map.address === 0 ? ENOMEM : map;
}
