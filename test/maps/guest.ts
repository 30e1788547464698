import { createMap, type GuestMap, type MapAttr } from "../../src/maps/index.ts";
import { GuestMemory } from "../../src/vm/memory.ts";
import { createRuntime, type Runtime } from "../../src/vm/runtime.ts";

export function testRuntime(): Runtime {
  return createRuntime(new GuestMemory(), { call_helper() {}, call_function: () => 0n });
}

export const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

export function make(runtime: Runtime, attr: Partial<MapAttr> & { type: number }): GuestMap {
  const map = createMap(runtime, {
    keySize: 4,
    valueSize: 4,
    maxEntries: 4,
    flags: 0,
    name: "m",
    id: 1,
    cpus: 2,
    ...attr,
  });
  if (typeof map === "number") throw new Error(`createMap: ${map}`);
  return map;
}

/** Runs a helper as a program does: pointers to key and value in guest memory. */
export class Guest {
  readonly map: GuestMap;
  readonly #at: number;
  constructor(map: GuestMap) {
    this.map = map;
    this.#at = map.runtime.memory.alloc(4096);
  }
  #put(bytes: Uint8Array, offset: number): number {
    this.map.runtime.memory.u8.set(bytes, this.#at + offset);
    return this.#at + offset;
  }
  #export(helper: string): string {
    return this.map.ref.exports[helper]!;
  }
  lookup(key: Uint8Array): number {
    return this.map.call(this.#export("bpf_map_lookup_elem"), this.#put(key, 0)) >>> 0;
  }
  update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    return this.map.call(this.#export("bpf_map_update_elem"), this.#put(key, 0), this.#put(value, 2048), flags);
  }
  delete(key: Uint8Array): number {
    return this.map.call(this.#export("bpf_map_delete_elem"), this.#put(key, 0));
  }
  push(value: Uint8Array, flags = 0): number {
    return this.map.call(this.#export("bpf_map_push_elem"), this.#put(value, 0), flags);
  }
  pop(helper = "bpf_map_pop_elem"): number {
    const error = this.map.call(this.#export(helper), this.#at);
    return error < 0 ? error : this.map.runtime.memory.view.getUint32(this.#at, true);
  }
  value(key: Uint8Array): number | null {
    const at = this.lookup(key);
    return at === 0 ? null : this.map.runtime.memory.view.getUint32(at, true);
  }
}
