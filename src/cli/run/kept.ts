import { PROG_TYPE, VERDICTS } from "../../uapi/index.ts";

/** Verdicts after which a packet goes no further, by program type; any other verdict passes it on or redirects it. */
const ENDS: ReadonlyMap<number, readonly string[]> = new Map([
  [PROG_TYPE.BPF_PROG_TYPE_XDP, ["XDP_ABORTED", "XDP_DROP"]],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS, ["TC_ACT_SHOT", "TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_TRAP"]],
  [PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT, ["TC_ACT_SHOT", "TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_TRAP"]],
]);

/**
 * How many bytes of a packet survive its verdict: all, none, or the length that a socket filter accepts.
 * XDP drops what it has no name for (bpf_warn_invalid_xdp_action).
 */
export function keptLength(type: number, retval: number, length: number): number {
  if (type === PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER) return Math.min(retval >>> 0, length);
  const name = VERDICTS.get(type)?.find((v) => v.value === retval)?.name;
  if (name === undefined) return type === PROG_TYPE.BPF_PROG_TYPE_XDP ? 0 : length;
  return ENDS.get(type)?.includes(name) === true ? 0 : length;
}
