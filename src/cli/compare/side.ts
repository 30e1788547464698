import type { Backend, LoadedObject, LoadedProgram } from "../../kernel/index.ts";
import { BpfError, defineErrors } from "../../util/index.ts";
import { type Choice, loadChosen } from "../run/load.ts";
import type { Events, RunTarget } from "../run/target.ts";

const compareError = defineErrors({
  E_COMPARE_LOAD: (d: { kernel: string; reason: string }) => `the ${d.kernel} kernel refuses: ${d.reason}`,
});

/** The object in one of the two kernels. */
export interface Side {
  readonly backend: Backend;
  readonly object: LoadedObject;
  readonly program: LoadedProgram;
  readonly events: Events;
  close(): void;
}

/** Loads the program and fills its maps. @throws BpfError `E_COMPARE_LOAD` where this kernel refuses */
export function openSide(target: RunTarget, choice: Choice, maps: readonly string[]): Side {
  const { backend } = target;
  try {
    const { object, program } = loadChosen(backend, choice, maps);
    // Every record is kept until it was compared, packet by packet.
    const events = target.events(object, Number.POSITIVE_INFINITY);
    const close = () => {
      events.close();
      object.close();
    };
    return { backend, object, program, events, close };
  } catch (cause) {
    // What is refused before a kernel was asked is not this kernel's doing.
    if (!(cause instanceof BpfError) || cause.code !== "E_KERNEL") throw cause;
    const kernel = backend.kind === "linux" ? "running" : "simulated";
    const reason = cause.message.replace(/ \[E_KERNEL\]$/, "");
    throw compareError("E_COMPARE_LOAD", { kernel, reason }, { cause });
  }
}
