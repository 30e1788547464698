import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { checkFuncInfo, readFuncInfo } from "./func-info.ts";
import { readLineInfo } from "./line-info.ts";
import { checkAbnormalReturn } from "./records.ts";
import { prepareRecords } from "./special-fields.ts";

function hasInfo(env: VerifierEnv): boolean {
  const { funcInfo, lineInfo } = env.input;
  return (funcInfo?.length ?? 0) > 0 || (lineInfo?.length ?? 0) > 0;
}

/** Checks func_info before functions are known (check_btf_info_early). A program without either kind of info counts as one without BTF. */
export function checkBtfInfoEarly(env: VerifierEnv): void {
  if (!hasInfo(env)) env.btfs[1] = null;
  const btf = env.btfs[1] ?? null;
  prepareRecords(btf, env.btfs[0] ?? null);
  if (!hasInfo(env)) return;
  if (btf === null) env.reject(ERRNO.EINVAL, "V_FUNC_INFO", "");
  readFuncInfo(env, btf);
}

/** Checks func_info and line_info against the program (check_btf_info). */
export function checkBtfInfo(env: VerifierEnv): void {
  if (hasInfo(env)) {
    checkFuncInfo(env);
    readLineInfo(env, env.btf(1));
  } else checkAbnormalReturn(env);
}
