import type { VerifierEnv } from "../env.ts";

/** Values of enum bpf_access_type. */
export const BPF_READ = 1;
export const BPF_WRITE = 2;

/** A load or store of `bytes` at register + `off` (check_mem_access); `valueRegno` -1: the value is no register. */
export function checkMemAccess(
  _env: VerifierEnv,
  _insnIdx: number,
  _regno: number,
  _off: number,
  _bytes: number,
  _access: number,
  _valueRegno: number,
  _strictOnce: boolean,
  _isLdsx: boolean,
): void {
  throw new Error("not there yet");
}
