import type { ClassicInsn } from "../classic/index.ts";
import { defineErrors } from "../util/index.ts";
import {
  compileClassic,
  FILTER_INPUT,
  FILTER_LENGTHS,
  FILTER_OFFSETS,
  FILTER_PACKETS,
  FILTER_RESULTS,
  FILTER_WIRE_LENGTHS,
  type FilterFunction,
} from "../vm/jit/classic.ts";

const filterError = defineErrors({
  E_FILTER_ROW: (d: { row: number; offset: number; length: number; size: number }) =>
    `packet ${d.row} of the batch, ${d.length} bytes at ${d.offset}, lies beyond the ${d.size} bytes given`,
});

const PAGE = 0x10000;
/** Packets are copied in stretches of this size, which a second-level cache holds. */
const CHUNK_BYTES = 1 << 19;
/** Room for a reader of captures, which fills one part while another is matched. */
const INPUT_BYTES = 3 << 20;

/** Packets in one buffer, as the capture reader gives them (`PacketBatch`), or as your own arrays. */
export interface FilterBatch {
  readonly bytes: Uint8Array;
  /** Packets in the arrays. */
  readonly count: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** Lengths that the packets had on the wire, what `len` means; default `lengths`. */
  readonly wireLengths?: Uint32Array;
}

/**
 * The memory in which filters see packets. Filters of one process share one unless told otherwise; whoever reads packets
 * straight into `input` saves the copying.
 */
export class FilterMemory {
  readonly memory = new WebAssembly.Memory({ initial: Math.ceil((FILTER_INPUT + INPUT_BYTES) / PAGE) });
  #columns = columnsOf(this.memory.buffer);

  /** Where packets may be put; a new view after the memory has grown. */
  get input(): Uint8Array {
    return this.columns.input;
  }

  get columns(): FilterColumns {
    // Growing detaches the old buffer; asking the memory for its buffer each time costs 50 ns.
    if (this.#columns.input.length === 0) this.#columns = columnsOf(this.memory.buffer);
    return this.#columns;
  }

  /** Makes `input` at least `size` bytes long. */
  reserve(size: number): void {
    const missing = size - this.input.length;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
  }
}

interface FilterColumns {
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly wireLengths: Uint32Array;
  readonly results: Uint32Array;
  readonly input: Uint8Array;
}

function columnsOf(buffer: ArrayBuffer): FilterColumns {
  const column = (at: number) => new Uint32Array(buffer, at, FILTER_PACKETS);
  return {
    offsets: column(FILTER_OFFSETS),
    lengths: column(FILTER_LENGTHS),
    wireLengths: column(FILTER_WIRE_LENGTHS),
    results: column(FILTER_RESULTS),
    input: new Uint8Array(buffer, FILTER_INPUT),
  };
}

let shared: FilterMemory | undefined;

/** A classic program as machine code, over packets in memory. */
export class PacketFilter {
  readonly program: readonly ClassicInsn[];
  readonly #memory: FilterMemory;
  readonly #match: FilterFunction;

  /** @throws BpfError `E_JIT_CLASSIC*` for what is no program, or asks for what only a running kernel knows. */
  constructor(program: readonly ClassicInsn[], memory?: FilterMemory) {
    this.program = program;
    this.#memory = memory ?? (shared ??= new FilterMemory());
    const module = new WebAssembly.Module(compileClassic(program));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory.memory } });
    this.#match = exports["match"] as FilterFunction;
  }

  /** Whether the filter takes the packet. @param wireLength what `len` means, where the packet was cut short. */
  match(packet: Uint8Array, wireLength: number = packet.length): boolean {
    return this.run(packet, wireLength) !== 0;
  }

  /** What the program returns: how many bytes of the packet to keep, 0 for none. */
  run(packet: Uint8Array, wireLength: number = packet.length): number {
    const memory = this.#memory;
    if (packet.length > memory.input.length) memory.reserve(packet.length);
    const { offsets, lengths, wireLengths, results, input } = memory.columns;
    input.set(packet);
    offsets[0] = 0;
    lengths[0] = packet.length;
    wireLengths[0] = wireLength;
    this.#match(FILTER_INPUT, 1);
    return results[0]!;
  }

  /**
   * Matches many packets, thousands for one crossing into WebAssembly. Packets that lie in the filter's memory are not copied.
   * @param results gets what the program returns for each packet: how many bytes to keep, 0 for none.
   * @returns how many packets were taken.
   * @throws BpfError `E_FILTER_ROW`
   */
  matchBatch(batch: FilterBatch, results: Uint32Array = new Uint32Array(batch.count)): number {
    let accepted = 0;
    for (let from = 0; from < batch.count; ) {
      const end = Math.min(batch.count, from + FILTER_PACKETS);
      const inside = batch.bytes.buffer === this.#memory.memory.buffer;
      const chunk = inside ? { end, base: batch.bytes.byteOffset } : this.#copyIn(batch, from, end);
      if (inside) checkRows(batch, from, end);
      const columns = this.#memory.columns;
      columns.offsets.set(batch.offsets.subarray(from, chunk.end));
      columns.lengths.set(batch.lengths.subarray(from, chunk.end));
      columns.wireLengths.set((batch.wireLengths ?? batch.lengths).subarray(from, chunk.end));
      accepted += this.#match(chunk.base, chunk.end - from);
      results.set(columns.results.subarray(0, chunk.end - from), from);
      from = chunk.end;
    }
    return accepted;
  }

  /**
   * Copies the stretch that holds packets `from` to `end`, or as many as fit, into the filter's memory. Rows may stand in any order.
   */
  #copyIn(batch: FilterBatch, from: number, end: number): { readonly end: number; readonly base: number } {
    const { offsets, lengths, bytes } = batch;
    checkRows(batch, from, end);
    let first = offsets[from]!;
    let reach = first + lengths[from]!;
    let last = from + 1;
    for (; last < end; last++) {
      const low = Math.min(first, offsets[last]!);
      const high = Math.max(reach, offsets[last]! + lengths[last]!);
      if (high - low > CHUNK_BYTES) break;
      first = low;
      reach = high;
    }
    this.#memory.reserve(reach - first);
    this.#memory.input.set(bytes.subarray(first, reach));
    return { end: last, base: FILTER_INPUT - first };
  }
}

/** Positions outside of `bytes` would be read elsewhere in the memory. */
function checkRows({ bytes, offsets, lengths }: FilterBatch, from: number, end: number): void {
  const size = bytes.length;
  for (let row = from; row < end; row++) {
    const offset = offsets[row]!;
    const length = lengths[row]!;
    if (offset + length > size) throw filterError("E_FILTER_ROW", { row, offset, length, size });
  }
}
