import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE, PROG_TYPE } from "../../uapi/index.ts";
import { assert } from "../../util/index.ts";
import { rejectUnended } from "../btf-info/records.ts";
import type { VerifierEnv } from "../env.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { checkRead } from "../explore/registers.ts";
import { BPF_READ, BPF_WRITE } from "../memory/access.ts";
import { checkAlignment } from "../memory/alignment.ts";
import { checkHelperMemAccess, checkMemSizeReg } from "../memory/helper-access.ts";
import type { Reg } from "../memory.ts";
import * as A from "./arg-types.ts";
import { checkConstString } from "./const-string.ts";
import { checkDynptrArg, checkDynptrRelease } from "./dynptr.ts";
import { helperId } from "./helper-ids.ts";
import { checkKptrDestination } from "./kptr.ts";
import { checkSpinLockArg } from "./locks.ts";
import { alwaysFinds, constantMapKey } from "./map-key.ts";
import type { CallMeta } from "./meta.ts";
import { resolvedType } from "./program-type.ts";
import { checkArgOffset } from "./reg-offset.ts";
import { checkRegType } from "./reg-types.ts";
import { checkTimerArg } from "./timers.ts";

const MAP_PEEK_ELEM = helperId("map_peek_elem");

/** Program types whose helpers may be handed pointers into the packet, where the helper takes them. */
const PACKET_READERS: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_LWT_IN,
  PROG_TYPE.BPF_PROG_TYPE_LWT_OUT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT,
  PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_SK_SKB,
  PROG_TYPE.BPF_PROG_TYPE_SK_MSG,
]);

function mayTakePacket(env: VerifierEnv, meta: CallMeta): boolean {
  const type = resolvedType(env);
  return PACKET_READERS.has(type) ? meta.pktAccess : type === PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT;
}

/** Whether a register is known to hold 0, as a number (register_is_null). */
export function isNull(env: VerifierEnv, reg: Reg): boolean {
  return env.m.type(reg) === L.SCALAR_VALUE && env.m.isZero(reg);
}

function access(argType: number): number {
  return argType & L.MEM_WRITE ? BPF_WRITE : BPF_READ;
}

/** What a value argument must be for the map at hand: maps of sockets take sockets, bloom filters read what others write (resolve_map_arg_type). */
function resolveValueArg(env: VerifierEnv, meta: CallMeta, argType: number): number {
  assert(meta.map >= 0, "a map comes before its value");
  const { type } = env.maps[meta.map]!;
  if (type === MAP_TYPE.BPF_MAP_TYPE_SOCKMAP || type === MAP_TYPE.BPF_MAP_TYPE_SOCKHASH) {
    if (argType === A.ARG_PTR_TO_MAP_VALUE) return A.ARG_PTR_TO_BTF_ID_SOCK_COMMON;
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", "invalid arg_type for sockmap/sockhash", { mapType: type });
  }
  if (type === MAP_TYPE.BPF_MAP_TYPE_BLOOM_FILTER && meta.prototype.id === MAP_PEEK_ELEM) return A.ARG_PTR_TO_MAP_VALUE;
  return argType;
}

function checkMap(env: VerifierEnv, regno: number, meta: CallMeta): void {
  const reg = env.reg(regno);
  const map = env.m.get(reg, L.REG_A);
  const uid = env.m.get(reg, L.REG_B);
  if (meta.map >= 0 && (meta.map !== map || meta.mapUid !== uid)) {
    const message = `timer pointer in R1 map_uid=${meta.mapUid} doesn't match map pointer in R2 map_uid=${uid}`;
    env.reject(ERRNO.EINVAL, "V_TIMER", message, { reg: regno });
  }
  meta.map = map;
  meta.mapUid = uid;
}

function checkKey(env: VerifierEnv, regno: number, meta: CallMeta): void {
  assert(meta.map >= 0, "a map comes before its key");
  const { type, keySize } = env.maps[meta.map]!;
  checkHelperMemAccess(env, regno, keySize, BPF_READ, false, null);
  if (alwaysFinds(type)) meta.constKey = constantMapKey(env, env.reg(regno), keySize);
}

function checkValue(env: VerifierEnv, regno: number, meta: CallMeta, argType: number): void {
  if (argType & L.PTR_MAYBE_NULL && isNull(env, env.reg(regno))) return;
  assert(meta.map >= 0, "a map comes before its value");
  meta.rawMode = (argType & L.MEM_UNINIT) !== 0;
  checkHelperMemAccess(env, regno, env.maps[meta.map]!.valueSize, access(argType), false, meta);
}

function checkMemory(env: VerifierEnv, regno: number, meta: CallMeta, argType: number): void {
  meta.rawMode = (argType & L.MEM_UNINIT) !== 0;
  if ((argType & L.MEM_FIXED_SIZE) === 0) return;
  const size = meta.prototype.sizes[regno - 1]!;
  checkHelperMemAccess(env, regno, size, access(argType), false, meta);
  if (argType & L.MEM_ALIGNED) checkAlignment(env, env.reg(regno), 0, size, true);
}

/** Memory and its size are checked together, once both are known. */
function checkSize(env: VerifierEnv, regno: number, zeroAllowed: boolean, meta: CallMeta): void {
  checkMemSizeReg(env, regno, access(meta.prototype.args[regno - 2]!), zeroAllowed, meta);
}

function checkAllocSize(env: VerifierEnv, regno: number, meta: CallMeta): void {
  const reg = env.reg(regno);
  if (!env.m.isConst(reg)) {
    env.reject(ERRNO.EACCES, "V_ARG_CONST", `R${regno} is not a known constant'`, { reg: regno });
  }
  meta.memSize = env.m.get(reg, L.REG_VALUE);
  markChainPrecision(env, regno);
}

function noteFunction(env: VerifierEnv, regno: number, meta: CallMeta): void {
  meta.subprog = env.m.get(env.reg(regno), L.REG_A);
}

function checkPerCpuObject(env: VerifierEnv, regno: number, meta: CallMeta): void {
  const reg = env.reg(regno);
  meta.retBtf = env.m.get(reg, L.REG_A);
  meta.retBtfId = env.m.get(reg, L.REG_B);
  if (meta.retBtfId === 0) {
    env.reject(ERRNO.EACCES, "V_ARG_TYPE", `Helper has invalid btf_id in R${regno}`, { reg: regno });
  }
}

/** What the call takes away must be held, and nothing else may be taken with it. */
function checkRelease(env: VerifierEnv, regno: number, argType: number, meta: CallMeta): void {
  const reg = env.reg(regno);
  if ((argType & L.TYPE_BASE_MASK) === A.ARG_PTR_TO_DYNPTR) {
    checkDynptrRelease(env, reg, regno);
  } else if (env.m.ref(reg) === 0 && !isNull(env, reg)) {
    const message = `R${regno} must be referenced when passed to release function`;
    env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message, { reg: regno });
  }
  meta.releaseRegno = regno;
}

function noteReference(env: VerifierEnv, regno: number, meta: CallMeta): void {
  const id = env.m.ref(env.reg(regno));
  if (id === 0) return;
  if (meta.refId !== 0) {
    const message = `more than one arg with ref_obj_id R${regno} ${id} ${meta.refId}`;
    rejectUnended(env, ERRNO.EACCES, "V_REFERENCE_MISUSE", message, { reg: regno });
  }
  meta.refId = id;
}

/** One argument of a helper call (check_func_arg). */
export function checkFuncArg(env: VerifierEnv, arg: number, meta: CallMeta, insnIdx: number): void {
  const regno = arg + 1;
  let argType = meta.prototype.args[arg]!;
  if (argType === A.ARG_DONTCARE) return;
  checkRead(env, regno);
  const type = env.m.type(env.reg(regno));
  if (argType === A.ARG_ANYTHING) {
    if (!env.allowPtrLeaks && type !== L.SCALAR_VALUE) {
      env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${regno} leaks addr into helper function`, { reg: regno });
    }
    return;
  }
  const base = type & L.TYPE_BASE_MASK;
  if ((base === L.PTR_TO_PACKET || base === L.PTR_TO_PACKET_META) && !mayTakePacket(env, meta)) {
    env.reject(ERRNO.EACCES, "V_PACKET_ACCESS", "helper access to the packet is not allowed", { reg: regno });
  }
  if ((argType & L.TYPE_BASE_MASK) === A.ARG_PTR_TO_MAP_VALUE) argType = resolveValueArg(env, meta, argType);
  if ((argType & L.PTR_MAYBE_NULL) === 0 || !isNull(env, env.reg(regno))) {
    checkRegType(env, regno, argType, meta);
    checkArgOffset(env, env.reg(regno), regno, argType);
  }
  const kind = argType & L.TYPE_BASE_MASK;
  if (argType & L.OBJ_RELEASE) checkRelease(env, regno, argType, meta);
  if (kind !== A.ARG_KPTR_XCHG_DEST) noteReference(env, regno, meta);

  CHECKS[kind]?.(env, regno, meta, argType, insnIdx);
}

/** What is left to check once the register's type is right. */
type ArgCheck = (env: VerifierEnv, regno: number, meta: CallMeta, argType: number, insnIdx: number) => void;

const CHECK_ROWS: readonly (readonly [kind: number, check: ArgCheck])[] = [
  [A.ARG_CONST_MAP_PTR, checkMap],
  [A.ARG_PTR_TO_MAP_KEY, checkKey],
  [A.ARG_PTR_TO_MAP_VALUE, checkValue],
  [A.ARG_PTR_TO_PERCPU_BTF_ID, checkPerCpuObject],
  [A.ARG_PTR_TO_SPIN_LOCK, checkSpinLockArg],
  [A.ARG_PTR_TO_TIMER, checkTimerArg],
  [A.ARG_PTR_TO_FUNC, noteFunction],
  [A.ARG_PTR_TO_MEM, checkMemory],
  [A.ARG_CONST_SIZE, (env, regno, meta) => checkSize(env, regno, false, meta)],
  [A.ARG_CONST_SIZE_OR_ZERO, (env, regno, meta) => checkSize(env, regno, true, meta)],
  [A.ARG_PTR_TO_DYNPTR, (env, regno, _meta, argType, insnIdx) => checkDynptrArg(env, regno, insnIdx, argType)],
  [A.ARG_CONST_ALLOC_SIZE_OR_ZERO, checkAllocSize],
  [A.ARG_PTR_TO_CONST_STR, checkConstString],
  [A.ARG_KPTR_XCHG_DEST, checkKptrDestination],
];

/** By kind of argument. */
const CHECKS: readonly (ArgCheck | undefined)[] = (() => {
  const out: (ArgCheck | undefined)[] = [];
  for (const [kind, check] of CHECK_ROWS) out[kind] = check;
  return out;
})();
