import type { VerifierEnv } from "../env.ts";
import type { MemoryMeta } from "./meta.ts";

export type { MemoryMeta } from "./meta.ts";

/** Memory of `accessSize` bytes behind a register is handed to a helper (check_helper_mem_access). */
export function checkHelperMemAccess(
  _env: VerifierEnv,
  _regno: number,
  _accessSize: number,
  _access: number,
  _zeroSizeAllowed: boolean,
  _meta: MemoryMeta | null,
): void {
  throw new Error("not there yet");
}

/** As many bytes as register `regno` says, behind the register before it (check_mem_size_reg). */
export function checkMemSizeReg(
  _env: VerifierEnv,
  _regno: number,
  _access: number,
  _zeroSizeAllowed: boolean,
  _meta: MemoryMeta,
): void {
  throw new Error("not there yet");
}

/** Readable and writable memory of a known size (check_mem_reg). */
export function checkMemReg(_env: VerifierEnv, _regno: number, _memSize: number): void {
  throw new Error("not there yet");
}
