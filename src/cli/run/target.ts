import {
  type Backend,
  EventReader,
  type EventStream,
  type LoadedObject,
  type LoadedProgram,
  type PacketRunner,
  type PacketRunOptions,
  packetRunner,
  SimulatedKernel,
  TestRunRunner,
} from "../../kernel/index.ts";
import type { ObjectSpec } from "../../loader/index.ts";
import { helperByName } from "../../uapi/index.ts";
import type { EngineName } from "../../vm/index.ts";

/** The user-space end of an object's event buffers. */
export interface Events {
  readonly streams: readonly EventStream[];
  /** The first lines of bpf_printk, up to the last `drain`; null where they cannot be read. */
  readonly printk: readonly string[] | null;
  drain(): void;
  close(): void;
}

/** Which kernel, and how it is to be. */
export interface TargetChoice {
  readonly kernel: "simulated" | "linux";
  readonly engine: EngineName;
  readonly cpus: number;
  readonly budget: bigint | undefined;
  /** False: the simulated kernel does not verify programs, and checks every access instead. */
  readonly verify: boolean;
}

/** The kernel that a job runs on. */
export interface RunTarget {
  readonly backend: Backend;
  runner(program: LoadedProgram, options: PacketRunOptions): PacketRunner;
  /** @param keep records of each stream to keep */
  events(object: LoadedObject, keep: number): Events;
}

/** Lines of bpf_printk that are kept. */
const MAX_PRINTK = 1000;

/** The simulated kernel or the running one, as chosen. @throws BpfError `E_LINUX_*` where there is no kernel to ask */
export async function openTarget(job: TargetChoice, now: () => number): Promise<RunTarget> {
  if (job.kernel === "linux") {
    // Only here: whoever simulates loads nothing of it.
    const { LinuxEventReader, openLinux, PrintkReader } = await import("../../node/linux/index.ts");
    const backend = await openLinux();
    return {
      backend,
      runner: (program, options) => new TestRunRunner(backend, program.fd, options),
      events(object, keep) {
        const reader = new LinuxEventReader(backend, object, keep);
        const printer = prints(object.spec) ? PrintkReader.open(backend.bpf.libc) : undefined;
        const printk: string[] | null = printer === null ? null : [];
        return {
          streams: reader.streams,
          printk,
          drain() {
            reader.drain();
            const lines = printer?.drain() ?? [];
            printk?.push(...lines.slice(0, MAX_PRINTK - printk.length));
          },
          close() {
            reader.close();
            printer?.close();
          },
        };
      },
    };
  }
  const printk: string[] = [];
  const backend = new SimulatedKernel({
    engine: job.engine,
    cpus: job.cpus,
    verify: job.verify,
    now,
    printk: (line) => {
      if (printk.length < MAX_PRINTK) printk.push(line);
    },
    ...(job.budget === undefined ? {} : { budget: job.budget }),
  });
  return {
    backend,
    runner: (program, options) => packetRunner(backend, program, options),
    events(object, keep) {
      const reader = new EventReader(backend, object, keep);
      return { streams: reader.streams, printk, drain: () => reader.drain(), close() {} };
    },
  };
}

const PRINTERS: readonly number[] = ["bpf_trace_printk", "bpf_trace_vprintk"].map((name) => helperByName(name)!.id);

/** Whether any code of the object calls a helper that prints. */
function prints({ sections }: ObjectSpec): boolean {
  return sections.some(({ code }) =>
    code.some((insn) => insn !== null && insn.form.name === "call_helper" && PRINTERS.includes(insn.imm)),
  );
}
