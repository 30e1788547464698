// Redirect maps: devmap and cpumap are arrays whose slots may be empty (first word 0); devmap_hash is a hash.
import { MAP_DATA, MAP_MAX_ENTRIES, MAP_STRIDE, MAP_TYPE } from "../../layout";
import { field } from "./base";
import { hash_lookup_4 } from "./hash";

const BPF_MAP_TYPE_DEVMAP_HASH: u32 = 25;

export function slot_lookup(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  if (index >= field(map, MAP_MAX_ENTRIES)) return 0;
  const slot = field(map, MAP_DATA) + index * field(map, MAP_STRIDE);
  return load<u32>(slot) != 0 ? slot : 0;
}

const KEY: u32 = <u32>memory.data(4, 4);

/** What bpf_redirect_map finds under `index`: the value's address (ifindex or queue size first), or 0. */
export function redirect_target(map: u32, index: u32): u32 {
  store<u32>(KEY, index);
  return field(map, MAP_TYPE) == BPF_MAP_TYPE_DEVMAP_HASH ? hash_lookup_4(map, KEY) : slot_lookup(map, KEY);
}
