import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import type { FieldKind } from "../btf-info/field-kinds.ts";
import type { BtfField, BtfFieldKptr, BtfRecord } from "../btf-info/special-fields.ts";
import { structRecord } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { markKnownZero } from "../explore/registers.ts";
import * as I from "../insns.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { btfStructIdsMatch } from "../objects/btf-access.ts";
import { ACCESS_DIRECT } from "./kinds.ts";
import { checkPtrOffReg } from "./offsets.ts";
import { isNull } from "./scalars.ts";

/** What messages call special fields (btf_field_type_name). */
const NAMES: Readonly<Record<FieldKind, string>> = {
  spin_lock: "bpf_spin_lock",
  res_spin_lock: "bpf_res_spin_lock",
  timer: "bpf_timer",
  workqueue: "bpf_wq",
  task_work: "bpf_task_work",
  kptr_unref: "kptr",
  kptr_ref: "kptr",
  kptr_percpu: "percpu_kptr",
  uptr: "uptr",
  list_head: "bpf_list_head",
  list_node: "bpf_list_node",
  rb_root: "bpf_rb_root",
  rb_node: "bpf_rb_node",
  refcount: "bpf_refcount",
};

const POINTERS: ReadonlySet<FieldKind> = new Set<FieldKind>(["kptr_unref", "kptr_ref", "kptr_percpu", "uptr"]);
const GRAPH_NODES: ReadonlySet<FieldKind> = new Set<FieldKind>(["list_node", "rb_node"]);
/** Kernel structures that live on for a while after their last reference is gone (BTF_ID set of rcu_protected_types). */
const RCU_PROTECTED: ReadonlySet<string> = new Set(["cgroup", "bpf_cpumask", "task_struct", "bpf_crypto_ctx"]);

/** Bytes `off` to `off` + `size` of a map value must not touch special fields, pointers by whole and known loads and stores excepted. */
export function checkSpecialFields(
  env: VerifierEnv,
  record: BtfRecord,
  reg: Reg,
  off: number,
  size: number,
  source: number,
): void {
  const { m } = env;
  const from = m.signed(reg, L.REG_SMIN) + off;
  const to = m.unsigned(reg, L.REG_UMAX) + off + size;
  for (const field of record.fields) {
    if (from >= field.offset + field.size || field.offset >= to) continue;
    const name = NAMES[field.kind];
    if (!POINTERS.has(field.kind)) refuse(env, `${name} cannot be accessed directly by load/store`, field);
    if (source !== ACCESS_DIRECT) refuse(env, `${name} cannot be accessed indirectly by helper`, field);
    if (!m.isConst(reg)) refuse(env, `${name} access cannot have variable offset`, field);
    const at = off + m.get(reg, L.REG_VALUE);
    if (field.offset !== at) refuse(env, `${name} access misaligned expected=${field.offset} off=${at}`, field);
    if (size !== 8) refuse(env, `${name} access size must be BPF_DW`, field);
  }
}

function refuse(env: VerifierEnv, message: string, field: BtfField): never {
  return env.reject(ERRNO.EACCES, "V_SPECIAL_FIELD", message, { field: field.kind, off: field.offset });
}

/** The pointer field at an offset of a map value, or null. */
export function pointerFieldAt(record: BtfRecord, off: number): BtfField | null {
  for (const field of record.fields) if (field.offset === off && POINTERS.has(field.kind)) return field;
  return null;
}

/** A load or store of a pointer kept in a map (check_map_kptr_access). */
export function checkMapKptrAccess(env: VerifierEnv, valueRegno: number, insnIdx: number, field: BtfField): void {
  const { m, insns } = env;
  const code = insns.code[insnIdx]!;
  const insnClass = code & 7;
  if ((code & 0xe0) !== I.BPF_MEM) {
    refuse(env, "kptr in map can only be accessed using BPF_MEM instruction mode", field);
  }
  if (insnClass !== I.BPF_LDX) {
    if (field.kind === "kptr_ref" || field.kind === "kptr_percpu") {
      refuse(env, "store to referenced kptr disallowed", field);
    }
    if (field.kind === "uptr") refuse(env, "store to uptr disallowed", field);
  }
  if (insnClass === I.BPF_LDX) {
    if (field.kind === "uptr") loadUptr(env, valueRegno, field);
    else loadKptr(env, valueRegno, field);
  } else if (insnClass === I.BPF_STX) {
    const reg = env.reg(valueRegno);
    if (!isNull(m, reg)) checkKptrMatch(env, field, reg, valueRegno, ERRNO.EACCES);
  } else if (insnClass === I.BPF_ST) {
    if (insns.imm[insnIdx] !== 0) {
      refuse(env, `BPF_ST imm must be 0 when storing to kptr at off=${field.offset}`, field);
    }
  } else refuse(env, "kptr in map can only be accessed using BPF_LDX/BPF_STX/BPF_ST", field);
}

function targetOf(field: BtfField): BtfFieldKptr {
  assert(field.kptr !== null, "a pointer field has a target");
  return field.kptr;
}

/** A pointer to a user's page: memory of the type's size, if it is there (mark_uptr_ld_reg). */
function loadUptr(env: VerifierEnv, n: number, field: BtfField): void {
  const { m } = env;
  const target = targetOf(field);
  const type = target.btf.type(target.btfId);
  markKnownZero(env, n);
  const reg = env.reg(n);
  m.setType(reg, L.PTR_TO_MEM | L.PTR_MAYBE_NULL);
  m.set(reg, L.REG_A, "size" in type ? type.size : 0);
  m.set(reg, L.REG_ID, env.newId());
}

function loadKptr(env: VerifierEnv, n: number, field: BtfField): void {
  const { m } = env;
  const { btf, btfId } = targetOf(field);
  markKnownZero(env, n);
  const reg = env.reg(n);
  m.setType(reg, L.PTR_TO_BTF_ID | kptrFlags(env, field));
  m.set(reg, L.REG_A, env.btfNumber(btf));
  m.set(reg, L.REG_B, btfId);
  m.set(reg, L.REG_ID, env.newId());
}

/** How far the loaded pointer may be trusted (btf_ld_kptr_type). */
function kptrFlags(env: VerifierEnv, field: BtfField): number {
  const { btf, btfId } = targetOf(field);
  const isKernel = btf === env.btfs[0];
  const rcuSafe =
    field.kind === "kptr_percpu" || (field.kind === "kptr_ref" && (!isKernel || RCU_PROTECTED.has(btf.nameOf(btfId))));
  if (!rcuSafe || !inRcuSection(env)) return L.PTR_MAYBE_NULL | L.PTR_UNTRUSTED;
  let flags = L.PTR_MAYBE_NULL | L.MEM_RCU;
  if (field.kind === "kptr_percpu") flags |= L.MEM_PERCPU;
  else if (!isKernel) flags |= L.MEM_ALLOC;
  const pointee = isKernel ? null : structRecord(btf, btfId);
  if (pointee?.fields.some(({ kind }) => GRAPH_NODES.has(kind))) flags |= L.NON_OWN_REF;
  return flags;
}

/** Whether objects freed after a grace period cannot go away here (in_rcu_cs). */
export function inRcuSection(env: VerifierEnv): boolean {
  const { state } = env;
  return state.activeRcuLock || state.activeLocks > 0 || !state.inSleepable;
}

/** Whether a register's object may be kept in a pointer field (map_kptr_match_type). */
export function checkKptrMatch(
  env: VerifierEnv,
  field: BtfField,
  reg: Reg,
  regno: number,
  errno: number = ERRNO.EINVAL,
): void {
  const { m } = env;
  const type = m.type(reg);
  const flags = type & ~L.TYPE_BASE_MASK;
  const { btf, btfId } = targetOf(field);
  let name = "";
  if ((type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID) {
    const number = m.get(reg, L.REG_A);
    let allowed = L.PTR_MAYBE_NULL;
    if (number !== 1) {
      allowed |= L.PTR_TRUSTED | L.MEM_RCU;
      if (field.kind === "kptr_unref") allowed |= L.PTR_UNTRUSTED;
    } else {
      allowed |= L.MEM_ALLOC;
      if (field.kind === "kptr_percpu") allowed |= L.MEM_PERCPU;
    }
    if ((flags & ~allowed) === 0) {
      const id = m.get(reg, L.REG_B);
      name = env.btf(number).nameOf(id);
      checkPtrOffReg(env, reg, regno, true);
      const wanted = env.btfNumber(btf);
      if (btfStructIdsMatch(env, number, id, m.off(reg), wanted, btfId, field.kind !== "kptr_unref")) return;
    }
  }
  const target = btf.nameOf(btfId);
  const untrusted = field.kind === "kptr_unref" ? ` or ${regTypeText(L.PTR_TO_BTF_ID | L.PTR_UNTRUSTED)}${target}` : "";
  const expected = `${regTypeText(L.PTR_TO_BTF_ID)}${target}${untrusted}`;
  const message = `invalid kptr access, R${regno} type=${regTypeText(type)}${name} expected=${expected}`;
  env.reject(errno, "V_KPTR", message, { reg: regno, off: field.offset });
}
