import { errnoName } from "../uapi/index.ts";
import { type BpfError, defineErrors } from "../util/index.ts";

const commandError = defineErrors({
  E_KERNEL: (d: { command: string; errno: number; name: string; reason?: string | undefined; log?: string }) =>
    `${d.command}: ${d.name}${d.reason === undefined ? "" : `: ${d.reason}`}`,
});

/**
 * The refusal of a bpf(2) command. `errno` is positive; `reason` says what a bare number cannot.
 * @param log what the kernel wrote about it (the verifier's log), kept whole in `data.log`
 */
export function kernelError(command: string, errno: number, reason?: string, log?: string): BpfError {
  return commandError("E_KERNEL", {
    command,
    errno,
    name: errnoName(errno),
    reason,
    ...(log === undefined ? {} : { log }),
  });
}

/** Turns the negative errno of a command's result into its exception; passes other results through. */
export function checked(command: string, result: number, reason?: string): number {
  if (result < 0) throw kernelError(command, -result, reason);
  return result;
}
