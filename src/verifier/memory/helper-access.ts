import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { regTypeText } from "../log/type-text.ts";
import { checkPtrToBtfAccess } from "../objects/btf-access.ts";
import { checkBufferAccess } from "../objects/sockets.ts";
import { checkMemAccess } from "./access.ts";
import { ACCESS_HELPER, BPF_READ, BPF_WRITE } from "./kinds.ts";
import { MAX_VAR_SIZE } from "./limits.ts";
import type { MemoryMeta } from "./meta.ts";
import { markNotNull } from "./nullable.ts";
import { checkMapAccess, checkMapAccessType, checkMemRegion } from "./offsets.ts";
import { checkPacketAccess } from "./packet.ts";
import { isNull } from "./scalars.ts";
import { checkStackRange } from "./stack-range.ts";

export type { MemoryMeta } from "./meta.ts";

/** Scratch register that keeps one while it stands for its own non-null twin. */
const SAVED = 13;

/** Program types whose context the kernel translates field by field (those with convert_ctx_access): no helper can be handed a part of it. */
const CONVERTED: ReadonlySet<number> = new Set([
  PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
  PROG_TYPE.BPF_PROG_TYPE_PERF_EVENT,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK,
  PROG_TYPE.BPF_PROG_TYPE_LWT_IN,
  PROG_TYPE.BPF_PROG_TYPE_LWT_OUT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT,
  PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  PROG_TYPE.BPF_PROG_TYPE_SOCK_OPS,
  PROG_TYPE.BPF_PROG_TYPE_SK_SKB,
  PROG_TYPE.BPF_PROG_TYPE_SK_MSG,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT,
  PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SYSCTL,
  PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT,
  PROG_TYPE.BPF_PROG_TYPE_SK_LOOKUP,
]);

function refuseWrite(env: VerifierEnv, regno: number, type: number): never {
  const message = `R${regno} cannot write into ${regTypeText(type)}`;
  return env.reject(ERRNO.EACCES, "V_READ_ONLY", message, { reg: regno, type: regTypeText(type) });
}

/** Memory of `accessSize` bytes behind a register is handed to a helper (check_helper_mem_access). */
export function checkHelperMemAccess(
  env: VerifierEnv,
  regno: number,
  accessSize: number,
  access: number,
  zeroSizeAllowed: boolean,
  meta: MemoryMeta | null,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const type = m.type(reg);
  const off = m.off(reg);
  const readOnly = (type & L.MEM_RDONLY) !== 0;
  switch (type & L.TYPE_BASE_MASK) {
    case L.PTR_TO_PACKET:
    case L.PTR_TO_PACKET_META:
      checkPacketAccess(env, regno, off, accessSize, zeroSizeAllowed);
      return;
    case L.PTR_TO_MAP_KEY:
      if (access === BPF_WRITE) refuseWrite(env, regno, type);
      checkMemRegion(env, regno, off, accessSize, env.maps[m.get(reg, L.REG_A)]!.keySize, false);
      return;
    case L.PTR_TO_MAP_VALUE:
      checkMapAccessType(env, regno, off, accessSize, access);
      checkMapAccess(env, regno, off, accessSize, zeroSizeAllowed, ACCESS_HELPER);
      return;
    case L.PTR_TO_MEM:
      if (readOnly && access === BPF_WRITE) refuseWrite(env, regno, type);
      checkMemRegion(env, regno, off, accessSize, m.get(reg, L.REG_A) >>> 0, zeroSizeAllowed);
      return;
    case L.PTR_TO_BUF:
      if (readOnly && access === BPF_WRITE) refuseWrite(env, regno, type);
      checkBufferAccess(env, reg, regno, off, accessSize, zeroSizeAllowed);
      return;
    case L.PTR_TO_STACK:
      checkStackRange(env, regno, off, accessSize, zeroSizeAllowed, access, meta);
      return;
    case L.PTR_TO_BTF_ID:
      checkPtrToBtfAccess(env, regno, off, accessSize, BPF_READ, -1);
      return;
    case L.PTR_TO_CTX:
      if (CONVERTED.has(env.opsType)) break;
      if (accessSize === 0) {
        if (!zeroSizeAllowed) env.reject(ERRNO.EACCES, "V_ARG_SIZE", "", { reg: regno });
        return;
      }
      checkMemAccess(env, env.insnIdx, regno, accessSize - 1, 1, access, -1, false, false);
      return;
  }
  if (zeroSizeAllowed && accessSize === 0 && isNull(m, reg)) return;
  const message = `R${regno} type=${regTypeText(type)} expected=${regTypeText(L.PTR_TO_STACK)}`;
  env.reject(ERRNO.EACCES, "V_ARG_MEMORY", message, { reg: regno, type: regTypeText(type) });
}

/** As many bytes as register `regno` says, behind the register before it (check_mem_size_reg). */
export function checkMemSizeReg(
  env: VerifierEnv,
  regno: number,
  access: number,
  zeroSizeAllowed: boolean,
  meta: MemoryMeta,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const umax = m.unsigned(reg, L.REG_UMAX);
  meta.msizeMaxValue = umax;
  const data = { reg: regno, umax, smin: m.signed(reg, L.REG_SMIN) };
  if (m.signed(reg, L.REG_SMIN) < 0) {
    const message = `R${regno} min value is negative, either use unsigned or 'var &= const'`;
    env.reject(ERRNO.EACCES, "V_NEGATIVE_OFFSET", message, data);
  }
  if (m.unsigned(reg, L.REG_UMIN) === 0 && !zeroSizeAllowed) {
    const message = `R${regno} invalid zero-sized read: u64=[0,${m.i64[(reg + L.REG_UMAX) >> 3]!}]`;
    env.reject(ERRNO.EACCES, "V_ARG_SIZE", message, data);
  }
  if (umax >= MAX_VAR_SIZE) {
    const message = `R${regno} unbounded memory access, use 'var &= const' or 'if (var < const)'`;
    env.reject(ERRNO.EACCES, "V_UNBOUNDED_OFFSET", message, data);
  }
  // What a helper may leave untouched must have been written by the program.
  checkHelperMemAccess(env, regno - 1, umax, access, zeroSizeAllowed, m.isConst(reg) ? meta : null);
  markChainPrecision(env, regno);
}

/** Checks that hold of a nullable pointer where it is not null; the register is then as before. */
function assumingNotNull(env: VerifierEnv, regno: number, check: () => void): void {
  const { m } = env;
  if ((m.type(env.reg(regno)) & L.PTR_MAYBE_NULL) === 0) {
    check();
    return;
  }
  m.copyReg(m.scratch(SAVED), env.reg(regno));
  markNotNull(env, env.reg(regno));
  check();
  m.copyReg(env.reg(regno), m.scratch(SAVED));
}

/** Readable and writable memory of a known size (check_mem_reg). */
export function checkMemReg(env: VerifierEnv, regno: number, memSize: number): void {
  if (isNull(env.m, env.reg(regno))) return;
  assumingNotNull(env, regno, () => {
    checkHelperMemAccess(env, regno, memSize, BPF_READ, true, null);
    checkHelperMemAccess(env, regno, memSize, BPF_WRITE, true, null);
  });
}

/** Readable and writable memory of as many bytes as register `regno` says, behind the register before it (check_kfunc_mem_size_reg). */
export function checkKfuncMemSizeReg(env: VerifierEnv, regno: number): void {
  const meta: MemoryMeta = { rawMode: false, regno: 0, accessSize: 0, pktAccess: false, msizeMaxValue: 0 };
  assumingNotNull(env, regno - 1, () => {
    checkMemSizeReg(env, regno, BPF_READ, true, meta);
    checkMemSizeReg(env, regno, BPF_WRITE, true, meta);
  });
}
