import { execFileSync, spawnSync } from "node:child_process";
import type { ClassicInsn } from "../../src/classic/index.ts";

export function tcpdumpIsThere(): boolean {
  return spawnSync("tcpdump", ["--version"]).status === 0;
}

const NAMES: Readonly<Record<number, string>> = {
  0: "NULL",
  1: "EN10MB",
  9: "PPP",
  101: "RAW",
  105: "IEEE802_11",
  108: "LOOP",
  113: "LINUX_SLL",
  127: "IEEE802_11_RADIO",
  228: "IPV4",
  229: "IPV6",
  276: "LINUX_SLL2",
};

/** libpcap's program of an expression, or what it says against it. */
export function libpcapProgram(text: string, linkType: number, optimize = true): ClassicInsn[] | string {
  const args = ["-y", NAMES[linkType] ?? String(linkType), "-ddd", ...(optimize ? [] : ["-O"]), "--", text];
  const { stdout, stderr, status } = spawnSync("tcpdump", args, { encoding: "utf8" });
  if (status !== 0) return stderr.replace(/^Warning.*\n/gm, "").trim() || `exit ${status}`;
  const [count, ...lines] = stdout.trim().split("\n");
  if (lines.length !== Number(count)) throw new Error(`tcpdump printed ${lines.length} lines of ${count}: ${text}`);
  return lines.map((line) => {
    const [code = 0, jt = 0, jf = 0, k = 0] = line.split(" ").map(Number);
    return { code, jt, jf, k: k >>> 0 };
  });
}

/** Which packets of a capture file the real tcpdump writes: their numbers, read from the seconds that the capture counts up. */
export function packetsOfTcpdump(file: string, text: string, firstSecond: number): number[] {
  const written = execFileSync("tcpdump", ["-r", file, "-w", "-", "--", text], { stdio: ["ignore", "pipe", "ignore"] });
  const view = new DataView(written.buffer, written.byteOffset, written.byteLength);
  const numbers: number[] = [];
  for (let at = 24; at + 16 <= written.length; at += 16 + view.getUint32(at + 8, true))
    numbers.push(view.getUint32(at, true) - firstSecond);
  return numbers;
}

/**
 * Runs a program as libpcap's bpf_filter() does: unlike the kernel it lets `ja` jump backwards, which `protochain` needs.
 * Extensions of Linux answer 0. The answer is -1 where a load outside of the packet ended the program, which refuses the packet.
 */
export function runLikeLibpcap(program: readonly ClassicInsn[], bytes: Uint8Array, length: number): number {
  const scratch = new Uint32Array(16);
  let a = 0;
  let x = 0;
  let outside = false;
  const load = (at: number, size: number): number => {
    if (at >= 0xfffff000 && at < 0x100000000) return 0;
    if (at + size > bytes.length) {
      outside = true;
      return 0;
    }
    let value = 0;
    for (let n = 0; n < size; n++) value = value * 256 + (bytes[at + n] ?? 0);
    return value;
  };
  for (let pc = 0, steps = 0; steps < 10000; steps++) {
    const insn = program[pc++];
    if (insn === undefined) throw new Error("the program runs past its end");
    const { code, jt, jf, k } = insn;
    switch (code & 7) {
      case 0: {
        const size = code & 0x18 ? ((code & 0x18) === 8 ? 2 : 1) : 4;
        const mode = code & 0xe0;
        if (mode === 0x00) a = k;
        else if (mode === 0x20) a = load(k, size);
        else if (mode === 0x40) a = load(x + k, size);
        else if (mode === 0x60) a = scratch[k] ?? 0;
        else a = length;
        break;
      }
      case 1: {
        const mode = code & 0xe0;
        if (mode === 0x00) x = k;
        else if (mode === 0x60) x = scratch[k] ?? 0;
        else if (mode === 0x80) x = length;
        else x = 4 * (load(k, 1) & 15);
        break;
      }
      case 2:
        scratch[k] = a;
        break;
      case 3:
        scratch[k] = x;
        break;
      case 4: {
        const b = code & 8 ? x : k;
        const op = code & 0xf0;
        if ((op === 0x30 || op === 0x90) && b === 0) return 0;
        if (op === 0x00) a += b;
        else if (op === 0x10) a -= b;
        else if (op === 0x20) a = Math.imul(a, b);
        else if (op === 0x30) a = Math.floor(a / b);
        else if (op === 0x40) a |= b;
        else if (op === 0x50) a &= b;
        else if (op === 0x60) a = b < 32 ? a << b : 0;
        else if (op === 0x70) a = b < 32 ? a >>> b : 0;
        else if (op === 0x80) a = -a;
        else if (op === 0x90) a %= b;
        else a ^= b;
        a >>>= 0;
        break;
      }
      case 5: {
        const b = code & 8 ? x : k;
        const op = code & 0xf0;
        if (op === 0x00) pc += k | 0;
        else pc += (op === 0x10 ? a === b : op === 0x20 ? a > b : op === 0x30 ? a >= b : (a & b) !== 0) ? jt : jf;
        break;
      }
      case 6:
        return (code & 0x18) === 0x10 ? a : k;
      default:
        if (code & 0x80) a = x;
        else x = a;
    }
    if (outside) return -1;
  }
  throw new Error("the program does not end");
}
