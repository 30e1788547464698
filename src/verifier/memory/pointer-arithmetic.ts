import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { markUnknownReg } from "../explore/registers.ts";
import * as I from "../insns.ts";
import { regTypeText } from "../log/type-text.ts";
import type { Reg } from "../memory.ts";
import { ALU_NAMES } from "./alu.ts";
import { MAX_VAR_OFF } from "./limits.ts";
import { checkResultBounds, sanitizePointer, sanitizeResult } from "./sanitize.ts";

/** Which offsets a kind of pointer takes: any, a known one, only the constant 0 by addition, none. */
const ANY = 3;
const KNOWN = 2;
const ZERO = 1;
const NONE = 0;
const OFFSETS: readonly number[] = (() => {
  const rules = new Array<number>(L.TYPE_BASE_MASK + 1).fill(NONE);
  for (const base of [
    L.PTR_TO_CTX,
    L.PTR_TO_MAP_VALUE,
    L.PTR_TO_MAP_KEY,
    L.PTR_TO_STACK,
    L.PTR_TO_PACKET_META,
    L.PTR_TO_PACKET,
    L.PTR_TO_TP_BUFFER,
    L.PTR_TO_BTF_ID,
    L.PTR_TO_MEM,
    L.PTR_TO_BUF,
    L.PTR_TO_FUNC,
    L.CONST_PTR_TO_DYNPTR,
  ]) {
    rules[base] = ANY;
  }
  rules[L.PTR_TO_FLOW_KEYS] = KNOWN;
  rules[L.CONST_PTR_TO_MAP] = ZERO;
  return rules;
})();

function refuse(env: VerifierEnv, message: string): never {
  return env.reject(ERRNO.EACCES, "V_POINTER_ARITHMETIC", message, { reg: env.insns.dst[env.insnIdx]! });
}

/**
 * A pointer plus or minus a scalar (adjust_ptr_min_max_vals). `to` is the destination's record: the pointer's own, or the scalar's where a
 * pointer is added to a scalar.
 */
export function adjustPointer(env: VerifierEnv, op: number, ptr: Reg, offset: Reg, to: Reg): void {
  const { m, insns, insnIdx } = env;
  const dst = insns.dst[insnIdx]!;
  const known = m.isConst(offset);
  if (contradictory(env, offset, known)) {
    markUnknownReg(env, to);
    return;
  }
  if (insns.class(insnIdx) !== I.BPF_ALU64) {
    if (op !== I.BPF_SUB || !env.allowPtrLeaks) refuse(env, `R${dst} 32-bit pointer arithmetic prohibited`);
    markUnknownReg(env, to);
    return;
  }
  const type = m.type(ptr);
  if (type & L.PTR_MAYBE_NULL) {
    const message = `R${dst} pointer arithmetic on ${regTypeText(type)} prohibited, null-check it first`;
    env.reject(ERRNO.EACCES, "V_POINTER_ON_NULLABLE", message, { reg: dst, type: regTypeText(type) });
  }
  const base = type & L.TYPE_BASE_MASK;
  if (base === L.PTR_TO_MEM && type & L.PTR_UNTRUSTED) return;
  const rule = OFFSETS[base]!;
  if (rule < ANY && !(known && (rule === ZERO || rule === KNOWN) && isAllowedConstant(env, rule, op, offset))) {
    refuse(env, `R${dst} pointer arithmetic on ${regTypeText(type)} prohibited`);
  }
  m.setType(to, type);
  m.set(to, L.REG_ID, m.id(ptr));
  checkSaneOffset(env, offset, type);
  checkSaneOffset(env, ptr, type);
  const additive = op === I.BPF_ADD || op === I.BPF_SUB;
  unboundHalf(env, to);
  const window = additive ? sanitizePointer(env, op, ptr, offset, to) : null;
  if (op === I.BPF_ADD) add(env, ptr, offset, to, known);
  else if (op === I.BPF_SUB) subtract(env, ptr, offset, to, known, type);
  else if (op === I.BPF_AND || op === I.BPF_OR || op === I.BPF_XOR) {
    refuse(env, `R${dst} bitwise operator ${ALU_NAMES[op >> 4]} on pointer prohibited`);
  } else refuse(env, `R${dst} pointer arithmetic with ${ALU_NAMES[op >> 4]} operator prohibited`);
  checkSaneOffset(env, to, type);
  m.ops.sync_bounds(to);
  if (env.bypassSpecV1) return;
  checkResultBounds(env, to, dst);
  if (window !== null) sanitizeResult(env, op, to, offset, window);
}

/** Ranges without a member: the path cannot be taken. */
function contradictory(env: VerifierEnv, offset: Reg, known: boolean): boolean {
  const { i64, u64 } = env.m;
  const smin = (offset + L.REG_SMIN) >> 3;
  const umin = (offset + L.REG_UMIN) >> 3;
  if (known) return i64[smin] !== i64[smin + 1] || u64[umin] !== u64[umin + 1];
  return i64[smin]! > i64[smin + 1]! || u64[umin]! > u64[umin + 1]!;
}

function isAllowedConstant(env: VerifierEnv, rule: number, op: number, offset: Reg): boolean {
  return rule === KNOWN || (op === I.BPF_ADD && env.m.isZero(offset));
}

/** Offset, or pointer, must not be so far off that sums could overflow (check_reg_sane_offset). */
function checkSaneOffset(env: VerifierEnv, reg: Reg, type: number): void {
  const { m } = env;
  if (m.isConst(reg)) {
    const value = m.signed(reg, L.REG_VALUE);
    if (value >= MAX_VAR_OFF || value <= -MAX_VAR_OFF) {
      const exact = m.i64[(reg + L.REG_VALUE) >> 3]!;
      outOfRange(env, `math between ${regTypeText(type)} pointer and ${exact} is not allowed`);
    }
  }
  const off = m.off(reg);
  if (off >= MAX_VAR_OFF || off <= -MAX_VAR_OFF) {
    outOfRange(env, `${regTypeText(type)} pointer offset ${off} is not allowed`);
  }
  const smin = m.signed(reg, L.REG_SMIN);
  if (smin < MAX_VAR_OFF && smin > -MAX_VAR_OFF) return;
  const exact = m.i64[(reg + L.REG_SMIN) >> 3]!;
  if (exact === -(1n << 63n)) {
    const message = `math between ${regTypeText(type)} pointer and register with unbounded min value is not allowed`;
    env.reject(ERRNO.EINVAL, "V_UNBOUNDED_OFFSET", message, {
      reg: env.insns.dst[env.insnIdx]!,
      type: regTypeText(type),
    });
  }
  outOfRange(env, `value ${exact} makes ${regTypeText(type)} pointer be out of bounds`);
}

function outOfRange(env: VerifierEnv, message: string): never {
  return env.reject(ERRNO.EINVAL, "V_OUT_OF_RANGE_OFFSET", message, { reg: env.insns.dst[env.insnIdx]! });
}

/** The pointer's ranges and what belongs to its type, for a result that lies a constant away. */
function takeOver(env: VerifierEnv, to: Reg, ptr: Reg, off: number): void {
  const { m } = env;
  m.set(to, L.REG_OFF, off);
  if (to !== ptr) {
    m.u8.copyWithin(to + L.REG_A, ptr + L.REG_A, ptr + L.REG_S32_MIN);
  }
  unboundHalf(env, to);
}

/** Pointers carry no 32-bit ranges of their own. */
function unboundHalf(env: VerifierEnv, reg: Reg): void {
  const { m } = env;
  m.set(reg, L.REG_S32_MIN, -0x80000000);
  m.set(reg, L.REG_S32_MAX, 0x7fffffff);
  m.set(reg, L.REG_U32_MIN, 0);
  m.set(reg, L.REG_U32_MAX, -1);
}

function add(env: VerifierEnv, ptr: Reg, offset: Reg, to: Reg, known: boolean): void {
  const { m } = env;
  if (known) {
    takeOver(env, to, ptr, m.off(ptr) + m.signed(offset, L.REG_SMIN));
    return;
  }
  vary(env, ptr, offset, to, 0);
  if (isPacket(m.type(to))) {
    m.set(to, L.REG_ID, env.newId());
    clearRange(env, to);
  }
}

function subtract(env: VerifierEnv, ptr: Reg, offset: Reg, to: Reg, known: boolean, type: number): void {
  const { m, insns, insnIdx } = env;
  const dst = insns.dst[insnIdx]!;
  if (to === offset) refuse(env, `R${dst} tried to subtract pointer from scalar`);
  if (type === L.PTR_TO_STACK) refuse(env, `R${dst} subtraction from stack pointer prohibited`);
  if (known) {
    takeOver(env, to, ptr, m.off(ptr) - m.signed(offset, L.REG_SMIN));
    return;
  }
  const negative = m.signed(offset, L.REG_SMIN) < 0;
  vary(env, ptr, offset, to, 1);
  if (isPacket(m.type(to))) {
    m.set(to, L.REG_ID, env.newId());
    if (negative) clearRange(env, to);
  }
}

/** An unknown amount is added to, or taken from, the pointer. */
function vary(env: VerifierEnv, ptr: Reg, offset: Reg, to: Reg, subtracts: number): void {
  const { m } = env;
  const off = m.off(ptr);
  m.ops.move_pointer(to, ptr, offset, subtracts);
  m.set(to, L.REG_OFF, off);
  if (to !== ptr) m.u8.copyWithin(to + L.REG_A, ptr + L.REG_A, ptr + L.REG_VALUE);
  unboundHalf(env, to);
}

function isPacket(type: number): boolean {
  return type === L.PTR_TO_PACKET || type === L.PTR_TO_PACKET_META;
}

/** What was proven readable behind a packet pointer does not hold behind the new one. */
function clearRange(env: VerifierEnv, reg: Reg): void {
  for (const field of [L.REG_A, L.REG_B, L.REG_C, L.REG_D]) env.m.set(reg, field, 0);
}
