import type { PacketBatch } from "../net/index.ts";
import { REC_DATA, REC_FAULT, REC_LENGTH, REC_SIZE, REC_VERDICT } from "../runtime/layout.ts";
import type { Backend, Fd } from "./backend.ts";
import type { LoadedProgram } from "./loaded-program.ts";
import { type ProgObject, SimulatedKernel } from "./simulated.ts";
import { contextOf } from "./test-run.ts";

/** What runs need besides the packets. */
export interface PacketRunOptions {
  /** Context structure for every packet, as BPF_PROG_TEST_RUN takes it. */
  readonly ctx?: Uint8Array;
  /** Runs on each packet. */
  readonly repeat?: number;
  /** Measures time in nanoseconds. */
  readonly now: () => number;
}

/** Puts a program on many packets. Results stand until the next `run`. */
export interface PacketRunner {
  /** r0 of each packet of the last `run`, low 32 bits. */
  readonly retvals: Int32Array;
  /** Length in bytes of each packet as the program left it. */
  readonly lengths: Uint32Array;
  /** Nanoseconds spent in the program so far. */
  readonly nanoseconds: number;
  /** Runs packets `from`, `from + 1` … of a batch; returns how many, at least one. */
  run(batch: PacketBatch, from: number): number;
  /** Where a capture is best read to: packets then need not be copied into guest memory. */
  readonly buffer?: () => Uint8Array;
  /** Packet `index` of the last `run` as the program left it; a view that the next `run` overwrites. */
  packet(index: number): Uint8Array;
}

/** Packets that one crossing into wasm takes: small enough for their frames to stay in a second-level cache. */
const CHUNK_PACKETS = 256;
const CHUNK_BYTES = 1 << 20;
/** What the kernel's test run puts a packet into: a page (bpf_prog_test_run_xdp). */
const FRAME_BYTES = 4096;
const FRAMES_BYTES = CHUNK_PACKETS * (FRAME_BYTES + 192) + CHUNK_BYTES;

/** Runs packets in guest memory, a chunk per crossing, without JavaScript between them. */
export class BatchRunner implements PacketRunner {
  readonly retvals = new Int32Array(CHUNK_PACKETS);
  readonly lengths = new Uint32Array(CHUNK_PACKETS);
  nanoseconds = 0;
  readonly #kernel: SimulatedKernel;
  readonly #program: ProgObject;
  readonly #options: PacketRunOptions;
  readonly #chunk: number;
  readonly #offsets: number;
  readonly #times: number;
  readonly #records: number;
  readonly #frames: number;
  readonly #context: number;
  #origin: number | null = null;
  readonly #clock: number;

  constructor(kernel: SimulatedKernel, fd: Fd, options: PacketRunOptions) {
    this.#kernel = kernel;
    this.#program = kernel.prog("BPF_PROG_TEST_RUN", fd);
    this.#options = options;
    const { memory } = kernel.vm;
    this.#chunk = memory.alloc(CHUNK_BYTES);
    this.#offsets = memory.alloc(CHUNK_PACKETS * 8);
    this.#times = memory.alloc(CHUNK_PACKETS * 8);
    this.#records = memory.alloc(CHUNK_PACKETS * REC_SIZE);
    this.#frames = memory.alloc(FRAMES_BYTES);
    this.#context = contextOf(this.#program.type)!.template(kernel, options.ctx);
    this.#clock = Number(kernel.options.clock ?? 1_000_000_000n);
  }

  run(batch: PacketBatch, from: number): number {
    const { vm, engine } = this.#kernel;
    const { runtime } = vm;
    const context = contextOf(this.#program.type)!;
    let staged = 0;
    for (let round = this.#options.repeat ?? 1; round > 0; round--) {
      staged = this.#stage(batch, from, context.headroom, context.tailroom);
      vm.start(engine, this.#kernel.options.budget);
      const start = this.#options.now();
      runtime.exports[context.batch]!(this.#program.program.slot, vm.engineId(engine), this.#context, this.#records, staged);
      this.nanoseconds += this.#options.now() - start;
    }
    this.#collect(staged);
    return staged;
  }

  readonly buffer = (): Uint8Array => this.#kernel.vm.memory.u8.subarray(this.#chunk, this.#chunk + CHUNK_BYTES);

  packet(index: number): Uint8Array {
    const { u8, view } = this.#kernel.vm.memory;
    const data = view.getUint32(this.#records + index * REC_SIZE + REC_DATA, true);
    return u8.subarray(data, data + this.lengths[index]!);
  }

  #stage(batch: PacketBatch, from: number, headroom: number, tailroom: number): number {
    const { memory, runtime } = this.#kernel.vm;
    const { offsets, lengths, seconds, nanos, bytes } = batch;
    // What was read into guest memory stays where it is.
    const inGuest = bytes.buffer === memory.memory.buffer;
    const first = inGuest ? 0 : offsets[from]!;
    let end = from;
    let reach = first;
    while (end < batch.count && end - from < CHUNK_PACKETS) {
      const next = offsets[end]! + lengths[end]!;
      if (!inGuest && next - first > CHUNK_BYTES) break;
      reach = next;
      end++;
    }
    const count = end - from;
    if (!inGuest) memory.u8.set(bytes.subarray(first, reach), this.#chunk);
    const { view } = memory;
    for (let i = 0; i < count; i++) {
      view.setUint32(this.#offsets + i * 4, offsets[from + i]! - first, true);
      view.setUint32(this.#offsets + CHUNK_PACKETS * 4 + i * 4, lengths[from + i]!, true);
      // The virtual clock follows the capture: what lies a second apart there does so for the program.
      this.#origin ??= seconds[from]! * 1e9 + nanos[from]!;
      const time = this.#clock + Math.max(0, seconds[from + i]! * 1e9 + nanos[from + i]! - this.#origin);
      view.setFloat64(this.#times + i * 8, time, true);
    }
    return Number(
      runtime.exports["stage_packets"]!(
        inGuest ? bytes.byteOffset : this.#chunk,
        this.#offsets,
        this.#offsets + CHUNK_PACKETS * 4,
        this.#times,
        count,
        headroom,
        tailroom,
        FRAME_BYTES,
        this.#frames,
        this.#frames + FRAMES_BYTES,
        this.#records,
      ),
    );
  }

  #collect(count: number): void {
    const { view } = this.#kernel.vm.memory;
    for (let i = 0; i < count; i++) {
      const record = this.#records + i * REC_SIZE;
      if (view.getUint32(record + REC_FAULT, true) !== 0) this.#kernel.vm.checkFault(this.#kernel.options.budget);
      this.retvals[i] = view.getInt32(record + REC_VERDICT, true);
      this.lengths[i] = view.getUint32(record + REC_LENGTH, true);
    }
  }
}

/** Runs packets one BPF_PROG_TEST_RUN at a time: for engines and kernels that have no batches. */
export class TestRunRunner implements PacketRunner {
  readonly retvals = new Int32Array(1);
  readonly lengths = new Uint32Array(1);
  nanoseconds = 0;
  readonly #backend: Backend;
  readonly #fd: Fd;
  readonly #options: PacketRunOptions;
  #out = new Uint8Array(0);

  constructor(backend: Backend, fd: Fd, options: PacketRunOptions) {
    this.#backend = backend;
    this.#fd = fd;
    this.#options = options;
  }

  run(batch: PacketBatch, from: number): number {
    const { ctx, repeat = 1 } = this.#options;
    const result = this.#backend.progTestRun(this.#fd, {
      dataIn: batch.packet(from),
      repeat,
      ...(ctx === undefined ? {} : { ctxIn: ctx }),
    });
    this.nanoseconds += result.duration * repeat;
    this.retvals[0] = result.retval;
    this.#out = result.dataOut;
    this.lengths[0] = result.dataOut.length;
    return 1;
  }

  packet(): Uint8Array {
    return this.#out;
  }
}

/** The fastest way to put packets to a program of this backend. */
export function packetRunner(backend: Backend, program: LoadedProgram, options: PacketRunOptions): PacketRunner {
  if (backend instanceof SimulatedKernel && backend.engine !== "stepping") {
    return new BatchRunner(backend, program.fd, options);
  }
  return new TestRunRunner(backend, program.fd, options);
}
