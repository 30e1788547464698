import {
  REDIRECT_FLAGS,
  REDIRECT_MAP,
  REDIRECT_TARGET,
  XDP_CONTEXT_SIZE,
  XDP_DATA,
  XDP_DATA_END,
  XDP_DATA_META,
  XDP_EGRESS_IFINDEX,
  XDP_FRAGS,
  XDP_FRAME_END,
  XDP_HARD_START,
  XDP_INGRESS_IFINDEX,
  XDP_MD_SIZE,
  XDP_RX_QUEUE_INDEX,
} from "../runtime/layout.ts";
import { ERRNO, PROG_TYPE } from "../uapi/index.ts";
import type { GuestMemory, Region } from "../vm/memory.ts";
import { addContextRegions } from "./regions.ts";
import { copyContextIn, ETH_HLEN, type RunContext, type RunResult } from "./run-context.ts";

/** XDP_PACKET_HEADROOM: bytes before the packet. */
export const XDP_HEADROOM = 256;
/** One page holds the frame; its last 320 bytes are the kernel's (struct skb_shared_info). */
const PAGE = 4096;
const FRAME_TAIL = 320;
const FRAME_ROOM = PAGE - FRAME_TAIL;
/** Bytes of packet in the frame itself; what is longer goes on in fragments of a page, at most MAX_SKB_FRAGS. */
const LINEAR_MAX = FRAME_ROOM - XDP_HEADROOM;
const PACKET_MAX = LINEAR_MAX + 17 * PAGE;
/** The loopback device, from which test packets come unless the context says otherwise. */
const LOOPBACK = 1;

/**
 * `struct xdp_md` and its frame, laid out as BPF_PROG_TEST_RUN does (Documentation/bpf/bpf_prog_run.rst; Linux 6.18):
 * 256 bytes of headroom, at most 3520 bytes of packet in direct reach, the rest in fragments.
 *
 * `ctxIn`: `data` is the length of the metadata that `dataIn` begins with (a multiple of 4, at least 14 bytes of packet after it),
 * `data_meta` and `egress_ifindex` must be 0, `data_end` says where the part in direct reach ends and is at most the length of `dataIn`;
 * `rx_queue_index` without `ingress_ifindex` is refused. Every interface but the loopback (1, with one queue) is taken to exist.
 */
export class XdpContext implements RunContext {
  readonly address: number;
  readonly #memory: GuestMemory;
  readonly #frame: number;
  readonly #regions: readonly Region[];
  #ctx = new DataView(new ArrayBuffer(XDP_MD_SIZE));
  #size = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.address = memory.alloc(XDP_CONTEXT_SIZE);
    // The last fragment may grow to the end of its page.
    this.#frame = memory.alloc(XDP_HEADROOM + PACKET_MAX + PAGE);
    this.#setPacket(this.#frame, this.#frame, this.#frame, 0);
    const { address } = this;
    this.#regions = addContextRegions(memory, PROG_TYPE.BPF_PROG_TYPE_XDP, address, XDP_DATA_META, XDP_DATA_END);
  }

  begin(dataIn: Uint8Array, ctxIn?: Uint8Array): number {
    const size = dataIn.length;
    const copied = copyContextIn(ctxIn, XDP_MD_SIZE);
    if (typeof copied === "number") return copied;
    const ctx = copied;
    if (ctxIn === undefined) ctx.setUint32(XDP_DATA_END, size, true);
    const field = (offset: number): number => ctx.getUint32(offset, true);
    const meta = field(XDP_DATA);
    const end = field(XDP_DATA_END);
    if (field(XDP_DATA_META) !== 0 || end > size || meta > end || field(XDP_EGRESS_IFINDEX) !== 0) return -ERRNO.EINVAL;
    if (size - meta < ETH_HLEN || meta % 4 !== 0 || meta > XDP_HEADROOM - 40) return -ERRNO.EINVAL;
    const ifindex = field(XDP_INGRESS_IFINDEX);
    const queue = field(XDP_RX_QUEUE_INDEX);
    if (queue !== 0 && (ifindex === 0 || ifindex === LOOPBACK)) return -ERRNO.EINVAL;
    if (size > PACKET_MAX) return -ERRNO.ENOMEM;

    // Metadata lies in the headroom, the packet begins at the usual place.
    const linear = Math.min(end, LINEAR_MAX + meta) - meta;
    const start = this.#frame + XDP_HEADROOM;
    this.#memory.u8.fill(0, this.#frame, start - meta);
    this.#memory.u8.set(dataIn, start - meta);
    this.#setPacket(start - meta, start, start + linear, size - meta - linear);
    const { view } = this.#memory;
    view.setUint32(this.address + XDP_INGRESS_IFINDEX, ifindex === 0 ? LOOPBACK : ifindex, true);
    view.setUint32(this.address + XDP_RX_QUEUE_INDEX, queue, true);
    view.setUint32(this.address + XDP_EGRESS_IFINDEX, 0, true);
    view.setUint32(this.address + XDP_HARD_START, this.#frame, true);
    view.setUint32(this.address + XDP_FRAME_END, this.#frame + FRAME_ROOM, true);
    for (const cell of [REDIRECT_TARGET, REDIRECT_FLAGS, REDIRECT_MAP]) view.setUint32(cell, 0, true);
    this.#ctx = ctx;
    this.#size = size;
    return this.address;
  }

  finish(): RunResult {
    const { view, u8 } = this.#memory;
    const at = (offset: number): number => view.getUint32(this.address + offset, true);
    const meta = at(XDP_DATA_META);
    const end = at(XDP_DATA_END) + at(XDP_FRAGS);
    const ctxOut = new Uint8Array(this.#ctx.buffer.slice(0));
    const out = new DataView(ctxOut.buffer);
    out.setUint32(XDP_DATA, at(XDP_DATA) - meta, true);
    out.setUint32(XDP_DATA_END, this.#ctx.getUint32(XDP_DATA_END, true) + (end - meta) - this.#size, true);
    return { dataOut: u8.slice(meta, end), ctxOut };
  }

  free(): void {
    for (const region of this.#regions) this.#memory.removeRegion(region);
    this.#memory.free(this.#frame);
    this.#memory.free(this.address);
  }

  #setPacket(meta: number, data: number, end: number, frags: number): void {
    const { view } = this.#memory;
    view.setUint32(this.address + XDP_DATA_META, meta, true);
    view.setUint32(this.address + XDP_DATA, data, true);
    view.setUint32(this.address + XDP_DATA_END, end, true);
    view.setUint32(this.address + XDP_FRAGS, frags, true);
  }
}
