import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkBounds, checkRead, checkWrite } from "../explore/registers.ts";
import * as I from "../insns.ts";
import { checkMemAccess } from "./access.ts";
import { BPF_READ, BPF_WRITE } from "./kinds.ts";

/** Bytes of an access by the opcode's size bits (BPF_W, BPF_H, BPF_B, BPF_DW) >> 3. */
const SIZES = [4, 2, 1, 8] as const;

export function accessBytes(code: number): number {
  return SIZES[(code >> 3) & 3]!;
}

/** A load at `env.insnIdx` (check_load_mem); `context` names it where ranges contradict each other. */
export function checkLoad(
  env: VerifierEnv,
  strictOnce: boolean,
  isLdsx: boolean,
  allowTrustMismatch: boolean,
  context: string,
): void {
  const { insns, insnIdx, m } = env;
  const src = insns.src[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  checkRead(env, src);
  checkWrite(env, dst, false);
  const type = m.type(env.reg(src));
  const bytes = accessBytes(insns.code[insnIdx]!);
  checkMemAccess(env, insnIdx, src, insns.off[insnIdx]!, bytes, BPF_READ, dst, strictOnce, isLdsx);
  savePointerType(env, type, allowTrustMismatch);
  checkBounds(env, env.reg(dst), context);
}

/** A store of a register at `env.insnIdx` (check_store_reg). */
export function checkStore(env: VerifierEnv, strictOnce: boolean): void {
  const { insns, insnIdx, m } = env;
  const src = insns.src[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  checkRead(env, src);
  checkRead(env, dst);
  const type = m.type(env.reg(dst));
  const bytes = accessBytes(insns.code[insnIdx]!);
  checkMemAccess(env, insnIdx, dst, insns.off[insnIdx]!, bytes, BPF_WRITE, src, strictOnce, false);
  savePointerType(env, type, false);
}

/** A store of an immediate at `env.insnIdx`. */
export function checkStoreImmediate(env: VerifierEnv): void {
  const { insns, insnIdx, m } = env;
  const code = insns.code[insnIdx]!;
  const dst = insns.dst[insnIdx]!;
  if ((code & 0xe0) !== I.BPF_MEM || insns.src[insnIdx] !== 0) {
    env.reject(ERRNO.EINVAL, "V_RESERVED_FIELD", "BPF_ST uses reserved fields");
  }
  checkRead(env, dst);
  const type = m.type(env.reg(dst));
  checkMemAccess(env, insnIdx, dst, insns.off[insnIdx]!, accessBytes(code), BPF_WRITE, -1, false, false);
  savePointerType(env, type, false);
}

/** Pointers for whose accesses the kernel makes other code than a plain load or store. */
const REWRITTEN: ReadonlySet<number> = new Set([
  L.PTR_TO_CTX,
  L.PTR_TO_SOCKET,
  L.PTR_TO_SOCK_COMMON,
  L.PTR_TO_TCP_SOCK,
  L.PTR_TO_XDP_SOCK,
  L.PTR_TO_BTF_ID,
  L.PTR_TO_ARENA,
]);

/** All paths must come to one instruction with pointers that one code serves (save_aux_ptr_type). */
export function savePointerType(env: VerifierEnv, type: number, allowTrustMismatch: boolean): void {
  const aux = env.aux[env.insnIdx]!;
  const before = aux.ptrType;
  if (before === type) return;
  if (before === L.NOT_INIT) {
    aux.ptrType = type;
    return;
  }
  const base = type & L.TYPE_BASE_MASK;
  const baseBefore = before & L.TYPE_BASE_MASK;
  if (!REWRITTEN.has(base) && !REWRITTEN.has(baseBefore)) return;
  const mixed = allowTrustMismatch && isMemoryOrObject(base) && isMemoryOrObject(baseBefore);
  if (!mixed) {
    const message = "same insn cannot be used with different pointers";
    env.reject(ERRNO.EINVAL, "V_ARG_TYPE", message, { insn: env.insnIdx });
  }
  const merged = base === L.PTR_TO_MEM || baseBefore === L.PTR_TO_MEM ? L.PTR_TO_MEM : L.PTR_TO_BTF_ID;
  aux.ptrType = merged | ((type | before) & (L.PTR_UNTRUSTED | L.MEM_RDONLY));
}

function isMemoryOrObject(base: number): boolean {
  return base === L.PTR_TO_MEM || base === L.PTR_TO_BTF_ID;
}
