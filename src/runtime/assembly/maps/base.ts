// What all map families share: errno numbers, update flags, byte copies and the current CPU.
import { CPU_ID, MAP_VALUE_SIZE } from "../../layout";
import { MAP_SPIN_LOCK } from "../../map-layout";

export const ENOENT: i32 = -2;
export const E2BIG: i32 = -7;
export const ENOMEM: i32 = -12;
export const EAGAIN: i32 = -11;
export const EEXIST: i32 = -17;
export const EINVAL: i32 = -22;
export const ENOSPC: i32 = -28;
export const EOPNOTSUPP: i32 = -95;

export const BPF_ANY: u32 = 0;
export const BPF_NOEXIST: u32 = 1;
export const BPF_EXIST: u32 = 2;
export const BPF_F_LOCK: u32 = 4;

@inline export function field(map: u32, offset: i32): u32 {
  return load<u32>(map + offset);
}

@inline export function setField(map: u32, offset: i32, value: u32): void {
  store<u32>(map + offset, value);
}

@inline export function cpu(): u32 {
  return load<u32>(CPU_ID);
}

/** Short copies word by word: memory.copy costs a call into the engine. */
export function copy(to: u32, from: u32, size: u32): void {
  if (size > 128) {
    memory.copy(to, from, size);
    return;
  }
  let i: u32 = 0;
  for (; i + 8 <= size; i += 8) store<u64>(to + i, load<u64>(from + i));
  if (size & 4) {
    store<u32>(to + i, load<u32>(from + i));
    i += 4;
  }
  if (size & 2) {
    store<u16>(to + i, load<u16>(from + i));
    i += 2;
  }
  if (size & 1) store<u8>(to + i, load<u8>(from + i));
}

export function clear(to: u32, size: u32): void {
  if (size > 128 || size & 7) {
    memory.fill(to, 0, size);
    return;
  }
  for (let i: u32 = 0; i < size; i += 8) store<u64>(to + i, 0);
}

/** Overwrites a value, but not the bpf_spin_lock in it. */
@inline export function assign(map: u32, to: u32, from: u32): void {
  const lock = field(map, MAP_SPIN_LOCK);
  if (lock == 0) {
    copy(to, from, field(map, MAP_VALUE_SIZE));
    return;
  }
  const held = load<u32>(to + lock - 1);
  copy(to, from, field(map, MAP_VALUE_SIZE));
  store<u32>(to + lock - 1, held);
}

/** Whether BPF_F_LOCK is given for values that have no lock. */
@inline export function lockless(map: u32, flags: u32): bool {
  return (flags & BPF_F_LOCK) != 0 && field(map, MAP_SPIN_LOCK) == 0;
}
