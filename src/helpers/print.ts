import { ERRNO } from "../uapi/index.ts";
import type { GuestMemory } from "../vm/memory.ts";
import { type FormatSource, formatText, parseFormat } from "./format.ts";

/** Arguments that fit: bpf_trace_printk's registers, and the array of the others. */
const PRINTK_ARGS = 3;
const MAX_ARGS = 12;
/** Longest line, with its NUL. */
const LINE_SIZE = 1024;

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function source(memory: GuestMemory): FormatSource {
  const mapped = (address: bigint, size: number): number | null => {
    const end = BigInt.asUintN(64, address) + BigInt(size);
    return end <= BigInt(memory.u8.length) && BigInt.asUintN(64, address) >= 0x10000n ? Number(end) - size : null;
  };
  return {
    text(address) {
      const start = mapped(address, 1);
      if (start === null) return null;
      const nul = memory.u8.indexOf(0, start);
      return latin1(memory.u8.subarray(start, Math.min(nul < 0 ? start + LINE_SIZE : nul, start + LINE_SIZE)));
    },
    bytes(address, size) {
      const start = mapped(address, size);
      return start === null ? null : memory.u8.subarray(start, start + size);
    },
  };
}

/** The format helpers over one guest memory. Arguments and results as in bpf-helpers(7); pointers may arrive as negative numbers. */
export interface PrintHelpers {
  tracePrintk(format: number, size: number, a: bigint, b: bigint, c: bigint): number;
  traceVprintk(format: number, size: number, args: number, argsSize: number): number;
  snprintf(to: number, size: number, format: number, args: number, argsSize: number): number;
}

/**
 * bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf. `printk` gets the text of each line, without the newline it ends with.
 * Bytes beyond ASCII, which only string arguments can bring, reach it as UTF-8 where they are that.
 */
export function printHelpers(memory: GuestMemory, printk: (line: string) => void): PrintHelpers {
  const from = source(memory);
  const decoder = new TextDecoder();

  /** The bytes of the formatted text, or -EINVAL. `size` is that of the format with its NUL. */
  function format(at: number, size: number, args: readonly bigint[]): Uint8Array | number {
    const bytes = memory.u8.subarray(at >>> 0, (at >>> 0) + (size >>> 0));
    const nul = bytes.indexOf(0);
    if (nul < 0) return -ERRNO.EINVAL;
    const parsed = parseFormat(latin1(bytes.subarray(0, nul)), args.length);
    if (typeof parsed === "number") return parsed;
    return Uint8Array.from(formatText(parsed, args, from), (c) => c.charCodeAt(0));
  }

  function print(text: Uint8Array | number): number {
    if (typeof text === "number") return text;
    printk(decoder.decode(text.subarray(0, LINE_SIZE - 1)).replace(/\n$/, ""));
    return text.length;
  }

  /** The u64 array of the vararg forms; null where it has the wrong size. */
  function argArray(at: number, size: number): bigint[] | null {
    const bytes = size >>> 0;
    if (bytes % 8 !== 0 || bytes > MAX_ARGS * 8 || (bytes !== 0 && at === 0)) return null;
    return Array.from({ length: bytes / 8 }, (_, i) => memory.view.getBigUint64((at >>> 0) + 8 * i, true));
  }

  return {
    tracePrintk: (at, size, ...args) => print(format(at, size, args.slice(0, PRINTK_ARGS))),
    traceVprintk(at, size, args, argsSize) {
      const values = argArray(args, argsSize);
      return values === null ? -ERRNO.EINVAL : print(format(at, size, values));
    },
    snprintf(to, size, at, args, argsSize) {
      const values = argArray(args, argsSize);
      if (values === null) return -ERRNO.EINVAL;
      const rest = memory.u8.length - (at >>> 0);
      const text = format(at, rest, values);
      if (typeof text === "number") return text;
      const room = size >>> 0;
      if (room > 0) {
        const kept = text.subarray(0, room - 1);
        memory.u8.set(kept, to >>> 0);
        memory.u8[(to >>> 0) + kept.length] = 0;
      }
      return text.length + 1;
    },
  };
}
