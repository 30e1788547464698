import { PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { CtxAccess } from "./context.ts";

/** Types whose context is an array of arguments that BTF describes. */
export function hasBtfContext(type: number): boolean {
  return (
    type === PROG_TYPE.BPF_PROG_TYPE_TRACING ||
    type === PROG_TYPE.BPF_PROG_TYPE_LSM ||
    type === PROG_TYPE.BPF_PROG_TYPE_STRUCT_OPS
  );
}

/** A load of an argument of the function that the program attaches to (btf_ctx_access); null where there is none such. */
export function btfContextAccess(_env: VerifierEnv, _off: number, _size: number, _access: number): CtxAccess | null {
  return null;
}
