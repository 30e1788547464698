import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

/** What is refused of calls of kernel functions before and after the walk, for what the instruction names. */

const METADATA = "bpf_xdp_metadata_";

/** Functions of network drivers are only for programs loaded for a device, which the simulator has none of (bpf_dev_bound_kfunc_check). */
export function checkDeviceBound(env: VerifierEnv, name: string): void {
  if (!name.startsWith(METADATA)) return;
  env.reject(ERRNO.EINVAL, "V_KFUNC_NOT_ALLOWED", "metadata kfuncs require device-bound program", { name });
}

/** Calls that no loader resolved (`imm` 0) and that a path reaches are refused after the walk (fixup_kfunc_call). */
export function checkUnresolvedKfuncs(env: VerifierEnv): void {
  const { insns } = env;
  for (let i = 0; i < insns.count; i++) {
    if (insns.isLdImm64(i)) i++;
    else if (insns.isKfuncCall(i) && insns.imm[i] === 0 && env.aux[i]!.seen !== 0) {
      env.insnIdx = i;
      const message = "invalid kernel function call not eliminated in verifier pass";
      env.reject(ERRNO.EINVAL, "V_UNKNOWN_KFUNC", message, { insn: i });
    }
  }
}
