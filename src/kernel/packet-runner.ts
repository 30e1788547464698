import type { PacketBatch, RunContext } from "../net/index.ts";
import { ENGINE, REC_DATA, REC_FAULT, REC_LENGTH, REC_SIZE, REC_VERDICT } from "../runtime/layout.ts";
import { helperById, PROG_TYPE } from "../uapi/index.ts";
import type { Fd } from "./backend.ts";
import { checked } from "./errors.ts";
import type { LoadedProgram } from "./loaded-program.ts";
import type { ProgObject, SimulatedKernel } from "./simulated.ts";
import { timedRun } from "./test-run.ts";

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

const COMMAND = "BPF_PROG_TEST_RUN";

/** Packets that one crossing into wasm takes: small enough for their frames to stay in a second-level cache. */
const CHUNK_PACKETS = 256;
const CHUNK_BYTES = 1 << 20;
const FRAMES_BYTES = CHUNK_PACKETS * (4096 + 192) + CHUNK_BYTES;

/** How packets lie in memory for a program, and which batch loop runs them. */
interface Framing {
  readonly batch: "run_batch_xdp" | "run_batch_skb";
  readonly headroom: number;
  readonly tailroom: number;
  /** Least size of a frame. */
  readonly frame: number;
}

/** A page less the 320 bytes that the kernel keeps at its end (bpf_prog_test_run_xdp). */
const XDP_FRAMING: Framing = { batch: "run_batch_xdp", headroom: 256, tailroom: 0, frame: 4096 - 320 };
const SKB_FRAMING: Framing = { batch: "run_batch_skb", headroom: 64, tailroom: 320, frame: 0 };
/** For programs that make packets grow: what fits into an skb at most. */
const GROWING_FRAMING: Framing = { batch: "run_batch_skb", headroom: 4096, tailroom: 65552, frame: 0 };
/** Helpers that may make a packet longer. */
const GROWING = [
  "bpf_skb_change_tail",
  "bpf_skb_change_head",
  "bpf_skb_adjust_room",
  "bpf_skb_vlan_push",
  "bpf_skb_change_proto",
  "bpf_lwt_push_encap",
];

function framingOf({ type, program }: ProgObject): Framing {
  if (type === PROG_TYPE.BPF_PROG_TYPE_XDP) return XDP_FRAMING;
  const grows = program.image.code.some(
    (i) => i?.form.name === "call_helper" && GROWING.includes(helperById(i.imm)?.name ?? ""),
  );
  // What a tail call runs is not known here.
  const tailCalls = program.image.code.some((i) => i?.form.name === "call_helper" && i.imm === 12);
  return grows || tailCalls ? GROWING_FRAMING : SKB_FRAMING;
}

/** Stands in for the packets while the context is made. */
const STAND_IN = new Uint8Array(64);

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
  readonly #framing: Framing;
  readonly #clock: CaptureClock;

  constructor(kernel: SimulatedKernel, fd: Fd, options: PacketRunOptions) {
    this.#kernel = kernel;
    this.#program = kernel.prog(COMMAND, fd);
    this.#options = options;
    const { memory } = kernel.vm;
    // Whatever makes guest memory grow comes before the buffers that others hold views of.
    kernel.vm.prepare(kernel.engine);
    this.#chunk = memory.alloc(CHUNK_BYTES);
    this.#offsets = memory.alloc(CHUNK_PACKETS * 8);
    this.#times = memory.alloc(CHUNK_PACKETS * 8);
    this.#records = memory.alloc(CHUNK_PACKETS * REC_SIZE);
    this.#frames = memory.alloc(FRAMES_BYTES);
    this.#framing = framingOf(this.#program);
    const context = kernel.contexts.of(this.#program.type, true);
    this.#context = checked(COMMAND, context.begin(STAND_IN, options.ctx), "the context given");
    this.#clock = new CaptureClock(kernel);
  }

  run(batch: PacketBatch, from: number): number {
    const { vm, engine } = this.#kernel;
    const { runtime } = vm;
    const { batch: loop } = this.#framing;
    let staged = 0;
    for (let round = this.#options.repeat ?? 1; round > 0; round--) {
      staged = this.#stage(batch, from);
      vm.start(engine, this.#kernel.options.budget);
      const { view } = vm.memory;
      const { program } = this.#program;
      const { budget } = this.#kernel.options;
      const start = this.#options.now();
      // The last argument is read by run_batch_skb only: no header is hidden. tc programs see frames from the Ethernet header
      // on, and so does a socket filter on a packet socket.
      const enter = () =>
        runtime.exports[loop]!(program.slot, view.getUint32(ENGINE, true), this.#context, this.#records, staged, 0);
      vm.enter(program, engine, enter, budget === undefined ? {} : { budget });
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

  #stage(batch: PacketBatch, from: number): number {
    const { memory, runtime } = this.#kernel.vm;
    const { offsets, lengths, bytes } = batch;
    const { headroom, tailroom, frame } = this.#framing;
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
      view.setFloat64(this.#times + i * 8, this.#clock.of(batch, from + i), true);
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
        frame,
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

/** Runs packets one at a time, for the engine that has no batches. */
export class SteppingRunner implements PacketRunner {
  readonly retvals = new Int32Array(1);
  readonly lengths = new Uint32Array(1);
  nanoseconds = 0;
  readonly #kernel: SimulatedKernel;
  readonly #program: ProgObject;
  readonly #options: PacketRunOptions;
  readonly #context: RunContext;
  readonly #clock: CaptureClock;
  #out: Uint8Array = new Uint8Array(0);

  constructor(kernel: SimulatedKernel, fd: Fd, options: PacketRunOptions) {
    this.#kernel = kernel;
    this.#program = kernel.prog(COMMAND, fd);
    this.#options = options;
    this.#context = kernel.contexts.of(this.#program.type, true);
    this.#clock = new CaptureClock(kernel);
  }

  run(batch: PacketBatch, from: number): number {
    const packet = batch.packet(from);
    const what = `packet ${batch.first + from} of ${packet.length} bytes`;
    for (let round = this.#options.repeat ?? 1; round > 0; round--) {
      const context = checked(COMMAND, this.#context.begin(packet, this.#options.ctx), what);
      const { retval, duration } = timedRun(
        this.#kernel,
        this.#program,
        context,
        BigInt(Math.trunc(this.#clock.of(batch, from))),
      );
      this.retvals[0] = retval;
      this.nanoseconds += duration;
    }
    this.#out = this.#context.finish().dataOut;
    this.lengths[0] = this.#out.length;
    return 1;
  }

  packet(): Uint8Array {
    return this.#out;
  }
}

/** The virtual clock of a capture: what lies a second apart there does so for the program. */
class CaptureClock {
  readonly #start: number;
  #origin: number | null = null;

  constructor(kernel: SimulatedKernel) {
    this.#start = Number(kernel.options.clock ?? 1_000_000_000n);
  }

  /** Nanoseconds of packet `index`; never before the first packet's. */
  of(batch: PacketBatch, index: number): number {
    const time = batch.seconds[index]! * 1e9 + batch.nanos[index]!;
    this.#origin ??= time;
    return this.#start + Math.max(0, time - this.#origin);
  }
}

/** The way to put packets to a program on this kernel's engine. */
export function packetRunner(kernel: SimulatedKernel, program: LoadedProgram, options: PacketRunOptions): PacketRunner {
  const Runner = kernel.engine === "stepping" ? SteppingRunner : BatchRunner;
  return new Runner(kernel, program.fd, options);
}
