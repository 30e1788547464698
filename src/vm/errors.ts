import { defineErrors } from "../util/error.ts";

/** Where a run stopped: the program's name, the slot of the instruction and the instruction's name. */
interface At {
  program: string;
  slot: number;
  insn: string;
}

const at = (d: At): string => `program ${d.program}, instruction ${d.slot} (${d.insn})`;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** What an access outside of the regions is: `near` says what lies around. */
export function accessText(d: { address: bigint; size: number | bigint; write: boolean; near: string }): string {
  const bytes = `${d.size} ${Number(d.size) === 1 ? "byte" : "bytes"}`;
  return `${d.write ? "write" : "read"} of ${bytes} at ${hex(d.address)} is outside of what the program may reach; ${d.near}`;
}

/** The errors of runs: what a program did that no engine lets it do. */
export const runError = defineErrors({
  E_RUN_ACCESS: (d: At & { address: bigint; size: number; write: boolean; near: string }) =>
    `${at(d)}: ${accessText(d)}`,
  E_RUN_ARGUMENT: (d: At & { helper: string; argument: number; what: string; address: bigint; problem: string }) =>
    `${at(d)}: ${d.helper} argument ${d.argument} (${d.what}): ${d.problem}`,
  E_RUN_UNMAPPED: (d: At & { address: bigint }) =>
    `${at(d)}: access to ${hex(d.address)}, where no guest memory is mapped`,
  E_RUN_BUDGET: (d: At & { budget: bigint }) => `${at(d)}: the budget of ${d.budget} instructions is used up`,
  E_RUN_HELPER: (d: At & { helper: number }) => `${at(d)}: helper ${d.helper} does not exist for this program`,
  E_RUN_FRAMES: (d: At & { limit: number }) => `${at(d)}: call nests deeper than ${d.limit} frames`,
  E_RUN_INSN: (d: At) => `${at(d)}: nothing that can run is there`,
  E_RUN_TRAP: (d: { program: string; reason: string } | (At & { helper: string; reason: string })) =>
    "helper" in d
      ? `${at(d)}: ${d.helper} trapped: ${d.reason}`
      : `program ${d.program}: compiled code trapped: ${d.reason}`,
  E_VM_SLOTS: (d: { limit: number }) => `all ${d.limit} program slots are taken`,
});
