import { type Btf, readValue, writeValue } from "../btf/index.ts";
import type { MapSpec } from "../loader/index.ts";
import { MAP_TYPE, mapType } from "../uapi/index.ts";
import { defineErrors, fromHex } from "../util/index.ts";
import type { Backend, Fd } from "./backend.ts";

const mapError = defineErrors({
  E_MAP_KEY: (d: { map: string; expected: number; found: number }) =>
    `map ${d.map}: a key of ${d.found} bytes was given, its keys have ${d.expected}`,
  E_MAP_VALUE: (d: { map: string; expected: number; found: number }) =>
    `map ${d.map}: a value of ${d.found} bytes was given, its values have ${d.expected}`,
  E_MAP_PLAIN: (d: { map: string; what: string; size: number }) =>
    `map ${d.map}: its ${d.what} has no BTF type; give ${d.size} bytes or their hexadecimal text, or a number where it has 4 or 8 bytes`,
});

/**
 * A map as programs and people use it: keys and values are plain values of their BTF types
 * (`"10.0.0.7"` or a number for `__be32`, objects for structs), or bytes, hexadecimal text or numbers where the object has no BTF.
 */
export class LoadedMap {
  readonly name: string;
  readonly spec: MapSpec;
  readonly fd: Fd;
  readonly perCpu: boolean;
  /** The object's BTF, which keyType and valueType of `spec` refer to. */
  readonly btf: Btf | null;
  readonly #backend: Backend;

  constructor(spec: MapSpec, btf: Btf | null, backend: Backend, fd: Fd) {
    this.name = spec.name;
    this.spec = spec;
    this.btf = btf;
    this.fd = fd;
    this.perCpu = mapType(spec.type)?.perCpu ?? false;
    this.#backend = backend;
  }

  /** The value at `key`, undefined where there is none. Per-CPU maps: an array, one value per CPU. */
  get(key: unknown): unknown {
    const bytes = this.#backend.mapLookup(this.fd, this.keyBytes(key));
    return bytes === null ? undefined : this.plainValue(bytes);
  }

  /**
   * Sets the value at `key`. Per-CPU maps take an array with one value per CPU, or one value for all of them.
   * @param flags BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2
   * @throws BpfError `E_VALUE_*` for a value that does not fit the type, `E_KERNEL` with E2BIG, EEXIST, ENOENT …
   */
  set(key: unknown, value: unknown, flags = 0): void {
    this.#backend.mapUpdate(this.fd, this.keyBytes(key), this.valueBytes(value), flags);
  }

  /** False where the key was absent. */
  delete(key: unknown): boolean {
    return this.#backend.mapDelete(this.fd, this.keyBytes(key));
  }

  /** All entries as bytes, in the kernel's iteration order; the value of a per-CPU map holds all copies. */
  *rawEntries(): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
    if (!this.iterable) return;
    let key = this.#backend.mapNextKey(this.fd, null);
    while (key !== null) {
      const value = this.#backend.mapLookup(this.fd, key);
      if (value !== null) yield [key, value];
      key = this.#backend.mapNextKey(this.fd, key);
    }
  }

  /** All entries as plain values. */
  *entries(): Generator<readonly [key: unknown, value: unknown]> {
    for (const [key, value] of this.rawEntries()) yield [this.plainKey(key), this.plainValue(value)];
  }

  /** Whether the type has keys to walk: not queues, stacks, bloom filters and buffers. */
  get iterable(): boolean {
    return this.spec.keySize > 0 && this.spec.type !== MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY;
  }

  keyBytes(key: unknown): Uint8Array {
    const { keySize, keyType } = this.spec;
    const bytes = this.#bytes("key", key, keyType, keySize);
    if (bytes.length !== keySize) {
      throw mapError("E_MAP_KEY", { map: this.name, expected: keySize, found: bytes.length });
    }
    return bytes;
  }

  /** A value's bytes; for per-CPU maps one padded copy per CPU. */
  valueBytes(value: unknown): Uint8Array {
    if (!this.perCpu) return this.#oneValue(value);
    const cpus = this.#backend.possibleCpus;
    const each = Math.ceil(this.spec.valueSize / 8) * 8;
    const all = new Uint8Array(each * cpus);
    for (let cpu = 0; cpu < cpus; cpu++) all.set(this.#oneValue(Array.isArray(value) ? value[cpu] : value), cpu * each);
    return all;
  }

  #oneValue(value: unknown): Uint8Array {
    const bytes = this.#bytes("value", value, this.spec.valueType, this.spec.valueSize);
    if (bytes.length !== this.spec.valueSize) {
      throw mapError("E_MAP_VALUE", { map: this.name, expected: this.spec.valueSize, found: bytes.length });
    }
    return bytes;
  }

  #bytes(what: string, value: unknown, type: number, size: number): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (this.btf !== null && type !== 0) return writeValue(this.btf, type, value, { path: what });
    if ((typeof value === "number" || typeof value === "bigint") && (size === 4 || size === 8)) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
      return bytes.subarray(0, size);
    }
    if (typeof value === "string") return fromHex(value, `${what} of map ${this.name}`);
    throw mapError("E_MAP_PLAIN", { map: this.name, what, size });
  }

  plainKey(bytes: Uint8Array): unknown {
    return this.#plain(bytes, this.spec.keyType);
  }

  plainValue(bytes: Uint8Array): unknown {
    if (!this.perCpu) return this.#plain(bytes, this.spec.valueType);
    return this.copies(bytes).map((copy) => this.#plain(copy, this.spec.valueType));
  }

  /** The CPUs' copies within the value of a per-CPU map. */
  copies(bytes: Uint8Array): Uint8Array[] {
    const each = Math.ceil(this.spec.valueSize / 8) * 8;
    return Array.from({ length: bytes.length / each }, (_, cpu) =>
      bytes.subarray(cpu * each, cpu * each + this.spec.valueSize),
    );
  }

  #plain(bytes: Uint8Array, type: number): unknown {
    if (this.btf !== null && type !== 0) return readValue(this.btf, type, bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length === 4) return view.getUint32(0, true);
    if (bytes.length === 8) return view.getBigUint64(0, true);
    return bytes.slice();
  }
}
