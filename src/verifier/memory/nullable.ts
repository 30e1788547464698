import * as L from "../../runtime/verifier-layout.ts";
import { MAP_TYPE } from "../../uapi/index.ts";
import type { FieldKind } from "../btf-info/field-kinds.ts";
import { recordOf, structRecord } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { releaseReferenceNoMark } from "../explore/refs.ts";
import type { Reg } from "../memory.ts";
import { forEachReg, type VerifierState } from "../state.ts";

/** Register `regno` has been compared with null: all pointers of its id become a pointer, or 0 (mark_ptr_or_null_regs). */
export function markPointerOrNull(env: VerifierEnv, state: VerifierState, regno: number, isNull: boolean): void {
  const { m } = env;
  const reg = m.reg(state.frame, regno);
  const ref = m.ref(reg);
  const id = m.id(reg);
  // Nothing was acquired after all.
  if (ref !== 0 && ref === id && isNull) releaseReferenceNoMark(state, id);
  forEachReg(m, state, (each) => markOne(env, each, id, isNull));
}

function markOne(env: VerifierEnv, reg: Reg, id: number, isNull: boolean): void {
  const { m } = env;
  const type = m.type(reg);
  if ((type & L.PTR_MAYBE_NULL) === 0 || m.id(reg) !== id || (id === 0 && (type & L.MEM_RCU) === 0)) return;
  if (!m.isZero(reg)) return;
  const isObject = (type & (L.MEM_ALLOC | L.NON_OWN_REF)) !== 0 && (type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID;
  if (!isObject && m.off(reg) !== 0) return;
  if (isNull) {
    m.setType(reg, L.SCALAR_VALUE);
    m.set(reg, L.REG_ID, 0);
    m.set(reg, L.REG_REF, 0);
    return;
  }
  markNotNull(env, reg);
  // The id of a pointer to a lock tells which lock it is.
  if (!hasField(env, reg, LOCKS)) m.set(reg, L.REG_ID, 0);
}

const LOCKS: ReadonlySet<FieldKind> = new Set<FieldKind>(["spin_lock", "res_spin_lock"]);
const OWNERS: ReadonlySet<FieldKind> = new Set<FieldKind>(["timer", "workqueue", "task_work"]);

function hasField(env: VerifierEnv, reg: Reg, kinds: ReadonlySet<FieldKind>): boolean {
  const { m } = env;
  const type = m.type(reg);
  const base = type & L.TYPE_BASE_MASK;
  const number = m.get(reg, L.REG_A);
  const record =
    base === L.PTR_TO_MAP_VALUE
      ? recordOf(env.maps[number]!)
      : base === L.PTR_TO_BTF_ID && type & L.MEM_ALLOC
        ? structRecord(env.btf(number), m.get(reg, L.REG_B))
        : null;
  return record?.fields.some(({ kind }) => kinds.has(kind)) ?? false;
}

/** A nullable pointer that is not null: a lookup's answer becomes what the map's values are to programs (mark_ptr_not_null_reg). */
export function markNotNull(env: VerifierEnv, reg: Reg): void {
  const { m } = env;
  if (m.base(reg) !== L.PTR_TO_MAP_VALUE) {
    m.setType(reg, m.type(reg) & ~L.PTR_MAYBE_NULL);
    return;
  }
  const map = env.maps[m.get(reg, L.REG_A)]!;
  if (map.inner !== undefined) {
    m.setType(reg, L.CONST_PTR_TO_MAP);
    m.set(reg, L.REG_A, env.innerMapNumber(map));
    const record = recordOf(map.inner);
    // Which inner map it is, is known to be the same only for one lookup.
    if (record?.fields.some(({ kind }) => OWNERS.has(kind))) m.set(reg, L.REG_B, m.id(reg));
    return;
  }
  m.setType(reg, VALUES.get(map.type) ?? L.PTR_TO_MAP_VALUE);
}

/** What lookups give where it is no value's address. */
const VALUES: ReadonlyMap<number, number> = new Map([
  [MAP_TYPE.BPF_MAP_TYPE_XSKMAP, L.PTR_TO_XDP_SOCK],
  [MAP_TYPE.BPF_MAP_TYPE_SOCKMAP, L.PTR_TO_SOCKET],
  [MAP_TYPE.BPF_MAP_TYPE_SOCKHASH, L.PTR_TO_SOCKET],
]);
