import { createContext, type RunContext } from "../net/index.ts";
import { CLOCK_NS } from "../runtime/layout.ts";
import { ERRNO, programTypeLabel } from "../uapi/index.ts";
import type { Vm } from "../vm/index.ts";
import type { TestRunAttr, TestRunResult } from "./backend.ts";
import { checked, kernelError } from "./errors.ts";
import type { ProgObject, SimulatedKernel } from "./simulated.ts";

const COMMAND = "BPF_PROG_TEST_RUN";

/** The contexts of one machine's test runs, made when a type first runs. */
export class RunContexts {
  readonly #vm: Vm;
  readonly #contexts = new Map<number, RunContext>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @throws BpfError `E_KERNEL` ENOTSUPP for a type that has no test runs */
  of(type: number): RunContext {
    const made = this.#contexts.get(type) ?? createContext(this.#vm.memory, type);
    if (made === undefined) {
      throw kernelError(COMMAND, ERRNO.EOPNOTSUPP, `programs of type ${programTypeLabel(type)} have no test runs yet`);
    }
    this.#contexts.set(type, made);
    return made;
  }
}

/** BPF_PROG_TEST_RUN (Documentation/bpf/bpf_prog_run.rst): one packet, `repeat` runs, what the last one left. */
export function testRun(kernel: SimulatedKernel, object: ProgObject, attr: TestRunAttr): TestRunResult {
  const { vm, options } = kernel;
  const context = kernel.contexts.of(object.type);
  const address = checked(COMMAND, context.begin(attr.dataIn ?? new Uint8Array(0), attr.ctxIn), inputText(attr));
  const repeat = Math.max(1, attr.repeat ?? 1);
  const budget = options.budget === undefined ? {} : { budget: options.budget };
  let result = 0n;
  let duration = 0;
  for (let n = 0; n < repeat; n++) {
    const { view } = vm.memory;
    view.setBigUint64(CLOCK_NS, view.getBigUint64(CLOCK_NS, true) + (options.clockStep ?? 1_000n), true);
    const start = options.now?.() ?? 0;
    result = vm.run(object.program, kernel.engine, address, budget);
    duration += (options.now?.() ?? 0) - start;
  }
  return { retval: Number(BigInt.asUintN(32, result)), duration: duration / repeat, ...context.finish() };
}

function inputText(attr: TestRunAttr): string {
  const ctx = attr.ctxIn === undefined ? "" : ` with a context of ${attr.ctxIn.length} bytes`;
  return `packet of ${attr.dataIn?.length ?? 0} bytes${ctx}`;
}
