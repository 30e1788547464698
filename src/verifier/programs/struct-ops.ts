import { type Btf, resolveId } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";

/** What BTF does not say of a structure that programs may stand in for. */
interface StructOpsRow {
  /** Function members that programs may not implement. */
  readonly unsupported?: readonly string[];
  /** Members whose programs may sleep; absent: all. */
  readonly sleepable?: readonly string[];
}

const ROWS: Readonly<Record<string, StructOpsRow>> = {
  tcp_congestion_ops: { unsupported: ["get_info"] },
  bpf_dummy_ops: { sleepable: ["test_sleepable"] },
  sched_ext_ops: {
    sleepable: [
      "init_task",
      "cgroup_init",
      "cgroup_exit",
      "cgroup_prep_move",
      "cpu_online",
      "cpu_offline",
      "init",
      "exit",
    ],
  },
  Qdisc_ops: { unsupported: ["peek", "change", "attach", "change_real_num_tx", "tx_queue_len", "dump", "dump_stats"] },
};

/** The kernel keeps programs for a structure in a map whose value has this name. */
const VALUE_PREFIX = "bpf_struct_ops_";

function row(name: string): StructOpsRow {
  return Object.hasOwn(ROWS, name) ? ROWS[name]! : {};
}

/** The member that a struct_ops program implements (check_struct_ops_btf_id). */
export function checkStructOps(env: VerifierEnv): void {
  if (!env.gplCompatible) {
    env.reject(ERRNO.EINVAL, "V_GPL_ONLY", "struct ops programs must have a GPL compatible license");
  }
  const structId = env.input.attachBtfId ?? 0;
  const btf = env.btfs[0];
  if (structId === 0 || btf === null || btf === undefined) {
    env.reject(ERRNO.ENOTSUPP, "V_ATTACH", "", { reason: "struct_ops programs need an attach_btf_id" });
  }
  const struct = structId < btf.count ? btf.type(structId) : null;
  if (struct?.kind !== "struct" || btf.find(VALUE_PREFIX + struct.name, "struct").length === 0) {
    env.reject(ERRNO.ENOTSUPP, "V_ATTACH", `attach_btf_id ${structId} is not a supported struct`, { btfId: structId });
  }
  const index = env.expectedAttachType;
  const member = struct.members[index];
  if (member === undefined) {
    env.reject(ERRNO.EINVAL, "V_ATTACH", `attach to invalid member idx ${index} of struct ${struct.name}`);
  }
  const proto = functionPointer(btf, member.type);
  if (proto === 0) {
    const message = `attach to invalid member ${member.name}(@idx ${index}) of struct ${struct.name}`;
    env.reject(ERRNO.EINVAL, "V_ATTACH", message, { member: member.name });
  }
  const { unsupported, sleepable } = row(struct.name);
  const message = `attach to unsupported member ${member.name} of struct ${struct.name}`;
  if (unsupported?.includes(member.name)) env.reject(ERRNO.ENOTSUPP, "V_ATTACH", message, { member: member.name });
  if (env.sleepable && sleepable !== undefined && !sleepable.includes(member.name)) {
    env.reject(ERRNO.EINVAL, "V_SLEEPABLE", message, { member: member.name });
  }
  env.attach = {
    btf: 0,
    btfId: structId,
    name: member.name,
    proto,
    skipArgs: 0,
    structName: struct.name,
    structId,
    member: index,
    argRefs: new Map(),
  };
  const referenced = stubParams(env).some((name) => name.endsWith("__ref"));
  if (referenced && env.subprogs.some((subprog) => subprog.hasTailCall)) {
    env.reject(ERRNO.EINVAL, "V_TAIL_CALL_MIX", "program with __ref argument cannot tail call");
  }
}

/** The prototype behind a pointer to a function; 0 for any other type. */
function functionPointer(btf: Btf, id: number): number {
  const pointer = resolveId(btf, id);
  const type = pointer === 0 ? null : btf.type(pointer);
  if (type?.kind !== "ptr") return 0;
  const proto = resolveId(btf, type.type);
  return btf.kindOf(proto) === "func_proto" ? proto : 0;
}

/** Names of the arguments of the stub function that documents a member: `bpf_dummy_ops__test_1`. Suffixes say what an argument may be. */
function stubParams(env: VerifierEnv): readonly string[] {
  const { attach } = env;
  const btf = env.btfs[0]!;
  const id = btf.find(`${attach!.structName}__${attach!.name}`, "func")[0];
  const func = id === undefined ? null : btf.type(id);
  const proto = func?.kind === "func" ? btf.type(func.type) : null;
  return proto?.kind === "func_proto" ? proto.params.map((param) => param.name) : [];
}

/** What a stub's suffix says of an argument: the flags of its pointer, and whether the program gets a reference; null where nothing. */
export function stubArgument(
  env: VerifierEnv,
  arg: number,
): { readonly flags: number; readonly owned: boolean } | null {
  const name = stubParams(env)[arg];
  if (name?.endsWith("__nullable")) return { flags: L.PTR_TRUSTED | L.PTR_MAYBE_NULL, owned: false };
  if (name?.endsWith("__ref")) return { flags: L.PTR_TRUSTED, owned: true };
  return null;
}
