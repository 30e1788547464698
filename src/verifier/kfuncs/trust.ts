import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";
import { standsFor } from "./arg-kinds.ts";
import type { KfuncMeta } from "./meta.ts";

/** Flags of trusted pointers; any other makes a pointer unsafe to pass on (BPF_REG_TRUSTED_MODIFIERS). */
export const TRUSTED_FLAGS = L.MEM_ALLOC | L.PTR_TRUSTED | L.NON_OWN_REF;

/** Whether a type carries flags that trusted pointers do not have (bpf_type_has_unsafe_modifiers). */
export function isUnsafe(type: number): boolean {
  return (type & ~L.TYPE_BASE_MASK & ~TRUSTED_FLAGS) !== 0;
}

function isTrusted(env: VerifierEnv, reg: Reg): boolean {
  const type = env.m.type(reg);
  if (env.m.ref(reg) !== 0) return true;
  return !isUnsafe(type) && (standsFor(type) !== "" || (type & TRUSTED_FLAGS) !== 0);
}

/** Objects must be safe to use for as long as the function runs: referenced, trusted, or where that will do under RCU. */
export function checkTrust(env: VerifierEnv, meta: KfuncMeta, regno: number): void {
  if (!meta.wantsTrusted && !meta.takesRcu) return;
  const reg = env.reg(regno);
  if (isTrusted(env, reg)) return;
  if (!meta.takesRcu) {
    env.reject(ERRNO.EINVAL, "V_UNTRUSTED", `R${regno} must be referenced or trusted`, { reg: regno });
  }
  if ((env.m.type(reg) & L.MEM_RCU) === 0) {
    env.reject(ERRNO.EINVAL, "V_RCU", `R${regno} must be a rcu pointer`, { reg: regno });
  }
}
