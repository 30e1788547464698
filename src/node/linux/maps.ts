import type { MapCreateAttr } from "../../kernel/index.ts";
import { ERRNO, mapType } from "../../uapi/index.ts";
import type { Block } from "./arena.ts";
import type { ELEMENT_COMMANDS } from "./attributes.ts";
import type { BpfSyscall } from "./syscall.ts";

/** What element commands must know of a map. */
export interface MapShape {
  readonly fd: number;
  readonly keySize: number;
  /** Bytes of one element in a command: all copies of a per-CPU value. */
  readonly elementSize: number;
}

/** Bytes that commands exchange per element: per-CPU types have a copy per possible CPU, each padded to 8 bytes. */
export function elementSize(type: number, valueSize: number, possibleCpus: number): number {
  return mapType(type)?.perCpu === true ? Math.ceil(valueSize / 8) * 8 * possibleCpus : valueSize;
}

const MAX_KEPT = 1 << 12;

/** bpf(2)'s commands on maps. Answers are bytes, 0, or -errno: ENOENT is no exception here. */
export class MapCommands {
  readonly #bpf: BpfSyscall;
  // Keys and values of ordinary sizes have a place of their own: most of a command's cost is its call.
  readonly #key: Block;
  readonly #value: Block;

  constructor(bpf: BpfSyscall) {
    this.#bpf = bpf;
    this.#key = bpf.arena.keep(MAX_KEPT);
    this.#value = bpf.arena.keep(MAX_KEPT);
  }

  create(attr: MapCreateAttr): number {
    return this.#bpf.run("BPF_MAP_CREATE", {
      map_type: attr.type,
      key_size: attr.keySize,
      value_size: attr.valueSize,
      max_entries: attr.maxEntries,
      map_flags: attr.flags ?? 0,
      inner_map_fd: attr.innerMapFd ?? 0,
      numa_node: attr.numaNode ?? 0,
      map_name: attr.name ?? "",
      btf_fd: attr.btfFd ?? 0,
      btf_key_type_id: attr.btfKeyTypeId ?? 0,
      btf_value_type_id: attr.btfValueTypeId ?? 0,
      btf_vmlinux_value_type_id: attr.btfVmlinuxValueTypeId ?? 0,
      map_extra: attr.mapExtra ?? 0n,
    });
  }

  lookup(map: MapShape, key: Uint8Array, flags = 0): Uint8Array | number {
    return this.#get("BPF_MAP_LOOKUP_ELEM", map, key, map.elementSize, flags);
  }

  lookupAndDelete(map: MapShape, key: Uint8Array, flags = 0): Uint8Array | number {
    return this.#get("BPF_MAP_LOOKUP_AND_DELETE_ELEM", map, key, map.elementSize, flags);
  }

  /** @param key null for the first one */
  nextKey(map: MapShape, key: Uint8Array | null): Uint8Array | number {
    return this.#get("BPF_MAP_GET_NEXT_KEY", map, key, map.keySize, 0);
  }

  update(map: MapShape, key: Uint8Array, value: Uint8Array, flags = 0): number {
    if (key.length !== map.keySize || value.length !== map.elementSize) return -ERRNO.EINVAL;
    this.#bpf.arena.begin();
    const at = this.#put(this.#value, value);
    return this.#bpf.element("BPF_MAP_UPDATE_ELEM", map.fd, this.#put(this.#key, key), at, flags);
  }

  delete(map: MapShape, key: Uint8Array): number {
    if (key.length !== map.keySize) return -ERRNO.EINVAL;
    this.#bpf.arena.begin();
    return this.#bpf.element("BPF_MAP_DELETE_ELEM", map.fd, this.#put(this.#key, key), 0n, 0);
  }

  freeze(fd: number): number {
    return this.#bpf.run("BPF_MAP_FREEZE", { map_fd: fd });
  }

  #get(
    command: keyof typeof ELEMENT_COMMANDS,
    map: MapShape,
    key: Uint8Array | null,
    size: number,
    flags: number,
  ): Uint8Array | number {
    if (key !== null && key.length !== map.keySize) return -ERRNO.EINVAL;
    this.#bpf.arena.begin();
    const out = size <= MAX_KEPT ? this.#value : this.#bpf.arena.room(size);
    const at = key === null ? 0n : this.#put(this.#key, key);
    const result = this.#bpf.element(command, map.fd, at, out.address, flags);
    return result < 0 ? result : out.bytes.slice(0, size);
  }

  #put(block: Block, bytes: Uint8Array): bigint {
    if (bytes.length === 0) return 0n;
    if (bytes.length > MAX_KEPT) return this.#bpf.arena.copy(bytes);
    block.bytes.set(bytes);
    return block.address;
  }
}
