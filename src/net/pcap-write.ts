import { assert } from "../util/index.ts";
import { PCAP_HEADER_SIZE } from "./pcap.ts";
import { MAX_CAPTURED } from "./pcap-batch.ts";
import { LINKTYPE_ETHERNET } from "./pcap-link-types.ts";
import { BLOCK_ENHANCED, BLOCK_INTERFACE, BLOCK_SECTION, BYTE_ORDER_MAGIC, OPTION_TSRESOL } from "./pcapng.ts";

/** What the encoder is to write: `pcap` keeps microseconds, the other two nanoseconds. */
export type CaptureFormat = "pcap" | "pcap-nano" | "pcapng";

/** Bytes that a record may have besides the packet. */
const MAX_OVERHEAD = 36;

/**
 * Writes captures into memory, little-endian: `header()`, then one `record` per packet. The caller writes the bytes to where they belong.
 */
export class CaptureEncoder {
  readonly format: CaptureFormat;
  readonly linkType: number;
  /** Longest captured length that the file announces. */
  readonly snapLength: number;

  constructor(format: CaptureFormat, linkType: number = LINKTYPE_ETHERNET, snapLength: number = MAX_CAPTURED) {
    this.format = format;
    this.linkType = linkType;
    this.snapLength = snapLength;
  }

  /** The bytes that a file of this format starts with. */
  header(): Uint8Array {
    return this.format === "pcapng" ? this.#sectionAndInterface() : this.#pcapHeader();
  }

  /** Room that a packet of `length` bytes takes at most. */
  recordSize(length: number): number {
    return length + MAX_OVERHEAD;
  }

  /**
   * Encodes one packet at `at` of `target`, which must have `recordSize(packet.length)` bytes of room there.
   * @param seconds since the epoch. @param nanos within the second. @param wireLength where the packet was cut short.
   * @returns the index after the record.
   */
  record(
    target: DataView,
    at: number,
    packet: Uint8Array,
    seconds: number,
    nanos: number,
    wireLength = packet.length,
  ): number {
    const length = packet.length;
    assert(length <= MAX_CAPTURED, "packet longer than a capture may hold");
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    if (this.format !== "pcapng") {
      target.setUint32(at, seconds, true);
      target.setUint32(at + 4, this.format === "pcap" ? Math.floor(nanos / 1000) : nanos, true);
      target.setUint32(at + 8, length, true);
      target.setUint32(at + 12, wireLength, true);
      bytes.set(packet, at + 16);
      return at + 16 + length;
    }
    const padded = (length + 3) & ~3;
    const size = 32 + padded;
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    target.setUint32(at, BLOCK_ENHANCED, true);
    target.setUint32(at + 4, size, true);
    target.setUint32(at + 8, 0, true);
    target.setUint32(at + 12, Number(BigInt.asUintN(32, time >> 32n)), true);
    target.setUint32(at + 16, Number(BigInt.asUintN(32, time)), true);
    target.setUint32(at + 20, length, true);
    target.setUint32(at + 24, wireLength, true);
    bytes.set(packet, at + 28);
    bytes.fill(0, at + 28 + length, at + 28 + padded);
    target.setUint32(at + 28 + padded, size, true);
    return at + size;
  }

  #pcapHeader(): Uint8Array {
    const bytes = new Uint8Array(PCAP_HEADER_SIZE);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.format === "pcap" ? 0xa1b2c3d4 : 0xa1b23c4d, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, this.snapLength, true);
    view.setUint32(20, this.linkType, true);
    return bytes;
  }

  #sectionAndInterface(): Uint8Array {
    const bytes = new Uint8Array(28 + 32);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, BLOCK_SECTION, true);
    view.setUint32(4, 28, true);
    view.setUint32(8, BYTE_ORDER_MAGIC, true);
    view.setUint16(12, 1, true);
    // Section length -1: not known.
    view.setBigInt64(16, -1n, true);
    view.setUint32(24, 28, true);
    view.setUint32(28, BLOCK_INTERFACE, true);
    view.setUint32(32, 32, true);
    view.setUint16(36, this.linkType, true);
    view.setUint32(40, this.snapLength, true);
    view.setUint16(44, OPTION_TSRESOL, true);
    view.setUint16(46, 1, true);
    view.setUint8(48, 9);
    // Bytes 52 to 55 are opt_endofopt, zero.
    view.setUint32(56, 32, true);
    return bytes;
  }
}
