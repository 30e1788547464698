import type { ClassicInsn } from "../../classic/index.ts";
import {
  ARCHITECTURES,
  type ArchitectureName,
  actionText,
  disassembleSeccomp,
  emulateSeccomp,
  type SeccompData,
  syscallByName,
} from "../../classic/seccomp/index.ts";
import { defineErrors } from "../../util/index.ts";

const emulateError = defineErrors({
  E_SECCOMP_CALL: (d: { name: string; arch: string }) => `"${d.name}" is no system call of ${d.arch} and no number`,
  E_SECCOMP_ARGUMENT: (d: { text: string; limit: string }) => `"${d.text}" is no number in the range ${d.limit}`,
});

/** A number as JavaScript and C write it, negative ones as two's complement. */
function wide(text: string, bits: 32 | 64): bigint {
  const match = /^(-?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(text);
  const value = match === null ? null : BigInt(match[2]!);
  const limit = 1n << BigInt(bits);
  if (value === null || value >= limit || (match![1] === "-" && value > limit / 2n))
    throw emulateError("E_SECCOMP_ARGUMENT", { text: text.slice(0, 40), limit: `0 … 2^${bits} - 1` });
  return BigInt.asUintN(bits, match![1] === "-" ? -value : value);
}

/** The system call that `seccomp emulate FILE [sys_nr [arg0 …]]` names. */
export function callOf(words: readonly string[], arch: ArchitectureName, ip: string | undefined): SeccompData {
  const [name = "0", ...args] = words;
  let nr = syscallByName(arch, name)?.nr;
  if (nr === undefined && !/^-?\d/.test(name)) throw emulateError("E_SECCOMP_CALL", { name: name.slice(0, 40), arch });
  nr ??= Number(wide(name, 32));
  return {
    nr,
    arch: ARCHITECTURES.find((a) => a.name === arch)!.audit,
    instructionPointer: wide(ip ?? "0", 64),
    args: args.map((a) => wide(a, 64)),
  };
}

/** The listing of the instructions that ran, with A (and X where used) after each, and what came of it. */
export function emulationText(
  insns: readonly ClassicInsn[],
  data: SeccompData,
  arch: ArchitectureName,
  quiet: boolean,
): string {
  const { value, trace } = emulateSeccomp(insns, data);
  const last = trace[trace.length - 1]!.insn;
  const result = `return ${actionText(value)} at ${String(last).padStart(4, "0")}\n`;
  if (quiet) return result;
  const [head, rule, ...lines] = disassembleSeccomp(insns, { arch }).split("\n");
  const usesX = trace.some(({ x }) => x !== 0);
  const shown = trace.map(({ insn, a, x }) => {
    const registers = `A=0x${a.toString(16)}${usesX ? ` X=0x${x.toString(16)}` : ""}`;
    return { line: lines[insn]!, registers };
  });
  const width = Math.max(...shown.map(({ line }) => line.length));
  const body = shown.map(({ line, registers }) => `${line.padEnd(width)}  ; ${registers}\n`).join("");
  return `${head}\n${rule}\n${body}\n${result}`;
}

/** The same for programs. */
export function emulationJson(insns: readonly ClassicInsn[], data: SeccompData): unknown {
  const { value, action, trace } = emulateSeccomp(insns, data);
  return { value, action: action.name, data: action.data, trace };
}
