// Hash tables: chained buckets of fixed elements.
//
// All elements lie in one array, reserved when the map is made; never-used ones are taken from its end (HASH_BUMP), given-back
// ones from a free list, so creation touches nothing. An element never moves: programs hold pointers into it.
// The bucket is the top bits of a 64-bit multiplicative hash. Lookups are specialised by key size: for 4 to 16 bytes the key sits
// in registers while the chain is walked.
//
// LRU maps evict by the clock algorithm: a lookup sets the element's reference bit; when no element is free, the hand goes
// round, clears set bits and takes the first element whose bit was clear. Second chance without lists: a lookup writes at most one word.
import { MAP_COUNT, MAP_CPU_STRIDE, MAP_DATA, MAP_KEY_SIZE, MAP_STRIDE, MAP_VALUE_SIZE } from "../../layout";
import {
  ELEM_KEY, ELEM_LINK, ELEM_NEXT, HASH_BUCKETS, HASH_BUCKET_COUNT, HASH_BUMP, HASH_COPIES, HASH_COPIES_SIZE, HASH_END, HASH_FREE, HASH_HAND,
  HASH_SHIFT, HASH_VALUE, MAP_SPIN_LOCK,
} from "../../map-layout";
import {
  BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, ENOENT, assign, clear, copy, cpu, field, lockless, setField,
} from "./base";

const MIX: u64 = 0x9e3779b97f4a7c15;
const MIX2: u64 = 0xc2b2ae3d27d4eb4f;

@inline function hash4(key: u32): u64 {
  return <u64>key * MIX;
}
@inline function hash8(key: u64): u64 {
  return (key ^ (key >> 32)) * MIX;
}
@inline function hash16(a: u64, b: u64): u64 {
  return (rotl<u64>(a * MIX2, 32) ^ b) * MIX;
}

function hashBytes(key: u32, size: u32): u64 {
  let h: u64 = size;
  let i: u32 = 0;
  for (; i + 8 <= size; i += 8) h = (rotl<u64>(h, 32) ^ load<u64>(key + i)) * MIX;
  if (size & 4) {
    h = (rotl<u64>(h, 32) ^ load<u32>(key + i)) * MIX;
    i += 4;
  }
  for (; i < size; i++) h = (rotl<u64>(h, 32) ^ load<u8>(key + i)) * MIX;
  return h;
}

function equal(a: u32, b: u32, size: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= size; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  if (size & 4) {
    if (load<u32>(a + i) != load<u32>(b + i)) return false;
    i += 4;
  }
  for (; i < size; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

/** Address of the bucket that a hash belongs to. */
@inline function bucket(map: u32, hash: u64): u32 {
  return field(map, HASH_BUCKETS) + (<u32>(hash >> field(map, HASH_SHIFT)) << 2);
}

/** Must agree with the find functions. */
function bucketOf(map: u32, key: u32): u32 {
  const size = field(map, MAP_KEY_SIZE);
  let hash: u64;
  if (size == 4) hash = hash4(load<u32>(key));
  else if (size == 8) hash = hash8(load<u64>(key));
  else if (size == 16) hash = hash16(load<u64>(key), load<u64>(key, 8));
  else if (size == 12) hash = hash16(load<u64>(key), load<u32>(key, 8));
  else hash = hashBytes(key, size);
  return bucket(map, hash);
}

@inline function find4(map: u32, key: u32): u32 {
  const k = load<u32>(key);
  let e: u32 = load<u32>(bucket(map, hash4(k)));
  while (e != 0 && load<u32>(e, ELEM_KEY) != k) e = load<u32>(e);
  return e;
}
@inline function find8(map: u32, key: u32): u32 {
  const k = load<u64>(key);
  let e: u32 = load<u32>(bucket(map, hash8(k)));
  while (e != 0 && load<u64>(e, ELEM_KEY) != k) e = load<u32>(e);
  return e;
}
@inline function find12(map: u32, key: u32): u32 {
  const a = load<u64>(key);
  const b = load<u32>(key, 8);
  let e: u32 = load<u32>(bucket(map, hash16(a, b)));
  while (e != 0 && (load<u64>(e, ELEM_KEY) != a || load<u32>(e, ELEM_KEY + 8) != b)) e = load<u32>(e);
  return e;
}
@inline function find16(map: u32, key: u32): u32 {
  const a = load<u64>(key);
  const b = load<u64>(key, 8);
  let e: u32 = load<u32>(bucket(map, hash16(a, b)));
  while (e != 0 && (load<u64>(e, ELEM_KEY) != a || load<u64>(e, ELEM_KEY + 8) != b)) e = load<u32>(e);
  return e;
}
@inline function findBytes(map: u32, key: u32): u32 {
  const size = field(map, MAP_KEY_SIZE);
  let e: u32 = load<u32>(bucket(map, hashBytes(key, size)));
  while (e != 0 && !equal(e + ELEM_KEY, key, size)) e = load<u32>(e);
  return e;
}

function find(map: u32, key: u32): u32 {
  const size = field(map, MAP_KEY_SIZE);
  if (size == 4) return find4(map, key);
  if (size == 8) return find8(map, key);
  if (size == 16) return find16(map, key);
  if (size == 12) return find12(map, key);
  return findBytes(map, key);
}

/** A plain element's value; key sizes up to 16 have it at a fixed place. */
@inline function value(map: u32, e: u32): u32 {
  return e != 0 ? e + field(map, HASH_VALUE) : 0;
}
@inline function ownCopy(map: u32, e: u32): u32 {
  return e != 0 ? load<u32>(e + field(map, HASH_VALUE)) + cpu() * field(map, MAP_CPU_STRIDE) : 0;
}
/** Sets the reference bit; written only when clear, so that hot elements stay clean in the cache. */
@inline function used(e: u32): u32 {
  if (e != 0 && load<u32>(e, ELEM_LINK) == 0) store<u32>(e, 1, ELEM_LINK);
  return e;
}

export function hash_lookup_4(map: u32, key: u32): u32 {
  const e = find4(map, key);
  return e != 0 ? e + 16 : 0;
}
export function hash_lookup_8(map: u32, key: u32): u32 {
  const e = find8(map, key);
  return e != 0 ? e + 16 : 0;
}
export function hash_lookup_12(map: u32, key: u32): u32 {
  const e = find12(map, key);
  return e != 0 ? e + 24 : 0;
}
export function hash_lookup_16(map: u32, key: u32): u32 {
  const e = find16(map, key);
  return e != 0 ? e + 24 : 0;
}
export function hash_lookup_bytes(map: u32, key: u32): u32 {
  return value(map, findBytes(map, key));
}
export function hash_lookup(map: u32, key: u32): u32 {
  return value(map, find(map, key));
}

export function percpu_hash_lookup_4(map: u32, key: u32): u32 {
  return ownCopy(map, find4(map, key));
}
export function percpu_hash_lookup_8(map: u32, key: u32): u32 {
  return ownCopy(map, find8(map, key));
}
export function percpu_hash_lookup_16(map: u32, key: u32): u32 {
  return ownCopy(map, find16(map, key));
}
export function percpu_hash_lookup(map: u32, key: u32): u32 {
  return ownCopy(map, find(map, key));
}

export function lru_hash_lookup_4(map: u32, key: u32): u32 {
  const e = used(find4(map, key));
  return e != 0 ? e + 16 : 0;
}
export function lru_hash_lookup_8(map: u32, key: u32): u32 {
  const e = used(find8(map, key));
  return e != 0 ? e + 16 : 0;
}
export function lru_hash_lookup_12(map: u32, key: u32): u32 {
  const e = used(find12(map, key));
  return e != 0 ? e + 24 : 0;
}
export function lru_hash_lookup_16(map: u32, key: u32): u32 {
  const e = used(find16(map, key));
  return e != 0 ? e + 24 : 0;
}
export function lru_hash_lookup(map: u32, key: u32): u32 {
  return value(map, used(find(map, key)));
}
export function lru_percpu_hash_lookup(map: u32, key: u32): u32 {
  return ownCopy(map, used(find(map, key)));
}

/** The program's view of hash-of-maps: the value is the inner map's descriptor. */
export function hash_of_maps_lookup(map: u32, key: u32): u32 {
  const e = find(map, key);
  return e != 0 ? load<u32>(e + field(map, HASH_VALUE)) : 0;
}

/** bpf_map_lookup_percpu_elem. */
export function percpu_hash_lookup_on(map: u32, key: u32, onCpu: u32): u32 {
  if (<u64>onCpu * field(map, MAP_CPU_STRIDE) >= field(map, HASH_COPIES_SIZE)) return 0;
  const e = find(map, key);
  return e != 0 ? load<u32>(e + field(map, HASH_VALUE)) + onCpu * field(map, MAP_CPU_STRIDE) : 0;
}

/** The element of a key, or 0, without marking it as used: bpf(2)'s lookup. */
export function hash_find(map: u32, key: u32): u32 {
  return find(map, key);
}

function unlink(map: u32, e: u32): void {
  let at = bucketOf(map, e + ELEM_KEY);
  while (load<u32>(at) != e) at = load<u32>(at);
  store<u32>(at, load<u32>(e));
}

function release(map: u32, e: u32): void {
  store<u32>(e, field(map, HASH_FREE), ELEM_LINK);
  setField(map, HASH_FREE, e);
  setField(map, MAP_COUNT, field(map, MAP_COUNT) - 1);
}

/** A free element, or 0. */
function take(map: u32): u32 {
  let e = field(map, HASH_FREE);
  if (e != 0) {
    setField(map, HASH_FREE, load<u32>(e, ELEM_LINK));
  } else {
    e = field(map, HASH_BUMP);
    if (e == field(map, HASH_END)) return 0;
    const stride = field(map, MAP_STRIDE);
    setField(map, HASH_BUMP, e + stride);
    const copies = field(map, HASH_COPIES_SIZE);
    if (copies != 0) {
      const index = (e - field(map, MAP_DATA)) / stride;
      store<u32>(e + field(map, HASH_VALUE), field(map, HASH_COPIES) + index * copies);
    }
  }
  setField(map, MAP_COUNT, field(map, MAP_COUNT) + 1);
  return e;
}

/** Takes the element that the clock finds unused. Every element is in use when this is called. */
function evict(map: u32): u32 {
  const stride = field(map, MAP_STRIDE);
  const end = field(map, HASH_END);
  let e = field(map, HASH_HAND);
  while (load<u32>(e, ELEM_LINK) != 0) {
    store<u32>(e, 0, ELEM_LINK);
    e += stride;
    if (e == end) e = field(map, MAP_DATA);
  }
  const next = e + stride;
  setField(map, HASH_HAND, next == end ? field(map, MAP_DATA) : next);
  unlink(map, e);
  return e;
}

@inline function link(map: u32, e: u32, key: u32): void {
  copy(e + ELEM_KEY, key, field(map, MAP_KEY_SIZE));
  store<u32>(e, 0, ELEM_LINK);
  const at = bucketOf(map, key);
  store<u32>(e, load<u32>(at));
  store<u32>(at, e);
}

/** Errors of this function are negative; addresses of elements may look negative too, so the answer goes through here. */
let found: u32 = 0;

/** Finds the element of a key or makes it, as flags allow: 0 = existed, 1 = new, negative = errno. The element is `found`. */
@inline function place(map: u32, key: u32, flags: u32, lru: bool): i32 {
  if (flags > BPF_EXIST) return EINVAL;
  let e = find(map, key);
  if (e != 0) {
    if (flags == BPF_NOEXIST) return EEXIST;
    if (lru) store<u32>(e, 1, ELEM_LINK);
    found = e;
    return 0;
  }
  if (flags == BPF_EXIST) return ENOENT;
  e = take(map);
  if (e == 0) {
    if (!lru) return E2BIG;
    e = evict(map);
  }
  link(map, e, key);
  found = e;
  return 1;
}

@inline function update(map: u32, key: u32, from: u32, flags: u32, lru: bool): i32 {
  const placed = place(map, key, flags, lru);
  if (placed < 0) return placed;
  const to = found + field(map, HASH_VALUE);
  const lock = field(map, MAP_SPIN_LOCK);
  if (lock != 0 && placed == 1) store<u32>(to + lock - 1, 0);
  assign(map, to, from);
  return 0;
}

@inline function updateOwn(map: u32, key: u32, from: u32, flags: u32, lru: bool): i32 {
  const placed = place(map, key, flags, lru);
  if (placed < 0) return placed;
  const copies: u32 = load<u32>(found + field(map, HASH_VALUE));
  const stride = field(map, MAP_CPU_STRIDE);
  if (placed == 1) clear(copies, field(map, HASH_COPIES_SIZE));
  copy(copies + cpu() * stride, from, field(map, MAP_VALUE_SIZE));
  return 0;
}

export function hash_update(map: u32, key: u32, from: u32, flags: u32): i32 {
  if (lockless(map, flags)) return EINVAL;
  return update(map, key, from, flags & ~BPF_F_LOCK, false);
}
export function lru_hash_update(map: u32, key: u32, from: u32, flags: u32): i32 {
  return update(map, key, from, flags, true);
}
export function percpu_hash_update(map: u32, key: u32, from: u32, flags: u32): i32 {
  return updateOwn(map, key, from, flags, false);
}
export function lru_percpu_hash_update(map: u32, key: u32, from: u32, flags: u32): i32 {
  return updateOwn(map, key, from, flags, true);
}

/** bpf(2)'s update of all copies: value is one CPU's copy after the other. */
@inline function updateAll(map: u32, key: u32, from: u32, flags: u32, lru: bool): i32 {
  const placed = place(map, key, flags, lru);
  if (placed < 0) return placed;
  copy(load<u32>(found + field(map, HASH_VALUE)), from, field(map, HASH_COPIES_SIZE));
  return 0;
}
export function percpu_hash_update_all(map: u32, key: u32, from: u32, flags: u32): i32 {
  return updateAll(map, key, from, flags, false);
}
export function lru_percpu_hash_update_all(map: u32, key: u32, from: u32, flags: u32): i32 {
  return updateAll(map, key, from, flags, true);
}

export function hash_delete(map: u32, key: u32): i32 {
  const e = find(map, key);
  if (e == 0) return ENOENT;
  unlink(map, e);
  release(map, e);
  return 0;
}

/** The element after the key's, bucket by bucket; the first one for key 0 or a key that is absent; 0 at the end. */
export function hash_next(map: u32, key: u32): u32 {
  const e: u32 = key != 0 ? find(map, key) : 0;
  let at = field(map, HASH_BUCKETS);
  const end = at + field(map, HASH_BUCKET_COUNT) * 4;
  if (e != 0) {
    const next = load<u32>(e, ELEM_NEXT);
    if (next != 0) return next;
    at = bucketOf(map, key) + 4;
  }
  for (; at < end; at += 4) {
    const first = load<u32>(at);
    if (first != 0) return first;
  }
  return 0;
}
