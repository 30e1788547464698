import { SimulatedKernel } from "../../src/kernel/index.ts";
import { STACK_LIMIT, STACK_TOP } from "../../src/runtime/layout.ts";
import { BpfError } from "../../src/util/index.ts";
import { BUDGET } from "./campaign.ts";
import type { Trial } from "./program.ts";
import { compare, Subject } from "./subject.ts";

/**
 * Whether a program gives the same results wherever maps lie and whatever was on the stack before: two kernels of ours that
 * differ in nothing else. Else it makes numbers of pointers or reads what nobody wrote, and results need not be equal.
 */
export function steadiness(): (trial: Trial) => boolean {
  const subjects = [0, 0xa5].map((old) => {
    const kernel = new SimulatedKernel({ engine: "stepping", budget: BUDGET });
    if (old !== 0) kernel.vm.memory.alloc(0x12340);
    return { kernel, old, subject: new Subject(`stack of ${old}`, kernel) };
  });
  return (trial) => {
    const outcomes = subjects.map(({ kernel, old, subject }) => {
      const program = subject.load(trial);
      if (program instanceof BpfError) return null;
      kernel.vm.memory.u8.fill(old, STACK_LIMIT, STACK_TOP);
      const outcome = subject.run(program, trial.inputs);
      subject.close(program);
      return outcome;
    });
    const [a, b] = outcomes;
    return a != null && b != null && a.error === null && compare(a, b).length === 0;
  };
}
