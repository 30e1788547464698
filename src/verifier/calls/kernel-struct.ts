import type { Btf } from "../../btf/index.ts";
import type { VerifierEnv } from "../env.ts";

/** Type ids of kernel structures by name, for each BTF asked so far. */
const FOUND = new WeakMap<Btf, Map<string, number>>();

/** Type id of `struct NAME` in the kernel's BTF; 0 where there is no such BTF or structure. */
export function kernelStruct(env: VerifierEnv, name: string): number {
  const btf = env.btfs[0];
  if (btf === null || btf === undefined) return 0;
  let ids = FOUND.get(btf);
  if (ids === undefined) FOUND.set(btf, (ids = new Map()));
  let id = ids.get(name);
  if (id === undefined) ids.set(name, (id = btf.find(name, "struct")[0] ?? 0));
  return id;
}
