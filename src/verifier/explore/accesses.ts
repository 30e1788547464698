import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import * as I from "../insns.ts";
import { BPF_READ, BPF_WRITE, checkMemAccess } from "../memory/access.ts";
import { checkBounds, checkRead, checkWrite } from "./registers.ts";

/** Bytes of an access, by the size bits of the opcode >> 3. */
const SIZE_BYTES = new Uint8Array([4, 2, 1, 8]);

/** Bytes that a load, store or atomic instruction goes for. */
export function accessBytes(code: number): number {
  return SIZE_BYTES[(code >> 3) & 3]!;
}

/** Types whose loads and stores are rewritten: one instruction cannot serve two of them. */
const OWN_CODE = new Uint8Array(256);
for (const type of [
  L.PTR_TO_CTX,
  L.PTR_TO_SOCKET,
  L.PTR_TO_SOCK_COMMON,
  L.PTR_TO_TCP_SOCK,
  L.PTR_TO_XDP_SOCK,
  L.PTR_TO_BTF_ID,
  L.PTR_TO_ARENA,
]) {
  // biome-ignore format: a list
  OWN_CODE[type] = 1;
}

function isMemoryOrObject(type: number): boolean {
  const base = type & L.TYPE_BASE_MASK;
  return base === L.PTR_TO_MEM || base === L.PTR_TO_BTF_ID;
}

/** Remembers the type of pointer that the instruction goes through, and refuses another (save_aux_ptr_type). */
export function saveAuxPtrType(env: VerifierEnv, type: number, allowTrustMismatch: boolean): void {
  const aux = env.aux[env.insnIdx]!;
  const before = aux.ptrType;
  if (before === type) return;
  if (before === L.NOT_INIT) {
    aux.ptrType = type;
    return;
  }
  if (OWN_CODE[type & L.TYPE_BASE_MASK] === 0 && OWN_CODE[before & L.TYPE_BASE_MASK] === 0) return;
  if (!allowTrustMismatch || !isMemoryOrObject(type) || !isMemoryOrObject(before)) {
    env.reject(ERRNO.EINVAL, "V_BTF_ACCESS", "same insn cannot be used with different pointers");
  }
  const isMemory = (type & L.TYPE_BASE_MASK) === L.PTR_TO_MEM || (before & L.TYPE_BASE_MASK) === L.PTR_TO_MEM;
  aux.ptrType = (isMemory ? L.PTR_TO_MEM : L.PTR_TO_BTF_ID) | ((type | before) & (L.PTR_UNTRUSTED | L.MEM_RDONLY));
}

/** A load at `env.insnIdx` (check_load_mem); `where` names it should its result contradict itself. */
export function checkLoad(
  env: VerifierEnv,
  strictOnce: boolean,
  isLdsx: boolean,
  allowTrustMismatch: boolean,
  where: string,
): void {
  const { insns, insnIdx, m } = env;
  const dst = insns.dst[insnIdx]!;
  const src = insns.src[insnIdx]!;
  checkRead(env, src);
  checkWrite(env, dst, false);
  const type = m.type(env.reg(src));
  const bytes = accessBytes(insns.code[insnIdx]!);
  checkMemAccess(env, insnIdx, src, insns.off[insnIdx]!, bytes, BPF_READ, dst, strictOnce, isLdsx);
  saveAuxPtrType(env, type, allowTrustMismatch);
  if (m.ops.bounds_sane(env.reg(dst)) === 0) checkBounds(env, env.reg(dst), where);
}

/** A store of a register at `env.insnIdx` (check_store_reg). */
export function checkStoreReg(env: VerifierEnv, strictOnce: boolean): void {
  const { insns, insnIdx, m } = env;
  const dst = insns.dst[insnIdx]!;
  const src = insns.src[insnIdx]!;
  checkRead(env, src);
  checkRead(env, dst);
  const type = m.type(env.reg(dst));
  const bytes = accessBytes(insns.code[insnIdx]!);
  checkMemAccess(env, insnIdx, dst, insns.off[insnIdx]!, bytes, BPF_WRITE, src, strictOnce, false);
  saveAuxPtrType(env, type, false);
}

/** A store of a constant at `env.insnIdx`. */
export function checkStoreImm(env: VerifierEnv): void {
  const { insns, insnIdx, m } = env;
  const code = insns.code[insnIdx]!;
  if ((code & 0xe0) !== I.BPF_MEM || insns.src[insnIdx] !== 0) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_ST uses reserved fields");
  }
  const dst = insns.dst[insnIdx]!;
  checkRead(env, dst);
  const type = m.type(env.reg(dst));
  checkMemAccess(env, insnIdx, dst, insns.off[insnIdx]!, accessBytes(code), BPF_WRITE, -1, false, false);
  saveAuxPtrType(env, type, false);
}
