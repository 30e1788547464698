import type { LoadedMap } from "../../kernel/index.ts";
import { MAP_TYPE, mapTypeLabel } from "../../uapi/index.ts";
import { toHex } from "../../util/index.ts";
import { reportEntry } from "../run/maps.ts";
import type { Both, EntryDifference, MapComparison } from "./report.ts";
import type { Side } from "./side.ts";

/** How the contents of a map type are compared, where not by keys and values. */
type Manner = "keys" | "lru" | "sequence" | "events" | "none";

const T = MAP_TYPE;
const MANNERS: ReadonlyMap<number, Manner> = new Map<number, Manner>([
  [T.BPF_MAP_TYPE_PROG_ARRAY, "keys"],
  [T.BPF_MAP_TYPE_ARRAY_OF_MAPS, "keys"],
  [T.BPF_MAP_TYPE_HASH_OF_MAPS, "keys"],
  [T.BPF_MAP_TYPE_LRU_HASH, "lru"],
  [T.BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru"],
  [T.BPF_MAP_TYPE_QUEUE, "sequence"],
  [T.BPF_MAP_TYPE_STACK, "sequence"],
  [T.BPF_MAP_TYPE_RINGBUF, "events"],
  [T.BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events"],
  [T.BPF_MAP_TYPE_BLOOM_FILTER, "none"],
  [T.BPF_MAP_TYPE_SOCKMAP, "none"],
  [T.BPF_MAP_TYPE_SOCKHASH, "none"],
  [T.BPF_MAP_TYPE_XSKMAP, "none"],
  [T.BPF_MAP_TYPE_CGROUP_ARRAY, "none"],
  [T.BPF_MAP_TYPE_STACK_TRACE, "none"],
]);

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** What must be equal. */
  readonly face: string;
}

type Contents = ReadonlyMap<string, Entry>;

/** What is in the maps of both kernels after the run. Queues and stacks are emptied. */
export function compareMaps(sides: Both<Side>, keep: number): MapComparison[] {
  return Object.values(sides.simulated.object.maps).flatMap((map) => {
    if ((map.spec.origin === "global" && map.spec.frozen) || MANNERS.get(map.spec.type) === "events") return [];
    return [compareMap({ simulated: map, linux: sides.linux.object.maps[map.name]! }, sides, keep)];
  });
}

function compareMap(maps: Both<LoadedMap>, sides: Both<Side>, keep: number): MapComparison {
  const { spec, name } = maps.simulated;
  const manner = MANNERS.get(spec.type);
  const head = { name, type: mapTypeLabel(spec.type) };
  const none = { compared: false, entries: { simulated: 0, linux: 0 }, different: 0, first: [] };
  if (manner === "none") return { ...head, ...none, limit: "its contents cannot be read" };
  const simulated = contents(sides.simulated, maps.simulated, manner);
  const linux = contents(sides.linux, maps.linux, manner);
  const differing = [...new Set([...simulated.keys(), ...linux.keys()])].filter(
    (key) => simulated.get(key)?.face !== linux.get(key)?.face,
  );
  const entries = { simulated: simulated.size, linux: linux.size };
  const largest = Math.max(entries.simulated, entries.linux);
  if (manner === "lru" && differing.length > 0 && mayHaveEvicted(largest, maps.linux, sides.linux)) {
    return { ...head, ...none, entries, limit: "entries were evicted, in the running kernel by its own choice" };
  }
  const first = differing.slice(0, keep).map((key) => entryDifference(maps, simulated.get(key), linux.get(key)));
  const limit = manner === "keys" ? "keys only: values are descriptors of each kernel" : null;
  return { ...head, limit, compared: true, entries, different: differing.length, first };
}

/**
 * Whether elements may have been evicted: a CPU takes free elements by up to 128 and evicts as many at a time
 * (Documentation/bpf/map_hash.rst), so a map that evicted misses few.
 */
function mayHaveEvicted(entries: number, map: LoadedMap, side: Side): boolean {
  const { maxEntries } = side.backend.mapInfo(map.fd);
  const target = Math.min(128, Math.max(1, Math.floor(maxEntries / side.backend.possibleCpus / 2)));
  return entries + 2 * target >= maxEntries;
}

function contents(side: Side, map: LoadedMap, manner: Manner | undefined): Contents {
  const all = new Map<string, Entry>();
  if (manner === "sequence") {
    const noKey = new Uint8Array(0);
    for (let at = 0; ; at++) {
      const value = side.backend.mapLookupAndDelete(map.fd, noKey);
      if (value === null) return all;
      all.set(String(at), { key: noKey, value, face: toHex(value) });
    }
  }
  for (const [key, value] of map.rawEntries()) {
    const face = manner === "keys" ? "" : map.perCpu ? copiesFace(map, value) : toHex(value);
    all.set(toHex(key), { key, value, face });
  }
  return all;
}

/** Kernels number CPUs differently: the copies that hold something, in any order. */
function copiesFace(map: LoadedMap, value: Uint8Array): string {
  return map
    .copies(value)
    .filter((copy) => copy.some((byte) => byte !== 0))
    .map(toHex)
    .sort()
    .join(" ");
}

function entryDifference(
  maps: Both<LoadedMap>,
  simulated: Entry | undefined,
  linux: Entry | undefined,
): EntryDifference {
  const text = (map: LoadedMap, entry: Entry | undefined) =>
    entry === undefined
      ? null
      : map.spec.keySize === 0
        ? entry.face
        : reportEntry(map, entry.key, entry.value).text.value;
  const { key } = (simulated ?? linux)!;
  const { value } = (simulated ?? linux)!;
  const { spec } = maps.simulated;
  return {
    key: spec.keySize === 0 ? "" : reportEntry(maps.simulated, key, value).text.key,
    simulated: text(maps.simulated, simulated),
    linux: text(maps.linux, linux),
  };
}
