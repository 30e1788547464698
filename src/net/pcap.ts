import { MAX_CAPTURED, notice, type PacketBatch, type Scanner, type ScanState } from "./pcap-batch.ts";
import { captureError } from "./pcap-errors.ts";

/** Bytes before the first record. */
export const PCAP_HEADER_SIZE = 24;

interface Variant {
  readonly magic: number;
  readonly littleEndian: boolean;
  /** Nanoseconds per unit of the second timestamp field. */
  readonly nanosPerUnit: number;
  /** Bytes before each packet. */
  readonly recordHeader: number;
}

/** The magic number read as little-endian, and what it says (draft-ietf-opsawg-pcap, section 4). */
const VARIANTS: readonly Variant[] = [
  { magic: 0xa1b2c3d4, littleEndian: true, nanosPerUnit: 1000, recordHeader: 16 },
  { magic: 0xd4c3b2a1, littleEndian: false, nanosPerUnit: 1000, recordHeader: 16 },
  { magic: 0xa1b23c4d, littleEndian: true, nanosPerUnit: 1, recordHeader: 16 },
  { magic: 0x4d3cb2a1, littleEndian: false, nanosPerUnit: 1, recordHeader: 16 },
  // Alexey Kuznetzov's variant of old Linux systems: interface, protocol and packet type come after the lengths.
  { magic: 0xa1b2cd34, littleEndian: true, nanosPerUnit: 1000, recordHeader: 24 },
  { magic: 0x34cdb2a1, littleEndian: false, nanosPerUnit: 1000, recordHeader: 24 },
];

/** The pcap variant that a file with this (little-endian read) magic number has, undefined for none. */
export function pcapVariant(magic: number): Variant | undefined {
  return VARIANTS.find((v) => v.magic === magic);
}

/** Reads records of a pcap file whose header was read by `readPcapHeader`. */
class PcapScanner implements Scanner {
  readonly format = "pcap";
  readonly #state: ScanState;
  readonly #variant: Variant;

  constructor(state: ScanState, variant: Variant) {
    this.#state = state;
    this.#variant = variant;
  }

  scan(bytes: Uint8Array, start: number, end: number, batch: PacketBatch): number {
    const { offsets, lengths, wireLengths, seconds, nanos, interfaces, capacity } = batch;
    const { littleEndian, nanosPerUnit, recordHeader } = this.#variant;
    const state = this.#state;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = start;
    let count = batch.count;
    let byteCount = batch.byteCount;
    while (count < capacity && at + recordHeader <= end) {
      const length = view.getUint32(at + 8, littleEndian);
      if (length > MAX_CAPTURED) {
        batch.count = count;
        batch.byteCount = byteCount;
        const where = { packet: state.packets + 1, offset: state.base + at };
        throw captureError("E_PCAP_LENGTH", { ...where, length, limit: MAX_CAPTURED });
      }
      const data = at + recordHeader;
      if (data + length > end) break;
      let wireLength = view.getUint32(at + 12, littleEndian);
      if (wireLength < length) {
        notice(state, state.base + at, `captured length ${length} is above the length on the wire, ${wireLength}`);
        wireLength = length;
      }
      offsets[count] = data;
      lengths[count] = length;
      wireLengths[count] = wireLength;
      seconds[count] = view.getUint32(at, littleEndian);
      nanos[count] = view.getUint32(at + 4, littleEndian) * nanosPerUnit;
      interfaces[count] = 0;
      count++;
      state.packets++;
      byteCount += length;
      at = data + length;
    }
    batch.count = count;
    batch.byteCount = byteCount;
    return at;
  }

  cut(bytes: Uint8Array, start: number, found: number): never {
    const where = { packet: this.#state.packets + 1, offset: this.#state.base + start };
    const { littleEndian, recordHeader } = this.#variant;
    if (found < recordHeader) {
      throw captureError("E_PCAP_CUT", { ...where, what: "a record header", need: recordHeader, found });
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, found);
    const need = recordHeader + view.getUint32(8, littleEndian);
    throw captureError("E_PCAP_CUT", { ...where, what: "the record", need, found });
  }
}

/**
 * Reads the file header at `start` of `bytes` and returns the scanner for the records after it.
 * The caller has made sure that PCAP_HEADER_SIZE bytes are there.
 * @throws BpfError `E_PCAP_VERSION`, `E_PCAP_LINKTYPE`.
 */
export function readPcapHeader(state: ScanState, variant: Variant, bytes: Uint8Array, start: number): Scanner {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, PCAP_HEADER_SIZE);
  const le = variant.littleEndian;
  const major = view.getUint16(4, le);
  const minor = view.getUint16(6, le);
  if (major !== 2) throw captureError("E_PCAP_VERSION", { format: "pcap", major, minor, supported: 2, offset: 4 });
  // The upper half of the word tells about a frame check sequence, not about the link type.
  const linkType = view.getUint32(20, le) & 0xffff;
  if (state.linkType !== null && linkType !== state.linkType) {
    throw captureError("E_PCAP_LINKTYPE", { packet: 1, offset: 20, linkType, wanted: state.linkType });
  }
  state.interfaces.push({
    linkType,
    snapLength: view.getUint32(16, le),
    unitsPerSecond: 1e9 / variant.nanosPerUnit,
  });
  return new PcapScanner(state, variant);
}
