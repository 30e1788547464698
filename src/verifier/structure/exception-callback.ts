import type { Btf } from "../../btf/index.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

const TAG = "exception_callback:";

/** Texts behind a prefix in the declaration tags of a type itself. */
export function declTagValues(btf: Btf, id: number, component: number, prefix: string): string[] {
  const out: string[] = [];
  const first = btf.base?.count ?? 1;
  for (let i = first; i < btf.count; i++) {
    if (btf.kindOf(i) !== "decl_tag" || !btf.nameOf(i).startsWith(prefix)) continue;
    const tag = btf.type(i);
    if (tag.kind !== "decl_tag" || tag.type !== id || tag.component !== component || tag.attribute) continue;
    out.push(tag.name.slice(prefix.length));
  }
  return out;
}

function refuse(env: VerifierEnv, errno: number, message: string): never {
  env.reject(errno, "V_EXCEPTION", message);
}

/** First instruction of the function that the main program names as its exception callback, 0 = none (bpf_find_exception_callback_insn_off). */
export function findExceptionCallback(env: VerifierEnv): number {
  const main = env.funcInfo[0];
  const btf = env.btfs[1];
  if (main === undefined || btf === null || btf === undefined) return 0;
  const names = declTagValues(btf, main.typeId, -1, TAG);
  if (names.length === 0) return 0;
  if (names.length > 1) refuse(env, ERRNO.EEXIST, "multiple exception callback tags for main subprog");
  const name = names[0]!;
  const id = btf.find(name, "func")[0];
  if (id === undefined) refuse(env, ERRNO.ENOENT, `exception callback '${name}' could not be found in BTF`);
  const func = btf.type(id);
  if (func.kind !== "func" || func.linkage !== "global") {
    refuse(env, ERRNO.EINVAL, `exception callback '${name}' must have global linkage`);
  }
  let start = -1;
  for (const info of env.funcInfo) if (info.typeId === id) start = info.insn;
  if (start < 0) refuse(env, ERRNO.EINVAL, "exception callback type id not found in func_info");
  if (start === 0) refuse(env, ERRNO.EINVAL, "invalid exception callback insn_off in func_info: 0");
  return start;
}
