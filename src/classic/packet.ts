import { SKF_LL_OFF, SKF_NET_OFF } from "./insn.ts";

/** What Linux knows of a packet besides its bytes: fields of `struct sk_buff` and of the device it came from. Absent numbers are 0. */
export interface ClassicEnv {
  /** Bytes of the packet on the wire (`len`); as many as there are bytes where it is left out. */
  readonly length?: number;
  /** EtherType, in host order: 0x0800. */
  readonly protocol?: number;
  /** PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4 (linux/if_packet.h). */
  readonly packetType?: number;
  /** Number of the device; 0: the packet has none, and loads of `ifidx` and `hatype` end the program with A. */
  readonly ifindex?: number;
  /** ARPHRD_* of the device (linux/if_arp.h). */
  readonly hatype?: number;
  readonly mark?: number;
  readonly queue?: number;
  readonly rxhash?: number;
  readonly cpu?: number;
  /** The VLAN tag that the device took off: its tag control information, and its EtherType in host order. */
  readonly vlanTci?: number;
  readonly vlanTpid?: number;
  /** Whether there is such a tag; where it is left out: whether `vlanTci` or `vlanTpid` is not 0. */
  readonly vlanPresent?: boolean;
  /** 32 random bits, for `rand`; always 0 where it is left out. */
  readonly random?: () => number;
  /** Where the network header begins, counted from the packet's first byte (SKF_NET_OFF); may be negative. */
  readonly networkOffset?: number;
  /** Where the link header begins (SKF_LL_OFF); `null`: nowhere, as on sockets without one. */
  readonly linkOffset?: number | null;
  /** Bytes in front of the packet, where `networkOffset` or `linkOffset` is negative. */
  readonly headroom?: Uint8Array;
}

/** A packet as a classic program reads it. */
export class ClassicPacket {
  readonly env: ClassicEnv;
  readonly length: number;
  readonly networkOffset: number;
  readonly #linkOffset: number | null;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(packet: Uint8Array, env: ClassicEnv = {}) {
    const { headroom, linkOffset = 0 } = env;
    this.env = env;
    this.length = env.length ?? packet.length;
    this.networkOffset = env.networkOffset ?? 0;
    this.#linkOffset = linkOffset;
    this.#start = headroom?.length ?? 0;
    if (headroom === undefined) this.#bytes = packet;
    else {
      this.#bytes = new Uint8Array(headroom.length + packet.length);
      this.#bytes.set(headroom);
      this.#bytes.set(packet, headroom.length);
    }
  }

  get hasVlanTag(): boolean {
    const { vlanPresent, vlanTci = 0, vlanTpid = 0 } = this.env;
    return vlanPresent ?? (vlanTci !== 0 || vlanTpid !== 0);
  }

  /** Bytes at hand from the packet's first on. */
  get size(): number {
    return this.#bytes.length - this.#start;
  }

  /**
   * An unsigned big-endian number of 1, 2 or 4 bytes at a signed offset of 32 bits, or null where the packet has no such bytes.
   * Negative offsets count from the network or the link header (linux/filter.h: SKF_NET_OFF, SKF_LL_OFF).
   */
  load(offset: number, size: number): number | null {
    if (offset >= 0) return this.at(offset, size);
    if (offset >= SKF_NET_OFF) return this.at(offset - SKF_NET_OFF + this.networkOffset, size);
    if (offset < SKF_LL_OFF || this.#linkOffset === null) return null;
    return this.at(offset - SKF_LL_OFF + this.#linkOffset, size);
  }

  /** The same at an offset from the packet's first byte, negative ones leading into the headroom. */
  at(offset: number, size: number): number | null {
    const bytes = this.#bytes;
    const at = offset + this.#start;
    if (at < 0 || at + size > bytes.length) return null;
    if (size === 1) return bytes[at]!;
    if (size === 2) return (bytes[at]! << 8) | bytes[at + 1]!;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }
}
