import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { FieldKind } from "../btf-info/field-kinds.ts";
import type { VerifierEnv } from "../env.ts";
import { releaseReferenceNoMark } from "../explore/refs.ts";
import { checkKptrMatch, inRcuSection } from "../memory/kptr.ts";
import type { Reg } from "../memory.ts";
import { forEachReg } from "../state.ts";
import { recordOfRegister } from "./fields.ts";
import type { CallMeta } from "./meta.ts";
import { markInvalid } from "./stack-objects.ts";

/** bpf_kptr_xchg: a pointer kept in a map's value or an allocated object is exchanged for another, which the field then owns. */

const KPTRS: ReadonlySet<FieldKind> = new Set<FieldKind>(["kptr_unref", "kptr_ref", "kptr_percpu"]);

/** The field to exchange with (process_kptr_func). */
export function checkKptrDestination(env: VerifierEnv, regno: number, meta: CallMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  const data = { reg: regno };
  if (m.type(reg) === L.PTR_TO_MAP_VALUE) {
    const number = m.get(reg, L.REG_A);
    const map = env.maps[number]!;
    if (map.btf === undefined) {
      env.reject(ERRNO.EINVAL, "V_KPTR", `map '${map.name}' has to have BTF in order to use bpf_kptr_xchg`, data);
    }
    meta.map = number;
  }
  if (!m.isConst(reg)) {
    const message = `R${regno} doesn't have constant offset. kptr has to be at the constant offset`;
    env.reject(ERRNO.EINVAL, "V_KPTR", message, data);
  }
  const fields = recordOfRegister(env, reg)?.fields.filter(({ kind }) => KPTRS.has(kind)) ?? [];
  if (fields.length === 0) env.reject(ERRNO.EINVAL, "V_KPTR", `R${regno} has no valid kptr`, data);
  const off = m.off(reg) + m.signed(reg, L.REG_VALUE);
  const field = fields.find(({ offset }) => offset === off);
  if (field === undefined) env.reject(ERRNO.EACCES, "V_KPTR", `off=${off} doesn't point to kptr`, data);
  if (field.kind === "kptr_unref") {
    env.reject(ERRNO.EACCES, "V_KPTR", `off=${off} kptr isn't referenced kptr`, data);
  }
  meta.kptrField = field;
}

/** The object to put there must be of the field's type. */
export function checkKptrMatches(env: VerifierEnv, reg: Reg, regno: number, meta: CallMeta): void {
  assert(meta.kptrField !== null, "the field comes before the object");
  checkKptrMatch(env, meta.kptrField, reg, regno, ERRNO.EACCES);
}

/** The result: what was there before, an object of the field's type, the program's own to give back. */
export function setExchangedKptr(env: VerifierEnv, reg: Reg, meta: CallMeta): void {
  const { m } = env;
  const field = meta.kptrField;
  assert(field?.kptr != null, "a kptr's field");
  const { btf, btfId } = field.kptr;
  m.set(reg, L.REG_A, env.btfNumber(btf));
  m.set(reg, L.REG_B, btfId);
  if (btf !== env.btfs[1]) return;
  m.setType(reg, m.type(reg) | L.MEM_ALLOC | (field.kind === "kptr_percpu" ? L.MEM_PERCPU : 0));
}

/** The object belongs to the field: copies of its pointer are void; per-CPU ones stay readable while nothing is freed. */
export function releaseExchangedKptr(env: VerifierEnv, ref: number): boolean {
  const { m } = env;
  const inRcu = inRcuSection(env);
  if (!releaseReferenceNoMark(env.state, ref)) return false;
  forEachReg(m, env.state, (reg) => {
    if (m.ref(reg) !== ref) return;
    const type = m.type(reg);
    if (inRcu && type & L.MEM_ALLOC && type & L.MEM_PERCPU) {
      m.set(reg, L.REG_REF, 0);
      m.setType(reg, (type & ~L.MEM_ALLOC) | L.MEM_RCU);
    } else markInvalid(env, reg);
  });
  return true;
}
