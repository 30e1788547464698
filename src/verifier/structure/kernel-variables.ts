import { type Btf, resolve, resolveId, sizeOf } from "../../btf/index.ts";
import { MEM_PERCPU, MEM_RDONLY, PTR_TO_BTF_ID, PTR_TO_MEM } from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import { BpfError } from "../../util/index.ts";
import type { VerifierEnv } from "../env.ts";
import { writeAddress } from "./loads.ts";

/** Type ids of the variables that each CPU has its own of. */
const perCpuVariables = new WeakMap<Btf, ReadonlySet<number>>();

function isPerCpu(btf: Btf, id: number): boolean {
  let known = perCpuVariables.get(btf);
  if (known === undefined) {
    const out = new Set<number>();
    const section = btf.find(".data..percpu", "datasec").at(-1);
    const type = section === undefined ? undefined : btf.type(section);
    if (type?.kind === "datasec") for (const entry of type.vars) out.add(entry.type);
    known = out;
    perCpuVariables.set(btf, known);
  }
  return known.has(id);
}

/** Where a kernel whose symbols are not known might have it. */
function madeUp(id: number): bigint {
  return 0xffffffff81000000n + BigInt(id) * 0x10n;
}

/** A 64-bit load of the address of a kernel variable or function (check_pseudo_btf_id): what its register will point at. */
export function resolveKernelVariable(env: VerifierEnv, i: number): void {
  const { insns } = env;
  const id = insns.imm[i]!;
  const fd = insns.imm[i + 1]!;
  env.insnIdx = i;
  const refuse: (errno: number, message: string) => never = (errno, message) =>
    env.reject(errno, "V_BAD_LD_IMM64", message, { insn: i });
  const btf = fd === 0 ? env.btfs[0] : env.input.btfByFd?.(fd);
  if (btf === null || btf === undefined) {
    if (fd !== 0) refuse(ERRNO.EINVAL, "invalid module BTF object FD specified.");
    const message = "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig.";
    refuse(ERRNO.EINVAL, message);
  }
  if (id < 0 || id >= btf.count) refuse(ERRNO.ENOENT, `ldimm64 insn specifies invalid btf_id ${id}.`);
  const type = id === 0 ? undefined : btf.type(id);
  if (type?.kind !== "var" && type?.kind !== "func") {
    refuse(ERRNO.EINVAL, `pseudo btf_id ${id} in ldimm64 isn't KIND_VAR or KIND_FUNC`);
  }
  const { symbolAddress } = env.options.kernel ?? {};
  const address = symbolAddress === undefined ? madeUp(id) : symbolAddress(type.name);
  if (address === undefined) {
    refuse(ERRNO.ENOENT, `ldimm64 failed to find the address for kernel symbol '${type.name}'.`);
  }
  writeAddress(env, i, address);
  const aux = env.aux[i]!;
  if (type.kind === "func") {
    aux.btfVar = { type: PTR_TO_MEM | MEM_RDONLY, btf: 0, btfId: 0, size: 0 };
    return;
  }
  const btfNumber = env.btfNumber(btf);
  if (isPerCpu(btf, id)) {
    aux.btfVar = { type: PTR_TO_BTF_ID | MEM_PERCPU, btf: btfNumber, btfId: type.type, size: 0 };
    return;
  }
  const target = resolve(btf, type.type);
  if (target?.kind === "struct" || target?.kind === "union") {
    aux.btfVar = { type: PTR_TO_BTF_ID, btf: btfNumber, btfId: type.type, size: 0 };
    return;
  }
  try {
    aux.btfVar = { type: PTR_TO_MEM | MEM_RDONLY, btf: btfNumber, btfId: 0, size: sizeOf(btf, type.type) };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const name = btf.nameOf(resolveId(btf, type.type));
    refuse(ERRNO.EINVAL, `ldimm64 unable to resolve the size of type '${name}': -22`);
  }
}
