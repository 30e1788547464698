import { type Btf, resolveId } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import type { VerifierEnv } from "../env.ts";
import { inRcuSection } from "../kfuncs/meta.ts";
import type { Reg } from "../memory.ts";

/*
 * Which pointers of a trusted object may be trusted themselves. The kernel's BTF says it: for `struct task_struct` there is a made-up
 * `struct task_struct__safe_rcu` whose members are those that an RCU read section keeps alive, and so on for the other suffixes.
 * Every other pointer that a program finds by walking may dangle: it can be read, not passed to the kernel.
 */

/** Flags that make a register trusted (BPF_REG_TRUSTED_MODIFIERS). */
export const TRUSTED_MODIFIERS = L.MEM_ALLOC | L.PTR_TRUSTED | L.NON_OWN_REF;
const FLAGS = ~L.TYPE_BASE_MASK;

/** Whether the register has flags that no trusted one has (bpf_type_has_unsafe_modifiers). */
export function hasUnsafeModifiers(type: number): boolean {
  return (type & FLAGS & ~TRUSTED_MODIFIERS) !== 0;
}

/** Whether the kernel may rely on the object behind the register (is_trusted_reg). */
export function isTrustedReg(env: VerifierEnv, reg: Reg): boolean {
  const { m } = env;
  if (m.ref(reg) !== 0) return true;
  const type = m.type(reg);
  const base = type & L.TYPE_BASE_MASK;
  const isSocket = base === L.PTR_TO_SOCKET || base === L.PTR_TO_SOCK_COMMON || base === L.PTR_TO_TCP_SOCK;
  if (isSocket && !hasUnsafeModifiers(type)) return true;
  if (base === L.CONST_PTR_TO_MAP && !hasUnsafeModifiers(type)) return true;
  return (type & TRUSTED_MODIFIERS) !== 0 && !hasUnsafeModifiers(type);
}

/** Whether the made-up structure of that suffix lists the member (btf_nested_type_is_trusted). */
function isListed(btf: Btf, structId: number, suffix: string, member: string, targetId: number): boolean {
  const kind = btf.kindOf(structId);
  const safeId = btf.find(btf.nameOf(structId) + suffix).find((id) => btf.kindOf(id) === kind);
  if (safeId === undefined) return false;
  const safe = btf.type(safeId);
  if (safe.kind !== "struct" && safe.kind !== "union") return false;
  return safe.members.some(({ name, type }) => {
    const pointer = type === 0 ? null : btf.type(type);
    return name === member && pointer?.kind === "ptr" && resolveId(btf, pointer.type) === targetId;
  });
}

/** Flags of the pointer that a load through `reg` gives: to `targetId`, from that member, with what the walk found out. */
export function loadedPointerFlags(
  env: VerifierEnv,
  reg: Reg,
  member: string,
  targetId: number,
  walkFlags: number,
): number {
  const { m } = env;
  const type = m.type(reg);
  const plain = walkFlags & ~(TRUSTED_MODIFIERS | L.MEM_RCU);
  if ((type & L.PTR_UNTRUSTED) !== 0) return L.PTR_UNTRUSTED;
  if (!isTrustedReg(env, reg) && (type & L.MEM_RCU) === 0) return plain;
  const btf = env.btf(m.get(reg, L.REG_A));
  const structId = m.get(reg, L.REG_B);
  const listed = (suffix: string): boolean => isListed(btf, structId, suffix, member, targetId);
  if (listed("__safe_trusted")) return walkFlags | L.PTR_TRUSTED;
  if (listed("__safe_trusted_or_null")) return walkFlags | L.PTR_TRUSTED | L.PTR_MAYBE_NULL;
  if (!inRcuSection(env) || (type & L.PTR_MAYBE_NULL) !== 0) return L.PTR_UNTRUSTED;
  if (listed("__safe_rcu")) return walkFlags | L.MEM_RCU;
  const rcuOrNull = listed("__safe_rcu_or_null");
  if (rcuOrNull || (walkFlags & L.MEM_RCU) !== 0) {
    const flags = walkFlags | L.MEM_RCU | L.PTR_MAYBE_NULL;
    return rcuOrNull ? flags & ~L.PTR_UNTRUSTED : flags;
  }
  return (walkFlags & (L.MEM_PERCPU | L.MEM_USER)) !== 0 ? walkFlags : plain;
}
