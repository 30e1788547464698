import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE } from "../../uapi/index.ts";
import { recordOf } from "../btf-info/special-fields.ts";
import type { VerifierEnv } from "../env.ts";
import { isPointerValue, markKnownZero, markUnknown } from "../explore/registers.ts";
import { printSourceLine } from "../log/insn-line.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { checkPtrToBtfAccess, checkPtrToMapAccess } from "../objects/btf-access.ts";
import { checkBufferAccess, checkFlowKeysAccess, checkSockAccess, checkTpBufferAccess } from "../objects/sockets.ts";
import { type CtxAccess, checkCtxAccess } from "../programs/context.ts";
import { hookReturnRange } from "../programs/return-code.ts";
import { checkAlignment } from "./alignment.ts";
import { ACCESS_DIRECT, BPF_READ, BPF_WRITE } from "./kinds.ts";
import { checkMapKptrAccess, pointerFieldAt } from "./kptr.ts";
import { checkMapAccess, checkMapAccessType, checkMemRegion, checkPtrOffReg, isConstantMap } from "./offsets.ts";
import { checkPacketAccess, mayAccessPacket } from "./packet.ts";
import { markConst } from "./scalars.ts";
import { checkStackAccess } from "./stack.ts";

export { BPF_READ, BPF_WRITE } from "./kinds.ts";

/** A load or store of `bytes` at register + `off` (check_mem_access); `valueRegno` -1: the value is no register. */
export function checkMemAccess(
  env: VerifierEnv,
  insnIdx: number,
  regno: number,
  off: number,
  bytes: number,
  access: number,
  valueRegno: number,
  strictOnce: boolean,
  isLdsx: boolean,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  checkAlignment(env, reg, off, bytes, strictOnce);
  const type = m.type(reg);
  const at = off + m.off(reg);
  if (type === L.PTR_TO_STACK) checkStackAccess(env, insnIdx, regno, at, bytes, access, valueRegno);
  else if (type === L.PTR_TO_MAP_VALUE) mapValue(env, insnIdx, reg, regno, at, bytes, access, valueRegno, isLdsx);
  else if (type === L.PTR_TO_CTX) context(env, insnIdx, reg, regno, at, bytes, access, valueRegno, isLdsx);
  else if (type === L.PTR_TO_PACKET || type === L.PTR_TO_PACKET_META) {
    if (access === BPF_WRITE && !mayAccessPacket(env, null, access)) {
      env.reject(ERRNO.EACCES, "V_PACKET_WRITE", "cannot write into packet", { reg: regno });
    }
    refuseLeak(env, access, valueRegno, "packet");
    checkPacketAccess(env, regno, at, bytes, false);
    markLoaded(env, access, valueRegno);
  } else otherMemory(env, insnIdx, reg, type, regno, at, bytes, access, valueRegno);
  if (bytes < 8 && valueRegno >= 0 && access === BPF_READ) {
    const value = env.reg(valueRegno);
    if (m.type(value) !== L.SCALAR_VALUE) return;
    if (isLdsx) m.ops.sign_extend(value, bytes, 0);
    else m.ops.truncate(value, bytes);
  }
}

/** The rarer kinds of memory. */
function otherMemory(
  env: VerifierEnv,
  insnIdx: number,
  reg: Reg,
  type: number,
  regno: number,
  at: number,
  bytes: number,
  access: number,
  valueRegno: number,
): void {
  const { m } = env;
  const base = type & L.TYPE_BASE_MASK;
  switch (base) {
    case L.PTR_TO_MAP_KEY:
      if (type !== base) break;
      if (access === BPF_WRITE) {
        env.reject(ERRNO.EACCES, "V_READ_ONLY", `write to change key R${regno} not allowed`, { reg: regno });
      }
      checkMemRegion(env, regno, at, bytes, env.maps[m.get(reg, L.REG_A)]!.keySize, false);
      if (valueRegno >= 0) markUnknown(env, valueRegno);
      return;
    case L.PTR_TO_MEM:
      sizedMemory(env, reg, type, regno, at, bytes, access, valueRegno);
      return;
    case L.PTR_TO_FLOW_KEYS:
      if (type !== base) break;
      refuseLeak(env, access, valueRegno, "flow keys");
      checkFlowKeysAccess(env, at, bytes);
      markLoaded(env, access, valueRegno);
      return;
    case L.PTR_TO_SOCKET:
    case L.PTR_TO_SOCK_COMMON:
    case L.PTR_TO_TCP_SOCK:
    case L.PTR_TO_XDP_SOCK:
      if (type !== base) break;
      if (access === BPF_WRITE) refuseWrite(env, regno, type);
      checkSockAccess(env, insnIdx, regno, at, bytes, access);
      if (valueRegno >= 0) markUnknown(env, valueRegno);
      return;
    case L.PTR_TO_TP_BUFFER:
      if (type !== base) break;
      checkTpBufferAccess(env, reg, regno, at, bytes);
      markLoaded(env, access, valueRegno);
      return;
    case L.PTR_TO_BTF_ID:
      if (type & L.PTR_MAYBE_NULL) break;
      checkPtrToBtfAccess(env, regno, at, bytes, access, valueRegno);
      return;
    case L.CONST_PTR_TO_MAP:
      if (type !== base) break;
      checkPtrToMapAccess(env, regno, at, bytes, access, valueRegno);
      return;
    case L.PTR_TO_BUF: {
      if (type & L.PTR_MAYBE_NULL) break;
      const readOnly = (type & L.MEM_RDONLY) !== 0;
      if (readOnly && access === BPF_WRITE) refuseWrite(env, regno, type);
      checkBufferAccess(env, reg, regno, at, bytes, false);
      if (valueRegno >= 0 && (readOnly || access === BPF_READ)) markUnknown(env, valueRegno);
      return;
    }
    case L.PTR_TO_ARENA:
      if (type !== base) break;
      markLoaded(env, access, valueRegno);
      return;
  }
  refuseKind(env, regno, type);
}

/** Memory that is no memory, or may be none. */
function refuseKind(env: VerifierEnv, regno: number, type: number): never {
  const kind =
    type & L.PTR_MAYBE_NULL ? "V_NULL_DEREFERENCE" : type === L.SCALAR_VALUE ? "V_SCALAR_AS_POINTER" : "V_ARG_MEMORY";
  const message = `R${regno} invalid mem access '${regTypeText(type)}'`;
  return env.reject(ERRNO.EACCES, kind, message, { reg: regno, type: regTypeText(type) });
}

function refuseWrite(env: VerifierEnv, regno: number, type: number): never {
  const message = `R${regno} cannot write into ${regTypeText(type)}`;
  return env.reject(ERRNO.EACCES, "V_READ_ONLY", message, { reg: regno, type: regTypeText(type) });
}

/** Pointers are not stored where others can read them. */
function refuseLeak(env: VerifierEnv, access: number, valueRegno: number, where: string): void {
  if (access !== BPF_WRITE || valueRegno < 0 || !isPointerValue(env, valueRegno)) return;
  env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${valueRegno} leaks addr into ${where}`, { reg: valueRegno });
}

function markLoaded(env: VerifierEnv, access: number, valueRegno: number): void {
  if (access === BPF_READ && valueRegno >= 0) markUnknown(env, valueRegno);
}

function sizedMemory(
  env: VerifierEnv,
  reg: Reg,
  type: number,
  regno: number,
  at: number,
  bytes: number,
  access: number,
  valueRegno: number,
): void {
  const readOnly = (type & L.MEM_RDONLY) !== 0;
  if (type & L.PTR_MAYBE_NULL) refuseKind(env, regno, type);
  if (access === BPF_WRITE && readOnly) refuseWrite(env, regno, type);
  refuseLeak(env, access, valueRegno, "mem");
  // Reads of memory that nobody vouches for are done by instructions that survive a fault.
  const probed = readOnly && (type & L.PTR_UNTRUSTED) !== 0;
  if (!probed) checkMemRegion(env, regno, at, bytes, env.m.get(reg, L.REG_A) >>> 0, false);
  if (valueRegno >= 0 && (access === BPF_READ || readOnly)) markUnknown(env, valueRegno);
}

/** Linux's own errno for what the verifier cannot look into: frozen arrays of several elements. */
const ENOTSUPP = 524;

function mapValue(
  env: VerifierEnv,
  insnIdx: number,
  reg: Reg,
  regno: number,
  at: number,
  bytes: number,
  access: number,
  valueRegno: number,
  isLdsx: boolean,
): void {
  const { m } = env;
  refuseLeak(env, access, valueRegno, "map");
  checkMapAccessType(env, regno, at, bytes, access);
  checkMapAccess(env, regno, at, bytes, false, ACCESS_DIRECT);
  const map = env.maps[m.get(reg, L.REG_A)]!;
  const known = m.isConst(reg);
  const place = at + m.get(reg, L.REG_VALUE);
  const record = known ? recordOf(map) : null;
  const field = record === null ? null : pointerFieldAt(record, place);
  if (field !== null) {
    checkMapKptrAccess(env, valueRegno, insnIdx, field);
    return;
  }
  if (access !== BPF_READ || valueRegno < 0) return;
  const isConstant = known && map.type === MAP_TYPE.BPF_MAP_TYPE_ARRAY && isConstantMap(map.flags, map.frozen);
  if (isConstant && map.maxEntries !== 1) env.reject(ENOTSUPP, "V_UNSUPPORTED", "", { map: map.name });
  const constant = isConstant ? map.readValue?.(place, bytes) : undefined;
  if (constant === undefined) {
    markUnknown(env, valueRegno);
    return;
  }
  const value = isLdsx ? BigInt.asIntN(bytes * 8, constant) : BigInt.asUintN(bytes * 8, constant);
  markConst(env, env.reg(valueRegno), Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

function context(
  env: VerifierEnv,
  insnIdx: number,
  reg: Reg,
  regno: number,
  at: number,
  bytes: number,
  access: number,
  valueRegno: number,
  isLdsx: boolean,
): void {
  refuseLeak(env, access, valueRegno, "ctx");
  checkPtrOffReg(env, reg, regno);
  let loaded: CtxAccess;
  try {
    loaded = checkCtxAccess(env, insnIdx, at, bytes, access, isLdsx);
  } catch (error) {
    printSourceLine(env, insnIdx, "; ");
    throw error;
  }
  if (access === BPF_READ && valueRegno >= 0) markContextValue(env, valueRegno, loaded);
}

/** What a load of context gives: a number, or a pointer at offset 0. */
function markContextValue(env: VerifierEnv, n: number, loaded: CtxAccess): void {
  const { m } = env;
  const { type } = loaded;
  if (type === L.SCALAR_VALUE) {
    markUnknown(env, n);
    const range = loaded.isRetval ? hookReturnRange(env) : null;
    if (range !== null) {
      const reg = env.reg(n);
      setRange(env, reg, range.min, range.max);
    }
    m.setType(env.reg(n), type);
    return;
  }
  markKnownZero(env, n);
  const reg = env.reg(n);
  if (type & L.PTR_MAYBE_NULL) m.set(reg, L.REG_ID, env.newId());
  if ((type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID) {
    m.set(reg, L.REG_A, loaded.btf);
    m.set(reg, L.REG_B, loaded.btfId);
    m.set(reg, L.REG_REF, loaded.refId);
  }
  m.setType(reg, type);
}

/** A signed 32-bit range, extended (__mark_reg_s32_range). */
function setRange(env: VerifierEnv, reg: Reg, min: number, max: number): void {
  const { m } = env;
  m.i64[(reg + L.REG_SMIN) >> 3] = BigInt(min);
  m.i64[(reg + L.REG_SMAX) >> 3] = BigInt(max);
  m.set(reg, L.REG_S32_MIN, min);
  m.set(reg, L.REG_S32_MAX, max);
  m.ops.sync_bounds(reg);
}
