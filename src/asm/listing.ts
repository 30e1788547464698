import { type ElfFile, type ElfSection, SHF_EXECINSTR, SHT_PROGBITS, STT_SECTION } from "../elf/index.ts";
import { type Code, decode, type Insn, isBranch } from "../isa/index.ts";
import { BpfError } from "../util/index.ts";
import { asmError } from "./errors.ts";
import { type FormatOptions, formatInsn, type Style } from "./format.ts";

export interface ListingOptions extends FormatOptions {
  /** File name, as it appears in the heading. */
  readonly file: string;
  /** List this section only. */
  readonly section?: string;
}

interface Label {
  readonly slot: number;
  readonly name: string;
}

/** The symbol shown at each address of a section: the last by name where several share it, and the section itself at its start. */
function labelsOf(file: ElfFile, section: ElfSection): Label[] {
  const at = new Map<number, string>();
  const symbols = file.symbols
    .filter((s) => s.section === section.index && s.type !== STT_SECTION && s.name !== "" && s.value < section.size)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { value, name } of symbols) at.set(Math.floor(value / 8), name);
  if (!at.has(0)) at.set(0, section.name);
  return [...at].map(([slot, name]) => ({ slot, name })).sort((a, b) => a.slot - b.slot);
}

/** `label` or `label+0x18` for a slot, from labels in ascending order. */
function nearby(labels: readonly Label[], slot: number): string | null {
  let low = 0;
  let high = labels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (labels[middle]!.slot > slot) high = middle;
    else low = middle + 1;
  }
  const label = labels[low - 1];
  if (label === undefined) return null;
  return slot === label.slot ? label.name : `${label.name}+0x${((slot - label.slot) * 8).toString(16)}`;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

function sectionCode(file: ElfFile, section: ElfSection, options: ListingOptions): Code {
  try {
    return decode(section.data, file.littleEndian);
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    throw asmError("E_ASM_CODE", { file: options.file, section: section.name, reason: cause.message }, { cause });
  }
}

/** Text of every instruction of a section, by slot. */
function sectionLines(file: ElfFile, section: ElfSection, options: ListingOptions): string[] {
  const style: Style = options.style ?? "llvm";
  const code = sectionCode(file, section, options);
  const labels = labelsOf(file, section);
  const starts = new Map(labels.map((l) => [l.slot, l.name]));
  const relocations = new Map((file.relocations.get(section.index) ?? []).map((r) => [r.offset / 8, r.symbol]));
  const names = file.sections;
  let at = 0;
  const annotated = (i: Insn): string | null => {
    // llvm-objdump annotates jumps, not calls; the verifier's style has bare displacements.
    if (style === "verifier" || !isBranch(i) || i.form.kind === "call" || i.form.kind === "ld_imm64") return null;
    const name = nearby(labels, at + 1 + i.off);
    const distance = `${i.off < 0 ? "-" : "+"}0x${Math.abs(i.off).toString(16)}`;
    if (style === "llvm") return name === null ? null : `${distance} <${name}>`;
    return starts.get(at + 1 + i.off) ?? null;
  };
  const reference = (i: Insn): string | null => {
    const symbol = style === "llvm" ? undefined : relocations.get(at);
    if (symbol === undefined) return null;
    const name = symbol.name === "" ? (names[symbol.section]?.name ?? "") : symbol.name;
    if (i.form.kind === "call") return symbol.name === "" ? null : name;
    return style === "verifier" ? null : `${name}${i.imm === 0 ? "" : ` + ${i.imm}`}`;
  };
  const format: FormatOptions = { ...options, style, target: annotated, reference };
  const lines: string[] = [];
  for (const [slot, i] of code.entries()) {
    at = slot;
    const label = starts.get(slot);
    if (label !== undefined) lines.push("", `${hex(slot * 8, 16)} <${label}>:`);
    if (i === null) continue;
    const opcode = style === "verifier" ? `(${hex(i.form.opcode, 2)}) ` : "";
    lines.push(`${String(slot).padStart(8)}:\t${opcode}${formatInsn(i, format)}`);
  }
  return lines;
}

/** Sections that hold instructions, in file order. */
export function codeSections(file: ElfFile): ElfSection[] {
  return file.sections.filter((s) => s.type === SHT_PROGBITS && (s.flags & SHF_EXECINSTR) !== 0 && s.size > 0);
}

/**
 * Lists the code of an object as `llvm-objdump -d --no-show-raw-insn` does: a heading per section and symbol, a line per instruction.
 * @throws BpfError `E_ASM_NO_SECTION`, and `E_ASM_CODE` for a section that does not hold BPF instructions.
 */
export function listObject(file: ElfFile, options: ListingOptions): string {
  const sections = codeSections(file);
  const wanted = options.section === undefined ? sections : sections.filter((s) => s.name === options.section);
  if (wanted.length === 0 && options.section !== undefined) {
    throw asmError("E_ASM_NO_SECTION", {
      file: options.file,
      section: options.section,
      names: sections.map((s) => s.name).join(", ") || "none",
    });
  }
  const lines: string[] = ["", `${options.file}:\tfile format elf64-bpf`];
  for (const section of wanted) {
    lines.push("", `Disassembly of section ${section.name}:`);
    lines.push(...sectionLines(file, section, options));
  }
  return `${lines.join("\n")}\n`;
}
