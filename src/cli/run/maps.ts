import { formatValue, typeName } from "../../btf/index.ts";
import type { LoadedMap, LoadedObject } from "../../kernel/index.ts";
import { MAP_TYPE, mapTypeLabel } from "../../uapi/index.ts";
import { BpfError, toHex } from "../../util/index.ts";
import { runInputError } from "./errors.ts";
import { readJson } from "./files.ts";
import type { MapEntry, MapReport } from "./report.ts";

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** Fills a map from `NAME=FILE.json`: an array of `{ "key": …, "value": … }`, typed by the map's BTF. */
export function fillMap(object: LoadedObject, option: string): void {
  const at = option.indexOf("=");
  const name = at < 0 ? option : option.slice(0, at);
  const path = at < 0 ? "" : option.slice(at + 1);
  const map = object.maps[name];
  if (map === undefined) {
    const known = Object.keys(object.maps).join(", ");
    throw runInputError("E_RUN_MAP", { file: object.spec.name, wanted: name, known });
  }
  const entries = readJson(path);
  if (!Array.isArray(entries)) {
    throw runInputError("E_RUN_MAP_FILE", { path, reason: 'must be an array of {"key": …, "value": …}' });
  }
  for (const [i, entry] of (entries as Partial<Entry>[]).entries()) {
    if (typeof entry !== "object" || entry === null || entry.key === undefined || entry.value === undefined) {
      throw runInputError("E_RUN_MAP_FILE", { path, reason: `entry ${i} has no "key" and "value"` });
    }
    try {
      map.set(entry.key, entry.value);
    } catch (cause) {
      if (!(cause instanceof BpfError)) throw cause;
      throw runInputError("E_RUN_MAP_FILE", { path, reason: `entry ${i}: ${cause.message}` }, { cause });
    }
  }
}

/**
 * The maps that hold something, in the object's order. Arrays show the elements that are not all zero.
 * @param limit entries of one map that are reported; the others are counted
 */
export function reportMaps(object: LoadedObject, limit: number): MapReport[] {
  return Object.values(object.maps).flatMap((map) => {
    if (map.spec.origin === "global" && map.spec.frozen) return [];
    const report = reportMap(map, limit);
    return report.entries.length === 0 ? [] : [report];
  });
}

const isArray = (map: LoadedMap) =>
  map.spec.type === MAP_TYPE.BPF_MAP_TYPE_ARRAY || map.spec.type === MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY;

function reportMap(map: LoadedMap, limit: number): MapReport {
  const entries: MapEntry[] = [];
  let count = 0;
  for (const [key, value] of map.rawEntries()) {
    if (isArray(map) && value.every((byte) => byte === 0)) continue;
    if (++count <= limit) entries.push(reportEntry(map, key, value));
  }
  const { btf, spec } = map;
  return {
    name: map.name,
    type: mapTypeLabel(spec.type),
    keyType: btf !== null && spec.keyType !== 0 ? typeName(btf, spec.keyType) : null,
    valueType: btf !== null && spec.valueType !== 0 ? typeName(btf, spec.valueType) : null,
    count,
    entries,
    truncated: count > entries.length,
  };
}

/** One entry of a map, plain and as text by its BTF types. */
export function reportEntry(map: LoadedMap, key: Uint8Array, value: Uint8Array): MapEntry {
  const { keyType, valueType } = map.spec;
  const text = (bytes: Uint8Array, type: number) =>
    map.btf !== null && type !== 0
      ? formatValue(map.btf, type, bytes, { network: true })
      : String(bytes.length === 4 || bytes.length === 8 ? readNumber(bytes) : toHex(bytes));
  if (!map.perCpu) {
    return {
      key: map.plainKey(key),
      value: map.plainValue(value),
      text: { key: text(key, keyType), value: text(value, valueType) },
    };
  }
  const copies = map.copies(value);
  const plain = map.plainValue(value) as unknown[];
  const texts = copies.map((copy, cpu) => (copies.length === 1 ? "" : `cpu${cpu} `) + text(copy, valueType));
  return {
    key: map.plainKey(key),
    values: plain.map((v, cpu) => ({ cpu, value: v })),
    text: { key: text(key, keyType), value: texts.join("  ") },
  };
}

function readNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
