import { helperById, PROG_TYPE } from "../uapi/index.ts";
import type { ProgObject } from "./simulated.ts";

/** How packets lie in memory for a program, and which batch loop runs them. */
export interface Framing {
  readonly batch: "run_batch_xdp" | "run_batch_skb";
  readonly headroom: number;
  readonly tailroom: number;
  /** Least size of a frame. */
  readonly frame: number;
}

/** A page less the 320 bytes that the kernel keeps at its end (bpf_prog_test_run_xdp). */
const XDP_FRAMING: Framing = { batch: "run_batch_xdp", headroom: 256, tailroom: 0, frame: 4096 - 320 };
const SKB_FRAMING: Framing = { batch: "run_batch_skb", headroom: 64, tailroom: 320, frame: 0 };
/** For programs that make packets grow: what fits into an skb at most. */
const GROWING_FRAMING: Framing = { batch: "run_batch_skb", headroom: 4096, tailroom: 65552, frame: 0 };
/** Helpers that may make a packet longer. */
const GROWING = [
  "bpf_skb_change_tail",
  "bpf_skb_change_head",
  "bpf_skb_adjust_room",
  "bpf_skb_vlan_push",
  "bpf_skb_change_proto",
  "bpf_lwt_push_encap",
];

/** The frames that a program's packets need. */
export function framingOf({ type, program }: ProgObject): Framing {
  if (type === PROG_TYPE.BPF_PROG_TYPE_XDP) return XDP_FRAMING;
  const grows = program.image.code.some(
    (i) => i?.form.name === "call_helper" && GROWING.includes(helperById(i.imm)?.name ?? ""),
  );
  // What a tail call runs is not known here.
  const tailCalls = program.image.code.some((i) => i?.form.name === "call_helper" && i.imm === 12);
  return grows || tailCalls ? GROWING_FRAMING : SKB_FRAMING;
}
