import { MAX_CAPTURED, notice, type PacketBatch, type Scanner, type ScanState } from "./pcap-batch.ts";
import { captureError } from "./pcap-errors.ts";
import { TimestampClock } from "./pcapng-time.ts";

// Block types (draft-ietf-opsawg-pcapng, section 4 and 11.1).
export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
const BLOCK_PACKET = 2;
const BLOCK_SIMPLE = 3;
export const BLOCK_ENHANCED = 6;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_SWAPPED = 0x4d3c2b1a;

export const OPTION_END = 0;
export const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;

const MIN_BLOCK = 12;
/** Blocks up to this size are read whole; of larger ones only what is needed, the rest is passed over. */
const WHOLE_BLOCK = 2 * MAX_CAPTURED;
/** An interface's description must be read whole; more than this is no honest one. */
const MAX_INTERFACE_BLOCK = 65_536;
const MAX_INTERFACES = 65_536;

interface SectionInterface {
  /** Index into the parser's list, which goes through all sections. */
  readonly index: number;
  readonly linkType: number;
  readonly snapLength: number;
  readonly clock: TimestampClock;
}

interface OpenBlock {
  readonly type: number;
  readonly length: number;
  readonly packet: number;
  readonly offset: number;
}

class PcapngScanner implements Scanner {
  readonly format = "pcapng";
  readonly #state: ScanState;
  #littleEndian = true;
  #section: SectionInterface[] = [];
  /** The large block that is being passed over: its trailing length comes next. */
  #open: OpenBlock | null = null;

  constructor(state: ScanState) {
    this.#state = state;
  }

  scan(bytes: Uint8Array, start: number, end: number, batch: PacketBatch): number {
    const state = this.#state;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = start;
    if (this.#open !== null) {
      if (at + 4 > end) return at;
      this.#checkTrailer(view, at, this.#open);
      this.#open = null;
      at += 4;
    }
    while (batch.count < batch.capacity && at + MIN_BLOCK <= end) {
      const type = view.getUint32(at, this.#littleEndian);
      // The section header's type reads the same in both byte orders; its byte order must be known before its length.
      if (type === BLOCK_SECTION) this.#readByteOrder(view, at);
      const le = this.#littleEndian;
      const length = view.getUint32(at + 4, le);
      if (length < MIN_BLOCK) throw this.#blockError(at, type, length, "the least is 12");
      if ((length & 3) !== 0) throw this.#blockError(at, type, length, "which is not a multiple of 4");
      const available = end - at;
      if (length <= WHOLE_BLOCK) {
        if (length > available) break;
        const trailer = view.getUint32(at + length - 4, le);
        if (trailer !== length) {
          throw captureError("E_PCAP_TRAILER", { ...this.#where(at), type, length, trailer });
        }
      } else if (available < WHOLE_BLOCK) break;
      if (type === BLOCK_ENHANCED || type === BLOCK_PACKET) {
        if (length < 32) throw this.#blockError(at, type, length, "a packet needs at least 32");
        const index = type === BLOCK_ENHANCED ? view.getUint32(at + 8, le) : view.getUint16(at + 8, le);
        const captured = view.getUint32(at + 20, le);
        const clock = this.#add(batch, at, index, 28, captured, view.getUint32(at + 24, le), length);
        clock.set(view.getUint32(at + 12, le), view.getUint32(at + 16, le));
        batch.seconds[batch.count] = clock.seconds;
        batch.nanos[batch.count] = clock.nanos;
        batch.count++;
        state.packets++;
      } else if (type === BLOCK_SIMPLE) {
        if (length < 16) throw this.#blockError(at, type, length, "a simple packet needs at least 16");
        const wire = view.getUint32(at + 8, le);
        const limit = this.#section[0]?.snapLength || MAX_CAPTURED;
        // A simple packet block has no captured length: the snap length of interface 0 tells it from padding.
        const captured = Math.min(wire, limit, length - 16);
        this.#add(batch, at, 0, 12, captured, wire, length);
        batch.seconds[batch.count] = 0;
        batch.nanos[batch.count] = 0;
        batch.count++;
        state.packets++;
      } else if (type === BLOCK_SECTION) {
        this.#readSection(view, at, length);
      } else if (type === BLOCK_INTERFACE) {
        this.#readInterface(view, at, length);
      }
      if (length <= WHOLE_BLOCK) at += length;
      else {
        this.#open = { type, length, ...this.#where(at) };
        const rest = length - 4;
        if (rest > available) {
          state.skip = rest - available;
          return end;
        }
        at += rest;
        if (at + 4 > end) return at;
        this.#checkTrailer(view, at, this.#open);
        this.#open = null;
        at += 4;
      }
    }
    return at;
  }

  cut(bytes: Uint8Array, start: number, found: number): never {
    const open = this.#open;
    if (open !== null) {
      const { packet, offset, length } = open;
      const passed = this.#state.base + start + found - offset;
      throw captureError("E_PCAP_CUT", { packet, offset, what: "the block", need: length, found: passed });
    }
    const where = this.#where(start);
    if (found < MIN_BLOCK) {
      throw captureError("E_PCAP_CUT", { ...where, what: "a block", need: MIN_BLOCK, found });
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const need = view.getUint32(start + 4, this.#littleEndian);
    throw captureError("E_PCAP_CUT", { ...where, what: "the block", need, found });
  }

  #where(at: number): { packet: number; offset: number } {
    return { packet: this.#state.packets + 1, offset: this.#state.base + at };
  }

  #blockError(at: number, type: number, length: number, why: string): Error {
    return captureError("E_PCAP_BLOCK", { ...this.#where(at), type, length, why });
  }

  #checkTrailer(view: DataView, at: number, block: OpenBlock): void {
    const trailer = view.getUint32(at, this.#littleEndian);
    if (trailer !== block.length) throw captureError("E_PCAP_TRAILER", { ...block, trailer });
  }

  /** Writes the row's positions and lengths; returns the clock for its time. `header` bytes come before the data. */
  #add(
    batch: PacketBatch,
    at: number,
    index: number,
    header: number,
    captured: number,
    wire: number,
    length: number,
  ): TimestampClock {
    const state = this.#state;
    const section = this.#section[index];
    if (section === undefined) {
      throw captureError("E_PCAP_INTERFACE", { ...this.#where(at), interface: index, count: this.#section.length });
    }
    if (state.linkType !== null && section.linkType !== state.linkType) {
      throw captureError("E_PCAP_LINKTYPE", { ...this.#where(at), linkType: section.linkType, wanted: state.linkType });
    }
    const room = Math.min(length - header - 4, MAX_CAPTURED);
    if (captured > room) {
      notice(
        state,
        state.base + at,
        `captured length ${captured} does not fit into its block of ${length} bytes, ${room} taken`,
      );
      captured = room;
    }
    if (wire < captured) {
      notice(state, state.base + at, `captured length ${captured} is above the length on the wire, ${wire}`);
      wire = captured;
    }
    const row = batch.count;
    batch.offsets[row] = at + header;
    batch.lengths[row] = captured;
    batch.wireLengths[row] = wire;
    batch.interfaces[row] = section.index;
    batch.byteCount += captured;
    return section.clock;
  }

  #readByteOrder(view: DataView, at: number): void {
    const magic = view.getUint32(at + 8, true);
    if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_SWAPPED) {
      const length = view.getUint32(at + 4, this.#littleEndian);
      throw this.#blockError(at, BLOCK_SECTION, length, `its byte-order magic is 0x${magic.toString(16)}`);
    }
    this.#littleEndian = magic === BYTE_ORDER_MAGIC;
  }

  #readSection(view: DataView, at: number, length: number): void {
    if (length < 28) throw this.#blockError(at, BLOCK_SECTION, length, "a section header needs at least 28");
    const major = view.getUint16(at + 12, this.#littleEndian);
    const minor = view.getUint16(at + 14, this.#littleEndian);
    if (major !== 1) {
      const offset = this.#state.base + at;
      throw captureError("E_PCAP_VERSION", { format: "pcapng", major, minor, supported: 1, offset });
    }
    this.#section = [];
  }

  #readInterface(view: DataView, at: number, length: number): void {
    if (length < 20) throw this.#blockError(at, BLOCK_INTERFACE, length, "an interface description needs at least 20");
    const state = this.#state;
    const index = state.interfaces.length;
    if (length > MAX_INTERFACE_BLOCK || index >= MAX_INTERFACES) {
      const limit =
        length > MAX_INTERFACE_BLOCK ? `the limit is ${MAX_INTERFACE_BLOCK}` : "there are too many interfaces";
      throw this.#blockError(at, BLOCK_INTERFACE, length, limit);
    }
    const le = this.#littleEndian;
    let resolution = 6;
    let timeOffset = 0n;
    const end = at + length - 4;
    for (let option = at + 16; option + 4 <= end; ) {
      const code = view.getUint16(option, le);
      const size = view.getUint16(option + 2, le);
      if (code === OPTION_END) break;
      if (option + 4 + size > end) {
        throw captureError("E_PCAP_OPTION", { ...this.#where(at), option: `${code}`, why: "reaches beyond its block" });
      }
      if (code === OPTION_TSRESOL) {
        if (size !== 1) throw this.#optionSize(at, "if_tsresol", size, 1);
        resolution = view.getUint8(option + 4);
      } else if (code === OPTION_TSOFFSET) {
        if (size !== 8) throw this.#optionSize(at, "if_tsoffset", size, 8);
        timeOffset = view.getBigInt64(option + 4, le);
      }
      option += 4 + ((size + 3) & ~3);
    }
    const linkType = view.getUint16(at + 8, le);
    const snapLength = view.getUint32(at + 12, le);
    const clock = new TimestampClock(resolution, timeOffset);
    this.#section.push({ index, linkType, snapLength, clock });
    state.interfaces.push({ linkType, snapLength, unitsPerSecond: clock.unitsPerSecond });
  }

  #optionSize(at: number, option: string, size: number, wanted: number): Error {
    return captureError("E_PCAP_OPTION", { ...this.#where(at), option, why: `has ${size} bytes instead of ${wanted}` });
  }
}

/** The scanner of a pcapng file from its first section header on. */
export function createPcapngScanner(state: ScanState): Scanner {
  return new PcapngScanner(state);
}
