import { type Code, type Insn, isBranch } from "../isa/index.ts";
import { type FormatOptions, formatInsn, type Style } from "./format.ts";

export interface DisassembleOptions extends FormatOptions {
  /** Names of slots, printed as labels and used by jumps and calls; styles `kernel` and `ubpf` invent others as needed. */
  readonly labels?: ReadonlyMap<number, string>;
}

/** Slots that branches of the code reach, ascending. */
function branchTargets(code: Code): number[] {
  const found = new Set<number>();
  for (const [slot, i] of code.entries()) {
    if (i === null || !isBranch(i)) continue;
    const to = slot + 1 + i.off;
    // A target inside a two-slot instruction or outside the code can only be written as a displacement.
    if (to >= 0 && to < code.length && code[to] !== null) found.add(to);
  }
  return [...found].sort((a, b) => a - b);
}

function inventLabels(code: Code, given: ReadonlyMap<number, string>): Map<number, string> {
  const labels = new Map(given);
  const taken = new Set(given.values());
  for (const slot of branchTargets(code)) {
    if (labels.has(slot)) continue;
    let name = `L${slot}`;
    while (taken.has(name)) name += "_";
    labels.set(slot, name);
    taken.add(name);
  }
  return labels;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/**
 * The text of a program, a line per instruction.
 * Styles `kernel` and `ubpf` give a source that `assemble` turns into the same instructions again;
 * `llvm` numbers the lines as llvm-objdump does, `verifier` adds slot and opcode as the kernel's log does.
 */
export function disassemble(code: Code, options: DisassembleOptions = {}): string {
  const style: Style = options.style ?? "kernel";
  const given = options.labels ?? new Map<number, string>();
  const source = style === "kernel" || style === "ubpf";
  const labels = source ? inventLabels(code, given) : given;
  const lines: string[] = [];
  let at = 0;
  const target =
    options.target ??
    ((i: Insn) => {
      const label = labels.get(at + 1 + i.off);
      if (source) return label ?? null;
      return null;
    });
  const format: FormatOptions = { ...options, style, target };
  for (const [slot, i] of code.entries()) {
    at = slot;
    const label = labels.get(slot);
    if (label !== undefined && source) lines.push(`${label}:`);
    if (i === null) continue;
    const text = formatInsn(i, format);
    if (source) lines.push(`\t${text}`);
    else if (style === "llvm") lines.push(`${String(slot).padStart(8)}:\t${text}`);
    else lines.push(`${String(slot).padStart(4)}: (${hexByte(i.form.opcode)}) ${text}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
