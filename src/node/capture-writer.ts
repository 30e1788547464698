import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { CaptureEncoder, type CaptureFormat, LINKTYPE_ETHERNET } from "../net/index.ts";
import { fileError, reasonOf } from "./capture-errors.ts";

const BUFFER_SIZE = 1 << 20;

export interface CaptureWriterOptions {
  /** Default by the file's name: `.pcapng` is pcapng, all else pcap with nanoseconds. */
  readonly format?: CaptureFormat;
  /** Default by the file's name: `.gz` at the end compresses. */
  readonly gzip?: boolean;
  /** LINKTYPE_* of the packets, default 1, Ethernet. */
  readonly linkType?: number;
  /** Longest captured length to announce, default 262,144. */
  readonly snapLength?: number;
}

let serial = 0;

/**
 * Writes a capture file that appears under its name only when it is complete: bytes go to a temporary file in the same directory,
 * `finish` gives it its name, `abort` removes it.
 *
 * ```ts
 * const out = new CaptureWriter("passed.pcapng.gz");
 * try { out.write(packet, seconds, nanos); out.finish(); } finally { out.abort(); }
 * ```
 */
export class CaptureWriter {
  readonly path: string;
  /** Packets written. */
  packets = 0;
  readonly #encoder: CaptureEncoder;
  readonly #gzip: boolean;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #view = new DataView(this.#buffer.buffer);
  /** Where the bytes go, and the name they get; the same for what is no regular file (a pipe, /dev/null). */
  readonly #temporary: string;
  readonly #target: string;
  #length = 0;
  #fd: number | null = null;

  /** @param path `-` is standard output. @throws BpfError `E_FILE_WRITE`. */
  constructor(path: string, options: CaptureWriterOptions = {}) {
    const name = path.toLowerCase();
    this.path = path;
    this.#gzip = options.gzip ?? name.endsWith(".gz");
    const format = options.format ?? (/\.pcapng(\.gz)?$/.test(name) ? "pcapng" : "pcap-nano");
    this.#encoder = new CaptureEncoder(format, options.linkType ?? LINKTYPE_ETHERNET, options.snapLength);
    const existing = path === "-" ? undefined : statSync(path, { throwIfNoEntry: false });
    try {
      if (existing?.isDirectory()) throw new Error("it is a directory");
      this.#target = existing === undefined ? path : realpathSync(path);
      const inPlace = path === "-" || (existing !== undefined && !existing.isFile());
      const hidden = `.${basename(this.#target)}.${process.pid}-${++serial}.tmp`;
      this.#temporary = inPlace ? path : join(dirname(this.#target), hidden);
      this.#fd = path === "-" ? 1 : openSync(this.#temporary, inPlace ? "w" : "wx");
    } catch (error) {
      throw fileError("E_FILE_WRITE", { path, reason: reasonOf(error) }, { cause: error });
    }
    const header = this.#encoder.header();
    this.#buffer.set(header);
    this.#length = header.length;
  }

  /**
   * Appends a packet of at most 262,144 bytes.
   * @param seconds since the epoch. @param nanos within the second. @param wireLength where the packet was cut short.
   * @throws BpfError `E_FILE_WRITE`.
   */
  write(packet: Uint8Array, seconds: number, nanos: number, wireLength = packet.length): void {
    if (this.#length + this.#encoder.recordSize(packet.length) > BUFFER_SIZE) this.#flush();
    this.#length = this.#encoder.record(this.#view, this.#length, packet, seconds, nanos, wireLength);
    this.packets++;
  }

  /** Appends whole records as the format has them. @throws BpfError `E_FILE_WRITE`. */
  writeRecords(records: Uint8Array, packets: number): void {
    this.#flush();
    this.#put(records);
    this.packets += packets;
  }

  /** Writes what is left and gives the file its name. @throws BpfError `E_FILE_WRITE`, having removed the temporary file. */
  finish(): void {
    this.#flush();
    this.#guard(() => {
      closeSync(this.#fd!);
      this.#fd = null;
      if (this.#temporary !== this.path) renameSync(this.#temporary, this.#target);
    });
  }

  /** Removes what was written so far; does nothing after `finish`. */
  abort(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
    if (this.#temporary !== this.path) rmSync(this.#temporary, { force: true });
  }

  #flush(): void {
    this.#put(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #put(part: Uint8Array): void {
    if (part.length === 0) return;
    // Each piece is a gzip member of its own; members in a row are one gzip file (RFC 1952, section 2.2).
    const bytes = this.#gzip ? gzipSync(part) : part;
    this.#guard(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd!, bytes, done);
    });
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (this.#fd === null && this.#temporary !== this.path) rmSync(this.#temporary, { force: true });
      this.abort();
      throw fileError("E_FILE_WRITE", { path: this.path, reason: reasonOf(error) }, { cause: error });
    }
  }
}
