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

const SUFFIXES = ["__safe_trusted", "__safe_trusted_or_null", "__safe_rcu", "__safe_rcu_or_null"] as const;
type Suffix = (typeof SUFFIXES)[number];

/** Members that a structure's made-up companions list, by suffix: `name` and the type pointed at. */
type Companions = ReadonlyMap<Suffix, readonly { readonly name: string; readonly target: number }[]>;
const companions = new WeakMap<Btf, Map<number, Companions>>();

function companionsOf(btf: Btf, structId: number): Companions {
  let known = companions.get(btf);
  if (known === undefined) companions.set(btf, (known = new Map()));
  let found = known.get(structId);
  if (found === undefined) {
    found = new Map(SUFFIXES.map((suffix) => [suffix, companionMembers(btf, structId, suffix)]));
    known.set(structId, found);
  }
  return found;
}

function companionMembers(btf: Btf, structId: number, suffix: Suffix): { name: string; target: number }[] {
  const kind = btf.kindOf(structId);
  const id = btf.find(btf.nameOf(structId) + suffix).find((one) => btf.kindOf(one) === kind);
  const companion = id === undefined ? null : btf.type(id);
  if (companion?.kind !== "struct" && companion?.kind !== "union") return [];
  return companion.members.flatMap(({ name, type }) => {
    const pointer = type === 0 ? null : btf.type(type);
    return pointer?.kind === "ptr" ? [{ name, target: resolveId(btf, pointer.type) }] : [];
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
  const known = companionsOf(env.btf(m.get(reg, L.REG_A)), m.get(reg, L.REG_B));
  // Name and type must both agree (btf_nested_type_is_trusted).
  const listed = (suffix: Suffix): boolean =>
    known.get(suffix)!.some((one) => one.name === member && one.target === targetId);
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
