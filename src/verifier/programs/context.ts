import * as L from "../../runtime/verifier-layout.ts";
import { type ContextFieldKind, ERRNO, PROG_TYPE } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import { BPF_WRITE } from "../memory/access.ts";
import { btfContextAccess, hasBtfContext } from "./btf-context.ts";
import { contextField } from "./context-field.ts";

/** What a load from the context gives (struct bpf_insn_access_aux). */
export interface CtxAccess {
  /** Register type of the value. */
  readonly type: number;
  /** Bytes of the field that a narrow load takes a part of. */
  readonly fieldSize: number;
  /** Of a BTF object: its BTF in the environment, its type id. */
  readonly btf: number;
  readonly btfId: number;
  /** Reference held by an argument. */
  readonly refId: number;
  /** The value is the return value of an LSM hook's attach point. */
  readonly isRetval: boolean;
}

/** Register types of fields; those of BTF objects carry a structure's name. */
const KINDS: Readonly<Record<ContextFieldKind, readonly [type: number, struct?: string]>> = {
  scalar: [L.SCALAR_VALUE],
  packet: [L.PTR_TO_PACKET],
  packet_end: [L.PTR_TO_PACKET_END],
  packet_meta: [L.PTR_TO_PACKET_META],
  flow_keys: [L.PTR_TO_FLOW_KEYS],
  sock: [L.PTR_TO_SOCKET],
  sock_or_null: [L.PTR_TO_SOCKET | L.PTR_MAYBE_NULL],
  sock_common_or_null: [L.PTR_TO_SOCK_COMMON | L.PTR_MAYBE_NULL],
  tp_buffer: [L.PTR_TO_TP_BUFFER],
  "btf sk_buff": [L.PTR_TO_BTF_ID | L.PTR_TRUSTED, "sk_buff"],
  "btf nf_hook_state": [L.PTR_TO_BTF_ID | L.PTR_TRUSTED, "nf_hook_state"],
};

const plain = new Map<number, CtxAccess>();

/** One shared answer per register type and field size: loads of context are frequent. */
function plainAccess(type: number, fieldSize: number): CtxAccess {
  const key = type * 16 + fieldSize;
  let access = plain.get(key);
  if (access === undefined) {
    plain.set(key, (access = { type, fieldSize, btf: 0, btfId: 0, refId: 0, isRetval: false }));
  }
  return access;
}

/** What unprivileged programs do not see of a packet in a control group. */
function needsBpfCapability(kind: ContextFieldKind, name: string, write: boolean): boolean {
  return kind === "packet" || kind === "packet_end" || (write && name === "tstamp");
}

/** A load or store of context (check_ctx_access). */
export function checkCtxAccess(
  env: VerifierEnv,
  insnIdx: number,
  off: number,
  size: number,
  access: number,
  isLdsx: boolean,
): CtxAccess {
  const answer = hasBtfContext(env.opsType)
    ? btfContextAccess(env, off, size, access)
    : fieldAccess(env, off, size, access === BPF_WRITE, isLdsx);
  if (answer === null) {
    env.reject(ERRNO.EACCES, "V_CTX_ACCESS", `invalid bpf_context access off=${off} size=${size}`, {
      off,
      size,
      write: access === BPF_WRITE,
    });
  }
  if ((answer.type & L.TYPE_BASE_MASK) === L.PTR_TO_BTF_ID) {
    if (answer.refId !== 0 && !env.state.refs.some((ref) => ref.id === answer.refId)) {
      const message = `invalid bpf_context access off=${off}. Reference may already be released`;
      env.reject(ERRNO.EACCES, "V_CTX_ACCESS", message, { off, size });
    }
  } else {
    env.aux[insnIdx]!.ctxFieldSize = answer.fieldSize;
  }
  return answer;
}

function fieldAccess(env: VerifierEnv, off: number, size: number, write: boolean, isLdsx: boolean): CtxAccess | null {
  const field = contextField(env.opsType, env.expectedAttachType, off, size, write);
  if (field === undefined) return null;
  if (!env.bpfCapable && env.opsType === PROG_TYPE.BPF_PROG_TYPE_CGROUP_SKB) {
    if (needsBpfCapability(field.kind, field.name, write)) return null;
  }
  const [type, struct] = KINDS[field.kind];
  if (isLdsx && type !== L.SCALAR_VALUE) return null;
  if (write) return plainAccess(L.SCALAR_VALUE, 0);
  if (struct === undefined) return plainAccess(type, field.narrow ? field.unit : 0);
  const btfId = env.btfs[0]?.find(struct, "struct")[0];
  return btfId === undefined ? null : { type, fieldSize: 0, btf: 0, btfId, refId: 0, isRetval: false };
}
