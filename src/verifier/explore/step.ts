import { ERRNO } from "../../uapi/index.ts";
import { checkHelperCall } from "../calls/helper.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import { checkKfuncCall } from "../kfuncs/call.ts";
import { checkAlu } from "../memory/alu.ts";
import { checkAtomic } from "../memory/atomic.ts";
import { checkReturnCode } from "../programs/return-code.ts";
import { checkLoad, checkStoreImm, checkStoreReg } from "./accesses.ts";
import { checkBranch } from "./branches.ts";
import { kfuncName } from "./callback-kind.ts";
import { checkFuncCall, prepareFuncExit } from "./calls.ts";
import { checkLoadAbs, checkLoadImm } from "./constants.ts";
import { allowedInLock } from "./lock-calls.ts";
import { checkResourceLeak } from "./refs.ts";

/** What processing an instruction came to. */
export const GO_ON = 0;
/** The program, or what runs in its place, returns: the path ends. */
export const PATH_ENDS = 1;
/** A function returned to its caller: the log shows the state in full. */
export const RETURNED = 2;

/** The function at hand returns, or all do at once by an exception (process_bpf_exit_full). */
function exit(env: VerifierEnv, exception: boolean): number {
  const nested = env.state.curframe > 0;
  const what = exception ? "bpf_throw" : "BPF_EXIT instruction in main prog";
  checkResourceLeak(env, exception, exception || !nested, what);
  if (exception) return PATH_ENDS;
  if (nested) {
    prepareFuncExit(env);
    return RETURNED;
  }
  checkReturnCode(env, 0, "R0");
  return PATH_ENDS;
}

function call(env: VerifierEnv): number {
  const { insns, insnIdx } = env;
  const src = insns.src[insnIdx]!;
  const isKfunc = src === I.BPF_PSEUDO_KFUNC_CALL;
  if (
    insns.code[insnIdx] !== (I.BPF_JMP | I.BPF_CALL) ||
    (!isKfunc && insns.off[insnIdx] !== 0) ||
    src > I.BPF_PSEUDO_KFUNC_CALL ||
    insns.dst[insnIdx] !== 0
  ) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_CALL uses reserved fields");
  }
  if (env.state.activeLocks > 0 && !allowedInLock(env, insnIdx)) {
    env.reject(ERRNO.EINVAL, "V_LOCK", "function calls are not allowed while holding a lock");
  }
  if (src === I.BPF_PSEUDO_CALL) checkFuncCall(env);
  else if (isKfunc) {
    checkKfuncCall(env, insnIdx);
    if (kfuncName(env, insnIdx) === "bpf_throw") return exit(env, true);
  } else checkHelperCall(env, insnIdx);
  env.scratchReg(0);
  env.insnIdx++;
  return GO_ON;
}

function jump(env: VerifierEnv): number {
  const { insns, insnIdx } = env;
  const code = insns.code[insnIdx]!;
  env.jmpsProcessed++;
  switch (code & 0xf0) {
    case I.BPF_CALL:
      return call(env);
    case I.BPF_JA: {
      const isLong = (code & 7) === I.BPF_JMP32;
      if (
        (code & I.BPF_X) !== 0 ||
        insns.src[insnIdx] !== 0 ||
        insns.dst[insnIdx] !== 0 ||
        (isLong ? insns.off[insnIdx] !== 0 : insns.imm[insnIdx] !== 0)
      ) {
        env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_JA uses reserved fields");
      }
      env.insnIdx += (isLong ? insns.imm[insnIdx]! : insns.off[insnIdx]!) + 1;
      return GO_ON;
    }
    case I.BPF_EXIT:
      if (
        code !== (I.BPF_JMP | I.BPF_EXIT) ||
        insns.imm[insnIdx] !== 0 ||
        insns.src[insnIdx] !== 0 ||
        insns.dst[insnIdx] !== 0
      ) {
        env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_EXIT uses reserved fields");
      }
      return exit(env, false);
    default:
      checkBranch(env);
      env.insnIdx++;
      return GO_ON;
  }
}

function load64(env: VerifierEnv): void {
  const mode = env.insns.code[env.insnIdx]! & 0xe0;
  if (mode === I.BPF_ABS || mode === I.BPF_IND) {
    checkLoadAbs(env);
  } else if (mode === I.BPF_IMM) {
    checkLoadImm(env);
    env.insnIdx++;
    markSeen(env);
  } else {
    env.reject(ERRNO.EINVAL, "V_BAD_OPCODE", "invalid BPF_LD mode");
  }
}

/** The slot is reached by a real path (sanitize_mark_insn_seen). */
export function markSeen(env: VerifierEnv): void {
  if (!env.state.speculative) env.aux[env.insnIdx]!.seen = env.passCount;
}

/** Processes the instruction at `env.insnIdx` and moves on (do_check_insn). */
export function step(env: VerifierEnv): number {
  const { insns, insnIdx } = env;
  const code = insns.code[insnIdx]!;
  switch (code & 7) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
      checkAlu(env);
      break;
    case I.BPF_LDX:
      checkLoad(env, false, (code & 0xe0) === I.BPF_MEMSX, true, "ldx");
      break;
    case I.BPF_STX:
      if ((code & 0xe0) === I.BPF_ATOMIC) {
        checkAtomic(env);
      } else {
        if ((code & 0xe0) !== I.BPF_MEM || insns.imm[insnIdx] !== 0) {
          env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_STX uses reserved fields");
        }
        checkStoreReg(env, false);
      }
      break;
    case I.BPF_ST:
      checkStoreImm(env);
      break;
    case I.BPF_JMP:
    case I.BPF_JMP32:
      return jump(env);
    default:
      load64(env);
  }
  env.insnIdx++;
  return GO_ON;
}
