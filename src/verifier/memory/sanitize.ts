import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { pushPath } from "../explore/paths.ts";
import * as I from "../insns.ts";
import type { Reg } from "../memory.ts";
import { Rejection } from "../reject.ts";
import { ACCESS_HELPER } from "./kinds.ts";
import { MAX_STACK } from "./limits.ts";
import { checkMapAccess } from "./offsets.ts";
import { bitsText } from "./scalars.ts";

/*
 * Programs without CAP_PERFMON must not let a processor read beyond an object while it guesses. Pointer arithmetic with registers is
 * therefore masked at run time by a limit that must be the same on all paths, and what happens where the mask makes the offset 0 is
 * verified as a path of its own. Nothing is masked here, but what the scheme refuses is refused.
 */

// enum bpf_alu_sanitize: what is known of an arithmetic instruction.
const ALU_SANITIZE_SRC = 1;
const ALU_SANITIZE_DST = 2;
const ALU_NEG_VALUE = 4;
const ALU_NON_POINTER = 8;
const ALU_IMMEDIATE = 16;

const PROHIBITED = "pointer arithmetic with it prohibited for !root";

/** What the first half of the check hands to the second. */
export interface Window {
  readonly state: number;
  readonly limit: number;
  readonly toLeft: boolean;
}

function skips(env: VerifierEnv): boolean {
  return env.bypassSpecV1 || (env.insns.code[env.insnIdx]! & I.BPF_X) === 0 || env.aux[env.insnIdx]!.nospec;
}

function refuse(env: VerifierEnv, message: string): never {
  return env.reject(ERRNO.EACCES, "V_POINTER_ARITHMETIC", `${message}, ${PROHIBITED}`);
}

function verb(op: number): string {
  return op === I.BPF_ADD ? "add" : "sub";
}

function update(env: VerifierEnv, op: number, state: number, limit: number): void {
  const aux = env.aux[env.insnIdx]!;
  if (aux.aluState !== 0 && (aux.aluState !== state || aux.aluLimit !== limit)) {
    const dst = env.insns.dst[env.insnIdx]!;
    refuse(env, `R${dst} tried to ${verb(op)} from different maps, paths or scalars`);
  }
  aux.aluState = state;
  aux.aluLimit = limit;
}

/** Scalars are added or subtracted here: no path may come with a pointer (sanitize_val_alu). */
export function sanitizeScalars(env: VerifierEnv): void {
  if (!skips(env)) update(env, env.insns.op(env.insnIdx), ALU_NON_POINTER, 0);
}

/** How far the pointer may move in one direction (retrieve_ptr_limit). */
function pointerLimit(env: VerifierEnv, op: number, ptr: Reg, offset: Reg, to: Reg, toLeft: boolean): number {
  const { m, insns, insnIdx } = env;
  const dst = insns.dst[insnIdx]!;
  let most: number;
  let limit: number;
  switch (m.type(ptr)) {
    case L.PTR_TO_STACK:
      most = MAX_STACK + (toLeft ? 1 : 0);
      limit = -(m.get(ptr, L.REG_VALUE) + m.off(ptr)) >>> 0;
      break;
    case L.PTR_TO_MAP_VALUE:
      most = env.maps[m.get(ptr, L.REG_A)]!.valueSize;
      limit = (m.get(ptr, toLeft ? L.REG_SMIN : L.REG_UMAX) + m.off(ptr)) >>> 0;
      break;
    default:
      return refuse(env, `R${offset === to ? insns.src[insnIdx]! : dst} has pointer with unsupported alu operation`);
  }
  if (limit >= most) refuse(env, `R${dst} tried to ${verb(op)} beyond pointer bounds`);
  return limit;
}

/** Before the pointer moves (sanitize_ptr_alu): null where nothing is left to check afterwards. */
export function sanitizePointer(env: VerifierEnv, op: number, ptr: Reg, offset: Reg, to: Reg): Window | null {
  if (skips(env)) return null;
  const { m, insns, insnIdx } = env;
  const isConst = m.isConst(offset);
  let window: Window | null = null;
  if (!env.state.speculative) {
    const negative = m.signed(offset, L.REG_SMIN) < 0;
    if (!isConst && negative !== m.signed(offset, L.REG_SMAX) < 0) {
      refuse(
        env,
        `R${offset === to ? insns.dst[insnIdx]! : insns.src[insnIdx]!} has unknown scalar with mixed signed bounds`,
      );
    }
    const toLeft = op === I.BPF_ADD ? negative : !negative;
    const limit = pointerLimit(env, op, ptr, offset, to, toLeft);
    const state =
      (negative ? ALU_NEG_VALUE : 0) |
      (isConst ? ALU_IMMEDIATE : 0) |
      (ptr === to ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST);
    if (!isConst) env.exploreAluLimits = true;
    window = { state, limit, toLeft };
  }
  if (!isConst) pushMasked(env, ptr, to);
  return window;
}

/** The path where the mask has made the offset 0. */
function pushMasked(env: VerifierEnv, ptr: Reg, to: Reg): void {
  const { m, insnIdx } = env;
  const dst = env.insns.dst[insnIdx]!;
  try {
    const branch = pushPath(env, insnIdx + 1, insnIdx, true);
    if (ptr !== to) m.copyReg(m.reg(branch.frame, dst), ptr);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const message = `R${dst} could not be pushed for speculative verification, ${PROHIBITED}`;
    env.reject(ERRNO.ENOMEM, "V_TOO_COMPLEX", message);
  }
}

/** After it has moved: the window is what both ends allow. */
export function sanitizeResult(env: VerifierEnv, op: number, to: Reg, offset: Reg, window: Window): void {
  if (skips(env) || env.state.speculative) return;
  const limit = pointerLimit(env, op, to, offset, to, window.toLeft);
  update(env, op, window.state, Math.abs(window.limit - limit));
}

/** The pointer that comes out must point into its object (sanitize_check_bounds). */
export function checkResultBounds(env: VerifierEnv, to: Reg, dst: number): void {
  const { m } = env;
  switch (m.type(to)) {
    case L.PTR_TO_STACK:
      checkStackPointer(env, to, dst);
      return;
    case L.PTR_TO_MAP_VALUE:
      try {
        checkMapAccess(env, dst, m.off(to), 1, false, ACCESS_HELPER);
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
        const message = `R${dst} pointer arithmetic of map value goes out of range, prohibited for !root`;
        env.reject(ERRNO.EACCES, "V_POINTER_ARITHMETIC", message, { reg: dst });
      }
      return;
    default:
      return;
  }
}

function checkStackPointer(env: VerifierEnv, reg: Reg, dst: number): void {
  const { m } = env;
  const off = m.off(reg) + m.get(reg, L.REG_VALUE);
  if (!m.isConst(reg)) {
    const message = `R${dst} variable stack access prohibited for !root, var_off=${bitsText(m, reg)} off=${off}`;
    env.reject(ERRNO.EACCES, "V_STACK_VARIABLE", message, { reg: dst, off });
  }
  if (off >= 0 || off < -MAX_STACK) {
    const message = `R${dst} stack pointer arithmetic goes out of range, prohibited for !root; off=${off}`;
    env.reject(ERRNO.EACCES, "V_STACK_BOUNDS", message, { reg: dst, off });
  }
}
