// Arrays: element i at MAP_DATA + i * MAP_STRIDE, copy of CPU c at + c * MAP_CPU_STRIDE. Elements always exist.
import { MAP_CPU_STRIDE, MAP_DATA, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_VALUE_SIZE } from "../../layout";
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, assign, copy, cpu, field, lockless } from "./base";

@inline function element(map: u32, index: u32): u32 {
  return field(map, MAP_DATA) + index * field(map, MAP_STRIDE);
}

export function array_lookup(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  return index < field(map, MAP_MAX_ENTRIES) ? element(map, index) : 0;
}

export function percpu_array_lookup(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  return index < field(map, MAP_MAX_ENTRIES) ? element(map, index) + cpu() * field(map, MAP_CPU_STRIDE) : 0;
}

/** bpf_map_lookup_percpu_elem. */
export function array_lookup_on(map: u32, key: u32, onCpu: u32): u32 {
  const index = load<u32>(key);
  if (index >= field(map, MAP_MAX_ENTRIES) || <u64>onCpu * field(map, MAP_CPU_STRIDE) >= field(map, MAP_STRIDE)) return 0;
  return element(map, index) + onCpu * field(map, MAP_CPU_STRIDE);
}

/** The program's view of array-of-maps: the element holds the inner map's descriptor. */
export function array_of_maps_lookup(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  return index < field(map, MAP_MAX_ENTRIES) ? load<u32>(element(map, index)) : 0;
}

function check(map: u32, key: u32, flags: u32): i32 {
  if ((flags & ~BPF_F_LOCK) > BPF_EXIST) return EINVAL;
  if (load<u32>(key) >= field(map, MAP_MAX_ENTRIES)) return E2BIG;
  if ((flags & BPF_NOEXIST) != 0) return EEXIST;
  return lockless(map, flags) ? EINVAL : 0;
}

export function array_update(map: u32, key: u32, value: u32, flags: u32): i32 {
  const error = check(map, key, flags);
  if (error == 0) assign(map, element(map, load<u32>(key)), value);
  return error;
}

export function percpu_array_update(map: u32, key: u32, value: u32, flags: u32): i32 {
  const error = check(map, key, flags);
  if (error == 0) {
    copy(element(map, load<u32>(key)) + cpu() * field(map, MAP_CPU_STRIDE), value, field(map, MAP_VALUE_SIZE));
  }
  return error;
}

export function array_delete(map: u32, key: u32): i32 {
  return EINVAL;
}
