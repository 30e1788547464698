import type { VerifierEnv } from "../env.ts";

/** What a load from the context gives (struct bpf_insn_access_aux). */
export interface CtxAccess {
  /** Register type of the value. */
  readonly type: number;
  /** Bytes of the field that a narrow load takes a part of. */
  readonly fieldSize: number;
  /** Of a BTF object: its BTF in the environment, its type id. */
  readonly btf: number;
  readonly btfId: number;
  /** Reference held by an argument. */
  readonly refId: number;
  /** The value is the return value of an LSM hook's attach point. */
  readonly isRetval: boolean;
}

/** A load or store of context (check_ctx_access). */
export function checkCtxAccess(
  _env: VerifierEnv,
  _insnIdx: number,
  _off: number,
  _size: number,
  _access: number,
  _isLdsx: boolean,
): CtxAccess {
  throw new Error("not there yet");
}
