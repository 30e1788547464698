import { closeSync, createReadStream, fstatSync, openSync, read, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { type CaptureInterface, type CaptureNotice, CaptureParser, type PacketBatch } from "../net/index.ts";
import { BpfError } from "../util/index.ts";
import { fileError, inFile, reasonOf } from "./capture-errors.ts";

/** Room for the longest record, which the end of a half of the buffer may cut in two. */
const RECORD_ROOM = 0x90000;
/** Two halves of a megabyte each, and that room before each. */
const BUFFER_SIZE = 3 << 20;

const readAsync = async (fd: number, into: Uint8Array, offset: number, length: number, position: number) =>
  (await promisify(read)(fd, into, offset, length, position)).bytesRead;

export interface OpenCaptureOptions {
  /** Refuse packets of any other link type (E_PCAP_LINKTYPE); XDP and tc need 1, Ethernet. Default: take all. */
  readonly linkType?: number;
  /** Packets per batch, default 8192. */
  readonly batchSize?: number;
  /**
   * Where the file's bytes go, at least 3 MiB; asked before every read, so that it may lie in a WebAssembly memory that grows.
   * Its contents must stay between two batches: a record cut by its end is moved to its start. Default: a buffer of our own.
   */
  readonly buffer?: () => Uint8Array;
}

/** An open capture: iterate over it once for its packets. */
export interface CaptureReader extends AsyncIterable<PacketBatch> {
  /** Bytes of the file (compressed, where it is), null for a pipe. */
  readonly size: number | null;
  /** Bytes of the file read so far: `bytesRead / size` is the progress. */
  readonly bytesRead: number;
  /** Packets delivered so far. */
  readonly packets: number;
  /** Null until the first bytes were read. */
  readonly format: "pcap" | "pcapng" | null;
  readonly compressed: boolean;
  readonly interfaces: readonly CaptureInterface[];
  readonly notices: readonly CaptureNotice[];
  /** Releases the file; done by itself when the iteration ends. */
  close(): void;
}

/** Looks at the first bytes of a pipe, without taking them. */
async function startsWithGzip(stream: Readable): Promise<boolean> {
  await new Promise<void>((resolve) => {
    stream.once("readable", resolve).once("end", resolve).once("error", resolve);
  });
  const head = stream.read(2) as Uint8Array | null;
  if (head === null) return false;
  stream.unshift(head);
  return head[0] === 0x1f && head[1] === 0x8b;
}

class FileReader implements CaptureReader {
  readonly size: number | null;
  bytesRead = 0;
  compressed = false;
  readonly #path: string;
  readonly #parser: CaptureParser;
  readonly #buffer: () => Uint8Array;
  #fd: number | null;

  constructor(path: string, fd: number, size: number | null, options: OpenCaptureOptions) {
    this.#path = path;
    this.#fd = fd;
    this.size = size;
    this.#parser = new CaptureParser(options);
    const own = options.buffer === undefined ? new Uint8Array(BUFFER_SIZE) : null;
    this.#buffer = options.buffer ?? (() => own!);
  }

  get packets(): number {
    return this.#parser.packets;
  }
  get format(): "pcap" | "pcapng" | null {
    return this.#parser.format;
  }
  get interfaces(): readonly CaptureInterface[] {
    return this.#parser.interfaces;
  }
  get notices(): readonly CaptureNotice[] {
    return this.#parser.notices;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PacketBatch, void, void> {
    try {
      const fd = this.#fd;
      if (fd === null) return;
      const head = new Uint8Array(2);
      const regular = this.size !== null;
      const count = regular ? this.#read(fd, head, 0, 2, 0) : 0;
      this.compressed = count === 2 && head[0] === 0x1f && head[1] === 0x8b;
      if (regular && !this.compressed) yield* this.#readFile(fd);
      else yield* this.#readStream(fd);
    } catch (error) {
      throw inFile(error, this.#path);
    } finally {
      this.close();
    }
  }

  /**
   * A regular file: while one half of the buffer is being used, the next bytes are read into the other, so that reading costs
   * next to nothing of the caller's time. Each half begins with room for a record that the other half's end cut in two.
   */
  async *#readFile(fd: number): AsyncGenerator<PacketBatch, void, void> {
    const parser = this.#parser;
    const half = this.#buffer().length >> 1;
    let side = 0;
    let rest = 0;
    let next = this.#readAhead(fd, RECORD_ROOM, half - RECORD_ROOM);
    try {
      for (;;) {
        const count = await next;
        const start = side * half + RECORD_ROOM - rest;
        const end = side * half + RECORD_ROOM + count;
        if (count === 0) {
          parser.finish(this.#buffer(), start, end);
          return;
        }
        this.bytesRead += count;
        next = this.#readAhead(fd, (1 - side) * half + RECORD_ROOM, half - RECORD_ROOM);
        let at = start;
        for (;;) {
          at = parser.scan(this.#buffer(), at, end);
          if (parser.batch.count === 0) break;
          yield parser.batch;
        }
        rest = end - at;
        side = 1 - side;
        this.#buffer().copyWithin(side * half + RECORD_ROOM - rest, at, end);
      }
    } finally {
      // The file must stay open until what was asked of it has come.
      await next.catch(() => undefined);
    }
  }

  async #readAhead(fd: number, offset: number, length: number): Promise<number> {
    try {
      return await readAsync(fd, this.#buffer(), offset, length, this.bytesRead);
    } catch (error) {
      throw fileError("E_FILE_READ", { path: this.#path, reason: reasonOf(error) }, { cause: error });
    }
  }

  /** A pipe or a compressed file: chunks are gathered in the buffer. */
  async *#readStream(fd: number): AsyncGenerator<PacketBatch, void, void> {
    const parser = this.#parser;
    let rest = 0;
    for await (const chunk of this.#chunks(fd)) {
      for (let from = 0; from < chunk.length; ) {
        const buffer = this.#buffer();
        const count = Math.min(chunk.length - from, buffer.length - rest);
        buffer.set(chunk.subarray(from, from + count), rest);
        from += count;
        const end = rest + count;
        let at = 0;
        for (;;) {
          at = parser.scan(this.#buffer(), at, end);
          if (parser.batch.count === 0) break;
          yield parser.batch;
        }
        this.#buffer().copyWithin(0, at, end);
        rest = end - at;
      }
    }
    parser.finish(this.#buffer(), 0, rest);
  }

  async *#chunks(fd: number): AsyncGenerator<Uint8Array, void, void> {
    this.#fd = null;
    const file = createReadStream("", { fd, highWaterMark: 256 * 1024, ...(this.size === null ? {} : { start: 0 }) });
    let source: Readable = file;
    if (this.size === null) this.compressed = await startsWithGzip(file);
    if (this.compressed) {
      const gunzip = createGunzip({ chunkSize: 256 * 1024 });
      file.on("error", (error) => gunzip.destroy(error));
      source = file.pipe(gunzip);
    }
    try {
      for await (const chunk of source) {
        this.bytesRead = file.bytesRead;
        yield chunk as Uint8Array;
      }
    } catch (error) {
      if (error instanceof BpfError) throw error;
      const zlib = String((error as { code?: unknown }).code).startsWith("Z_");
      const data = { path: this.#path, reason: reasonOf(error) };
      throw zlib ? fileError("E_PCAP_GZIP", data, { cause: error }) : fileError("E_FILE_READ", data, { cause: error });
    } finally {
      file.destroy();
    }
  }

  #read(fd: number, into: Uint8Array, offset: number, length: number, position: number): number {
    try {
      return readSync(fd, into, offset, length, position);
    } catch (error) {
      throw fileError("E_FILE_READ", { path: this.#path, reason: reasonOf(error) }, { cause: error });
    }
  }
}

/**
 * Opens a capture file for reading: pcap or pcapng, plain or gzip, told apart by contents, not by name. `-` is standard input.
 *
 * ```ts
 * const capture = openCapture("traffic.pcap.gz", { linkType: LINKTYPE_ETHERNET });
 * for await (const batch of capture) for (let i = 0; i < batch.count; i++) use(batch.packet(i));
 * ```
 *
 * @throws BpfError `E_FILE_OPEN`; while iterating `E_FILE_READ`, `E_PCAP_*`.
 */
export function openCapture(path: string, options: OpenCaptureOptions = {}): CaptureReader {
  let fd: number | null = null;
  try {
    fd = path === "-" ? 0 : openSync(path, "r");
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Error("it is a directory");
    return new FileReader(path, fd, stat.isFile() ? stat.size : null, options);
  } catch (error) {
    if (fd !== null) closeSync(fd);
    throw fileError("E_FILE_OPEN", { path, reason: reasonOf(error) }, { cause: error });
  }
}
