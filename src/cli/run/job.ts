import type { LoadedObject, LoadedProgram, PacketRunner } from "../../kernel/index.ts";
import { LINKTYPE_ETHERNET, type PacketBatch } from "../../net/index.ts";
import { CaptureWriter, openCapture } from "../../node/index.ts";
import { PROG_TYPE, programTypeLabel } from "../../uapi/index.ts";
import { toHex } from "../../util/index.ts";
import { readPacket } from "./files.ts";
import type { Input } from "./input.ts";
import { keptLength } from "./kept.ts";
import { chooseProgram, contextOf, loadChosen } from "./load.ts";
import { reportMaps } from "./maps.ts";
import { single } from "./packets.ts";
import { Progress } from "./progress.ts";
import type { RunReport } from "./report.ts";
import { Tally } from "./tally.ts";
import { type Events, openTarget, type RunTarget } from "./target.ts";

/** What `anybpf run` was asked to do. */
export interface RunJob extends Input {
  readonly repeat: number;
  readonly kernel: "simulated" | "linux";
  readonly cpus: number;
  readonly budget: bigint | undefined;
  /** False: not verified, every access checked instead. */
  readonly verify: boolean;
  readonly progress: boolean;
  /** Entries of each map to report. */
  readonly mapEntries: number;
}

/** Records of a ring buffer or perf event array that the report shows. */
const MAX_SAMPLES = 8;

const nanoseconds = () => performance.now() * 1e6;

/** Loads the object, puts the packets to the program, and says what it did. */
export async function runJob(job: RunJob): Promise<RunReport> {
  const begin = performance.now();
  const choice = chooseProgram(job);
  const target = await openTarget(job, nanoseconds);
  const { object, program } = loadChosen(target.backend, choice, job.maps);
  const events = target.events(object, MAX_SAMPLES);
  try {
    return await report(job, begin, target, object, program, events);
  } finally {
    events.close();
    object.close();
  }
}

async function report(
  job: RunJob,
  begin: number,
  target: RunTarget,
  object: LoadedObject,
  program: LoadedProgram,
  events: Events,
): Promise<RunReport> {
  const { backend } = target;
  const ctx = contextOf(program.type, job.ctx);
  const runner = target.runner(program, {
    repeat: job.repeat,
    now: nanoseconds,
    ...(ctx === undefined ? {} : { ctx }),
  });
  const packets = await putPackets(job, program, runner, () => events.drain());
  const perRun = packets.count * job.repeat;
  const { nanoseconds: inProgram } = packets;
  return {
    format: 1,
    object: job.file,
    program: {
      name: program.name,
      section: program.spec.section,
      type: programTypeLabel(program.type),
      instructions: backend.progInfo(program.fd).insnCount,
    },
    engine: job.engine,
    kernel: backend.kind,
    packets: packets.count,
    bytes: packets.bytes,
    repeat: job.repeat,
    verdicts: packets.tally.rows(program.type),
    nsPerPacket: perRun === 0 ? null : inProgram / perRun,
    mpps: perRun === 0 || inProgram === 0 ? null : (perRun * 1000) / inProgram,
    seconds: {
      program: inProgram / 1e9,
      reading: packets.reading / 1000,
      total: (performance.now() - begin) / 1000,
    },
    maps: reportMaps(object, job.mapEntries),
    events: events.streams
      .filter((stream) => stream.records + stream.lost > 0)
      .map(({ map, records, bytes, lost, samples }) => ({
        map: map.name,
        records,
        bytes,
        lost,
        samples: samples.map(toHex),
      })),
    printk: events.printk,
    result: packets.result,
  };
}

interface Outcome {
  count: number;
  bytes: number;
  readonly tally: Tally;
  nanoseconds: number;
  /** Milliseconds spent reading and splitting the capture. */
  reading: number;
  result: RunReport["result"];
}

async function putPackets(
  job: RunJob,
  program: LoadedProgram,
  runner: PacketRunner,
  afterEach: () => void,
): Promise<Outcome> {
  const outcome: Outcome = {
    count: 0,
    bytes: 0,
    tally: new Tally(job.repeat),
    nanoseconds: 0,
    reading: 0,
    result: null,
  };
  const out = job.pcapOut === undefined ? null : new CaptureWriter(job.pcapOut);
  const socket = program.type === PROG_TYPE.BPF_PROG_TYPE_SOCKET_FILTER;
  const put = (batch: PacketBatch) => {
    for (let from = 0; from < batch.count; ) {
      const ran = runner.run(batch, from);
      const { retvals } = runner;
      for (let i = 0; i < ran; i++) {
        const retval = retvals[i]!;
        outcome.tally.add(retval, batch.lengths[from + i]!);
        if (out === null) continue;
        const kept = keptLength(program.type, retval, runner.lengths[i]!);
        if (kept > 0)
          out.write(
            runner.packet(i).subarray(0, kept),
            batch.seconds[from + i]!,
            batch.nanos[from + i]!,
            socket ? batch.wireLengths[from + i]! : undefined,
          );
      }
      from += ran;
      afterEach();
    }
    outcome.count += batch.count;
    outcome.bytes += batch.byteCount;
  };
  try {
    if (job.packet !== undefined) {
      const packet = readPacket(job.packet);
      put(single(packet));
      outcome.result = { retval: runner.retvals[0]! >>> 0, dataOut: toHex(runner.packet(0)) };
    } else {
      await readCapture(job, runner.buffer, outcome, put);
    }
    outcome.nanoseconds = runner.nanoseconds;
    out?.finish();
  } finally {
    out?.abort();
  }
  return outcome;
}

async function readCapture(
  job: RunJob,
  buffer: (() => Uint8Array) | undefined,
  outcome: Outcome,
  put: (batch: PacketBatch) => void,
): Promise<void> {
  const capture = openCapture(job.pcap!, {
    linkType: LINKTYPE_ETHERNET,
    ...(buffer === undefined ? {} : { buffer }),
  });
  const progress = new Progress(capture.size, job.progress);
  let mark = performance.now();
  try {
    for await (const batch of capture) {
      outcome.reading += performance.now() - mark;
      put(batch);
      progress.update(capture.bytesRead, outcome.count);
      mark = performance.now();
    }
    outcome.reading += performance.now() - mark;
  } finally {
    progress.end();
  }
}
