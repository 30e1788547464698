import { spawnSync } from "node:child_process";
import { type LinuxBackend, openLinux } from "../../src/node/linux/index.ts";
import { BpfError } from "../../src/util/index.ts";
import { skipped } from "./needs.ts";

/** The running kernel for tests; null, and said aloud, where it cannot be asked. */
export async function runningKernel(what: string): Promise<LinuxBackend | null> {
  try {
    const kernel = await openLinux();
    // A program of the kind that needs most of what tests need.
    const insns = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
    kernel.close(kernel.progLoad({ type: 6, insns, license: "GPL" }));
    kernel.progNextId(0);
    return kernel;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    skipped(what, error.message);
    return null;
  }
}

/** Keeps this process on CPU 0, so that per-CPU values land in the first copy. */
export function stayOnFirstCpu(): void {
  spawnSync("taskset", ["-cp", "0", String(process.pid)]);
}
