// bpf_for_each_map_elem: callback(map, key, value, ctx), until it returns 1. Keys are handed out as copies on the BPF stack,
// below the frames in use, where programs may read them.
import { MAP_CPU_STRIDE, MAP_DATA, MAP_KEY_SIZE, MAP_MAX_ENTRIES, MAP_STRIDE, STACK_LIMIT, FRAME_SIZE } from "../../layout";
import { ELEM_KEY, HASH_BUCKETS, HASH_BUCKET_COUNT, HASH_VALUE } from "../../map-layout";
import { call_function } from "../interpreter";
import { E2BIG, EINVAL, copy, cpu, field } from "./base";

/** Room for a key below `frame`, or 0 where the stack has no room for it and a callback. */
@inline function keyRoom(map: u32, frame: u32): u32 {
  const size = (field(map, MAP_KEY_SIZE) + 7) & ~7;
  return frame < <u32>(STACK_LIMIT + FRAME_SIZE) + size ? 0 : frame - size;
}

export function array_for_each(map: u32, callback: u32, ctx: u32, flags: u32, frame: u32): i32 {
  if (flags != 0) return EINVAL;
  const key = keyRoom(map, frame);
  if (key == 0) return E2BIG;
  const count = field(map, MAP_MAX_ENTRIES);
  const stride = field(map, MAP_STRIDE);
  let value = field(map, MAP_DATA) + cpu() * field(map, MAP_CPU_STRIDE);
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(key, i);
    if (call_function(callback, map, key, value, ctx, 0, key) != 0) return i + 1;
    value += stride;
  }
  return count;
}

/**
 * The callback may delete the element at hand: it keeps its place in the chain until it is used again. A callback that
 * deletes and inserts could keep a chain going for ever; no more than max_entries elements are visited.
 */
export function hash_for_each(map: u32, callback: u32, ctx: u32, flags: u32, frame: u32): i32 {
  if (flags != 0) return EINVAL;
  const key = keyRoom(map, frame);
  if (key == 0) return E2BIG;
  const keySize = field(map, MAP_KEY_SIZE);
  const offset = field(map, HASH_VALUE);
  const ownCopy = cpu() * field(map, MAP_CPU_STRIDE);
  const perCpu = field(map, MAP_CPU_STRIDE) != 0;
  const most = field(map, MAP_MAX_ENTRIES);
  let visited: u32 = 0;
  let at = field(map, HASH_BUCKETS);
  const end = at + field(map, HASH_BUCKET_COUNT) * 4;
  for (; at < end; at += 4) {
    let e = load<u32>(at);
    while (e != 0 && visited < most) {
      copy(key, e + ELEM_KEY, keySize);
      const value = perCpu ? load<u32>(e + offset) + ownCopy : e + offset;
      visited++;
      if (call_function(callback, map, key, value, ctx, 0, key) != 0) return visited;
      e = load<u32>(e);
    }
  }
  return visited;
}
