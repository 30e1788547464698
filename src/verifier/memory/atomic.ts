import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { accessBytes, checkLoad, checkStoreReg, saveAuxPtrType } from "../explore/accesses.ts";
import { checkRead, checkWrite, isPointerValue } from "../explore/registers.ts";
import * as I from "../insns.ts";
import { regTypeText } from "../log/type-text.ts";
import { checkMemAccess } from "./access.ts";
import { BPF_READ, BPF_WRITE } from "./kinds.ts";

import { isPacketPointer } from "./packet.ts";

/** Operations that read, change and write. */
const READ_MODIFY_WRITE: ReadonlySet<number> = new Set([
  I.BPF_ADD,
  I.BPF_ADD | I.BPF_FETCH,
  I.BPF_AND,
  I.BPF_AND | I.BPF_FETCH,
  I.BPF_OR,
  I.BPF_OR | I.BPF_FETCH,
  I.BPF_XOR,
  I.BPF_XOR | I.BPF_FETCH,
  I.BPF_XCHG,
  I.BPF_CMPXCHG,
]);
/** Of these, the ones that x86-64's compiler turns into loops, which cannot recover from a fault in an arena. */
const LOOPS: ReadonlySet<number> = new Set([I.BPF_AND | I.BPF_FETCH, I.BPF_OR | I.BPF_FETCH, I.BPF_XOR | I.BPF_FETCH]);

/** An atomic instruction at `env.insnIdx` (check_atomic). */
export function checkAtomic(env: VerifierEnv): void {
  const op = env.insns.imm[env.insnIdx]!;
  if (READ_MODIFY_WRITE.has(op)) checkReadModifyWrite(env, op);
  else if (op === I.BPF_LOAD_ACQ) checkAcquire(env);
  else if (op === I.BPF_STORE_REL) checkRelease(env);
  else {
    const text = (op >>> 0).toString(16).padStart(2, "0");
    env.reject(ERRNO.EINVAL, "V_ATOMIC", `BPF_ATOMIC uses invalid atomic opcode ${text}`, { op });
  }
}

/** Whether memory behind such a pointer can be changed atomically (atomic_ptr_type_ok). */
function allowsAtomics(type: number, op: number): boolean {
  switch (type) {
    case L.PTR_TO_CTX:
    case L.PTR_TO_FLOW_KEYS:
    case L.PTR_TO_SOCKET:
    case L.PTR_TO_SOCK_COMMON:
    case L.PTR_TO_TCP_SOCK:
    case L.PTR_TO_XDP_SOCK:
      return false;
    case L.PTR_TO_ARENA:
      return !LOOPS.has(op);
    default:
      return !isPacketPointer(type);
  }
}

function refusePointer(env: VerifierEnv, verb: string, n: number): never {
  const type = regTypeText(env.m.type(env.reg(n)));
  const message = `BPF_ATOMIC ${verb} R${n} ${type} is not allowed`;
  return env.reject(ERRNO.EACCES, "V_ATOMIC", message, { reg: n, type });
}

function refuseLeak(env: VerifierEnv, n: number): void {
  if (!isPointerValue(env, n)) return;
  env.reject(ERRNO.EACCES, "V_POINTER_LEAK", `R${n} leaks addr into mem`, { reg: n });
}

function checkReadModifyWrite(env: VerifierEnv, op: number): void {
  const { insns, insnIdx, m } = env;
  const bytes = accessBytes(insns.code[insnIdx]!);
  if (bytes < 4) env.reject(ERRNO.EINVAL, "V_ATOMIC", "invalid atomic operand size", { size: bytes });
  const src = insns.src[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  checkRead(env, src);
  checkRead(env, dst);
  if (op === I.BPF_CMPXCHG) {
    checkRead(env, 0);
    refuseLeak(env, 0);
  }
  refuseLeak(env, src);
  const type = m.type(env.reg(dst));
  if (!allowsAtomics(type, op)) refusePointer(env, "stores into", dst);
  const loaded = (op & I.BPF_FETCH) === 0 ? -1 : op === I.BPF_CMPXCHG ? 0 : src;
  if (loaded >= 0) checkWrite(env, loaded);
  const off = insns.off[insnIdx]!;
  checkMemAccess(env, insnIdx, dst, off, bytes, BPF_READ, -1, true, false);
  if (loaded >= 0) checkMemAccess(env, insnIdx, dst, off, bytes, BPF_READ, loaded, true, false);
  if (m.type(env.reg(dst)) === L.PTR_TO_ARENA) saveAuxPtrType(env, L.PTR_TO_ARENA, false);
  checkMemAccess(env, insnIdx, dst, off, bytes, BPF_WRITE, -1, true, false);
}

function checkAcquire(env: VerifierEnv): void {
  checkLoad(env, true, false, false, "atomic_load");
  const src = env.insns.src[env.insnIdx]!;
  if (!allowsAtomics(env.m.type(env.reg(src)), I.BPF_LOAD_ACQ)) refusePointer(env, "loads from", src);
}

function checkRelease(env: VerifierEnv): void {
  checkStoreReg(env, true);
  const dst = env.insns.dst[env.insnIdx]!;
  if (!allowsAtomics(env.m.type(env.reg(dst)), I.BPF_STORE_REL)) refusePointer(env, "stores into", dst);
}
