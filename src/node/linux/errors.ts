import { defineErrors } from "../../util/index.ts";

/** Why the running kernel cannot be asked. */
export const linuxError = defineErrors({
  E_LINUX_SYSTEM: (d: { system: string }) =>
    `the running kernel as a backend needs Linux on x86-64 or arm64; this is ${d.system} (the simulated kernel runs here)`,
  E_LINUX_KOFFI: (d: { reason: string }) =>
    `the running kernel as a backend needs the optional package koffi (npm install koffi): ${d.reason}`,
  E_LINUX_CAPABILITY: (d: { command: string; what: string; needed: string }) =>
    `${d.command}: ${d.what} needs ${d.needed}, which this process does not have (root has it)`,
  E_LINUX_NAME: (d: { command: string; name: string }) =>
    `${d.command}: "${d.name}" is no name that the kernel takes: at most 15 characters of A-Z, a-z, 0-9, _ and .`,
});
