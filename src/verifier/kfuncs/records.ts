import * as L from "../../runtime/verifier-layout.ts";
import { type BtfRecord, recordOf, structRecord } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** A list head, tree root or node in a structure. */
export interface GraphField {
  readonly offset: number;
  /** Of a head or root: number of the BTF and type of what it holds, and where the node lies in that; 0 of a node. */
  readonly valueBtf: number;
  readonly valueId: number;
  readonly nodeOffset: number;
}

/** Kinds of fields by the structure's name, as messages have it. */
const KINDS = {
  bpf_list_head: "list_head",
  bpf_list_node: "list_node",
  bpf_rb_root: "rb_root",
  bpf_rb_node: "rb_node",
} as const;
export type GraphStruct = keyof typeof KINDS;

/** Fields of the map value or allocated object behind a register (reg_btf_record); null where there are none. */
export function recordOfReg(env: VerifierEnv, reg: Reg): BtfRecord | null {
  const { m } = env;
  const type = m.type(reg);
  if ((type & L.TYPE_BASE_MASK) === L.PTR_TO_MAP_VALUE) return recordOf(env.maps[m.get(reg, L.REG_A)]!, env.btfs[0]);
  if ((type & L.TYPE_BASE_MASK) !== L.PTR_TO_BTF_ID || (type & L.MEM_ALLOC) === 0) return null;
  return structRecord(env.btf(m.get(reg, L.REG_A)), m.get(reg, L.REG_B), env.btfs[0]);
}

/** The field of that kind at an offset of what is behind a register (btf_record_find); null where there is none. */
export function findGraphField(env: VerifierEnv, reg: Reg, off: number, struct: GraphStruct): GraphField | null {
  const record = recordOfReg(env, reg);
  const field = record?.fields.find((each) => each.kind === KINDS[struct] && each.offset === off);
  if (field === undefined) return null;
  const { graphRoot, offset } = field;
  if (graphRoot === null) return { offset, valueBtf: 0, valueId: 0, nodeOffset: 0 };
  return {
    offset,
    valueBtf: env.btfNumber(graphRoot.btf),
    valueId: graphRoot.valueBtfId,
    nodeOffset: graphRoot.nodeOffset,
  };
}

/** Where the count of owners is in what is behind a register; -1 = nowhere. */
export function refcountOffset(env: VerifierEnv, reg: Reg): number {
  return recordOfReg(env, reg)?.refcountOff ?? -1;
}

/** Where the lock is that guards the collections beside it; -1 = nowhere. */
export function spinLockOffset(env: VerifierEnv, reg: Reg): number {
  return recordOfReg(env, reg)?.spinLockOff ?? -1;
}

/** Whether what is behind a register may have a lock (reg_may_point_to_spin_lock). */
export function mayHaveLock(env: VerifierEnv, reg: Reg): boolean {
  const kinds = recordOfReg(env, reg)?.kinds;
  return kinds !== undefined && (kinds.has("spin_lock") || kinds.has("res_spin_lock"));
}
