import {
  REDIRECT_FLAGS,
  REDIRECT_MAP,
  REDIRECT_TARGET,
  SK_BUFF_SIZE,
  SKB_CB,
  SKB_CONTEXT_SIZE,
  SKB_DATA,
  SKB_DATA_END,
  SKB_DIRECT,
  SKB_GSO_SEGS,
  SKB_GSO_SIZE,
  SKB_HWTSTAMP,
  SKB_IFINDEX,
  SKB_INGRESS_IFINDEX,
  SKB_LEN,
  SKB_MARK,
  SKB_PRIORITY,
  SKB_TSTAMP,
  SKB_WIRE_LEN,
} from "../runtime/layout.ts";
import { ERRNO, PROG_TYPE } from "../uapi/index.ts";
import type { GuestMemory, Region } from "../vm/memory.ts";
import type { Runtime } from "../vm/runtime.ts";
import { addContextRegions } from "./regions.ts";
import { copyContextIn, ETH_HLEN, type RunContext, type RunResult } from "./run-context.ts";

/** Longest test packet: a page less head (64) and tail (320) room. */
const PACKET_MAX = 4096 - 64 - 320;
/** Room in which programs may let the packet grow to 16064 bytes, wherever in it they insert. */
const HEADROOM = 4096;
const ROOM = HEADROOM + 2 * 16064;
/** The loopback device: its address and broadcast address are all zeros. */
const LOOPBACK = 1;
const GSO_MAX_SEGS = 65535;
/** GSO_LEGACY_MAX_SIZE */
const WIRE_LEN_MAX = 65536;

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
/** Stretches of `__sk_buff` that a test run's `ctx_in` may fill: offset and size. */
const SETTABLE: readonly (readonly [number, number])[] = [
  [SKB_MARK, 4],
  [SKB_PRIORITY, 4],
  [SKB_INGRESS_IFINDEX, 4],
  [SKB_IFINDEX, 4],
  [SKB_CB, 20],
  [SKB_TSTAMP, 8],
  [SKB_WIRE_LEN, 4],
  [SKB_GSO_SEGS, 4],
  [SKB_GSO_SIZE, 4],
  [SKB_HWTSTAMP, 8],
];
/** Those that `ctx_out` takes from the packet afterwards; the rest comes back as it went in. */
const READ_BACK = SETTABLE.filter(([offset]) => offset !== SKB_GSO_SIZE);

function isSettable(offset: number): boolean {
  return SETTABLE.some(([start, size]) => offset >= start && offset < start + size);
}

/**
 * `struct __sk_buff` and its packet, laid out as BPF_PROG_TEST_RUN does (Documentation/bpf/bpf_prog_run.rst; Linux 6.18).
 *
 * `dataIn` begins with the Ethernet header (at least 14, at most 3712 bytes; IPv4 and IPv6 packets with their whole fixed header).
 * tc programs see it; for all other types the data begins at the network header, and `dataOut` has zeros for it.
 * `ctxIn` may set mark, priority, ingress_ifindex, ifindex, cb, tstamp, wire_len, gso_segs, gso_size and hwtstamp; anything else
 * must be 0. Every interface is taken to exist.
 */
export class SkbContext implements RunContext {
  readonly address: number;
  readonly #runtime: Runtime;
  readonly #memory: GuestMemory;
  readonly #head: number;
  readonly #link: boolean;
  readonly #direct: boolean;
  readonly #regions: readonly Region[];
  #ctx = new DataView(new ArrayBuffer(SK_BUFF_SIZE));

  /**
   * @param type BPF_PROG_TYPE_* of the program
   * @param link whether the program sees the Ethernet header; a packet socket shows it to its filter, a test run does not
   */
  constructor(
    runtime: Runtime,
    type: number,
    link = type === PROG_TYPE.BPF_PROG_TYPE_SCHED_CLS || type === PROG_TYPE.BPF_PROG_TYPE_SCHED_ACT,
  ) {
    const { memory } = runtime;
    this.#runtime = runtime;
    this.#memory = memory;
    this.#link = link;
    this.#direct = type !== PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER;
    this.address = memory.alloc(SKB_CONTEXT_SIZE);
    this.#head = memory.alloc(ROOM);
    this.#set(SKB_DATA, this.#head);
    this.#set(SKB_DATA_END, this.#head);
    this.#regions = addContextRegions(memory, type, this.address, SKB_DATA, SKB_DATA_END);
  }

  begin(dataIn: Uint8Array, ctxIn?: Uint8Array): number {
    const size = dataIn.length;
    if (size < ETH_HLEN || size > PACKET_MAX) return -ERRNO.EINVAL;
    const ctx = copyContextIn(ctxIn, SK_BUFF_SIZE);
    if (typeof ctx === "number") return ctx;
    for (let i = 0; i < SK_BUFF_SIZE; i++) if (ctx.getUint8(i) !== 0 && !isSettable(i)) return -ERRNO.EINVAL;
    const protocol = (dataIn[12]! << 8) | dataIn[13]!;
    const least = protocol === ETH_P_IP ? 20 : protocol === ETH_P_IPV6 ? 40 : 0;
    if (size - ETH_HLEN < least) return -ERRNO.EINVAL;
    const length = this.#link ? size : size - ETH_HLEN;
    const wire = ctx.getUint32(SKB_WIRE_LEN, true);
    if (wire !== 0 && (wire < length || wire > WIRE_LEN_MAX)) return -ERRNO.EINVAL;
    if (ctx.getUint32(SKB_GSO_SEGS, true) > GSO_MAX_SEGS) return -ERRNO.EINVAL;

    const { u8, view } = this.#memory;
    const mac = this.#head + HEADROOM;
    u8.fill(0, this.address, this.address + SKB_CONTEXT_SIZE);
    u8.set(dataIn, mac);
    for (const [offset, bytes] of SETTABLE) u8.set(new Uint8Array(ctx.buffer, offset, bytes), this.address + offset);
    view.setUint16(this.address + SKB_GSO_SIZE + 2, 0, true);
    if (this.#get(SKB_IFINDEX) === 0) this.#set(SKB_IFINDEX, LOOPBACK);
    this.#runtime.exports["skb_receive"]!(this.address, mac, size, this.#head, this.#head + ROOM, this.#link ? 1 : 0);
    this.#set(SKB_DIRECT, this.#direct ? 1 : 0);
    for (const cell of [REDIRECT_TARGET, REDIRECT_FLAGS, REDIRECT_MAP]) view.setUint32(cell, 0, true);
    this.#ctx = ctx;
    return this.address;
  }

  finish(): RunResult {
    const { u8 } = this.#memory;
    const data = this.#get(SKB_DATA);
    const length = this.#get(SKB_LEN);
    const dataOut = new Uint8Array(this.#link ? length : ETH_HLEN + length);
    dataOut.set(u8.subarray(data, data + length), dataOut.length - length);
    const ctxOut = new Uint8Array(this.#ctx.buffer.slice(0));
    for (const [offset, bytes] of READ_BACK) {
      ctxOut.set(u8.subarray(this.address + offset, this.address + offset + bytes), offset);
    }
    return { dataOut, ctxOut };
  }

  free(): void {
    for (const region of this.#regions) this.#memory.removeRegion(region);
    this.#memory.free(this.#head);
    this.#memory.free(this.address);
  }

  #get(offset: number): number {
    return this.#memory.view.getUint32(this.address + offset, true);
  }
  #set(offset: number, value: number): void {
    this.#memory.view.setUint32(this.address + offset, value, true);
  }
}
