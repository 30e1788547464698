// The helpers on any map pointer, for calls whose map is not known when the program is compiled (inner maps, for one).
import { MAP_TYPE } from "../../layout";
import { array_for_each, hash_for_each } from "./each";
import {
  array_delete, array_lookup, array_lookup_on, array_of_maps_lookup, array_update, percpu_array_lookup, percpu_array_update,
} from "./array";
import { EINVAL, EOPNOTSUPP, field } from "./base";
import {
  hash_delete, hash_lookup, hash_of_maps_lookup, hash_update, lru_hash_lookup, lru_hash_update, lru_percpu_hash_lookup,
  lru_percpu_hash_update, percpu_hash_lookup, percpu_hash_lookup_on, percpu_hash_update,
} from "./hash";
import { lpm_delete, lpm_lookup, lpm_update } from "./lpm";
import { queue_peek, queue_pop, queue_push, stack_peek, stack_pop } from "./queue";
import { slot_lookup } from "./redirect";

const HASH: u32 = 1;
const ARRAY: u32 = 2;
const PERCPU_HASH: u32 = 5;
const PERCPU_ARRAY: u32 = 6;
const LRU_HASH: u32 = 9;
const LRU_PERCPU_HASH: u32 = 10;
const LPM_TRIE: u32 = 11;
const ARRAY_OF_MAPS: u32 = 12;
const HASH_OF_MAPS: u32 = 13;
const DEVMAP: u32 = 14;
const CPUMAP: u32 = 16;
const QUEUE: u32 = 22;
const STACK: u32 = 23;
const DEVMAP_HASH: u32 = 25;

export function map_lookup_elem(map: u32, key: u32): u32 {
  switch (field(map, MAP_TYPE)) {
    case ARRAY: return array_lookup(map, key);
    case HASH:
    case DEVMAP_HASH: return hash_lookup(map, key);
    case PERCPU_ARRAY: return percpu_array_lookup(map, key);
    case PERCPU_HASH: return percpu_hash_lookup(map, key);
    case LRU_HASH: return lru_hash_lookup(map, key);
    case LRU_PERCPU_HASH: return lru_percpu_hash_lookup(map, key);
    case LPM_TRIE: return lpm_lookup(map, key);
    case ARRAY_OF_MAPS: return array_of_maps_lookup(map, key);
    case HASH_OF_MAPS: return hash_of_maps_lookup(map, key);
    case DEVMAP:
    case CPUMAP: return slot_lookup(map, key);
    default: return 0;
  }
}

export function map_update_elem(map: u32, key: u32, value: u32, flags: u32): i32 {
  switch (field(map, MAP_TYPE)) {
    case ARRAY: return array_update(map, key, value, flags);
    case HASH: return hash_update(map, key, value, flags);
    case PERCPU_ARRAY: return percpu_array_update(map, key, value, flags);
    case PERCPU_HASH: return percpu_hash_update(map, key, value, flags);
    case LRU_HASH: return lru_hash_update(map, key, value, flags);
    case LRU_PERCPU_HASH: return lru_percpu_hash_update(map, key, value, flags);
    case LPM_TRIE: return lpm_update(map, key, value, flags);
    case QUEUE:
    case STACK: return EINVAL;
    default: return EOPNOTSUPP;
  }
}

export function map_delete_elem(map: u32, key: u32): i32 {
  switch (field(map, MAP_TYPE)) {
    case ARRAY:
    case PERCPU_ARRAY: return array_delete(map, key);
    case HASH:
    case PERCPU_HASH:
    case LRU_HASH:
    case LRU_PERCPU_HASH: return hash_delete(map, key);
    case LPM_TRIE: return lpm_delete(map, key);
    case QUEUE:
    case STACK: return EINVAL;
    default: return EOPNOTSUPP;
  }
}

export function map_push_elem(map: u32, value: u32, flags: u32): i32 {
  const type = field(map, MAP_TYPE);
  return type == QUEUE || type == STACK ? queue_push(map, value, flags) : EOPNOTSUPP;
}

export function map_pop_elem(map: u32, value: u32): i32 {
  const type = field(map, MAP_TYPE);
  return type == QUEUE ? queue_pop(map, value) : type == STACK ? stack_pop(map, value) : EOPNOTSUPP;
}

export function map_peek_elem(map: u32, value: u32): i32 {
  const type = field(map, MAP_TYPE);
  return type == QUEUE ? queue_peek(map, value) : type == STACK ? stack_peek(map, value) : EOPNOTSUPP;
}

export function map_lookup_percpu_elem(map: u32, key: u32, onCpu: u32): u32 {
  switch (field(map, MAP_TYPE)) {
    case PERCPU_ARRAY: return array_lookup_on(map, key, onCpu);
    case PERCPU_HASH:
    case LRU_PERCPU_HASH: return percpu_hash_lookup_on(map, key, onCpu);
    default: return 0;
  }
}

export function map_for_each_elem(map: u32, callback: u32, ctx: u32, flags: u32, frame: u32): i32 {
  switch (field(map, MAP_TYPE)) {
    case ARRAY:
    case PERCPU_ARRAY: return array_for_each(map, callback, ctx, flags, frame);
    case HASH:
    case PERCPU_HASH:
    case LRU_HASH:
    case LRU_PERCPU_HASH: return hash_for_each(map, callback, ctx, flags, frame);
    default: return EINVAL;
  }
}
