import type { MapRef } from "../isa/program.ts";
import {
  MAP_CPU_STRIDE,
  MAP_DATA,
  MAP_DESCRIPTOR_SIZE,
  MAP_FLAGS,
  MAP_ID,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_TYPE,
  MAP_VALUE_SIZE,
  SCRATCH,
  SCRATCH_SIZE,
} from "../runtime/layout.ts";
import { MAP_SPIN_LOCK } from "../runtime/map-layout.ts";
import { MAP_TYPE as TYPES } from "../uapi/map-types.ts";
import { assert, BpfError, plainBytes } from "../util/index.ts";
import type { GuestMemory, Region } from "../vm/memory.ts";
import type { Runtime } from "../vm/runtime.ts";
import { BPF_F_INNER_MAP, BPF_F_LOCK, BPF_F_RDONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY } from "./constants.ts";
import { EBUSY, EINVAL, EPERM } from "./errno.ts";
import type { MapTypeRow } from "./registry.ts";

/** What a map is made from; sizes in bytes. */
export interface MapAttr {
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  readonly name: string;
  readonly id: number;
  /** Possible CPUs: copies of a per-CPU value. */
  readonly cpus: number;
  readonly mapExtra?: bigint;
  /** Template of the inner maps of a map-in-map. */
  readonly inner?: GuestMap;
  /** Byte offset of the value's `struct bpf_spin_lock`, where BTF says there is one. */
  readonly spinLock?: number;
  /** What turns the file descriptors or ids that bpf(2) passes as values into what the guest holds. Program arrays, perf event arrays and maps of maps need it. */
  readonly references?: MapReferences;
  /** Whether a device exists, for redirect maps; without it, all do. */
  readonly hasDevice?: (ifindex: number) => boolean;
}

/** File descriptors as values: the kernel room's part of program arrays, perf event arrays, maps of maps and redirect maps. */
export interface MapReferences {
  /** The guest's value for a descriptor (program slot, inner map's address), counted as used; or -errno. */
  acquire(fd: number, map: GuestMap): number;
  /** The value is no longer in the map. */
  release(value: number): void;
  /** What bpf(2) shows for the value: the id. */
  id(value: number): number;
}

/** Answer of a command that copies bytes out: the bytes or -errno. */
export type Bytes = Uint8Array | number;

const DATA_ALIGNMENT = 64;
const ACCESS = BPF_F_RDONLY | BPF_F_WRONLY;

/**
 * A map in guest memory: what bpf(2) commands act on. Every method answers as the system call does: 0 or bytes, or -errno;
 * keys and values must have exactly the map's sizes (`sysValueSize` for values), else EINVAL.
 */
export class GuestMap {
  readonly runtime: Runtime;
  readonly row: MapTypeRow;
  readonly name: string;
  readonly id: number;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* but for BPF_F_RDONLY and BPF_F_WRONLY: those belong to the descriptor that creation gives. */
  readonly flags: number;
  readonly mapExtra: bigint;
  readonly cpus: number;
  readonly inner: GuestMap | null;
  readonly spinLock: number | null;
  readonly references: MapReferences | null;
  readonly hasDevice: (ifindex: number) => boolean;
  /** Guest address of the descriptor. */
  readonly address: number;
  readonly #regions: Region[] = [];
  readonly #access: number;
  #stage = SCRATCH;
  #frozen = false;
  #ref: MapRef | null = null;

  /** Lays out the map; `createMap` has checked `attr`. Address 0 means that guest memory had no room. */
  constructor(runtime: Runtime, row: MapTypeRow, attr: MapAttr) {
    this.runtime = runtime;
    this.row = row;
    this.name = attr.name;
    this.id = attr.id;
    this.type = attr.type;
    this.keySize = attr.keySize;
    this.valueSize = attr.valueSize;
    this.maxEntries = attr.maxEntries;
    this.flags = attr.flags & ~ACCESS;
    this.#access = attr.flags & ACCESS;
    this.mapExtra = attr.mapExtra ?? 0n;
    this.cpus = attr.cpus;
    this.inner = attr.inner ?? null;
    this.spinLock = attr.spinLock ?? null;
    this.references = attr.references ?? null;
    this.hasDevice = attr.hasDevice ?? (() => true);
    const alignment = row.alignment ?? DATA_ALIGNMENT;
    const size = MAP_DESCRIPTOR_SIZE + alignment + row.family.size(this);
    this.address = size < 2 ** 32 ? allocate(runtime.memory, size) : 0;
    if (this.address === 0) return;
    this.set(MAP_TYPE, this.type);
    this.set(MAP_KEY_SIZE, this.keySize);
    this.set(MAP_VALUE_SIZE, this.valueSize);
    this.set(MAP_MAX_ENTRIES, this.maxEntries);
    this.set(MAP_FLAGS, this.flags);
    this.set(MAP_ID, this.id);
    this.set(MAP_SPIN_LOCK, this.spinLock === null ? 0 : this.spinLock + 1);
    this.#stageFor(this.stagedKeySize + this.stagedValueSize);
    row.family.layOut(this, alignTo(this.address + MAP_DESCRIPTOR_SIZE, alignment));
    runtime.memory.maps.add(this.address);
  }

  /** The map as engines see it. */
  get ref(): MapRef {
    this.#ref ??= {
      address: this.address,
      name: this.name,
      type: this.type,
      keySize: this.keySize,
      valueSize: this.valueSize,
      maxEntries: this.maxEntries,
      ...(this.row.direct === true
        ? { direct: { base: this.get(MAP_DATA), stride: this.get(MAP_STRIDE), cpuStride: this.get(MAP_CPU_STRIDE) } }
        : {}),
      ...(this.inner === null ? {} : { inner: this.inner.ref }),
      exports: this.row.exports(this.keySize),
    };
    return this.#ref;
  }

  /** Bytes of a value in bpf(2) commands: per-CPU maps have every CPU's copy, maps of descriptors a u32. */
  get sysValueSize(): number {
    if (this.row.perCpu === true) return alignTo(this.valueSize, 8) * this.cpus;
    return this.valueSize;
  }

  /**
   * Whether `map` may be an element of this map-in-map: like the template in type, sizes and flags, and in max_entries too where
   * programs compute addresses from it (arrays without BPF_F_INNER_MAP).
   */
  accepts(map: GuestMap): boolean {
    const { inner } = this;
    if (inner === null) return false;
    const alike =
      inner.type === map.type &&
      inner.keySize === map.keySize &&
      inner.valueSize === map.valueSize &&
      inner.flags === map.flags;
    const anyLength = inner.row.type !== TYPES.BPF_MAP_TYPE_ARRAY || (inner.flags & BPF_F_INNER_MAP) !== 0;
    return alike && (anyLength || inner.maxEntries === map.maxEntries);
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** BPF_MAP_LOOKUP_ELEM. Values are copies; a spin lock in them reads 0. */
  lookup(key: Uint8Array, flags = 0): Bytes {
    if ((flags & ~BPF_F_LOCK) !== 0) return EINVAL;
    if ((this.#access & BPF_F_WRONLY) !== 0) return EPERM;
    if ((flags & BPF_F_LOCK) !== 0 && this.spinLock === null) return EINVAL;
    if (key.length !== this.keySize) return EINVAL;
    return this.#withoutLock(this.row.family.lookup(this, key));
  }

  /** BPF_MAP_UPDATE_ELEM. */
  update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    if (this.#readOnly) return EPERM;
    if ((flags & BPF_F_LOCK) !== 0 && this.spinLock === null) return EINVAL;
    if (key.length !== this.keySize || value.length !== this.sysValueSize) return EINVAL;
    return this.row.family.update(this, key, this.#keepLock(key, value), flags >>> 0);
  }

  /** BPF_MAP_DELETE_ELEM. */
  delete(key: Uint8Array): number {
    if (this.#readOnly) return EPERM;
    if (key.length !== this.keySize) return EINVAL;
    return this.row.family.delete(this, key);
  }

  /** BPF_MAP_GET_NEXT_KEY: the key after `key`; the first one for null; ENOENT at the end. */
  nextKey(key: Uint8Array | null): Bytes {
    if ((this.#access & BPF_F_WRONLY) !== 0) return EPERM;
    if (key !== null && key.length !== this.keySize) return EINVAL;
    return this.row.family.nextKey(this, key);
  }

  /** BPF_MAP_LOOKUP_AND_DELETE_ELEM. */
  lookupAndDelete(key: Uint8Array, flags = 0): Bytes {
    if ((flags & ~BPF_F_LOCK) !== 0) return EINVAL;
    if (this.#readOnly || (this.#access & BPF_F_WRONLY) !== 0) return EPERM;
    if ((flags & BPF_F_LOCK) !== 0 && this.spinLock === null) return EINVAL;
    if (key.length !== this.keySize) return EINVAL;
    return this.#withoutLock(this.row.family.lookupAndDelete(this, key, flags));
  }

  /** BPF_MAP_FREEZE: from now on bpf(2) may only read. */
  freeze(): number {
    if (this.#frozen) return EBUSY;
    this.#frozen = true;
    return 0;
  }

  /**
   * The contents of an array as they lie in guest memory, what mmap of a BPF_F_MMAPABLE map gives. Valid until guest memory
   * grows: take it anew after making maps or programs.
   */
  contents(): Uint8Array {
    const start = this.get(MAP_DATA);
    return this.runtime.memory.u8.subarray(start, start + this.get(MAP_STRIDE) * this.maxEntries);
  }

  /** All keys, in the order of `nextKey`. */
  *keys(): Generator<Uint8Array> {
    for (let key = this.row.family.nextKey(this, null); typeof key !== "number"; ) {
      yield key;
      key = this.row.family.nextKey(this, key);
    }
  }

  /** Gives the memory back. The map must not be used afterwards. */
  free(): void {
    this.row.family.release?.(this);
    for (const region of this.#regions) this.runtime.memory.removeRegion(region);
    this.runtime.memory.maps.delete(this.address);
    this.runtime.memory.free(this.address);
    if (this.#stage !== SCRATCH) this.runtime.memory.free(this.#stage);
  }

  // For the families.

  get(field: number): number {
    return this.runtime.memory.view.getUint32(this.address + field, true);
  }
  set(field: number, value: number): void {
    this.runtime.memory.view.setUint32(this.address + field, value, true);
  }
  /** Lets programs reach the values: `cell` bytes at `cellOffset` of every `stride` bytes. */
  reach(start: number, end: number, stride: number, cellOffset: number, cell: number): void {
    if (end === start) return;
    const write = (this.flags & BPF_F_RDONLY_PROG) === 0;
    this.#regions.push(
      this.runtime.memory.addRegion({ start, end, write, name: `map ${this.name}`, stride, cellOffset, cell }),
    );
  }
  /** Calls an export of the runtime module with this map as first argument; pointers and errnos alike arrive as signed numbers. */
  call(name: string, ...args: number[]): number {
    const fn = this.runtime.exports[name];
    assert(fn !== undefined, `the runtime module has no ${name}`);
    return fn(this.address, ...args) as number;
  }
  /** Copies a key to where the runtime module can read it. */
  stageKey(key: Uint8Array): number {
    this.runtime.memory.u8.set(key, this.#stage);
    return this.#stage;
  }
  stageValue(value: Uint8Array): number {
    const at = this.stagedValue;
    this.runtime.memory.u8.set(value, at);
    return at;
  }
  get stagedKey(): number {
    return this.#stage;
  }
  /** Where staged values lie. */
  get stagedValue(): number {
    return this.#stage + this.stagedKeySize;
  }
  /** A copy of guest bytes. */
  read(address: number, size: number): Uint8Array {
    return this.runtime.memory.u8.slice(address, address + size);
  }

  get stagedKeySize(): number {
    return alignTo(this.keySize, 8);
  }
  get stagedValueSize(): number {
    return alignTo(this.sysValueSize, 8);
  }

  #stageFor(size: number): void {
    if (size > SCRATCH_SIZE) this.#stage = allocate(this.runtime.memory, size);
    if (this.#stage === 0) this.#stage = SCRATCH;
  }

  get #readOnly(): boolean {
    return this.#frozen || (this.#access & BPF_F_RDONLY) !== 0;
  }

  #withoutLock(value: Bytes): Bytes {
    if (this.spinLock !== null && typeof value !== "number") value.fill(0, this.spinLock, this.spinLock + 4);
    return value;
  }

  /** An update leaves the element's spin lock as it is. */
  #keepLock(key: Uint8Array, value: Uint8Array): Uint8Array {
    if (this.spinLock === null) return value;
    const kept = plainBytes(value).slice();
    const before = this.row.family.lookup(this, key);
    const lock = typeof before === "number" ? new Uint8Array(4) : before.subarray(this.spinLock, this.spinLock + 4);
    kept.set(lock, this.spinLock);
    return kept;
  }
}

/** 0 where guest memory has no room. */
function allocate(memory: GuestMemory, size: number): number {
  try {
    return memory.alloc(size);
  } catch (error) {
    if (error instanceof BpfError && error.code === "E_MEMORY_FULL") return 0;
    throw error;
  }
}

/** `n` rounded up to a multiple of `alignment`. */
export function alignTo(n: number, alignment: number): number {
  return Math.ceil(n / alignment) * alignment;
}
