import type { Btf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { kernelStruct } from "../calls/kernel-struct.ts";
import type { VerifierEnv } from "../env.ts";
import { kindWord } from "../functions/args.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { btfStructIdsMatch } from "../objects/btf-access.ts";
import { standsFor } from "./arg-kinds.ts";
import type { KfuncMeta } from "./meta.ts";
import { recordOfReg } from "./records.ts";
import { isUnsafe, TRUSTED_FLAGS } from "./trust.ts";

/** Structures that stand for the kernel's own in prototypes: what programs see of a context, and what it is. */
const PROJECTIONS: Readonly<Record<string, string>> = { __sk_buff: "sk_buff", xdp_md: "xdp_buff" };

/** Ends the name of a structure that is the same but must not be taken for the other (NOCAST_ALIAS_SUFFIX). */
const NO_CAST = "___init";

/** Whether the union that holds a map's address, among other things, is not zero: the kernel asks no more. */
function hasMapWord(env: VerifierEnv, reg: Reg): boolean {
  const { m } = env;
  switch (m.base(reg)) {
    case L.CONST_PTR_TO_MAP:
    case L.PTR_TO_MAP_KEY:
    case L.PTR_TO_MAP_VALUE:
    case L.PTR_TO_BTF_ID:
      return true;
    default:
      return m.get(reg, L.REG_A) !== 0 || m.get(reg, L.REG_B) !== 0;
  }
}

function isMapPointer(type: number): boolean {
  const base = type & L.TYPE_BASE_MASK;
  return base === L.CONST_PTR_TO_MAP || base === L.PTR_TO_MAP_VALUE || base === L.PTR_TO_MAP_KEY;
}

/** A map, and the same one that holds the workqueue or task work passed before. */
export function checkMapArg(env: VerifierEnv, regno: number, meta: KfuncMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  if (!hasMapWord(env, reg)) {
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", `pointer in R${regno} isn't map pointer`, { reg: regno });
  }
  if (!isMapPointer(m.type(reg))) return;
  const number = m.get(reg, L.REG_A);
  const uid = m.get(reg, L.REG_B);
  if (meta.map >= 0 && (meta.map !== number || meta.mapUid !== uid)) {
    const record = mapRecord(env, reg);
    const hasTaskWork = (record?.taskWorkOff ?? -1) >= 0;
    if (hasTaskWork || (record?.wqOff ?? -1) >= 0) {
      const [what, at, mapAt] = hasTaskWork ? ["bpf_task_work", 2, 3] : ["workqueue", 1, 2];
      const message = `${what} pointer in R${at} map_uid=${meta.mapUid} doesn't match map pointer in R${mapAt} map_uid=${uid}`;
      env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
    }
  }
  meta.map = number;
  meta.mapUid = uid;
}

function mapRecord(env: VerifierEnv, reg: Reg) {
  const scratch = env.m.scratch(15);
  env.m.copyReg(scratch, reg);
  env.m.setType(scratch, L.PTR_TO_MAP_VALUE);
  return recordOfReg(env, scratch);
}

/** An object of the type that the prototype names, or of one that starts with it (process_kf_arg_ptr_to_btf_id); `struct` overrides that. */
export function checkObjectArg(env: VerifierEnv, regno: number, struct: string, meta: KfuncMeta): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  const isObject = m.base(reg) === L.PTR_TO_BTF_ID;
  const alias = standsFor(type);
  if ((!isObject || (isUnsafe(type) && (type & L.MEM_RCU) === 0)) && alias === "") {
    const expected = regTypeText((type & L.TYPE_BASE_MASK) | (type & TRUSTED_FLAGS));
    const message = `arg#${regno - 1} is ${regTypeText(type)} expected ${expected} or socket`;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
  }
  const wantedBtf = struct === "" ? meta.prototype.btf : 0;
  const wantedId = struct === "" ? meta.prototype.params[regno - 1]!.target : kernelStruct(env, struct);
  const btfNumber = isObject ? m.get(reg, L.REG_A) : 0;
  const id = isObject ? m.get(reg, L.REG_B) : kernelStruct(env, alias);
  const btf = env.btf(btfNumber);
  const wanted = env.btf(wantedBtf);
  const strict = (meta.releases && m.ref(reg) !== 0) || isNoCastAlias(btf.nameOf(id), wanted.nameOf(wantedId));
  const matches = btfStructIdsMatch(env, btfNumber, id, m.off(reg), wantedBtf, wantedId, strict);
  if (matches || PROJECTIONS[wanted.nameOf(wantedId)] === btf.nameOf(id)) return;
  const message =
    `kernel function ${meta.name} args#${regno - 1} expected pointer to ${words(wanted, wantedId)} ` +
    `but R${regno} has a pointer to ${words(btf, id)}`;
  env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { reg: regno });
}

function words(btf: Btf, id: number): string {
  return `${kindWord(btf, id)} ${btf.nameOf(id)}`;
}

function isNoCastAlias(a: string, b: string): boolean {
  return a === `${b}${NO_CAST}` || b === `${a}${NO_CAST}`;
}
