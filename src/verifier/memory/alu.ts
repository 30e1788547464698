import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, MAP_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { assignScalarId } from "../explore/linked.ts";
import { pushPath } from "../explore/paths.ts";
import { markChainPrecision } from "../explore/precision.ts";
import { checkBounds, checkRead, checkWrite, isPointerValue, markUnknownReg } from "../explore/registers.ts";
import * as I from "../insns.ts";
import type { Reg } from "../memory.ts";
import { adjustPointer } from "./pointer-arithmetic.ts";
import { sanitizeScalars } from "./sanitize.ts";
import { clearScalarId, fitsBytes, markConst } from "./scalars.ts";

/** Names of operations as messages write them, by opcode >> 4. */
export const ALU_NAMES = [
  "+=",
  "-=",
  "*=",
  "/=",
  "|=",
  "&=",
  "<<=",
  ">>=",
  "neg",
  "%=",
  "^=",
  "=",
  "s>>=",
  "endian",
] as const;

/** Offset of a 64-bit move that makes it a cast between address spaces. */
const ADDR_SPACE_CAST = 1;
const TO_ARENA_POINTER = 1;
const TO_KERNEL_POINTER = 0x10000;
const S32_MIN = -0x80000000;

/** An arithmetic instruction at `env.insnIdx` (check_alu_op). */
export function checkAlu(env: VerifierEnv): void {
  const op = env.insns.op(env.insnIdx);
  if (op === I.BPF_MOV) checkMove(env);
  else if (op === I.BPF_NEG || op === I.BPF_END) checkUnary(env, op);
  else if (op > I.BPF_END) {
    env.reject(ERRNO.EINVAL, "V_BAD_OPCODE", `invalid BPF_ALU opcode ${op.toString(16)}`, { opcode: op });
  } else checkBinary(env, op);
}

function reserved(env: VerifierEnv, what: string): never {
  return env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", `${what} uses reserved fields`);
}

function checkUnary(env: VerifierEnv, op: number): void {
  const { insns, insnIdx, m } = env;
  const code = insns.code[insnIdx]!;
  const imm = insns.imm[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  const is64 = (code & 7) === I.BPF_ALU64;
  const extra = insns.src[insnIdx] !== 0 || insns.off[insnIdx] !== 0;
  if (op === I.BPF_NEG) {
    if (extra || (code & I.BPF_X) !== 0 || imm !== 0) reserved(env, "BPF_NEG");
  } else if (extra || (imm !== 16 && imm !== 32 && imm !== 64) || (is64 && (code & I.BPF_X) !== 0)) {
    reserved(env, "BPF_END");
  }
  checkRead(env, dst);
  if (isPointerValue(env, dst)) {
    env.reject(ERRNO.EACCES, "V_POINTER_ARITHMETIC", `R${dst} pointer arithmetic prohibited`, { reg: dst });
  }
  const isScalar = m.type(env.reg(dst)) === L.SCALAR_VALUE;
  checkWrite(env, dst, !isScalar);
  if (!isScalar) return;
  const reg = env.reg(dst);
  if (op === I.BPF_NEG) m.ops.alu(reg, reg, op, is64 ? 0 : 1, 0);
  else swapBytes(env, reg, imm, is64, (code & I.BPF_X) === 0);
  checkBounds(env, reg, "alu");
}

/** Bytes swapped, or cut to a width, on a little-endian machine. */
function swapBytes(env: VerifierEnv, reg: Reg, bits: number, unconditional: boolean, toLittle: boolean): void {
  const { ops } = env.m;
  const asIs = !unconditional && toLittle;
  ops.byte_swap(reg, bits, asIs ? 1 : 0);
  // The value is another one now, but for le64.
  if (!asIs || bits !== 64) clearScalarId(env.m, reg);
  if (!env.bpfCapable) env.m.set(reg, L.REG_PRECISE, 1);
}

function checkMove(env: VerifierEnv): void {
  const { insns, insnIdx, m } = env;
  const code = insns.code[insnIdx]!;
  const imm = insns.imm[insnIdx]!;
  const off = insns.off[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  const src = insns.src[insnIdx]!;
  const is64 = (code & 7) === I.BPF_ALU64;
  if ((code & I.BPF_X) === 0) {
    if (src !== 0 || off !== 0) reserved(env, "BPF_MOV");
    checkWrite(env, dst, false);
    markConst(env, env.reg(dst), imm, is64 ? imm >> 31 : 0);
    return;
  }
  if (is64 && off === ADDR_SPACE_CAST) checkCast(env, imm);
  else if (imm !== 0 || (off !== 0 && off !== 8 && off !== 16 && (off !== 32 || !is64))) reserved(env, "BPF_MOV");
  checkRead(env, src);
  checkWrite(env, dst, false);
  const to = env.reg(dst);
  const from = env.reg(src);
  if (is64) {
    if (imm !== 0) {
      markUnknownReg(env, to);
      if (imm === TO_ARENA_POINTER) m.setType(to, L.PTR_TO_ARENA);
    } else if (off === 0) {
      assignScalarId(env, from);
      m.copyReg(to, from);
    } else moveSigned(env, to, from, src, off, false);
  } else {
    if (isPointerValue(env, src)) {
      env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${src} partial copy of pointer`, { reg: src });
    }
    if (m.type(from) !== L.SCALAR_VALUE) {
      markUnknownReg(env, to);
      m.ops.zext32(to);
    } else if (off === 0) {
      copyScalar(env, to, from, fitsBytes(m, from, 4));
      m.ops.zext32(to);
    } else moveSigned(env, to, from, src, off, true);
  }
  checkBounds(env, to, "alu");
}

function checkCast(env: VerifierEnv, imm: number): void {
  if (imm !== TO_ARENA_POINTER && imm !== TO_KERNEL_POINTER) {
    const message = "addr_space_cast insn can only convert between address space 1 and 0";
    env.reject(ERRNO.EINVAL, "V_ARENA", message, { imm });
  }
  for (let i = 0; i < env.usedMaps; i++) if (env.maps[i]!.type === MAP_TYPE.BPF_MAP_TYPE_ARENA) return;
  const message = "addr_space_cast insn can only be used in a program that has an associated arena";
  env.reject(ERRNO.EINVAL, "V_ARENA", message);
}

/** A copy keeps its tie to the original only where both stay equal as 64-bit numbers. */
function copyScalar(env: VerifierEnv, to: Reg, from: Reg, equal: boolean): void {
  if (equal) assignScalarId(env, from);
  env.m.copyReg(to, from);
  if (!equal) clearScalarId(env.m, to);
}

/** A move that extends the sign of the low `bits` bits. */
function moveSigned(env: VerifierEnv, to: Reg, from: Reg, src: number, bits: number, to32: boolean): void {
  const { m } = env;
  if (!to32 && isPointerValue(env, src)) {
    env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${src} sign-extension part of pointer`, { reg: src });
  }
  if (m.type(from) !== L.SCALAR_VALUE) {
    markUnknownReg(env, to);
    return;
  }
  copyScalar(env, to, from, m.unsigned(from, L.REG_UMAX) < 2 ** (bits - 1));
  m.ops.sign_extend(to, bits >> 3, to32 ? 1 : 0);
}

function checkBinary(env: VerifierEnv, op: number): void {
  const { insns, insnIdx } = env;
  const code = insns.code[insnIdx]!;
  const imm = insns.imm[insnIdx]!;
  const off = insns.off[insnIdx]!;
  const divides = op === I.BPF_DIV || op === I.BPF_MOD;
  const offOk = off === 0 || (off === 1 && divides);
  if ((code & I.BPF_X) !== 0) {
    if (imm !== 0 || !offOk) reserved(env, "BPF_ALU");
    checkRead(env, insns.src[insnIdx]!);
  } else if (insns.src[insnIdx] !== 0 || !offOk) reserved(env, "BPF_ALU");
  const dst = insns.dst[insnIdx]!;
  checkRead(env, dst);
  if ((code & I.BPF_X) === 0) {
    if (divides && imm === 0) env.reject(ERRNO.EINVAL, "V_DIVISION_BY_ZERO", "div by zero");
    if (op === I.BPF_LSH || op === I.BPF_RSH || op === I.BPF_ARSH) {
      const width = (code & 7) === I.BPF_ALU64 ? 64 : 32;
      if (imm < 0 || imm >= width) env.reject(ERRNO.EINVAL, "V_BAD_SHIFT", `invalid shift ${imm}`, { imm, width });
    }
  }
  checkWrite(env, dst, false);
  adjustRegister(env, op, code);
  checkBounds(env, env.reg(dst), "alu");
}

/** Number of the scratch register that stands for an immediate operand. */
const IMMEDIATE = 0;

/** What the operation makes of two operands, scalars or pointers (adjust_reg_min_max_vals). */
function adjustRegister(env: VerifierEnv, op: number, code: number): void {
  const { insns, insnIdx, m } = env;
  const dst = insns.dst[insnIdx]!;
  const to = env.reg(dst);
  const toPointer = m.type(to) !== L.SCALAR_VALUE;
  if (toPointer && m.type(to) === L.PTR_TO_ARENA) return;
  let from: Reg;
  if ((code & I.BPF_X) !== 0) {
    const src = insns.src[insnIdx]!;
    from = env.reg(src);
    if (m.type(from) !== L.SCALAR_VALUE) {
      if (toPointer) combinePointers(env, op, dst);
      else {
        markChainPrecision(env, dst);
        adjustPointer(env, op, from, to, to);
      }
      return;
    }
    if (toPointer) {
      markChainPrecision(env, src);
      adjustPointer(env, op, to, from, to);
      return;
    }
    if (m.get(to, L.REG_PRECISE) !== 0) markChainPrecision(env, src);
  } else {
    from = m.scratch(IMMEDIATE);
    const imm = insns.imm[insnIdx]!;
    m.ops.mark_known(from, imm, imm >> 31);
    if (toPointer) {
      adjustPointer(env, op, to, from, to);
      return;
    }
  }
  const is64 = (code & 7) === I.BPF_ALU64;
  // A sum of the lower half says nothing of a value that has more.
  const linkable = is64 || fitsBytes(m, to, 4);
  adjustScalar(env, op, to, from, is64);
  if (linkable) linkByConstant(env, op, to, from, is64);
  else clearScalarId(m, to);
}

/** Two pointers have a distance, where programs may know it, and nothing else. */
function combinePointers(env: VerifierEnv, op: number, dst: number): void {
  if (op === I.BPF_SUB && env.allowPtrLeaks) {
    markUnknownReg(env, env.reg(dst));
    return;
  }
  const message = `R${dst} pointer ${ALU_NAMES[op >> 4]} pointer prohibited`;
  env.reject(ERRNO.EACCES, "V_POINTER_ARITHMETIC", message, { reg: dst, op: ALU_NAMES[op >> 4] });
}

/** Two scalars (adjust_scalar_min_max_vals). */
function adjustScalar(env: VerifierEnv, op: number, to: Reg, from: Reg, is64: boolean): void {
  const { m } = env;
  if (op === I.BPF_ADD || op === I.BPF_SUB) sanitizeScalars(env);
  else if ((op === I.BPF_AND || op === I.BPF_OR) && m.isConst(from)) forkSignMask(env, to);
  m.ops.alu(to, from, op, is64 ? 0 : 1, env.insns.off[env.insnIdx]!);
  if (!env.bpfCapable) m.set(to, L.REG_PRECISE, 1);
}

/**
 * A value that is all ones or zero, as a signed shift by the width makes it, is masked with a constant: two paths with a known value
 * each (maybe_fork_scalars).
 */
function forkSignMask(env: VerifierEnv, to: Reg): void {
  const { m } = env;
  const at = to >> 2;
  const word =
    m.i32[at + (L.REG_SMIN >> 2)] === -1 &&
    m.i32[at + (L.REG_SMIN >> 2) + 1] === -1 &&
    m.i32[at + (L.REG_SMAX >> 2)] === 0 &&
    m.i32[at + (L.REG_SMAX >> 2) + 1] === 0;
  if (!word && !(m.get(to, L.REG_S32_MIN) === -1 && m.get(to, L.REG_S32_MAX) === 0)) return;
  const branch = pushPath(env, env.insnIdx, env.insnIdx, false, ERRNO.ENOMEM);
  const dst = env.insns.dst[env.insnIdx]!;
  const other = m.reg(branch.frame, dst);
  const reg = env.reg(dst);
  if (word) {
    knownWord(env, other, 0);
    knownWord(env, reg, -1);
  } else {
    knownHalf(env, other, 0);
    knownHalf(env, reg, -1);
  }
}

function knownWord(env: VerifierEnv, reg: Reg, value: number): void {
  const { m } = env;
  m.set(reg, L.REG_OFF, 0);
  for (const field of [L.REG_A, L.REG_B, L.REG_C, L.REG_D, L.REG_ID, L.REG_REF]) m.set(reg, field, 0);
  m.ops.set_known(reg, value, value);
}

/** The low half is known, the upper one not looked at (__mark_reg32_known). */
function knownHalf(env: VerifierEnv, reg: Reg, value: number): void {
  const { m } = env;
  m.set(reg, L.REG_VALUE, value);
  m.set(reg, L.REG_MASK, 0);
  for (const field of [L.REG_S32_MIN, L.REG_S32_MAX, L.REG_U32_MIN, L.REG_U32_MAX]) m.set(reg, field, value);
}

/**
 * A register that is another's value plus a constant keeps the tie; any other result loses it. The tie takes one constant: a second one, or
 * one of a different width, would not say how far apart the two are.
 */
function linkByConstant(env: VerifierEnv, op: number, to: Reg, from: Reg, is64: boolean): void {
  const { m } = env;
  const id = m.id(to);
  const delta =
    env.bpfCapable && (op === I.BPF_ADD || op === I.BPF_SUB) && from !== to ? constantOf(env, from, is64) : null;
  const added = (id & (L.ID_ADD_CONST | L.ID_ADD_CONST32)) !== 0;
  if (id === 0 || delta === null || added || (op === I.BPF_SUB && delta === S32_MIN)) {
    clearScalarId(m, to);
    return;
  }
  m.set(to, L.REG_ID, id | (is64 ? L.ID_ADD_CONST : L.ID_ADD_CONST32));
  m.set(to, L.REG_OFF, op === I.BPF_SUB ? -delta : delta);
}

/** The operand as a signed 32-bit number, where it is known and one. */
function constantOf(env: VerifierEnv, reg: Reg, is64: boolean): number | null {
  const { m } = env;
  if (!is64) return m.get(reg, L.REG_MASK) === 0 ? m.get(reg, L.REG_VALUE) : null;
  if (!m.isConst(reg)) return null;
  const value = m.signed(reg, L.REG_VALUE);
  return value === (value | 0) ? value : null;
}
