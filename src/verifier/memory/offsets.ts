import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { recordOf } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { BPF_READ, BPF_WRITE } from "./kinds.ts";
import { checkSpecialFields } from "./kptr.ts";
import { MAX_VAR_OFF } from "./limits.ts";
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, mapFlags } from "./map-flags.ts";
import { bitsText } from "./scalars.ts";

/** A pointer must be handed on as it was got (check_ptr_off_reg). */
export function checkPtrOffReg(env: VerifierEnv, reg: Reg, regno: number, fixedOffsetOk = false): void {
  const { m } = env;
  const off = m.off(reg);
  const data = { reg: regno, off };
  if (off < 0) {
    const message = `negative offset ${regTypeText(m.type(reg))} ptr R${regno} off=${off} disallowed`;
    env.reject(ERRNO.EACCES, "V_CTX_MODIFIED", message, data);
  }
  if (!fixedOffsetOk && off !== 0) {
    const message = `dereference of modified ${regTypeText(m.type(reg))} ptr R${regno} off=${off} disallowed`;
    env.reject(ERRNO.EACCES, "V_CTX_MODIFIED", message, data);
  }
  if (!m.isZero(reg)) {
    const message = `variable ${regTypeText(m.type(reg))} access var_off=${bitsText(m, reg)} disallowed`;
    env.reject(ERRNO.EACCES, "V_CTX_MODIFIED", message, data);
  }
}

/** Whether bytes `off` to `off` + `size` lie in memory of `memSize` bytes; writes why not (__check_mem_access). */
export function fitsMemory(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  memSize: number,
  zeroSizeAllowed: boolean,
): boolean {
  if (off >= 0 && (size > 0 || (size === 0 && zeroSizeAllowed)) && off + size <= memSize) return true;
  const { m } = env;
  const reg = env.reg(regno);
  let message: string;
  switch (m.type(reg)) {
    case L.PTR_TO_MAP_KEY:
      message = `invalid access to map key, key_size=${memSize} off=${off} size=${size}`;
      break;
    case L.PTR_TO_MAP_VALUE:
      message = `invalid access to map value, value_size=${memSize} off=${off} size=${size}`;
      break;
    case L.PTR_TO_PACKET:
    case L.PTR_TO_PACKET_META:
    case L.PTR_TO_PACKET_END:
      message = `invalid access to packet, off=${off} size=${size}, R${regno}(id=${m.id(reg)},off=${off},r=${memSize})`;
      break;
    default:
      message = `invalid access to memory, mem_size=${memSize} off=${off} size=${size}`;
  }
  env.verbose(`${message}\n`);
  return false;
}

/** Bytes of memory of a known size at a register's fixed and variable offset (check_mem_region_access). */
export function checkMemRegion(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  memSize: number,
  zeroSizeAllowed: boolean,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const smin = m.signed(reg, L.REG_SMIN);
  const kind = m.base(reg) === L.PTR_TO_MAP_VALUE ? "V_MAP_VALUE_BOUNDS" : "V_MEM_BOUNDS";
  const umax = m.unsigned(reg, L.REG_UMAX);
  const data = { reg: regno, off, size, memSize, smin, umax };
  if (smin < 0 && off + smin < 0) {
    const message = `R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.`;
    env.reject(ERRNO.EACCES, "V_NEGATIVE_OFFSET", message, data);
  }
  if (!fitsMemory(env, regno, m.get(reg, L.REG_SMIN) + off, size, memSize, zeroSizeAllowed)) {
    env.reject(ERRNO.EACCES, kind, `R${regno} min value is outside of the allowed memory range`, data);
  }
  if (umax >= MAX_VAR_OFF) {
    const message = `R${regno} unbounded memory access, make sure to bounds check any such access`;
    env.reject(ERRNO.EACCES, "V_UNBOUNDED_OFFSET", message, data);
  }
  if (umax === smin) return;
  if (!fitsMemory(env, regno, umax + off, size, memSize, zeroSizeAllowed)) {
    env.reject(ERRNO.EACCES, kind, `R${regno} max value is outside of the allowed memory range`, data);
  }
}

/** Bytes of a map value, special fields excepted (check_map_access); `source`: ACCESS_DIRECT or ACCESS_HELPER. */
export function checkMapAccess(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  zeroSizeAllowed: boolean,
  source: number,
): void {
  const map = env.maps[env.m.get(env.reg(regno), L.REG_A)]!;
  checkMemRegion(env, regno, off, size, map.valueSize, zeroSizeAllowed);
  const record = recordOf(map);
  if (record !== null) checkSpecialFields(env, record, env.reg(regno), off, size, source);
}

/** Whether programs may read, or write, the map's values at all (check_map_access_type). */
export function checkMapAccessType(env: VerifierEnv, regno: number, off: number, size: number, access: number): void {
  const map = env.maps[env.m.get(env.reg(regno), L.REG_A)]!;
  const flags = mapFlags(map);
  if ((flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) === 0) return;
  const where = `value_size=${map.valueSize} off=${off} size=${size}`;
  const data = { reg: regno, off, size, map: map.name };
  // A read-only map is no write-only one: BPF_MAP_CREATE refuses both flags at once.
  if (access === BPF_WRITE && (flags & BPF_F_RDONLY_PROG) !== 0) {
    env.reject(ERRNO.EACCES, "V_READ_ONLY", `write into map forbidden, ${where}`, data);
  }
  if (access === BPF_READ && (flags & BPF_F_RDONLY_PROG) === 0) {
    env.reject(ERRNO.EACCES, "V_MAP_ACCESS", `read from map forbidden, ${where}`, data);
  }
}

/** Whether programs cannot change the map's values, nor anyone else (bpf_map_is_rdonly). */
export function isConstantMap(flags: number, frozen: boolean | undefined): boolean {
  return (flags & BPF_F_RDONLY_PROG) !== 0 && frozen === true;
}
