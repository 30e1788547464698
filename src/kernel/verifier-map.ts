import type { Btf } from "../btf/index.ts";
import type { GuestMap } from "../maps/index.ts";
import type { VerifierMap } from "../verifier/index.ts";
import type { MapCreateAttr } from "./backend.ts";

/** A map of the simulated kernel as the verifier sees it. */
export function describeMap(
  map: GuestMap,
  attr: MapCreateAttr,
  inner: VerifierMap | undefined,
  btf: Btf | undefined,
): VerifierMap {
  const { name, type, keySize, valueSize, maxEntries, flags, mapExtra } = map;
  const { btfKeyTypeId = 0, btfValueTypeId = 0 } = attr;
  return {
    ...{ name, type, keySize, valueSize, maxEntries, flags, mapExtra },
    get frozen() {
      return map.frozen;
    },
    readValue: (offset, size) => constantIn(map, offset, size),
    ...(inner === undefined ? {} : { inner }),
    ...(btf === undefined ? {} : { btf, btfKeyTypeId, btfValueTypeId }),
  };
}

/** A little-endian number in the first value of an array. */
function constantIn(map: GuestMap, offset: number, size: number): bigint | undefined {
  const value = map.lookup(new Uint8Array(map.keySize));
  if (typeof value === "number" || offset < 0 || offset + size > map.valueSize) return undefined;
  let number = 0n;
  for (let i = size - 1; i >= 0; i--) number = (number << 8n) | BigInt(value[offset + i]!);
  return number;
}
