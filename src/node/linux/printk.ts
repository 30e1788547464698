import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { BpfError } from "../../util/index.ts";
import { PerfEventReader } from "./perf-event.ts";
import { textIn } from "./programs.ts";
import type { Libc } from "./syscall.ts";

/**
 * The lines of bpf_trace_printk that programs print while this thread runs them, and no one else's: the tracepoint
 * `bpf_trace:bpf_trace_printk` (Linux 5.9) through perf, which leaves /sys/kernel/tracing/trace_pipe as it is.
 */
export class PrintkReader {
  readonly #events: PerfEventReader;

  /**
   * @param id of the tracepoint, as `printkTracepoint` finds it
   * @throws BpfError `E_KERNEL`
   */
  constructor(libc: Libc, id: number) {
    this.#events = PerfEventReader.ofTracepoint(libc, id, PAGES);
  }

  /** Null where the tracepoint cannot be found or opened. */
  static open(libc: Libc): PrintkReader | null {
    const id = printkTracepoint();
    if (id === null) return null;
    try {
      return new PrintkReader(libc, id);
    } catch (error) {
      if (error instanceof BpfError) return null;
      throw error;
    }
  }

  /** What has been printed since the last time, without the newlines at the ends. */
  drain(): string[] {
    const lines: string[] = [];
    for (const record of this.#events.records()) {
      if (record.kind === "sample") lines.push(lineOf(record.data));
    }
    return lines;
  }

  close(): void {
    this.#events.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const PAGES = 64;

/** The field after the 8 bytes that all events have: where the text is, 16 bits offset and 16 bits length. */
function lineOf(data: Uint8Array): string {
  const offset = data[8]! | (data[9]! << 8);
  const length = data[10]! | (data[11]! << 8);
  return textIn(data.subarray(offset, offset + length)).replace(/\n$/, "");
}

const ID = "events/bpf_trace/bpf_trace_printk/id";

/**
 * The tracepoint's number. Where tracefs is not mounted, a child mounts it for itself alone, in a mount namespace that goes with
 * it. Null where that is not allowed, or the kernel has no such tracepoint.
 */
export function printkTracepoint(): number | null {
  for (const place of ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]) {
    try {
      return Number(readFileSync(`${place}/${ID}`, "latin1"));
    } catch {}
  }
  const script = `mount -t tracefs none /sys/kernel/tracing && cat /sys/kernel/tracing/${ID}`;
  const { status, stdout } = spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "latin1" });
  return status === 0 ? Number(stdout) : null;
}
