import type { PacketBatch } from "../net/index.ts";
import {
  ENGINE,
  REC_DATA,
  REC_SIZE,
  STAGE_LENGTHS,
  STAGE_NANOS,
  STAGE_OFFSETS,
  STAGE_PACKETS,
  STAGE_RETVALS,
  STAGE_SECONDS,
  STAGE_SIZE,
} from "../runtime/layout.ts";
import type { Fd } from "./backend.ts";
import { CaptureClock } from "./capture-clock.ts";
import { checked } from "./errors.ts";
import { type Framing, framingOf } from "./framing.ts";
import type { PacketRunner, PacketRunOptions } from "./packet-runner.ts";
import type { ProgObject, SimulatedKernel } from "./simulated.ts";

const COMMAND = "BPF_PROG_TEST_RUN";

/** What one crossing into wasm takes in packets (STAGE_PACKETS) and bytes: frames stay in a second-level cache. */
const CHUNK_BYTES = 1 << 20;
const FRAMES_BYTES = STAGE_PACKETS * (4096 + 192) + CHUNK_BYTES;
/** Where captures are read to: room for a reader that fills one half while the other is run. */
const INPUT_BYTES = 3 << 20;

/** Stands in for the packets while the context is made. */
const STAND_IN = new Uint8Array(64);

/** The staging area as JavaScript fills and reads it; made anew when guest memory has grown. */
interface Columns {
  readonly buffer: ArrayBuffer;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly nanos: Uint32Array;
  readonly seconds: Float64Array;
  readonly retvals: Int32Array;
}

/** Runs packets in guest memory, a chunk per crossing, without JavaScript between them. */
export class BatchRunner implements PacketRunner {
  nanoseconds = 0;
  readonly #kernel: SimulatedKernel;
  readonly #program: ProgObject;
  readonly #options: PacketRunOptions;
  readonly #input: number;
  readonly #stage: number;
  readonly #records: number;
  readonly #frames: number;
  readonly #context: number;
  readonly #framing: Framing;
  readonly #clock: CaptureClock;
  #made: Columns | null = null;

  constructor(kernel: SimulatedKernel, fd: Fd, options: PacketRunOptions) {
    this.#kernel = kernel;
    this.#program = kernel.prog(COMMAND, fd);
    this.#options = options;
    const { memory } = kernel.vm;
    // Whatever makes guest memory grow comes before the buffers that others hold views of.
    kernel.vm.prepare(kernel.engine);
    this.#input = memory.alloc(INPUT_BYTES);
    this.#stage = memory.alloc(STAGE_SIZE);
    this.#records = memory.alloc(STAGE_PACKETS * REC_SIZE);
    this.#frames = memory.alloc(FRAMES_BYTES);
    this.#framing = framingOf(this.#program);
    const context = kernel.contexts.of(this.#program.type, true);
    this.#context = checked(COMMAND, context.begin(STAND_IN, options.ctx), "the context given");
    this.#clock = new CaptureClock(kernel);
  }

  get retvals(): Int32Array {
    return this.#columns.retvals;
  }

  get lengths(): Uint32Array {
    return this.#columns.lengths;
  }

  run(batch: PacketBatch, from: number): number {
    const { vm, engine, options } = this.#kernel;
    const { exports } = vm.runtime;
    const { program } = this.#program;
    const budget = options.budget === undefined ? {} : { budget: options.budget };
    let staged = 0;
    for (let round = this.#options.repeat ?? 1; round > 0; round--) {
      staged = this.#stagePackets(batch, from);
      vm.start(engine, options.budget);
      const id = vm.memory.view.getUint32(ENGINE, true);
      const start = this.#options.now();
      const enter = () => exports[this.#framing.batch]!(program.slot, id, this.#context, this.#records, staged);
      vm.enter(program, engine, enter, budget);
      this.nanoseconds += this.#options.now() - start;
    }
    if (exports["collect_packets"]!(this.#records, this.#stage, staged) !== 0) vm.checkFault(options.budget);
    return staged;
  }

  readonly buffer = (): Uint8Array => this.#kernel.vm.memory.u8.subarray(this.#input, this.#input + INPUT_BYTES);

  packet(index: number): Uint8Array {
    const { u8, view } = this.#kernel.vm.memory;
    const data = view.getUint32(this.#records + index * REC_SIZE + REC_DATA, true);
    return u8.subarray(data, data + this.lengths[index]!);
  }

  get #columns(): Columns {
    const { buffer } = this.#kernel.vm.memory.memory;
    if (this.#made?.buffer !== buffer) {
      const at = this.#stage;
      this.#made = {
        buffer,
        offsets: new Uint32Array(buffer, at + STAGE_OFFSETS, STAGE_PACKETS),
        lengths: new Uint32Array(buffer, at + STAGE_LENGTHS, STAGE_PACKETS),
        nanos: new Uint32Array(buffer, at + STAGE_NANOS, STAGE_PACKETS),
        seconds: new Float64Array(buffer, at + STAGE_SECONDS, STAGE_PACKETS),
        retvals: new Int32Array(buffer, at + STAGE_RETVALS, STAGE_PACKETS),
      };
    }
    return this.#made;
  }

  /** Brings packets from `from` on into frames; returns how many fitted. */
  #stagePackets(batch: PacketBatch, from: number): number {
    const { memory, runtime } = this.#kernel.vm;
    const end = Math.min(batch.count, from + STAGE_PACKETS);
    // What was read into guest memory stays where it is.
    const inGuest = batch.bytes.buffer === memory.memory.buffer;
    const chunk = inGuest ? { end, base: batch.bytes.byteOffset } : this.#copyIn(batch, from, end);
    const columns = this.#columns;
    columns.offsets.set(batch.offsets.subarray(from, chunk.end));
    columns.lengths.set(batch.lengths.subarray(from, chunk.end));
    columns.nanos.set(batch.nanos.subarray(from, chunk.end));
    columns.seconds.set(batch.seconds.subarray(from, chunk.end));
    const origin = this.#clock.origin(batch);
    const { headroom, tailroom, frame } = this.#framing;
    return Number(
      runtime.exports["stage_packets"]!(
        chunk.base,
        this.#stage,
        chunk.end - from,
        origin.seconds,
        origin.nanos,
        this.#clock.start,
        headroom,
        tailroom,
        frame,
        this.#frames,
        this.#frames + FRAMES_BYTES,
        this.#records,
      ),
    );
  }

  /** Copies the stretch that holds packets `from` to `end`, or as many as fit, into guest memory. */
  #copyIn(batch: PacketBatch, from: number, end: number): { readonly end: number; readonly base: number } {
    const first = batch.offsets[from]!;
    let reach = first;
    let last = from;
    while (last < end && batch.offsets[last]! + batch.lengths[last]! - first <= INPUT_BYTES) {
      reach = batch.offsets[last]! + batch.lengths[last]!;
      last++;
    }
    this.#kernel.vm.memory.u8.set(batch.bytes.subarray(first, reach), this.#input);
    return { end: last, base: this.#input - first };
  }
}
