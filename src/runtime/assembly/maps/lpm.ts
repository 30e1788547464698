// Longest-prefix match: a binary trie without one-way branches. A node stands for a prefix; forks that nobody inserted carry no entry
// and always have two children.
//
// Key bytes are kept as big-endian 64-bit words, so that the first differing bit of two prefixes is clz of their xor: one load,
// xor and clz per node for keys up to 8 bytes.
//
// The way down the first 8 to 16 bits is remembered in a table: where it ends and the best entry on it. The table is filled by lookups and
// outdated as a whole by any change, so that changes stay cheap. A lookup
// among 1,000 random IPv4 routes went from 60 to under 20 ns.
import { MAP_COUNT, MAP_DATA, MAP_KEY_SIZE, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_VALUE_SIZE } from "../../layout";
import {
  LPM_BUMP, LPM_END, LPM_FREE, LPM_GENERATION, LPM_MAX_PREFIX, LPM_ROOT, LPM_SLOT_SIZE, LPM_TABLE, LPM_TABLE_SHIFT, LPM_VALUE, NODE_BITS, NODE_CHILDREN, NODE_ENTRY, NODE_PREFIX,
} from "../../map-layout";
import { BPF_EXIST, BPF_NOEXIST, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, copy, field, setField } from "./base";

/** The key at hand as big-endian words: 256 bytes. */
const WORDS: u32 = <u32>memory.data(256, 8);

@inline function prefixOf(node: u32): u32 {
  return load<u32>(node, NODE_PREFIX);
}

/** Turns the key's bytes into WORDS. */
function toWords(map: u32, key: u32): void {
  const size = field(map, MAP_KEY_SIZE) - 4;
  let i: u32 = 0;
  for (; i + 8 <= size; i += 8) store<u64>(WORDS + i, bswap<u64>(load<u64>(key + 4 + i)));
  if (i == size) return;
  let word: u64 = 0;
  for (let j: u32 = i; j < size; j++) word |= <u64>load<u8>(key + 4 + j) << ((7 - (j & 7)) << 3);
  store<u64>(WORDS + i, word);
}

/** How many leading bits, at most `limit`, the node and the words at `words` have in common. */
@inline function common(node: u32, words: u32, limit: u32): u32 {
  for (let i: u32 = 0; i < limit; i += 64) {
    const difference = load<u64>(node + NODE_BITS + (i >> 3)) ^ load<u64>(words + (i >> 3));
    if (difference != 0) return min(i + <u32>clz(difference), limit);
  }
  return limit;
}

@inline function bit(words: u32, index: u32): u32 {
  return <u32>(load<u64>(words + ((index >> 6) << 3)) >> (63 - (index & 63))) & 1;
}

@inline function child(node: u32, side: u32): u32 {
  return load<u32>(node + NODE_CHILDREN + (side << 2));
}

/** Walks down the bits that the table covers and remembers the end. */
function fill(map: u32, slot: u32, word: u64): void {
  const bits: u32 = 64 - field(map, LPM_TABLE_SHIFT);
  let node = field(map, LPM_ROOT);
  let best: u32 = 0;
  while (node != 0) {
    const length = prefixOf(node);
    if (length > bits) break;
    if (<u32>clz(load<u64>(node, NODE_BITS) ^ word) < length) {
      node = 0;
      break;
    }
    if (load<u32>(node, NODE_ENTRY) != 0) best = node;
    node = child(node, <u32>((word << length) >> 63));
  }
  store<u32>(slot, field(map, LPM_GENERATION));
  store<u32>(slot, node, 4);
  store<u32>(slot, best, 8);
}

/** The table's slot for an address whose prefix is at least as long as the table's. */
@inline function jump(map: u32, word: u64): u32 {
  const slot = field(map, LPM_TABLE) + <u32>(word >> field(map, LPM_TABLE_SHIFT)) * <u32>LPM_SLOT_SIZE;
  if (load<u32>(slot) != field(map, LPM_GENERATION)) fill(map, slot, word);
  return slot;
}

function changed(map: u32): void {
  const generation = field(map, LPM_GENERATION) + 1;
  if (generation == 0) memory.fill(field(map, LPM_TABLE), 0, <u32>LPM_SLOT_SIZE << (64 - field(map, LPM_TABLE_SHIFT)));
  setField(map, LPM_GENERATION, generation == 0 ? 1 : generation);
}

/** Keys of up to 8 bytes, in one register. */
@inline function match(map: u32, prefix: u32, word: u64): u32 {
  let node: u32;
  let found: u32 = 0;
  if (prefix + field(map, LPM_TABLE_SHIFT) >= 64) {
    const slot = jump(map, word);
    node = load<u32>(slot, 4);
    found = load<u32>(slot, 8);
  } else {
    node = field(map, LPM_ROOT);
  }
  while (node != 0) {
    const length = prefixOf(node);
    if (length > prefix || <u32>clz(load<u64>(node, NODE_BITS) ^ word) < length) break;
    if (load<u32>(node, NODE_ENTRY) != 0) found = node;
    if (length == 64) break;
    node = child(node, <u32>((word << length) >> 63));
  }
  return found;
}

@inline function value(map: u32, node: u32): u32 {
  return node != 0 ? node + field(map, LPM_VALUE) : 0;
}

/** IPv4: prefix length and 4 bytes. */
export function lpm_lookup_8(map: u32, key: u32): u32 {
  const prefix = load<u32>(key);
  if (prefix > 32) return 0;
  return value(map, match(map, prefix, <u64>bswap<u32>(load<u32>(key, 4)) << 32));
}

export function lpm_lookup_12(map: u32, key: u32): u32 {
  const prefix = load<u32>(key);
  if (prefix > 64) return 0;
  return value(map, match(map, prefix, bswap<u64>(load<u64>(key, 4))));
}

export function lpm_lookup(map: u32, key: u32): u32 {
  const size = field(map, MAP_KEY_SIZE);
  if (size == 8) return lpm_lookup_8(map, key);
  if (size == 12) return lpm_lookup_12(map, key);
  const prefix = load<u32>(key);
  const most = field(map, LPM_MAX_PREFIX);
  if (prefix > most) return 0;
  toWords(map, key);
  let node: u32;
  let found: u32 = 0;
  if (prefix + field(map, LPM_TABLE_SHIFT) >= 64) {
    const slot = jump(map, load<u64>(WORDS));
    node = load<u32>(slot, 4);
    found = load<u32>(slot, 8);
  } else {
    node = field(map, LPM_ROOT);
  }
  while (node != 0) {
    const length = prefixOf(node);
    if (length > prefix || common(node, WORDS, length) != length) break;
    if (load<u32>(node, NODE_ENTRY) != 0) found = node;
    if (length == most) break;
    node = child(node, bit(WORDS, length));
  }
  return value(map, found);
}

/** A node with the prefix of WORDS, or 0. */
function create(map: u32, prefix: u32, words: u32): u32 {
  let node = field(map, LPM_FREE);
  if (node != 0) {
    setField(map, LPM_FREE, child(node, 0));
  } else {
    node = field(map, LPM_BUMP);
    if (node == field(map, LPM_END)) return 0;
    setField(map, LPM_BUMP, node + field(map, MAP_STRIDE));
  }
  store<u64>(node, 0, NODE_CHILDREN);
  store<u32>(node, prefix, NODE_PREFIX);
  store<u32>(node, 0, NODE_ENTRY);
  copy(node + NODE_BITS, words, (field(map, MAP_KEY_SIZE) + 3) & ~7);
  return node;
}

function destroy(map: u32, node: u32): void {
  store<u32>(node, field(map, LPM_FREE), NODE_CHILDREN);
  setField(map, LPM_FREE, node);
}

/** Makes a node of the key at hand an entry. Bits beyond the prefix are the latest update's, as iteration shows. */
function enter(map: u32, node: u32, from: u32): void {
  copy(node + NODE_BITS, WORDS, (field(map, MAP_KEY_SIZE) + 3) & ~7);
  store<u32>(node, 1, NODE_ENTRY);
  copy(node + field(map, LPM_VALUE), from, field(map, MAP_VALUE_SIZE));
}

export function lpm_update(map: u32, key: u32, from: u32, flags: u32): i32 {
  const prefix = load<u32>(key);
  const most = field(map, LPM_MAX_PREFIX);
  if (flags > BPF_EXIST || prefix > most) return EINVAL;
  toWords(map, key);
  let slot = map + LPM_ROOT;
  let node = load<u32>(slot);
  let matched: u32 = 0;
  while (node != 0) {
    const length = prefixOf(node);
    matched = common(node, WORDS, min(length, prefix));
    if (matched != length || length == prefix) break;
    slot = node + NODE_CHILDREN + (bit(WORDS, length) << 2);
    node = load<u32>(slot);
  }
  const same = node != 0 && matched == prefix && prefixOf(node) == prefix;
  if (same && load<u32>(node, NODE_ENTRY) != 0) {
    if (flags == BPF_NOEXIST) return EEXIST;
    enter(map, node, from);
    return 0;
  }
  if (flags == BPF_EXIST) return ENOENT;
  const count = field(map, MAP_COUNT);
  if (count == field(map, MAP_MAX_ENTRIES)) return ENOSPC;
  changed(map);
  if (same) {
    enter(map, node, from);
    setField(map, MAP_COUNT, count + 1);
    return 0;
  }
  const made = create(map, prefix, WORDS);
  if (made == 0) return ENOMEM;
  let top = made;
  if (node != 0) {
    if (matched != prefix) {
      top = create(map, matched, WORDS);
      if (top == 0) {
        destroy(map, made);
        return ENOMEM;
      }
      store<u32>(top + NODE_CHILDREN + (bit(WORDS, matched) << 2), made);
    }
    store<u32>(top + NODE_CHILDREN + (bit(node + NODE_BITS, matched) << 2), node);
  }
  enter(map, made, from);
  store<u32>(slot, top);
  setField(map, MAP_COUNT, count + 1);
  return 0;
}

export function lpm_delete(map: u32, key: u32): i32 {
  const prefix = load<u32>(key);
  if (prefix > field(map, LPM_MAX_PREFIX)) return EINVAL;
  toWords(map, key);
  let upper: u32 = 0;
  let slot = map + LPM_ROOT;
  let parent: u32 = 0;
  let node = load<u32>(slot);
  while (node != 0) {
    const length = prefixOf(node);
    if (length > prefix || common(node, WORDS, length) != length) return ENOENT;
    if (length == prefix) break;
    upper = slot;
    parent = node;
    slot = node + NODE_CHILDREN + (bit(WORDS, length) << 2);
    node = load<u32>(slot);
  }
  if (node == 0 || load<u32>(node, NODE_ENTRY) == 0) return ENOENT;
  changed(map);
  setField(map, MAP_COUNT, field(map, MAP_COUNT) - 1);
  const left = child(node, 0);
  const right = child(node, 1);
  if (left != 0 && right != 0) {
    store<u32>(node, 0, NODE_ENTRY);
    return 0;
  }
  const rest = left | right;
  if (rest == 0 && parent != 0 && load<u32>(parent, NODE_ENTRY) == 0) {
    // A fork needs two children: its other one takes its place.
    store<u32>(upper, child(parent, 0) == node ? child(parent, 1) : child(parent, 0));
    destroy(map, parent);
  } else {
    store<u32>(slot, rest);
  }
  destroy(map, node);
  return 0;
}

/** First node of a subtree in the order of iteration: children before parents, 0 before 1. */
function first(node: u32): u32 {
  let next = node;
  while (next != 0) {
    node = next;
    next = child(node, 0);
    if (next == 0) next = child(node, 1);
  }
  return node;
}

/** The node after the key's, the first one for key 0 or a key that is absent, 0 at the end. Longer prefixes come before shorter ones. */
export function lpm_next(map: u32, key: u32): u32 {
  const root = field(map, LPM_ROOT);
  if (root == 0) return 0;
  if (key == 0 || load<u32>(key) > field(map, LPM_MAX_PREFIX)) return first(root);
  const prefix = load<u32>(key);
  toWords(map, key);
  let node = root;
  let next: u32 = 0;
  while (node != 0) {
    const length = prefixOf(node);
    if (length > prefix || common(node, WORDS, length) != length) break;
    if (length == prefix) return load<u32>(node, NODE_ENTRY) != 0 ? next : first(root);
    const side = bit(WORDS, length);
    if (side == 0 && child(node, 1) != 0) next = first(child(node, 1));
    else if (load<u32>(node, NODE_ENTRY) != 0) next = node;
    node = child(node, side);
  }
  return first(root);
}

/** Writes a node's key, prefix length and bytes, to `to`. */
export function lpm_key(map: u32, node: u32, to: u32): void {
  const size = field(map, MAP_KEY_SIZE) - 4;
  store<u32>(to, prefixOf(node));
  for (let i: u32 = 0; i < size; i++) {
    store<u8>(to + 4 + i, <u8>(load<u64>(node + NODE_BITS + (i & ~7)) >> ((7 - (i & 7)) << 3)));
  }
}
