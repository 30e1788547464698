import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import type { Reg, StateMemory } from "../memory.ts";
import { forEachReg, type VerifierState } from "../state.ts";
import { BPF_WRITE } from "./kinds.ts";
import { MAX_PACKET_OFF } from "./limits.ts";
import { fitsMemory } from "./offsets.ts";

/** How a program type may touch packets through pointers: reading only, or writing too. */
const READS = 1;
const WRITES = 2;
const DIRECT: ReadonlyMap<number, number> = new Map([
  [PROG_TYPE.BPF_PROG_TYPE_LWT_IN, READS],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_OUT, READS],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_SEG6LOCAL, READS],
  [PROG_TYPE.BPF_PROG_TYPE_SK_REUSEPORT, READS],
  [PROG_TYPE.BPF_PROG_TYPE_FLOW_DISSECTOR, READS],
  [PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB, READS],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, WRITES],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT, WRITES],
  [PROG_TYPE.BPF_PROG_TYPE_XDP, WRITES],
  [PROG_TYPE.BPF_PROG_TYPE_LWT_XMIT, WRITES],
  [PROG_TYPE.BPF_PROG_TYPE_SK_SKB, WRITES],
  [PROG_TYPE.BPF_PROG_TYPE_SK_MSG, WRITES],
]);

/**
 * Whether the program's type may read or write packets through pointers (may_access_direct_pkt_data); `forHelper`: whether the helper in
 * question takes packet memory, null where no helper is.
 */
export function mayAccessPacket(env: VerifierEnv, forHelper: boolean | null, access: number): boolean {
  if (env.opsType === PROG_TYPE.BPF_PROG_TYPE_CGROUP_SOCKOPT) {
    if (access === BPF_WRITE) env.seenDirectWrite = true;
    return true;
  }
  const direct = DIRECT.get(env.opsType);
  if (direct === undefined || (direct === READS && access === BPF_WRITE)) return false;
  if (forHelper !== null) return forHelper;
  env.seenDirectWrite = true;
  return true;
}

export function isPacketPointer(type: number): boolean {
  return type === L.PTR_TO_PACKET || type === L.PTR_TO_PACKET_META;
}

/** A load or store of packet, `off` with the register's own fixed offset (check_packet_access). */
export function checkPacketAccess(
  env: VerifierEnv,
  regno: number,
  off: number,
  size: number,
  zeroSizeAllowed: boolean,
): void {
  const { m } = env;
  const reg = env.reg(regno);
  const range = m.get(reg, L.REG_A);
  const data = { reg: regno, off, size, range };
  if (m.signed(reg, L.REG_SMIN) < 0) {
    const message = `R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.`;
    env.reject(ERRNO.EACCES, "V_NEGATIVE_OFFSET", message, data);
  }
  const beyond = range < 0;
  if (beyond || !fitsMemory(env, regno, off, size, range, zeroSizeAllowed)) {
    const errno = beyond ? ERRNO.EINVAL : ERRNO.EACCES;
    env.reject(errno, "V_PACKET_BOUNDS", `R${regno} offset is outside of the packet`, data);
  }
}

/** A pointer to the packet's first byte, where metadata ends. */
function isPacketStart(m: StateMemory, reg: Reg): boolean {
  return m.type(reg) === L.PTR_TO_PACKET && m.id(reg) === 0 && m.off(reg) === 0 && m.isZero(reg);
}

/** Whether `low` is a pointer into the packet, or its metadata, and `end` what ends that. */
function isBelowEnd(m: StateMemory, low: Reg, end: Reg): boolean {
  return (
    (m.type(low) === L.PTR_TO_PACKET && m.type(end) === L.PTR_TO_PACKET_END) ||
    (m.type(low) === L.PTR_TO_PACKET_META && isPacketStart(m, end))
  );
}

/**
 * A comparison of a packet pointer with the packet's end: the pointer's bytes are readable on the side where it is not beyond
 * (try_match_pkt_pointers). `thisBranch` is where the comparison does not hold, as the kernel names it. False where it is no such comparison.
 */
export function matchPacketPointers(
  env: VerifierEnv,
  insnIdx: number,
  dst: Reg,
  src: Reg,
  thisBranch: VerifierState,
  otherBranch: VerifierState,
): boolean {
  const { m, insns } = env;
  const code = insns.code[insnIdx]!;
  if ((code & I.BPF_X) === 0 || (code & 7) === I.BPF_JMP32) return false;
  const op = code & 0xf0;
  if (op !== I.BPF_JGT && op !== I.BPF_JLT && op !== I.BPF_JGE && op !== I.BPF_JLE) return false;
  const pointerFirst = isBelowEnd(m, dst, src);
  if (!pointerFirst && !isBelowEnd(m, src, dst)) return false;
  const pointer = pointerFirst ? dst : src;
  const regno = pointerFirst ? insns.dst[insnIdx]! : insns.src[insnIdx]!;
  // With the operands turned round the comparison is `pointer op end`; beyond = on the taken side the pointer may be past the end.
  const greater = (op === I.BPF_JGT || op === I.BPF_JGE) === pointerFirst;
  const orEqual = op === I.BPF_JGE || op === I.BPF_JLE;
  const taken = otherBranch;
  const inside = greater ? thisBranch : taken;
  const outside = greater ? taken : thisBranch;
  // The pointer is strictly below the end on the inner side of `>=` and `<`.
  const strict = greater === orEqual;
  learnRange(m, inside, pointer, strict);
  markBeyond(m, outside, regno, !strict);
  return true;
}

/** Every pointer of the same origin may read as far as this one is known to lie within the packet (find_good_pkt_pointers). */
function learnRange(m: StateMemory, state: VerifierState, pointer: Reg, strict: boolean): void {
  const off = m.off(pointer);
  if (off < 0 || (off === 0 && strict)) return;
  const umax = m.unsigned(pointer, L.REG_UMAX);
  if (umax > MAX_PACKET_OFF || umax + off > MAX_PACKET_OFF) return;
  const range = strict ? off + 1 : off;
  const type = m.type(pointer);
  const id = m.id(pointer);
  forEachReg(m, state, (reg) => {
    if (m.type(reg) === type && m.id(reg) === id && m.get(reg, L.REG_A) < range) m.set(reg, L.REG_A, range);
  });
}

/** The pointer is at the packet's end, or past it (mark_pkt_end). */
function markBeyond(m: StateMemory, state: VerifierState, regno: number, past: boolean): void {
  const reg = m.reg(state.frame, regno);
  if (m.type(reg) === L.PTR_TO_PACKET) m.set(reg, L.REG_A, past ? L.BEYOND_PKT_END : L.AT_PKT_END);
}

const SLICE = L.DYNPTR_TYPE_SKB | L.DYNPTR_TYPE_XDP | L.DYNPTR_TYPE_SKB_META;

/** The packet may have moved: every pointer into it is void (clear_all_pkt_pointers). */
export function invalidatePacketPointers(env: VerifierEnv): void {
  const { m } = env;
  forEachReg(m, env.state, (reg) => {
    const type = m.type(reg);
    const slice = (type & L.TYPE_BASE_MASK) === L.PTR_TO_MEM && (type & SLICE) !== 0;
    if (!slice && !isPacketPointer(type) && type !== L.PTR_TO_PACKET_END) return;
    if (env.allowPtrLeaks) m.ops.mark_unknown(reg);
    else m.ops.mark_not_init(reg);
  });
}
