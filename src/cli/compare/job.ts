import { LINKTYPE_ETHERNET, type PacketBatch } from "../../net/index.ts";
import { CaptureWriter, openCapture } from "../../node/index.ts";
import { LinuxBackend } from "../../node/linux/index.ts";
import { programTypeLabel } from "../../uapi/index.ts";
import { readPacket } from "../run/files.ts";
import type { Input } from "../run/input.ts";
import { chooseProgram, contextOf } from "../run/load.ts";
import { single } from "../run/packets.ts";
import { Tally } from "../run/tally.ts";
import { openTarget, type RunTarget } from "../run/target.ts";
import { EventComparer } from "./events.ts";
import { compareMaps } from "./maps.ts";
import { packetDifference, type Ran, runOne } from "./packets.ts";
import type { Both, CompareReport, PacketDifference, PrintkComparison } from "./report.ts";
import { openSide, type Side } from "./side.ts";

/** What `anybpf compare` was asked to do. */
export interface CompareJob extends Input {
  /** Differing packets, and entries and records of each map, to report. */
  readonly keep: number;
}

const nanoseconds = () => performance.now() * 1e6;

/** Puts packets to the program in both kernels, one after the other, and says what differs. */
export async function compareJob(job: CompareJob): Promise<CompareReport> {
  const choice = chooseProgram(job);
  const given = { engine: job.engine, budget: undefined, verify: true };
  const running = await openTarget({ ...given, kernel: "linux", cpus: 1 }, nanoseconds);
  const { backend } = running;
  const opened: Side[] = [];
  const open = (target: RunTarget) => {
    const side = openSide(target, choice, job.maps);
    opened.push(side);
    return side;
  };
  try {
    // Per-CPU values land in one copy, as they do in the simulated kernel, which runs on one CPU at a time.
    if (backend instanceof LinuxBackend) backend.stayOnOneCpu();
    const cpus = backend.possibleCpus;
    const simulated = open(await openTarget({ ...given, kernel: "simulated", cpus }, nanoseconds));
    const sides = { simulated, linux: open(running) };
    const { program } = simulated;
    const packets = await comparePackets(job, sides, contextOf(program.type, job.ctx));
    const maps = compareMaps(sides, job.keep);
    const events = packets.events.report();
    const printk = comparePrintk(sides);
    return {
      format: 1,
      object: job.file,
      program: { name: program.name, section: program.spec.section, type: programTypeLabel(program.type) },
      engine: job.engine,
      packets: packets.count,
      bytes: packets.bytes,
      equal:
        packets.different === 0 &&
        maps.every((map) => map.different === 0) &&
        printk.different === 0 &&
        events.every(({ different, lost }) => different === 0 && lost.simulated === lost.linux),
      verdicts: {
        simulated: packets.tallies.simulated.rows(program.type),
        linux: packets.tallies.linux.rows(program.type),
      },
      packetDifferences: { count: packets.different, first: packets.first },
      maps,
      events,
      printk,
      capture: packets.capture,
    };
  } finally {
    for (const side of opened) side.close();
    if (backend instanceof LinuxBackend) backend[Symbol.dispose]();
  }
}

function comparePrintk({ simulated, linux }: Both<Side>): PrintkComparison {
  const [ours, theirs] = [simulated.events.printk ?? [], linux.events.printk];
  const longer = theirs === null ? [] : ours.length > theirs.length ? ours : theirs;
  return { simulated: ours, linux: theirs, different: longer.filter((_, n) => ours[n] !== theirs?.[n]).length };
}

interface Compared {
  count: number;
  bytes: number;
  different: number;
  readonly first: PacketDifference[];
  readonly tallies: Both<Tally>;
  readonly events: EventComparer;
  capture: string | null;
}

async function comparePackets(job: CompareJob, sides: Both<Side>, ctx: Uint8Array | undefined): Promise<Compared> {
  const compared: Compared = {
    count: 0,
    bytes: 0,
    different: 0,
    first: [],
    tallies: { simulated: new Tally(1), linux: new Tally(1) },
    events: new EventComparer(sides, job.keep),
    capture: null,
  };
  const { type } = sides.simulated.program;
  for await (const batch of batches(job)) {
    for (let i = 0; i < batch.count; i++) {
      const packet = batch.packet(i);
      const number = ++compared.count;
      compared.bytes += packet.length;
      const simulated = runOne(sides.simulated, packet, ctx);
      const linux = runOne(sides.linux, packet, ctx);
      tally(compared.tallies.simulated, simulated, packet.length);
      tally(compared.tallies.linux, linux, packet.length);
      const difference = packetDifference(number, type, simulated, linux);
      const sameEvents = compared.events.take(number);
      if (difference !== null) {
        compared.different++;
        if (compared.first.length < job.keep) compared.first.push(difference);
      }
      if ((difference !== null || !sameEvents) && job.pcapOut !== undefined && compared.capture === null) {
        writePacket(job.pcapOut, batch, i);
        compared.capture = job.pcapOut;
      }
    }
  }
  return compared;
}

function batches(job: CompareJob): AsyncIterable<PacketBatch> | readonly PacketBatch[] {
  if (job.packet !== undefined) return [single(readPacket(job.packet))];
  return openCapture(job.pcap!, { linkType: LINKTYPE_ETHERNET });
}

function tally(tally: Tally, ran: Ran, length: number): void {
  if (ran.refused === null) tally.add(ran.retval | 0, length);
}

function writePacket(path: string, batch: PacketBatch, index: number): void {
  const out = new CaptureWriter(path);
  try {
    out.write(batch.packet(index), batch.seconds[index]!, batch.nanos[index]!, batch.wireLengths[index]!);
    out.finish();
  } finally {
    out.abort();
  }
}
