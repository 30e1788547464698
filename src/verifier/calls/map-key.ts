import * as L from "../../runtime/verifier-layout.ts";
import { MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markSlotPrecise } from "../explore/precision.ts";
import type { Reg } from "../memory.ts";

/** Maps whose lookup finds every key below max_entries (can_elide_value_nullness). */
export function alwaysFinds(mapType: number): boolean {
  return mapType === MAP_TYPE.BPF_MAP_TYPE_ARRAY || mapType === MAP_TYPE.BPF_MAP_TYPE_PERCPU_ARRAY;
}

/**
 * The constant that a key on the stack is known to hold; -1n where it is not known (get_constant_map_key). A constant that was spilled
 * matters from now on: the slot is marked precise.
 */
export function constantMapKey(env: VerifierEnv, reg: Reg, keySize: number): bigint {
  const { m } = env;
  if (!env.bpfCapable || m.type(reg) !== L.PTR_TO_STACK || !m.isConst(reg)) return -1n;
  const at = -(m.off(reg) + m.signed(reg, L.REG_VALUE)) - 1;
  const slot = at >> 3;
  const first = at & 7;
  const frameNumber = m.get(reg, L.REG_FRAME);
  const frame = env.state.frames[frameNumber]!;
  if (runOf(env, frame, slot, first, L.STACK_ZERO) >= keySize) return 0n;
  const spilled = m.slot(frame, slot);
  if (m.slotKind(frame, slot, 7) !== L.STACK_SPILL || m.type(spilled) !== L.SCALAR_VALUE) return -1n;
  if (runOf(env, frame, slot, first, L.STACK_SPILL) !== keySize || !m.isConst(spilled)) return -1n;
  markSlotPrecise(env, frameNumber, slot);
  return m.i64[(m.slot(env.state.frames[frameNumber]!, slot) + L.REG_VALUE) >> 3]!;
}

/** How many bytes of a kind follow each other from byte `first` of a slot upwards in memory. */
function runOf(env: VerifierEnv, frame: number, slot: number, first: number, kind: number): number {
  let count = 0;
  while (count <= first && env.m.slotKind(frame, slot, first - count) === kind) count++;
  return count;
}

/** Maps whose lookup hands out a reference: sockets. */
export function isReferenceMap(mapType: number): boolean {
  return mapType === MAP_TYPE.BPF_MAP_TYPE_SOCKMAP || mapType === MAP_TYPE.BPF_MAP_TYPE_SOCKHASH;
}
