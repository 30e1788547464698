import { type ClassicInsn, type ClassicState, disassembleInsn } from "../../classic/index.ts";

/** What bpf_dbg prints (Documentation/networking/filter.rst, "bpf_dbg"). */

const ROW = 16;

/** A register as bpf_dbg shows it, hexadecimal as C's %#08x and decimal. */
function register(value: number): string {
  const hex = value === 0 ? "00000000" : `0x${value.toString(16).padStart(6, "0")}`;
  return `[${hex}][${value}]`;
}

/** Scratch memory, neighbours of equal value on one line. */
function foldedMemory(memory: Uint32Array): string {
  let text = "";
  for (let from = 0; from < memory.length; ) {
    let to = from;
    while (to + 1 < memory.length && memory[to + 1] === memory[from]) to++;
    const name = from === to ? `M[${from}]:` : `M[${from},${to}]:`;
    text += `${name.padEnd(10)}${register(memory[from]!)}\n`;
    from = to + 1;
  }
  return text;
}

/** An instruction with its label: `l0:	ldh [12]`. */
export function labelled(program: readonly ClassicInsn[], pc: number): string {
  return `l${pc}:\t${disassembleInsn(program[pc]!, pc)}`;
}

export function registerDump(program: readonly ClassicInsn[], state: ClassicState): string {
  const { pc, a, x, memory } = state;
  const { code, jt, jf, k } = program[pc]!;
  return [
    "-- register dump --\n",
    `pc:       [${pc}]\n`,
    `code:     [${code}] jt[${jt}] jf[${jf}] k[${k}]\n`,
    `curr:     ${labelled(program, pc)}\n`,
    `A:        ${register(a)}\n`,
    `X:        ${register(x)}\n`,
    foldedMemory(memory),
  ].join("");
}

export function packetDump(bytes: Uint8Array): string {
  let text = `-- packet dump --\nlen: ${bytes.length}\n`;
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)].map((byte) => byte.toString(16).padStart(2, "0"));
    text += `${String(at).padStart(5)}: ${row.join(" ")}\n`;
  }
  return text;
}
