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
import type { EngineName } from "../../vm/index.ts";

/** The user-space end of an object's event buffers. */
export interface Events {
  readonly streams: readonly EventStream[];
  drain(): void;
  close?(): void;
}

/** Which kernel, and how it is to be. */
export interface TargetChoice {
  readonly kernel: "simulated" | "linux";
  readonly engine: EngineName;
  readonly cpus: number;
  readonly budget: bigint | undefined;
}

/** The kernel that a job runs on. */
export interface RunTarget {
  readonly backend: Backend;
  /** Lines of bpf_printk, where this kernel hands them to us: the running one writes them to its trace_pipe. */
  readonly printk: readonly string[];
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
    const { LinuxEventReader, openLinux } = await import("../../node/linux/index.ts");
    const backend = await openLinux();
    return {
      backend,
      printk: [],
      runner: (program, options) => new TestRunRunner(backend, program.fd, options),
      events: (object, keep) => new LinuxEventReader(backend, object, keep),
    };
  }
  const printk: string[] = [];
  const backend = new SimulatedKernel({
    engine: job.engine,
    cpus: job.cpus,
    now,
    printk: (line) => {
      if (printk.length < MAX_PRINTK) printk.push(line);
    },
    ...(job.budget === undefined ? {} : { budget: job.budget }),
  });
  return {
    backend,
    printk,
    runner: (program, options) => packetRunner(backend, program, options),
    events: (object, keep) => new EventReader(backend, object, keep),
  };
}
