import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkPtrOffReg } from "../memory/offsets.ts";
import type { Reg } from "../memory.ts";
import { ARG_PTR_TO_DYNPTR } from "./arg-types.ts";

/** Pointers whose offset is checked with the memory behind them. */
const ANY_OFFSET: ReadonlySet<number> = new Set([
  L.PTR_TO_STACK,
  L.PTR_TO_PACKET,
  L.PTR_TO_PACKET_META,
  L.PTR_TO_MAP_KEY,
  L.PTR_TO_MAP_VALUE,
  L.PTR_TO_MEM,
  L.PTR_TO_MEM | L.MEM_RDONLY,
  L.PTR_TO_MEM | L.MEM_RINGBUF,
  L.PTR_TO_BUF,
  L.PTR_TO_BUF | L.MEM_RDONLY,
  L.PTR_TO_ARENA,
  L.SCALAR_VALUE,
]);
/** Objects that may be passed by a pointer to one of their members, at an offset that is known. */
const FIXED_OFFSET: ReadonlySet<number> = new Set([
  L.PTR_TO_BTF_ID,
  L.PTR_TO_BTF_ID | L.MEM_ALLOC,
  L.PTR_TO_BTF_ID | L.PTR_TRUSTED,
  L.PTR_TO_BTF_ID | L.MEM_RCU,
  L.PTR_TO_BTF_ID | L.MEM_ALLOC | L.NON_OWN_REF,
  L.PTR_TO_BTF_ID | L.MEM_ALLOC | L.NON_OWN_REF | L.MEM_RCU,
]);

/** Which offsets a pointer may carry as an argument of this type (check_func_arg_reg_off). Kernel functions share it. */
export function checkArgOffset(env: VerifierEnv, reg: Reg, regno: number, argType: number): void {
  const type = env.m.type(reg);
  if (argType & L.OBJ_RELEASE) {
    // What is released lies behind the dynptr, wherever that is on the stack.
    if ((argType & L.TYPE_BASE_MASK) === ARG_PTR_TO_DYNPTR && type === L.PTR_TO_STACK) return;
    if (env.m.off(reg) !== 0) {
      const message = `R${regno} must have zero offset when passed to release func or trusted arg to kfunc`;
      env.reject(ERRNO.EINVAL, "V_REFERENCE_MISUSE", message, { reg: regno, off: env.m.off(reg) });
    }
    checkPtrOffReg(env, reg, regno, false);
  } else if (!ANY_OFFSET.has(type)) checkPtrOffReg(env, reg, regno, FIXED_OFFSET.has(type));
}
