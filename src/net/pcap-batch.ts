/** Largest captured length that is believed, as in tcpdump and Wireshark (MAXIMUM_SNAPLEN). */
export const MAX_CAPTURED = 262_144;

/**
 * Packets of a capture, as positions in `bytes`: no object per packet. Row `i < count` is packet number `first + i`.
 * A batch and its arrays are used again for the next packets: read or copy what is needed before asking for more.
 */
export class PacketBatch {
  /** Number of rows in use. */
  count = 0;
  /** Sum of `lengths`. */
  byteCount = 0;
  /** Number (from 1) of the first packet within the capture. */
  first = 1;
  /** What `offsets` point into. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Most rows that fit. */
  readonly capacity: number;
  /** Where each packet starts in `bytes`. */
  readonly offsets: Uint32Array;
  /** Captured length of each packet, at most 262,144. */
  readonly lengths: Uint32Array;
  /** Length each packet had on the wire. */
  readonly wireLengths: Uint32Array;
  /** Time since the epoch: whole seconds, and nanoseconds within the second. */
  readonly seconds: Float64Array;
  readonly nanos: Uint32Array;
  /** Index into the parser's `interfaces`. */
  readonly interfaces: Uint32Array;

  constructor(capacity = 8192) {
    this.capacity = capacity;
    this.offsets = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
    this.wireLengths = new Uint32Array(capacity);
    this.seconds = new Float64Array(capacity);
    this.nanos = new Uint32Array(capacity);
    this.interfaces = new Uint32Array(capacity);
  }

  /** A view (no copy) of packet `index`. */
  packet(index: number): Uint8Array {
    const offset = this.offsets[index]!;
    return this.bytes.subarray(offset, offset + this.lengths[index]!);
  }
}

/** A network interface of a capture; a pcap file has one, a pcapng file one per Interface Description Block, counted through all sections. */
export interface CaptureInterface {
  /** LINKTYPE_*; 1 is Ethernet. */
  readonly linkType: number;
  /** Longest captured length that the writer announced, 0 = no limit. */
  readonly snapLength: number;
  /** Timestamp units per second: 1e6 for microseconds. */
  readonly unitsPerSecond: number;
}

/** Something odd that does not stop the reading: a length beyond its block, a captured length above the wire length. */
export interface CaptureNotice {
  readonly packet: number;
  readonly offset: number;
  readonly text: string;
}

/** What a format's scanner shares with the parser that drives it. */
export interface ScanState {
  /** Packets seen so far. */
  packets: number;
  /** File offset of the byte at index 0 of the buffer being scanned. */
  base: number;
  /** Bytes to pass over before the next record, where they reach beyond the buffer. */
  skip: number;
  /** A packet of another link type is refused; null takes all. */
  readonly linkType: number | null;
  readonly interfaces: CaptureInterface[];
  readonly notices: CaptureNotice[];
}

const MAX_NOTICES = 16;

/** Keeps the first few notices: a broken file has one for every packet. */
export function notice(state: ScanState, offset: number, text: string): void {
  if (state.notices.length < MAX_NOTICES) {
    state.notices.push({ packet: state.packets + 1, offset, text });
  }
}

/** Reads records of one format out of a buffer. */
export interface Scanner {
  readonly format: "pcap" | "pcapng";
  /**
   * Fills `batch` from `bytes[start, end)`; stops at the end, before an incomplete record or when the batch is full.
   * @returns the index of the first byte not used.
   */
  scan(bytes: Uint8Array, start: number, end: number, batch: PacketBatch): number;
  /** Throws E_PCAP_CUT for the `found` bytes at `offset` that are left when the file ends. */
  cut(bytes: Uint8Array, start: number, found: number): never;
}
