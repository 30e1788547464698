// Queue and stack: a ring of max_entries + 1 elements, so that head == tail means empty.
import { MAP_COUNT, MAP_DATA, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_VALUE_SIZE } from "../../layout";
import { QUEUE_HEAD, QUEUE_TAIL } from "../../map-layout";
import { BPF_EXIST, BPF_NOEXIST, E2BIG, EINVAL, ENOENT, copy, field, setField } from "./base";

@inline function element(map: u32, index: u32): u32 {
  return field(map, MAP_DATA) + index * field(map, MAP_STRIDE);
}
@inline function after(map: u32, index: u32): u32 {
  return index == field(map, MAP_MAX_ENTRIES) ? 0 : index + 1;
}

/** BPF_EXIST drops the oldest element of a full queue or stack. */
export function queue_push(map: u32, value: u32, flags: u32): i32 {
  if (flags == BPF_NOEXIST || flags > BPF_EXIST) return EINVAL;
  const head = field(map, QUEUE_HEAD);
  const next = after(map, head);
  const tail = field(map, QUEUE_TAIL);
  if (next == tail) {
    if (flags != BPF_EXIST) return E2BIG;
    setField(map, QUEUE_TAIL, after(map, tail));
  } else {
    setField(map, MAP_COUNT, field(map, MAP_COUNT) + 1);
  }
  copy(element(map, head), value, field(map, MAP_VALUE_SIZE));
  setField(map, QUEUE_HEAD, next);
  return 0;
}

/** An empty queue zeroes the caller's value: it may be uninitialised stack. */
@inline function get(map: u32, value: u32, stack: bool, remove: bool): i32 {
  const size = field(map, MAP_VALUE_SIZE);
  const head = field(map, QUEUE_HEAD);
  const tail = field(map, QUEUE_TAIL);
  if (head == tail) {
    memory.fill(value, 0, size);
    return ENOENT;
  }
  const index = stack ? (head == 0 ? field(map, MAP_MAX_ENTRIES) : head - 1) : tail;
  copy(value, element(map, index), size);
  if (remove) {
    if (stack) setField(map, QUEUE_HEAD, index);
    else setField(map, QUEUE_TAIL, after(map, tail));
    setField(map, MAP_COUNT, field(map, MAP_COUNT) - 1);
  }
  return 0;
}

export function queue_pop(map: u32, value: u32): i32 {
  return get(map, value, false, true);
}
export function queue_peek(map: u32, value: u32): i32 {
  return get(map, value, false, false);
}
export function stack_pop(map: u32, value: u32): i32 {
  return get(map, value, true, true);
}
export function stack_peek(map: u32, value: u32): i32 {
  return get(map, value, true, false);
}
