import { MAP_TYPE } from "../../uapi/index.ts";
import { toHex } from "../../util/index.ts";
import { firstDifference } from "./packets.ts";
import type { Both, EventComparison, RecordDifference } from "./report.ts";
import type { Side } from "./side.ts";

/** Compares what ring buffers and perf event arrays of both kernels received, after each packet. */
export class EventComparer {
  readonly #sides: Both<Side>;
  readonly #keep: number;
  readonly #different: number[];
  readonly #first: RecordDifference[][];

  /** @param keep differing records of each stream that are reported */
  constructor(sides: Both<Side>, keep: number) {
    this.#sides = sides;
    this.#keep = keep;
    const { streams } = sides.simulated.events;
    this.#different = streams.map(() => 0);
    this.#first = streams.map(() => []);
  }

  /** Takes what the run of a packet sent; false where the kernels differ. */
  take(packet: number): boolean {
    const { simulated, linux } = this.#sides;
    simulated.events.drain();
    linux.events.drain();
    let equal = true;
    for (const [i, stream] of simulated.events.streams.entries()) {
      const ours = stream.samples.splice(0);
      const perf = stream.map.spec.type === MAP_TYPE.BPF_MAP_TYPE_PERF_EVENT_ARRAY;
      const theirs = linux.events.streams[i]!.samples.splice(0).map((record, n) =>
        perf ? withoutPadding(record, ours[n]) : record,
      );
      for (let n = 0; n < Math.max(ours.length, theirs.length); n++) {
        if (!this.#takeRecord(i, packet, ours[n], theirs[n])) equal = false;
      }
    }
    return equal;
  }

  #takeRecord(stream: number, packet: number, ours: Uint8Array | undefined, theirs: Uint8Array | undefined): boolean {
    const firstByte = ours === undefined || theirs === undefined ? 0 : firstDifference(ours, theirs);
    if (firstByte === null) return true;
    this.#different[stream]!++;
    const first = this.#first[stream]!;
    if (first.length < this.#keep) {
      const text = (record: Uint8Array | undefined) => (record === undefined ? null : toHex(record));
      first.push({ packet, firstByte, simulated: text(ours), linux: text(theirs) });
    }
    return false;
  }

  report(): EventComparison[] {
    return this.#sides.simulated.events.streams.map((ours, i) => {
      const theirs = this.#sides.linux.events.streams[i]!;
      return {
        map: ours.map.name,
        records: { simulated: ours.records, linux: theirs.records },
        bytes: { simulated: ours.bytes, linux: theirs.bytes },
        lost: { simulated: ours.lost, linux: theirs.lost },
        different: this.#different[i]!,
        first: this.#first[i]!,
      };
    });
  }
}

/** perf fills a sample with bytes of no meaning until it ends, with its 4-byte size, at a multiple of 8 (linux/perf_event.h). */
function withoutPadding(record: Uint8Array, other: Uint8Array | undefined): Uint8Array {
  if (other === undefined || ((other.length + 4 + 7) & ~7) - 4 !== record.length) return record;
  return record.subarray(0, other.length);
}
