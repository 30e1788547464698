import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import { checkPtrOffReg } from "../memory/offsets.ts";
import { prepareFuncExit } from "./calls.ts";
import { pushPath } from "./paths.ts";
import { checkResourceLeak } from "./refs.ts";
import { checkRead, checkWrite, clearCallerSaved, markKnownZero, markUnknown } from "./registers.ts";
import { findSubprogAt } from "./subprog-at.ts";

/** A kernel variable, by its BTF. */
function loadKernelVariable(env: VerifierEnv, dst: number): void {
  const { m } = env;
  const variable = env.aux[env.insnIdx]!.btfVar;
  const reg = env.reg(dst);
  const base = variable === null ? 0 : variable.type & L.TYPE_BASE_MASK;
  if (variable === null || (base !== L.PTR_TO_MEM && base !== L.PTR_TO_BTF_ID)) {
    env.reject(ERRNO.EFAULT, "V_BTF", "verifier bug: pseudo btf id: unexpected dst reg type");
  }
  m.setType(reg, variable.type);
  if (base === L.PTR_TO_MEM) {
    m.set(reg, L.REG_A, variable.size);
  } else {
    m.set(reg, L.REG_A, variable.btf);
    m.set(reg, L.REG_B, variable.btfId);
  }
}

/** The address of a function of the program. */
function loadFunction(env: VerifierEnv, dst: number): void {
  const { m, insnIdx } = env;
  const subprog = findSubprogAt(env, insnIdx + env.insns.imm[insnIdx]! + 1);
  if (env.funcInfo.length === 0) env.reject(ERRNO.EINVAL, "V_FUNC_INFO", "missing btf func_info");
  if (env.subprogs[subprog]?.global !== false) {
    env.reject(ERRNO.EINVAL, "V_BAD_CALLBACK", "callback function not static");
  }
  const reg = env.reg(dst);
  m.setType(reg, L.PTR_TO_FUNC);
  m.set(reg, L.REG_A, subprog);
}

/** A map, or an address inside its only value. */
function loadMap(env: VerifierEnv, dst: number, pseudo: number): void {
  const { m } = env;
  const { mapIndex, mapOff } = env.aux[env.insnIdx]!;
  const map = env.maps[mapIndex]!;
  const reg = env.reg(dst);
  if (pseudo === I.BPF_PSEUDO_MAP_FD || pseudo === I.BPF_PSEUDO_MAP_IDX) {
    m.setType(reg, L.CONST_PTR_TO_MAP);
  } else if (map.type === MAP_TYPE.BPF_MAP_TYPE_ARENA) {
    markUnknown(env, dst);
    return;
  } else {
    m.setType(reg, L.PTR_TO_MAP_VALUE);
    m.set(reg, L.REG_OFF, mapOff);
  }
  m.set(reg, L.REG_A, mapIndex);
}

/** A 64-bit constant or address at `env.insnIdx`, of two slots (check_ld_imm). */
export function checkLoadImm(env: VerifierEnv): void {
  const { insns, insnIdx, m } = env;
  if ((insns.code[insnIdx]! & 0x18) !== I.BPF_DW) {
    env.reject(ERRNO.EINVAL, "V_BAD_LD_IMM64", "invalid BPF_LD_IMM insn");
  }
  if (insns.off[insnIdx] !== 0) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_LD_IMM64 uses reserved fields");
  }
  const dst = insns.dst[insnIdx]!;
  checkWrite(env, dst);
  const pseudo = insns.src[insnIdx]!;
  if (pseudo === 0) {
    m.ops.mark_known(env.reg(dst), insns.imm[insnIdx]!, insns.imm[insnIdx + 1]!);
    if (!env.bpfCapable) m.set(env.reg(dst), L.REG_PRECISE, 1);
    return;
  }
  markKnownZero(env, dst);
  if (pseudo === I.BPF_PSEUDO_BTF_ID) loadKernelVariable(env, dst);
  else if (pseudo === I.BPF_PSEUDO_FUNC) loadFunction(env, dst);
  else loadMap(env, dst, pseudo);
}

/** Program types whose context is a packet that old-style loads read (may_access_skb). */
const WITH_PACKET_LOADS: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
]);

/** An old-style packet load at `env.insnIdx`: a call in all but name (check_ld_abs). */
export function checkLoadAbs(env: VerifierEnv): void {
  const { insns, insnIdx, m } = env;
  const code = insns.code[insnIdx]!;
  const isAbs = (code & 0xe0) === I.BPF_ABS;
  if (!WITH_PACKET_LOADS.has(env.opsType)) {
    const message = "BPF_LD_[ABS|IND] instructions not allowed for this program type";
    env.reject(ERRNO.EINVAL, "V_PACKET_ACCESS", message);
  }
  const src = insns.src[insnIdx]!;
  if (insns.dst[insnIdx] !== 0 || insns.off[insnIdx] !== 0 || (code & 0x18) === I.BPF_DW || (isAbs && src !== 0)) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_LD_[ABS|IND] uses reserved fields");
  }
  checkRead(env, 6);
  checkResourceLeak(env, false, true, "BPF_LD_[ABS|IND]");
  if (m.type(env.reg(6)) !== L.PTR_TO_CTX) {
    env.reject(ERRNO.EINVAL, "V_CTX_ACCESS", "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
  }
  if (!isAbs) checkRead(env, src);
  checkPtrOffReg(env, env.reg(6), 6);
  clearCallerSaved(env, env.frame);
  markUnknown(env, 0);
  if (env.state.curframe > 0) returnZero(env, insnIdx);
}

/** Where the packet is too short, the function returns 0 at once; going on behind the load is put aside. */
function returnZero(env: VerifierEnv, insnIdx: number): void {
  env.scratchReg(0);
  pushPath(env, insnIdx + 1, insnIdx, false);
  markKnownZero(env, 0);
  prepareFuncExit(env);
  // The walk steps over the load.
  env.insnIdx--;
}
