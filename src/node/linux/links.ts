import type { LinkCreateAttr } from "../../kernel/index.ts";
import { ATTACH_TYPE, attachType } from "../../uapi/index.ts";
import type { FieldValues } from "./attributes.ts";
import type { BpfSyscall } from "./syscall.ts";

/** BPF_LINK_CREATE: what stands behind the common fields depends on the hook (union bpf_attr, `link_create`). */

type Fields = FieldValues<"BPF_LINK_CREATE">;

/** BPF_LINK_CREATE's tail, by attach type. @param iterInfo address of union bpf_iter_link_info */
function tail(attr: LinkCreateAttr, iterInfo: bigint): Fields {
  switch (attr.attachType) {
    case ATTACH_TYPE.BPF_PERF_EVENT:
      return { bpf_cookie: attr.cookie ?? 0n };
    case ATTACH_TYPE.BPF_TRACE_ITER:
      return { iter_info: iterInfo, iter_info_len: attr.iterInfo?.length ?? 0 };
    case ATTACH_TYPE.BPF_TRACE_RAW_TP:
    case ATTACH_TYPE.BPF_TRACE_FENTRY:
    case ATTACH_TYPE.BPF_TRACE_FEXIT:
    case ATTACH_TYPE.BPF_MODIFY_RETURN:
    case ATTACH_TYPE.BPF_LSM_MAC:
      return { target_btf_id: attr.targetBtfId ?? 0, cookie: attr.cookie ?? 0n };
    default:
      // tcx, netkit and cgroup hooks hold several programs in an order; the others take zeros only.
      return { relative: attr.relative ?? 0, expected_revision: attr.expectedRevision ?? 0n };
  }
}

/** A descriptor or -errno. */
export function createLink(bpf: BpfSyscall, attr: LinkCreateAttr): number {
  bpf.arena.begin();
  const iterInfo = bpf.arena.copy(attr.iterInfo);
  return bpf.run("BPF_LINK_CREATE", {
    prog_fd: attr.progFd,
    target_fd: attr.target,
    attach_type: attr.attachType,
    flags: attr.flags ?? 0,
    ...tail(attr, iterInfo),
  });
}

/** A link in words, for messages. */
export function linkText(attr: LinkCreateAttr): string {
  const hook = attachType(attr.attachType)?.name ?? `attach type ${attr.attachType}`;
  return `program ${attr.progFd} to ${hook} of target ${attr.target}`;
}
