import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import { printInsnState } from "../log/state-text.ts";
import { markNotNull, markPointerOrNull } from "../memory/nullable.ts";
import { matchPacketPointers } from "../memory/packet.ts";
import type { Reg } from "../memory.ts";
import type { VerifierState } from "../state.ts";
import { findPrevEntry, widenImpreciseScalars } from "./explored.ts";
import { INSN_F_DST_REG_STACK, INSN_F_SRC_REG_STACK, pushJumpHistory } from "./history.ts";
import { collectLinkedRegs, syncLinkedRegs } from "./linked.ts";
import { pushPath } from "./paths.ts";
import { markChainPrecision } from "./precision.ts";
import { checkBounds, checkRead, isPointerValue, markUnknownReg } from "./registers.ts";

// Scratch records: the immediate as a register, for the jump and for the fall-through.
const IMMEDIATE = 0;
const IMMEDIATE_ELSE = 1;

/** A comparison with its operands exchanged, by op >> 4. */
const FLIPPED = new Uint8Array(16);
/** A comparison's contrary; of JSET one that the opcode has no bit for. */
const CONTRARY = new Uint8Array(16);
for (const [op, flipped, contrary] of [
  [I.BPF_JEQ, I.BPF_JEQ, I.BPF_JNE],
  [I.BPF_JNE, I.BPF_JNE, I.BPF_JEQ],
  [I.BPF_JSET, I.BPF_JSET, I.BPF_JSET | I.BPF_X],
  [I.BPF_JGE, I.BPF_JLE, I.BPF_JLT],
  [I.BPF_JGT, I.BPF_JLT, I.BPF_JLE],
  [I.BPF_JLE, I.BPF_JGE, I.BPF_JGT],
  [I.BPF_JLT, I.BPF_JGT, I.BPF_JGE],
  [I.BPF_JSGE, I.BPF_JSLE, I.BPF_JSLT],
  [I.BPF_JSGT, I.BPF_JSLT, I.BPF_JSLE],
  [I.BPF_JSLE, I.BPF_JSGE, I.BPF_JSGT],
  [I.BPF_JSLT, I.BPF_JSGT, I.BPF_JSGE],
] as const) {
  FLIPPED[op >> 4] = flipped;
  CONTRARY[op >> 4] = contrary;
}

/** Registers of these types are never null, whatever is proven of them, by type; further conditions in `isNotNull`. */
const NEVER_NULL = new Uint8Array(256);
for (const type of [
  L.PTR_TO_SOCKET,
  L.PTR_TO_TCP_SOCK,
  L.PTR_TO_MAP_VALUE,
  L.PTR_TO_MAP_KEY,
  L.PTR_TO_SOCK_COMMON,
  L.CONST_PTR_TO_MAP,
  L.PTR_TO_BTF_ID,
  L.PTR_TO_MEM,
]) {
  // biome-ignore format: a list
  NEVER_NULL[type] = 1;
}
const TRUSTED = L.MEM_ALLOC | L.PTR_TRUSTED | L.NON_OWN_REF;

/** Whether the pointer cannot be null (reg_not_null). */
export function isNotNull(env: VerifierEnv, reg: Reg): boolean {
  const { m } = env;
  const type = m.type(reg);
  const base = type & L.TYPE_BASE_MASK;
  if ((type & L.PTR_MAYBE_NULL) !== 0 || NEVER_NULL[base] === 0) return false;
  if (base === L.PTR_TO_MEM) return (type & L.PTR_UNTRUSTED) === 0;
  if (base !== L.PTR_TO_BTF_ID || m.ref(reg) !== 0) return true;
  const flags = type & ~L.TYPE_BASE_MASK;
  return (flags & TRUSTED) !== 0 && (flags & ~TRUSTED) === 0;
}

function isPacketPointer(type: number): boolean {
  return type === L.PTR_TO_PACKET || type === L.PTR_TO_PACKET_META || type === L.PTR_TO_PACKET_END;
}

/** Whether the lower half, or all, of a scalar is known. */
function isConstScalar(env: VerifierEnv, reg: Reg, is32: boolean): boolean {
  const { m } = env;
  if (m.type(reg) !== L.SCALAR_VALUE) return false;
  return m.get(reg, L.REG_MASK) === 0 && (is32 || m.get(reg, L.REG_MASK + 4) === 0);
}

/** A pointer that is known to be at or beyond the packet's end, compared with it (is_pkt_ptr_branch_taken). */
function packetOutcome(env: VerifierEnv, dst: Reg, src: Reg, op: number): number {
  const { m } = env;
  let pointer = dst;
  if (m.type(src) !== L.PTR_TO_PACKET_END) {
    if (m.type(dst) !== L.PTR_TO_PACKET_END) return -1;
    pointer = src;
    op = FLIPPED[op >> 4]!;
  }
  const range = m.get(pointer, L.REG_A);
  if (range >= 0) return -1;
  if (op === I.BPF_JLE || op === I.BPF_JGT) return range === L.BEYOND_PKT_END ? Number(op === I.BPF_JGT) : -1;
  if (op === I.BPF_JLT || op === I.BPF_JGE) return Number(op === I.BPF_JGE);
  return -1;
}

/** Whether the comparison's outcome is known: 1 it holds, 0 it does not, -1 unknown (is_branch_taken). */
function outcome(env: VerifierEnv, dst: Reg, src: Reg, op: number, is32: boolean): number {
  const { m } = env;
  const a = m.type(dst);
  const b = m.type(src);
  if (a === L.SCALAR_VALUE && b === L.SCALAR_VALUE) return m.ops.branch_taken(dst, src, op, is32 ? 1 : 0);
  if (!is32 && isPacketPointer(a) && isPacketPointer(b)) return packetOutcome(env, dst, src, op);
  // A pointer that cannot be null is not equal to 0.
  let pointer = dst;
  let scalar = src;
  if (!isConstScalar(env, src, is32)) {
    pointer = src;
    scalar = dst;
    if (!isConstScalar(env, dst, is32)) return -1;
  }
  if (!isNotNull(env, pointer)) return -1;
  if (m.get(scalar, L.REG_VALUE) !== 0 || (!is32 && m.get(scalar, L.REG_VALUE + 4) !== 0)) return -1;
  return op === I.BPF_JEQ ? 0 : op === I.BPF_JNE ? 1 : -1;
}

/** Walks the way that is not taken as a processor might by mistake: what was compared may be anything (sanitize_speculative_path). */
export function pushSpeculative(env: VerifierEnv, insnIdx: number, from: number, comparison: boolean): void {
  const branch = pushPath(env, insnIdx, from, true);
  if (!comparison) return;
  const { insns, m } = env;
  markUnknownReg(env, m.reg(branch.frame, insns.dst[from]!));
  if ((insns.code[from]! & I.BPF_X) !== 0) markUnknownReg(env, m.reg(branch.frame, insns.src[from]!));
}

/** A loop that ends by itself sooner or later: goes on, and aside, once more (BPF_JCOND). */
function mayGoto(env: VerifierEnv, insnIdx: number): void {
  const { insns, state } = env;
  const { code, src, dst, imm } = insns;
  if (code[insnIdx] !== (I.BPF_JMP | I.BPF_JCOND) || src[insnIdx] !== 0 || dst[insnIdx] !== 0 || imm[insnIdx] !== 0) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", `invalid may_goto imm ${imm[insnIdx]}`);
  }
  const before = state.parent === null ? null : findPrevEntry(env, state.parent, insnIdx);
  const queued = pushPath(env, insnIdx + 1, insnIdx, false, ERRNO.ENOMEM);
  queued.mayGotoDepth++;
  if (before !== null) widenImpreciseScalars(env, before, queued);
  env.insnIdx += insns.off[insnIdx]!;
}

/** What a comparison of two scalars teaches on both ways (reg_set_min_max). */
function refineBoth(env: VerifierEnv, jump1: Reg, jump2: Reg, else1: Reg, else2: Reg, op: number, is32: number): void {
  const { ops } = env.m;
  ops.refine(else1, else2, CONTRARY[op >> 4]!, is32);
  ops.refine(jump1, jump2, op, is32);
  if (ops.bounds_sane(jump1) === 0) checkBounds(env, jump1, "true_reg1");
  if (ops.bounds_sane(jump2) === 0) checkBounds(env, jump2, "true_reg2");
  if (ops.bounds_sane(else1) === 0) checkBounds(env, else1, "false_reg1");
  if (ops.bounds_sane(else2) === 0) checkBounds(env, else2, "false_reg2");
}

/** Brings both ways' linked scalars up to date with a compared one. */
function syncBoth(env: VerifierEnv, other: VerifierState, n: number, linked: readonly number[]): void {
  const { m, state } = env;
  const reg = m.reg(state.frame, n);
  if (m.type(reg) !== L.SCALAR_VALUE || m.id(reg) === 0) return;
  syncLinkedRegs(env, state, reg, linked);
  syncLinkedRegs(env, other, m.reg(other.frame, n), linked);
}

/** Equal to a pointer that is not null: not null (on the way where they are equal). */
function learnFromEqualPointer(env: VerifierEnv, other: VerifierState, dst: number, src: number, op: number): void {
  const { m } = env;
  const a = m.type(env.reg(dst));
  const b = m.type(env.reg(src));
  if (a === L.SCALAR_VALUE || b === L.SCALAR_VALUE) return;
  if ((a & L.PTR_MAYBE_NULL) === (b & L.PTR_MAYBE_NULL)) return;
  if ((a & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID || (b & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID) return;
  if (op !== I.BPF_JEQ && op !== I.BPF_JNE) return;
  const frame = op === I.BPF_JEQ ? other.frame : env.state.frame;
  markNotNull(env, m.reg(frame, (b & L.PTR_MAYBE_NULL) !== 0 ? src : dst));
}

/** A conditional jump at `env.insnIdx` (check_cond_jmp_op): goes on one way and puts the other aside. */
export function checkBranch(env: VerifierEnv): void {
  const { insns, m, insnIdx } = env;
  const code = insns.code[insnIdx]!;
  const op = code & 0xf0;
  if (op > I.BPF_JCOND) {
    env.reject(ERRNO.EINVAL, "V_BAD_OPCODE", `invalid BPF_JMP/JMP32 opcode ${op.toString(16)}`);
  }
  if (op === I.BPF_JCOND) {
    mayGoto(env, insnIdx);
    return;
  }
  const dst = insns.dst[insnIdx]!;
  const src = insns.src[insnIdx]!;
  const byReg = (code & I.BPF_X) !== 0;
  const is32 = (code & 7) === I.BPF_JMP32;
  checkRead(env, dst);
  const a = env.reg(dst);
  let b: Reg;
  let flags = m.type(a) === L.PTR_TO_STACK ? INSN_F_DST_REG_STACK : 0;
  if (byReg) {
    if (insns.imm[insnIdx] !== 0) reservedFields(env);
    checkRead(env, src);
    b = env.reg(src);
    if (!(isPacketPointer(m.type(a)) && isPacketPointer(m.type(b))) && isPointerValue(env, src)) prohibited(env, src);
    if (m.type(b) === L.PTR_TO_STACK) flags |= INSN_F_SRC_REG_STACK;
  } else {
    if (src !== 0) reservedFields(env);
    const imm = insns.imm[insnIdx]!;
    b = m.scratch(IMMEDIATE);
    m.ops.mark_known(b, imm, imm < 0 ? -1 : 0);
  }
  if (flags !== 0) pushJumpHistory(env, env.state, flags, null);
  const taken = outcome(env, a, b, op, is32);
  if (taken >= 0) {
    if (m.type(a) === L.SCALAR_VALUE) markChainPrecision(env, dst);
    if (byReg && m.type(b) === L.SCALAR_VALUE) markChainPrecision(env, src);
    if (!env.bypassSpecV1) {
      pushSpeculative(env, taken === 1 ? insnIdx + 1 : insnIdx + insns.off[insnIdx]! + 1, insnIdx, true);
    }
    if (env.log.states) printInsnState(env, env.state, env.state.curframe);
    if (taken === 1) env.insnIdx += insns.off[insnIdx]!;
    return;
  }
  splitPaths(env, dst, src, b, op, byReg, is32);
  if (env.log.states) printInsnState(env, env.state, env.state.curframe);
}

function reservedFields(env: VerifierEnv): never {
  env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_JMP/JMP32 uses reserved fields");
}

function prohibited(env: VerifierEnv, n: number): never {
  env.reject(ERRNO.EACCES, "V_POINTER_COMPARE", `R${n} pointer comparison prohibited`, { reg: n });
}

/** The outcome is open: the fall-through goes on with what it teaches, the jump is put aside with the contrary. */
function splitPaths(
  env: VerifierEnv,
  dst: number,
  src: number,
  b: Reg,
  op: number,
  byReg: boolean,
  is32: boolean,
): void {
  const { m, insnIdx, state } = env;
  let a = env.reg(dst);
  const linked: number[] = [];
  if (byReg && m.type(b) === L.SCALAR_VALUE && m.id(b) !== 0) collectLinkedRegs(env, state, m.id(b), linked);
  if (m.type(a) === L.SCALAR_VALUE && m.id(a) !== 0) collectLinkedRegs(env, state, m.id(a), linked);
  if (linked.length > 1) pushJumpHistory(env, state, 0, linked);
  const other = pushPath(env, insnIdx + env.insns.off[insnIdx]! + 1, insnIdx, false);
  a = env.reg(dst);
  const elsewhere = m.reg(other.frame, dst);
  if (byReg) {
    b = env.reg(src);
    if (m.type(a) === L.SCALAR_VALUE && m.type(b) === L.SCALAR_VALUE) {
      refineBoth(env, elsewhere, m.reg(other.frame, src), a, b, op, is32 ? 1 : 0);
    }
    syncBoth(env, other, src, linked);
  } else if (m.type(a) === L.SCALAR_VALUE) {
    const copy = m.scratch(IMMEDIATE_ELSE);
    m.copyReg(copy, b);
    refineBoth(env, elsewhere, b, a, copy, op, is32 ? 1 : 0);
  }
  syncBoth(env, other, dst, linked);
  if (byReg && !is32) learnFromEqualPointer(env, other, dst, src, op);
  const isEquality = op === I.BPF_JEQ || op === I.BPF_JNE;
  const nullable = (m.type(a) & L.PTR_MAYBE_NULL) !== 0;
  if (!is32 && isEquality && nullable && !byReg && env.insns.imm[insnIdx] === 0) {
    markPointerOrNull(env, state, dst, op === I.BPF_JNE);
    markPointerOrNull(env, other, dst, op === I.BPF_JEQ);
  } else if (!matchPacketPointers(env, insnIdx, a, env.reg(src), state, other) && isPointerValue(env, dst)) {
    prohibited(env, dst);
  }
}
