import type { Btf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { type FieldKind, fieldRow } from "../btf-info/field-kinds.ts";
import { structRecord } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { markKnownZero, markUnknown } from "../explore/registers.ts";
import { tnumText } from "../log/number-text.ts";
import { BPF_READ } from "../memory/kinds.ts";
import { mapStruct } from "./map-structs.ts";
import { walkStruct, walkToEnd } from "./struct-walk.ts";
import { loadedPointerFlags } from "./trust.ts";
import { checkKernelWrite, hasWriteRules } from "./write-access.ts";

/** An object that the program allocated, of a type of its own BTF (type_is_ptr_alloc_obj). */
function isAllocated(type: number): boolean {
  return (type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID && (type & L.MEM_ALLOC) !== 0;
}

/** What a load of an object gives: a number, a pointer to another object, or memory of which nothing is known. */
interface Loaded {
  readonly type: number;
  readonly id: number;
  readonly member: string;
  readonly flags: number;
}

const NUMBER: Loaded = { type: L.SCALAR_VALUE, id: 0, member: "", flags: 0 };
const OPAQUE: Loaded = { type: L.PTR_TO_MEM, id: 0, member: "", flags: L.MEM_RDONLY | L.PTR_UNTRUSTED };

/** A field that only the kernel may touch, as messages name it (btf_field_type_name). */
function fieldText(kind: FieldKind): string {
  const { struct, tag } = fieldRow(kind);
  return struct !== "" ? struct : kind === "kptr_unref" ? "kptr" : tag;
}

/** What lies there (btf_struct_access); fields that only the kernel may touch are refused in allocated objects. */
export function structAccess(
  env: VerifierEnv,
  btf: Btf,
  id: number,
  off: number,
  size: number,
  allocated: boolean,
): Loaded {
  const data = { struct: btf.nameOf(id), off, size };
  if (allocated) {
    for (const field of structRecord(btf, id)?.fields ?? []) {
      if (off < field.offset + field.size && field.offset < off + size) {
        const message = `direct access to ${fieldText(field.kind)} is disallowed`;
        env.reject(ERRNO.EACCES, "V_SPECIAL_FIELD", message, data);
      }
    }
  }
  const walk = walkToEnd(btf, id, off, size);
  switch (walk.found) {
    case "nothing":
      return env.reject(walk.errno, "V_BTF_ACCESS", walk.message, data);
    case "scalar":
      return NUMBER;
    case "opaque":
      return OPAQUE;
    case "pointer":
      return allocated ? NUMBER : { type: L.PTR_TO_BTF_ID, id: walk.id, member: walk.member, flags: walk.flags };
  }
}

/** Puts what was loaded into a register (mark_btf_ld_reg). */
function markLoaded(env: VerifierEnv, regno: number, loaded: Loaded, btf: number, flags: number): void {
  if (loaded.type === L.SCALAR_VALUE) {
    markUnknown(env, regno);
    return;
  }
  const { m } = env;
  const reg = env.reg(regno);
  markKnownZero(env, regno);
  m.setType(reg, loaded.type | flags);
  if (loaded.type !== L.PTR_TO_BTF_ID) return;
  m.set(reg, L.REG_A, btf);
  m.set(reg, L.REG_B, loaded.id);
  if ((flags & L.PTR_MAYBE_NULL) !== 0) m.set(reg, L.REG_ID, env.newId());
}

/** A load or store through a pointer to a kernel or allocated object (check_ptr_to_btf_access). */
export function checkPtrToBtfAccess(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  access: number,
  valueRegno: number,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  const number = m.get(reg, L.REG_A);
  const btf = env.btf(number);
  const id = m.get(reg, L.REG_B);
  const name = btf.nameOf(id);
  const isKernels = number !== 1;
  const refuse: (message: string, errno?: number) => never = (message, errno = ERRNO.EACCES) =>
    env.reject(errno, "V_BTF_ACCESS", message, { reg: regno, struct: name, off, size });
  if (!env.allowPtrLeaks) {
    refuse(`'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`, ERRNO.EPERM);
  }
  if (!env.gplCompatible && isKernels) {
    const message = `Cannot access kernel 'struct ${name}' from non-GPL compatible program`;
    env.reject(ERRNO.EINVAL, "V_GPL_ONLY", message, { reg: regno, struct: name });
  }
  if (off < 0) refuse(`R${regno} is ptr_${name} invalid negative access: off=${off}`);
  if (!m.isZero(reg)) {
    const bits = tnumText(m.u64[(reg + L.REG_VALUE) >> 3]!, m.u64[(reg + L.REG_MASK) >> 3]!);
    refuse(`R${regno} is ptr_${name} invalid variable offset: off=${off}, var_off=${bits}`);
  }
  if ((type & L.MEM_USER) !== 0) refuse(`R${regno} is ptr_${name} access user memory: off=${off}`);
  if ((type & L.MEM_PERCPU) !== 0) refuse(`R${regno} is ptr_${name} access percpu memory: off=${off}`);

  if (access !== BPF_READ) {
    if ((type & L.MEM_ALLOC) === 0 && hasWriteRules(env)) {
      checkKernelWrite(env, reg, off, size);
      return;
    }
    if (!isAllocated(type) || (type & L.PTR_UNTRUSTED) !== 0) refuse("only read is supported");
  }
  const loaded = structAccess(env, btf, id, off, size, (type & L.MEM_ALLOC) !== 0);
  if (access !== BPF_READ || valueRegno < 0) return;
  const flags =
    loaded.type === L.PTR_TO_BTF_ID
      ? loadedPointerFlags(env, reg, loaded.member, loaded.id, loaded.flags)
      : loaded.flags;
  markLoaded(env, valueRegno, loaded, number, flags);
}

/** A load of a map's own fields (check_ptr_to_map_access). */
export function checkPtrToMapAccess(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  access: number,
  valueRegno: number,
): void {
  const map = env.maps[env.m.get(env.reg(regno), L.REG_A)]!;
  const btf = env.btfs[0];
  const data = { reg: regno, map: map.name, off, size };
  if (btf === null || btf === undefined) {
    const message = "map_ptr access not supported without CONFIG_DEBUG_INFO_BTF";
    env.reject(ERRNO.ENOTSUPP, "V_MAP_ACCESS", message, data);
  }
  const name = mapStruct(map.type);
  const id = name === undefined ? undefined : btf.find(name, "struct")[0];
  if (name === undefined || id === undefined) {
    env.reject(ERRNO.ENOTSUPP, "V_MAP_ACCESS", `map_ptr access not supported for map type ${map.type}`, data);
  }
  if (!env.allowPtrLeaks) {
    const message = `'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`;
    env.reject(ERRNO.EPERM, "V_MAP_ACCESS", message, data);
  }
  if (off < 0)
    env.reject(ERRNO.EACCES, "V_MAP_ACCESS", `R${regno} is ${name} invalid negative access: off=${off}`, data);
  if (access !== BPF_READ) {
    env.reject(ERRNO.EACCES, "V_MAP_ACCESS", `only read from ${name} is supported`, data);
  }
  const loaded = structAccess(env, btf, id, off, size, false);
  if (valueRegno >= 0) markLoaded(env, valueRegno, loaded, 0, loaded.flags);
}

/** Whether two type ids are one type, where a module's BTF continues the kernel's (btf_types_are_same). */
function sameType(env: VerifierEnv, btf: number, id: number, otherBtf: number, otherId: number): boolean {
  if (id !== otherId) return false;
  if (btf === otherBtf) return true;
  const one = env.btf(btf);
  const other = env.btf(otherBtf);
  return (one.base === other && id < other.count) || (other.base === one && id < one.count);
}

/** Whether an object of one type, at an offset, may stand for another (btf_struct_ids_match). */
export function btfStructIdsMatch(
  env: VerifierEnv,
  btf: number,
  id: number,
  off: number,
  needBtf: number,
  needId: number,
  strict: boolean,
): boolean {
  if (off === 0 && sameType(env, btf, id, needBtf, needId)) return true;
  if (strict) return false;
  const types = env.btf(btf);
  let at = off;
  let inside = id;
  for (;;) {
    const walk = walkStruct(types, inside, at, 1, 0);
    if (walk.found === "nothing" && walk.message !== "") env.verbose(`${walk.message}\n`);
    if (walk.found !== "struct") return false;
    if (sameType(env, btf, walk.id, needBtf, needId)) return true;
    inside = walk.id;
    at = 0;
  }
}
