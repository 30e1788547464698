import { type Btf, resolveId, sizeOf } from "../../btf/index.ts";
import * as L from "../../runtime/verifier-layout.ts";
import { ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { Reg } from "../memory.ts";

/** Members of a kernel structure that programs of one kind may write. */
interface WritableRow {
  readonly struct: string;
  /** Structures with the same members. */
  readonly alike?: readonly string[];
  /** Members by their way from the structure: `inet_conn.icsk_ca_priv`. A store must start with the member unless it is an array. */
  readonly members: readonly string[];
  /** All of the structure may be written. */
  readonly whole?: true;
}

const TCP_SOCK: WritableRow = {
  struct: "tcp_sock",
  members: [
    "inet_conn.icsk_inet.sk.sk_pacing_rate",
    "inet_conn.icsk_inet.sk.sk_pacing_status",
    "inet_conn.icsk_ca_priv",
    "inet_conn.icsk_ack.pending",
    "snd_cwnd",
    "snd_cwnd_cnt",
    "snd_cwnd_stamp",
    "snd_ssthresh",
    "ecn_flags",
    "app_limited",
  ],
};
const DUMMY_STATE: WritableRow = { struct: "bpf_dummy_ops_state", members: [], whole: true };
const CONNECTION: WritableRow = { struct: "nf_conn", alike: ["nf_conn___init"], members: ["mark"] };
const TASK: WritableRow = { struct: "task_struct", members: ["scx.slice", "scx.dsq_vtime", "scx.disallow"] };

const BY_STRUCT_OPS: Readonly<Record<string, WritableRow>> = {
  tcp_congestion_ops: TCP_SOCK,
  bpf_dummy_ops: DUMMY_STATE,
  sched_ext_ops: TASK,
};
const CONNECTION_TYPES: readonly number[] = [
  PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS,
  PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  PROG_TYPE.BPF_PROG_TYPE_XDP,
];

/** What programs of this kind may write of kernel objects; null where they only read. */
function writable(env: VerifierEnv): WritableRow | null {
  if (CONNECTION_TYPES.includes(env.opsType)) return CONNECTION;
  const struct = env.attach?.structName;
  return struct !== undefined && Object.hasOwn(BY_STRUCT_OPS, struct) ? BY_STRUCT_OPS[struct]! : null;
}

/** Whether stores to kernel objects have rules of their own here (`btf_struct_access` of the type's operations). */
export function hasWriteRules(env: VerifierEnv): boolean {
  return writable(env) !== null;
}

interface Extent {
  readonly start: number;
  readonly end: number;
  readonly isArray: boolean;
}

/** Where a member lies, by its way through nested structures; null where this kernel does not have it. */
function memberExtent(btf: Btf, structId: number, path: string): Extent | null {
  let id = structId;
  let start = 0;
  for (const name of path.split(".")) {
    const found = findMember(btf, id, name);
    if (found === null) return null;
    start += found.offset;
    id = found.type;
  }
  const bare = resolveId(btf, id);
  return { start, end: start + sizeOf(btf, bare), isArray: btf.kindOf(bare) === "array" };
}

/** A member by name, through nameless structures and unions. */
function findMember(btf: Btf, id: number, name: string): { readonly offset: number; readonly type: number } | null {
  const struct = btf.type(resolveId(btf, id));
  if (struct.kind !== "struct" && struct.kind !== "union") return null;
  for (const member of struct.members) {
    const offset = Math.floor(member.bitOffset / 8);
    if (member.name === name) return { offset, type: member.type };
    if (member.name !== "") continue;
    const inner = findMember(btf, member.type, name);
    if (inner !== null) return { offset: offset + inner.offset, type: inner.type };
  }
  return null;
}

/** A store to a kernel object by a program that may write some of its members. */
export function checkKernelWrite(env: VerifierEnv, reg: Reg, off: number, size: number): void {
  const row = writable(env)!;
  const { m } = env;
  const btf = env.btf(m.get(reg, L.REG_A));
  const structId = m.get(reg, L.REG_B);
  const name = btf.nameOf(structId);
  const refuse: (message: string) => never = (message) =>
    env.reject(ERRNO.EACCES, "V_BTF_ACCESS", message, { struct: name, off, size });
  if (row.whole) {
    if (name !== row.struct) refuse(`only access to ${row.struct} is supported`);
    const total = sizeOf(btf, structId);
    if (off + size > total) refuse(`write access at off ${off} with size ${size}`);
    return;
  }
  if (name !== row.struct && !row.alike?.includes(name)) refuse("only read is supported");
  const layoutId = btf.find(row.struct, "struct")[0] ?? structId;
  for (const path of row.members) {
    const extent = memberExtent(btf, layoutId, path);
    if (extent === null) continue;
    const inside = extent.isArray ? off >= extent.start && off < extent.end : off === extent.start;
    if (!inside) continue;
    if (off + size <= extent.end) return;
    refuse(`write access at off ${off} with size ${size} beyond the member of ${row.struct} ended at ${extent.end}`);
  }
  refuse(`no write support to ${row.struct} at off ${off}`);
}
