import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import { rejectUnended } from "../btf-info/records.ts";
import type { VerifierEnv } from "../env.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { BPF_F_RDONLY_PROG, mapFlags } from "../memory/map-flags.ts";
import { helperId, helperIds } from "./helper-ids.ts";
import type { CallMeta } from "./meta.ts";

/** What later phases want to know of calls: the one map a call always gets, and a tail call's one index. */

const TAIL_CALL = helperId("tail_call");
const MAP_CALLS = helperIds(
  "tail_call map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem for_each_map_elem redirect_map map_lookup_percpu_elem",
);
const MAP_WRITERS = helperIds("map_delete_elem map_update_elem map_push_elem map_pop_elem");

/** In `InsnAux.callMap` and `callKey`: not the same each time. */
const SEVERAL = -2;

/** Notes the call's map; programs must not change maps that are read-only to them (record_func_map). */
export function recordMap(env: VerifierEnv, insnIdx: number, meta: CallMeta): void {
  const { id } = meta.prototype;
  if (!MAP_CALLS.has(id)) return;
  assert(meta.map >= 0, "map helpers take a map");
  const map = env.maps[meta.map]!;
  if (mapFlags(map) & BPF_F_RDONLY_PROG && MAP_WRITERS.has(id)) {
    env.reject(ERRNO.EACCES, "V_READ_ONLY", "write into map forbidden", { map: map.name });
  }
  const aux = env.aux[insnIdx]!;
  if (aux.callMap === -1) aux.callMap = meta.map;
  else if (aux.callMap !== meta.map) aux.callMap = SEVERAL;
}

/** Notes a tail call's index (record_func_key). */
export function recordTailCallKey(env: VerifierEnv, insnIdx: number, meta: CallMeta): void {
  if (meta.prototype.id !== TAIL_CALL) return;
  const map = env.maps[meta.map]!;
  if (map.type !== MAP_TYPE.BPF_MAP_TYPE_PROG_ARRAY) {
    const message = "expected prog array map for tail call";
    rejectUnended(env, ERRNO.EINVAL, "V_MAP_HELPER_MISMATCH", message, { map: map.name });
  }
  const { m } = env;
  const aux = env.aux[insnIdx]!;
  const reg = env.reg(3);
  const isKnown = m.type(reg) === L.SCALAR_VALUE && m.isConst(reg) && m.unsigned(reg, L.REG_VALUE) < map.maxEntries;
  if (!isKnown) {
    aux.callKey = BigInt(SEVERAL);
    return;
  }
  markChainPrecision(env, 3);
  const key = m.u64[(env.reg(3) + L.REG_VALUE) >> 3]!;
  if (aux.callKey === -1n) aux.callKey = key;
  else if (aux.callKey !== key) aux.callKey = BigInt(SEVERAL);
}
