import { createContext, type RunContext } from "../net/index.ts";
import { CLOCK_NS } from "../runtime/layout.ts";
import { ERRNO, programTypeLabel } from "../uapi/index.ts";
import type { Vm } from "../vm/index.ts";
import type { TestRunAttr, TestRunResult } from "./backend.ts";
import { checked, kernelError } from "./errors.ts";
import type { ProgObject, SimulatedKernel } from "./simulated.ts";

const COMMAND = "BPF_PROG_TEST_RUN";

/** The contexts of one machine's runs, made when a type first runs. */
export class RunContexts {
  readonly #vm: Vm;
  readonly #contexts = new Map<string, RunContext>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /**
   * @param onDevice packets as a device shows them: a socket filter on a packet socket sees the Ethernet header
   * @throws BpfError `E_KERNEL` EOPNOTSUPP for a type that has no test runs
   */
  of(type: number, onDevice = false): RunContext {
    const key = `${type} ${onDevice}`;
    const made = this.#contexts.get(key) ?? createContext(this.#vm.runtime, type, onDevice);
    if (made === undefined) {
      throw kernelError(COMMAND, ERRNO.EOPNOTSUPP, `programs of type ${programTypeLabel(type)} have no test runs yet`);
    }
    this.#contexts.set(key, made);
    return made;
  }
}

/** BPF_PROG_TEST_RUN (Documentation/bpf/bpf_prog_run.rst): one packet, `repeat` runs, what the last one left. */
export function testRun(kernel: SimulatedKernel, object: ProgObject, attr: TestRunAttr): TestRunResult {
  const context = kernel.contexts.of(object.type);
  const address = checked(COMMAND, context.begin(attr.dataIn ?? new Uint8Array(0), attr.ctxIn), inputText(attr));
  const repeat = Math.max(1, attr.repeat ?? 1);
  let retval = 0;
  let duration = 0;
  for (let n = 0; n < repeat; n++) {
    const run = timedRun(kernel, object, address);
    retval = run.retval;
    duration += run.duration;
  }
  return { retval, duration: duration / repeat, ...context.finish() };
}

/** One run on a context that is laid out; the virtual clock moves on by its step, or to `clock`. */
export function timedRun(
  kernel: SimulatedKernel,
  object: ProgObject,
  context: number,
  clock?: bigint,
): { readonly retval: number; readonly duration: number } {
  const { vm, options } = kernel;
  const { view } = vm.memory;
  view.setBigUint64(CLOCK_NS, clock ?? view.getBigUint64(CLOCK_NS, true) + (options.clockStep ?? 1_000n), true);
  const start = options.now?.() ?? 0;
  const result = vm.run(
    object.program,
    kernel.engine,
    context,
    options.budget === undefined ? {} : { budget: options.budget },
  );
  return { retval: Number(BigInt.asUintN(32, result)), duration: (options.now?.() ?? 0) - start };
}

function inputText(attr: TestRunAttr): string {
  const ctx = attr.ctxIn === undefined ? "" : ` with a context of ${attr.ctxIn.length} bytes`;
  return `packet of ${attr.dataIn?.length ?? 0} bytes${ctx}`;
}
