import type { ClassicInsn } from "../../classic/index.ts";
import { FilterMemory, PacketFilter } from "../../kernel/packet-filter.ts";
import { type CaptureInterface, linkTypeName, MAX_CAPTURED } from "../../net/index.ts";
import { CaptureWriter, openCapture } from "../../node/index.ts";
import { defineErrors } from "../../util/index.ts";
import { RECORDS_BYTES, RecordGatherer } from "./records.ts";

const captureFilterError = defineErrors({
  E_FILTER_LINK_TYPES: (d: { path: string; first: number; other: number }) =>
    `${d.path}: has packets of link types ${linkTypeName(d.first)} and ${linkTypeName(d.other)}; a filter is made for one`,
});

/** Where the reader puts the file's bytes. */
const INPUT_BYTES = 3 << 20;

export interface CaptureSource {
  readonly linkType: number;
  readonly snaplen: number;
}

export interface CaptureFilterJob {
  readonly input: string;
  readonly output?: string | undefined;
  /** The program for packets of this capture. */
  readonly compile: (source: CaptureSource) => readonly ClassicInsn[];
}

export interface CaptureFilterReport {
  readonly source: CaptureSource;
  readonly packets: number;
  readonly bytes: number;
  readonly acceptedPackets: number;
  readonly acceptedBytes: number;
  readonly seconds: { readonly matching: number; readonly total: number };
  readonly notices: readonly string[];
}

function sourceOf(path: string, interfaces: readonly CaptureInterface[]): CaptureSource {
  const [first] = interfaces;
  if (first === undefined) return { linkType: 1, snaplen: MAX_CAPTURED };
  const other = interfaces.find((i) => i.linkType !== first.linkType);
  if (other !== undefined) {
    throw captureFilterError("E_FILTER_LINK_TYPES", { path, first: first.linkType, other: other.linkType });
  }
  const { snapLength } = first;
  // As in libpcap: 0 and nonsense mean the most that is believed.
  return {
    linkType: first.linkType,
    snaplen: snapLength === 0 || snapLength > MAX_CAPTURED ? MAX_CAPTURED : snapLength,
  };
}

/** Link type and capture length of a file, without reading more than its first packets. */
export async function captureSource(input: string): Promise<CaptureSource> {
  const reader = openCapture(input);
  for await (const _ of reader) break;
  return sourceOf(input, reader.interfaces);
}

/** Puts each packet of a capture through a filter, and those that it takes into another capture. */
export async function filterCapture(job: CaptureFilterJob): Promise<CaptureFilterReport> {
  const start = performance.now();
  const memory = new FilterMemory();
  memory.reserve(INPUT_BYTES + RECORDS_BYTES);
  const buffer = memory.input.subarray(0, INPUT_BYTES);
  const reader = openCapture(job.input, { buffer: () => buffer });
  let source: CaptureSource | null = null;
  let filter: PacketFilter | null = null;
  let writer: CaptureWriter | null = null;
  let gatherer: RecordGatherer | null = null;
  let described = 0;
  let bytes = 0;
  let acceptedPackets = 0;
  let acceptedBytes = 0;
  let matching = 0;
  const begin = (): PacketFilter => {
    source = sourceOf(job.input, reader.interfaces);
    filter = new PacketFilter(job.compile(source), memory);
    if (job.output !== undefined) {
      const nano = reader.interfaces.some((i) => i.unitsPerSecond > 1e6);
      const pcapng = /\.pcapng(\.gz)?$/i.test(job.output);
      const format = pcapng ? "pcapng" : nano ? "pcap-nano" : "pcap";
      const options = { format, linkType: source.linkType, snapLength: source.snaplen } as const;
      writer = new CaptureWriter(job.output, options);
      gatherer = new RecordGatherer(writer, memory.input, INPUT_BYTES, format);
    }
    return filter;
  };
  const results = new Uint32Array(8192);
  try {
    for await (const batch of reader) {
      filter ??= begin();
      if (reader.interfaces.length !== described) {
        sourceOf(job.input, reader.interfaces);
        described = reader.interfaces.length;
      }
      const before = performance.now();
      const accepted = filter.matchBatch(batch, results);
      matching += performance.now() - before;
      bytes += batch.byteCount;
      acceptedPackets += accepted;
      if (accepted > 0) {
        const { lengths, count } = batch;
        for (let i = 0; i < count; i++) if (results[i] !== 0) acceptedBytes += lengths[i]!;
        (gatherer as RecordGatherer | null)?.gather(batch, results);
      }
    }
    // A capture without packets has a link type, and expressions may be wrong for it.
    if (filter === null) begin();
    (gatherer as RecordGatherer | null)?.flush();
    (writer as CaptureWriter | null)?.finish();
  } finally {
    reader.close();
    (writer as CaptureWriter | null)?.abort();
  }
  return {
    source: source!,
    packets: reader.packets,
    bytes,
    acceptedPackets,
    acceptedBytes,
    seconds: { matching: matching / 1000, total: (performance.now() - start) / 1000 },
    notices: reader.notices.map((n) => `packet ${n.packet} at file offset ${n.offset}: ${n.text}`),
  };
}
